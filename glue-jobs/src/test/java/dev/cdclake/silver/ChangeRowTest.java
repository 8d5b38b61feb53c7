/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.unsafe.types.UTF8String;
import org.junit.jupiter.api.Test;

class ChangeRowTest {

  @Test
  void currentRowComesFirstThenWhatWasReadThenWhatWasStreamed() {
    List<InternalRow> sorted =
        List.of(
            current("[1]"),
            change("[1]", 1, 0, 900, 5),
            change("[1]", 1, 1, 100, 6),
            change("[1]", 1, 1, 100, 7),
            change("[1]", 1, 1, 200, 3),
            change("[1]", 2, 1, 50, 9),
            current("[2]"),
            // Texts compare by their bytes, without a sign.
            change("[\u00e4]", 1, 1, 1, 1));
    List<InternalRow> shuffled = new ArrayList<>(sorted);
    Collections.shuffle(shuffled, new Random(7));

    shuffled.sort(ChangeRow::compare);

    assertThat(shuffled).containsExactlyElementsOf(sorted);
  }

  private static InternalRow current(String group) {
    Object[] row = new Object[ChangeRow.WIDTH];
    row[ChangeRow.GROUP] = UTF8String.fromString(group);
    row[ChangeRow.KIND] = 0;
    return new GenericInternalRow(row);
  }

  private static InternalRow change(String group, int epoch, int streamed, long lsn, long offset) {
    Object[] row = new Object[ChangeRow.WIDTH];
    row[ChangeRow.GROUP] = UTF8String.fromString(group);
    row[ChangeRow.KIND] = 1;
    row[ChangeRow.EPOCH] = epoch;
    row[ChangeRow.STREAMED] = streamed;
    row[ChangeRow.LSN] = lsn;
    row[ChangeRow.OFFSET] = offset;
    return new GenericInternalRow(row);
  }
}
