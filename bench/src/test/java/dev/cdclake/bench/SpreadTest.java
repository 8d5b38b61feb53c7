/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SpreadTest {

  @Test
  void percentileIsTheLeastThatSoManyDoNotExceed() {
    List<Long> figures = LongStream.rangeClosed(1, 200).boxed().toList();

    assertThat(Spread.percentile(figures, 50)).isEqualTo(100);
    assertThat(Spread.percentile(figures, 99)).isEqualTo(198);
    assertThat(Spread.percentile(List.of(7L), 50)).isEqualTo(7);
    assertThat(Spread.percentile(List.of(7L), 99)).isEqualTo(7);
  }

  @Test
  void percentileOfNothingIsMinusOne() {
    assertThat(Spread.percentile(List.of(), 50)).isEqualTo(-1);
  }
}
