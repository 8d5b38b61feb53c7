/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cdclake.contract.SnapshotKeys;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DataFiles;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.ValidationException;
import org.apache.iceberg.hadoop.HadoopTables;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgressTest {

  private static final Schema SCHEMA =
      new Schema(Types.NestedField.required(1, "id", Types.IntegerType.get()));

  private static final Progress READ =
      Progress.NONE
          .withOffsets("shop.public.orders", Map.of(0, 120L, 11, 7L))
          .withSnapshot("bronze.orders", 9_007_199_254_740_993L)
          .withTruncated(new Position(2, 4711));

  @TempDir Path folder;

  private Table table;

  @BeforeEach
  void createTable() {
    table =
        new HadoopTables(new Configuration())
            .create(SCHEMA, PartitionSpec.unpartitioned(), folder.resolve("orders").toString());
  }

  @Test
  void tableWithoutSnapshotHasConsumedNothing() {
    assertThat(Progress.of(table, Stage.SILVER)).isEqualTo(Progress.NONE);
  }

  @Test
  void progressIsReadBackAsItWasCommitted() {
    commit(READ, Progress.NONE);

    assertThat(Progress.of(table, Stage.SILVER)).isEqualTo(READ);
    assertThat(table.currentSnapshot().summary())
        .containsEntry(SnapshotKeys.STAGE, "silver")
        .containsKey(SnapshotKeys.COMMIT_ID);
  }

  @Test
  void progressIsFoundBehindSnapshotsOfOtherTools() {
    commit(READ, Progress.NONE);
    table.newAppend().appendFile(file()).commit();
    table.newAppend().appendFile(file()).commit();

    assertThat(table.currentSnapshot().summary()).doesNotContainKey(SnapshotKeys.PROGRESS);
    assertThat(Progress.of(table, Stage.SILVER)).isEqualTo(READ);
  }

  @Test
  void progressOfAnEarlierSnapshotIsThatOfItsTime() {
    commit(READ, Progress.NONE);
    Progress later = READ.withOffsets("shop.public.orders", Map.of(0, 130L));
    long first = table.currentSnapshot().snapshotId();
    commit(later, READ);

    assertThat(Progress.asOf(table, table.snapshot(first), Stage.SILVER)).isEqualTo(READ);
    assertThat(Progress.of(table, Stage.SILVER)).isEqualTo(later);
  }

  @Test
  void tableWithRowsButWithoutProgressIsNotContinued() {
    table.newAppend().appendFile(file()).commit();

    PipelineException failure =
        catchThrowableOfType(PipelineException.class, () -> Progress.of(table, Stage.SILVER));

    assertThat(failure.code()).isEqualTo(FailureCode.PROGRESS_MISSING);
    assertThat(failure.stage()).isEqualTo(Stage.SILVER);
    assertThat(failure)
        .hasMessageStartingWith("Cannot continue table '" + table.name() + "': none of its")
        .hasMessageContaining("'cdclake.progress'")
        .hasMessageEndingWith("rebuild it from the stage before.");
  }

  @Test
  void secondOfTwoWritersThatReadTheSameProgressFails() {
    Table other = new HadoopTables(new Configuration()).load(table.location());
    other.currentSnapshot();
    commit(READ, Progress.NONE);

    assertThatThrownBy(
            () ->
                READ.commitWith(other.newAppend().appendFile(file()), Stage.SILVER, Progress.NONE)
                    .commit())
        .isInstanceOf(ValidationException.class)
        .hasMessageContaining("Snapshot ancestry validation");

    table.refresh();
    assertThat(table.snapshots()).hasSize(1);
  }

  @Test
  void commitOfAnotherToolInBetweenIsNoConflict() {
    commit(READ, Progress.NONE);
    table.newAppend().appendFile(file()).commit();
    Progress later = READ.withOffsets("shop.public.orders", Map.of(0, 130L));

    commit(later, READ);

    assertThat(Progress.of(table, Stage.SILVER)).isEqualTo(later);
  }

  @Test
  void newOffsetsReplaceThoseOfTheirPartitionsAlone() {
    Progress moved = READ.withOffsets("shop.public.orders", Map.of(0, 130L, 2, 1L));

    assertThat(moved.offsets("shop.public.orders")).isEqualTo(Map.of(0, 130L, 2, 1L, 11, 7L));
    assertThat(READ.offsets("shop.public.orders")).isEqualTo(Map.of(0, 120L, 11, 7L));
    assertThat(moved.offsets("shop.public.users")).isEmpty();
  }

  @Test
  void olderTruncationDoesNotReplaceANewerOne() {
    assertThat(READ.withTruncated(new Position(2, 4710))).isSameAs(READ);
    assertThat(READ.withTruncated(new Position(1, 9999)).truncated())
        .isEqualTo(new Position(2, 4711));
    assertThat(READ.withTruncated(new Position(3, 1)).truncated()).isEqualTo(new Position(3, 1));
  }

  @Test
  void positionIsPrintedAsPostgresPrintsIt() {
    assertThat(new Position(1, 0x1_01A2_B3C4L).lsnText()).isEqualTo("1/1A2B3C4");
    assertThat(new Position(1, 0).lsnText()).isEqualTo("0/0");
  }

  @Test
  void positionsBeyondTheSignBitAreGreater() {
    assertThat(new Position(1, -1)).isGreaterThan(new Position(1, Long.MAX_VALUE));
  }

  private void commit(Progress after, Progress before) {
    after.commitWith(table.newAppend().appendFile(file()), Stage.SILVER, before).commit();
  }

  private static DataFile file() {
    return DataFiles.builder(PartitionSpec.unpartitioned())
        .withPath("/nowhere/" + UUID.randomUUID() + ".parquet")
        .withFileSizeInBytes(10)
        .withRecordCount(1)
        .build();
  }
}
