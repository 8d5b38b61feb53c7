/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.debezium.spi.snapshot.Snapshotter;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

class WholeSnapshotTest {

  private final Snapshotter snapshotter =
      ServiceLoader.load(Snapshotter.class).stream()
          .map(ServiceLoader.Provider::get)
          .filter(found -> found.name().equals(WholeSnapshot.NAME))
          .findFirst()
          .orElseThrow();

  @Test
  void tablesAreReadOnceBeforeTheStream() {
    assertThat(snapshotter.shouldSnapshotData(false, false)).isTrue();
    assertThat(snapshotter.shouldSnapshotData(true, false)).isFalse();
    assertThat(snapshotter.shouldStream()).isTrue();
  }

  @Test
  void interruptedSnapshotIsNotRepeated() {
    assertThatThrownBy(() -> snapshotter.shouldSnapshotData(true, true))
        .hasMessageContaining("first snapshot was interrupted")
        .hasMessageEndingWith("Begin it anew with './cdclake resnapshot --all'.");
  }
}
