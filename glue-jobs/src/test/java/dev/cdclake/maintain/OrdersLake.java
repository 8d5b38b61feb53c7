/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.fixture.Changes;
import dev.cdclake.fixture.Changes.Event;
import dev.cdclake.fixture.TestLake;
import dev.cdclake.silver.SilverRun;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Table;
import org.apache.iceberg.io.CloseableIterable;
import org.junit.jupiter.api.BeforeEach;

/** A lake with a table of orders, and batches that change it. */
abstract class OrdersLake {

  static final Changes ORDERS =
      Changes.of("orders").column("user_id", "int32").column("status", "string");

  /** The events of these tests are years old; most tests want to keep them. */
  static final String KEEP =
      "retention: {bronze: forever, tombstones: forever, rejected: forever, snapshots: 0s}";

  static final String AT_ONCE = "maintenance: {small-files: 4, snapshots: 10, longest-query: 0s}";

  TestLake lake;
  Pipeline pipeline;
  SilverRun silver;
  long lsn = 100;

  @BeforeEach
  void openLake(TestLake lake) {
    this.lake = lake;
    open(KEEP, AT_ONCE);
  }

  void open(String... settings) {
    List<String> lines = new ArrayList<>(List.of("tables:", "  - name: orders"));
    lines.addAll(List.of(settings));
    pipeline = lake.pipeline(lines.toArray(String[]::new));
    silver = new SilverRun(lake, pipeline);
  }

  LakeTable orders() {
    return pipeline.silver(pipeline.tables().get(0));
  }

  /** Text that no codec makes much smaller. */
  void carryWide(int from, int count) {
    Random random = new Random(lsn);
    silver.carry(
        IntStream.range(from, from + count)
            .mapToObj(
                id ->
                    update(
                        id,
                        id,
                        random
                            .ints(300, 32, 127)
                            .collect(
                                StringBuilder::new,
                                StringBuilder::appendCodePoint,
                                StringBuilder::append)
                            .toString()))
            .toArray(Event[]::new));
  }

  static Path firstFile(Table table) throws IOException {
    return files(table).get(0);
  }

  static List<Path> files(Table table) throws IOException {
    List<Path> files = new ArrayList<>();
    try (CloseableIterable<FileScanTask> tasks = table.newScan().planFiles()) {
      tasks.forEach(task -> files.add(Path.of(task.file().location())));
    }
    return files;
  }

  /** Every batch replaces rows of the batch before, so that deletes pile up, too. */
  void carryBatches(int batches) {
    for (int batch = 0; batch < batches; batch++) {
      silver.carry(
          update(batch % 5, batch, "b" + batch),
          update(batch % 5 + 1, batch, "c" + batch),
          update(1000 + (int) lsn, batch, "new"));
    }
  }

  Event insert(int id) {
    return ORDERS.insert(id).at(lsn++).set("user_id", id);
  }

  Event update(int id, int user, String status) {
    return ORDERS.update(id).at(lsn++).set("user_id", user).set("status", status);
  }

  List<List<Object>> rows() {
    return silver.rows("id", "user_id", "status", "is_active", "_lsn");
  }

  MaintainJob job() {
    return new MaintainJob(lake.spark(), lake.tables(), pipeline);
  }

  List<Maintained> maintainAll() {
    List<Maintained> done = new ArrayList<>();
    job().run(job().tables(), Duration.ofMinutes(5), done::add);
    return done;
  }

  Maintained maintain(String label) {
    List<Maintained> done = new ArrayList<>();
    job()
        .run(
            job().tables().stream().filter(name -> name.label().equals(label)).toList(),
            Duration.ofMinutes(5),
            done::add);
    return done.get(0);
  }

  static long snapshots(Table table) {
    return TableHealth.of(table).snapshots();
  }
}
