/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.local.servers.Installation;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.CatalogProperties;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.util.SnapshotUtil;

/**
 * A process of Flink with one job that upserts into a copy of silver. Changes are given to it as
 * files, complete when they appear; each says all of the row before, which Flink asks for though
 * its upsert does not look at it.
 */
final class FlinkWorker implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final Duration LOOK = Duration.ofMillis(20);

  private final Path inbox;
  private final Path log;
  private final Process process;
  private final Thread killAtExit;
  private final LakeCatalog catalog;
  private final LakeTable silver;
  private final long before;
  private long changes;

  private FlinkWorker(Path inbox, Path log, Process process, LakeCatalog catalog, LakeTable silver)
      throws IOException {
    this.inbox = inbox;
    this.log = log;
    this.process = process;
    this.catalog = catalog;
    this.silver = silver;
    this.before = table(catalog, silver).currentSnapshot().sequenceNumber();
    this.killAtExit = new Thread(process::destroyForcibly, "kill-flink");
    Runtime.getRuntime().addShutdownHook(killAtExit);
  }

  /** Starts the job over a copy of the lake, whose table gets the key that an upsert needs. */
  static FlinkWorker start(BenchLake copy, Path logs, String memory) {
    Pipeline pipeline = copy.pipeline();
    LakeTable silver = pipeline.silver(pipeline.tables().get(0));
    LakeCatalog catalog = LakeCatalog.open(pipeline.profile());
    Map<String, String> properties = LakeCatalog.properties(pipeline.profile());
    try {
      table(catalog, silver)
          .updateSchema()
          .allowIncompatibleChanges()
          .requireColumn("id")
          .makeColumnOptional("dq_flags")
          .setIdentifierFields("id")
          .commit();
      Path inbox = Files.createDirectories(copy.state().resolve("changes"));
      Path home = Installation.current().home();
      Path log = Files.createDirectories(logs).resolve("flink.log");
      List<String> command =
          List.of(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-Xmx" + memory,
              // What Flink's own scripts open.
              "@" + home.resolve("bench/flink/jvm.options"),
              "-Duser.timezone=UTC",
              "-Dlog4j2.configurationFile="
                  + home.resolve("localstack/servers/config/log4j2.properties"),
              "-cp",
              home.resolve("bench/flink/target/classes")
                  + System.getProperty("path.separator")
                  + Files.readString(home.resolve("bench/flink/target/flink.classpath")).strip(),
              "dev.cdclake.bench.flink.FlinkUpsert",
              properties.get(CatalogProperties.URI),
              properties.get(CatalogProperties.FILE_IO_IMPL),
              properties.get(CatalogProperties.WAREHOUSE_LOCATION),
              silver.database(),
              inbox.toString());
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      return new FlinkWorker(inbox, log, process, catalog, silver);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Gives a batch to the job; returns when a snapshot shows all of it. */
  Sample apply(ChangeBatch batch, String scenario, int round) {
    Path file = write(batch);
    Stopwatch watch = Stopwatch.start(ProcessUse.of(process.toHandle()));
    try {
      Files.move(file, inbox.resolve(file.getFileName()), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    changes += batch.size();
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (taken() < changes) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        throw new BenchException(
            "Cannot measure Flink: it took %,d of %,d changes. See %s."
                .formatted(taken(), changes, log));
      }
      CapturedTables.sleep(LOOK);
    }
    return watch.sample(scenario, "Flink SQL, upsert", round, batch.number() == 1, batch.size(), 0);
  }

  /** Every change writes one delete: of a key, or of a row of the same checkpoint. */
  private long taken() {
    long deletes = 0;
    for (Snapshot snapshot : SnapshotUtil.currentAncestors(table(catalog, silver))) {
      if (snapshot.sequenceNumber() > before) {
        for (String kind : new String[] {"added-equality-deletes", "added-position-deletes"}) {
          deletes += Long.parseLong(snapshot.summary().getOrDefault(kind, "0"));
        }
      }
    }
    return deletes;
  }

  private Path write(ChangeBatch batch) {
    Path file = inbox.resolveSibling("batch-" + batch.number() + ".json");
    try (BufferedWriter lines = Files.newBufferedWriter(file)) {
      for (long i = 0; i < batch.size(); i++) {
        ChangeBatch.Change change = batch.change(i);
        OrderVersion order = new OrderVersion(change.id(), change.lsn());
        String before = change.op().equals("c") ? "null" : order.json();
        String after = change.op().equals("d") ? "null" : order.json();
        lines.write(
            "{\"before\":%s,\"after\":%s,\"op\":\"%s\"}\n".formatted(before, after, change.op()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file;
  }

  private static Table table(LakeCatalog catalog, LakeTable name) {
    return catalog.find(name.database(), name.name()).orElseThrow();
  }

  @Override
  public void close() {
    process.destroyForcibly();
    Runtime.getRuntime().removeShutdownHook(killAtExit);
    catalog.close();
  }
}
