/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.crash;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Layer;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.gold.GoldJob;
import dev.cdclake.lake.ConsistentSnapshots;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.SilverKey;
import dev.cdclake.verify.TableVerdict;
import dev.cdclake.verify.Verdict;
import dev.cdclake.verify.VerifyJob;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.iceberg.Table;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Compares what the source committed with what each layer of the lake has. */
final class Comparison {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Pattern SILVER = Pattern.compile("\\bsilver\\.(\\w+)");

  private final CrashLine line;
  private final SparkSession spark;
  private final Pipeline pipeline;

  Comparison(CrashLine line) {
    this.line = line;
    this.spark = line.spark();
    this.pipeline = line.pipeline();
  }

  /**
   * Looks at the moment that silver published, while changes go on: what one transaction took from
   * one table and gave to another has to be in both or in neither.
   */
  Damage ofPublished() {
    ConsistentSnapshots moment = ConsistentSnapshots.read(line.lake(), pipeline).orElseThrow();
    long sum =
        spark
            .sql(
                "select sum(amount) from (select amount from %s where is_active"
                        .formatted(asOf("items", moment.snapshots().get("items")))
                    + " union all select amount from %s where is_active)"
                        .formatted(asOf("stock", moment.snapshots().get("stock"))))
            .head()
            .getLong(0);
    return Damage.NONE.plus(sum == 0 ? 0 : 1, 0, "half a transaction is published");
  }

  /** Compares all layers while nobody changes the source. */
  Damage ofEverything() throws Exception {
    return ofSilver(spark, pipeline).plus(ofBronze()).plus(ofRejected()).plus(ofGold());
  }

  /** Waits until gold has refreshed every model since a moment. */
  void awaitGold(Instant since) throws InterruptedException {
    Instant deadline = Instant.now().plus(PATIENCE);
    while (!GoldJob.models(pipeline).stream().allMatch(model -> isRefreshed(model, since))) {
      assertThat(Instant.now()).as("gold goes on within %s", PATIENCE).isBefore(deadline);
      TimeUnit.MILLISECONDS.sleep(200);
    }
  }

  private boolean isRefreshed(String model, Instant since) {
    return line.lake()
        .find(pipeline.gold(model))
        .map(Table::currentSnapshot)
        .filter(snapshot -> snapshot.timestampMillis() > since.toEpochMilli())
        .isPresent();
  }

  /** Compares silver with the source, and looks for keys that silver has twice. */
  static Damage ofSilver(SparkSession spark, Pipeline pipeline) {
    String password = pipeline.source().password().in(System.getenv()).orElse(null);
    Verdict verdict = new VerifyJob(spark, pipeline).run(password, PATIENCE);
    assertThat(verdict.complete()).as("silver has everything").isTrue();
    Damage damage = Damage.NONE;
    for (TableVerdict table : verdict.tables()) {
      assertThat(table.changedSince()).as("rows left out of %s", table).isZero();
      damage =
          damage.plus(
              table.missing() + table.different() + table.quarantined(),
              table.extra(),
              "silver %s %s".formatted(table.table(), table.examples()));
    }
    for (Row row : spark.sql(keysOf(spark, pipeline)).collectAsList()) {
      damage = damage.plus(0, row.getLong(1), "keys of silver " + row.getString(0));
    }
    return damage;
  }

  private static String keysOf(SparkSession spark, Pipeline pipeline) {
    List<String> counts = new ArrayList<>();
    LakeTables lake = new LakeTables(spark);
    for (SourceTable table : pipeline.tables()) {
      SilverKey key = SilverKey.of(lake.find(pipeline.silver(table)).orElseThrow());
      if (key.isKeyed()) {
        counts.add(
            "select '%s', count(*) - count(distinct %s) from %s"
                .formatted(
                    table.lakeName(),
                    String.join(", ", key.columns()),
                    pipeline.silver(table).quoted()));
      }
    }
    return String.join(" union all ", counts);
  }

  /** Compares the events that bronze has with those that the committed transactions made. */
  private Damage ofBronze() throws SQLException {
    String query =
        pipeline.tables().stream()
            .map(
                table ->
                    "select '%s', count(*), count(distinct %s, %s) from %s"
                        .formatted(
                            table.lakeName(),
                            ChangeColumns.PARTITION,
                            ChangeColumns.OFFSET,
                            pipeline.bronze(table).quoted()))
            .collect(joining(" union all "));
    Damage damage = Damage.NONE;
    for (Row row : spark.sql(query).collectAsList()) {
      long events = row.getLong(2);
      long expected = line.writer().expectedEvents(row.getString(0));
      damage =
          damage.plus(
              Math.max(0, expected - events),
              row.getLong(1) - events + Math.max(0, events - expected),
              "bronze " + row.getString(0));
    }
    return damage;
  }

  /** Nothing may wait, and nothing may be kept twice. */
  private Damage ofRejected() {
    if (line.lake()
        .find(pipeline.rejectedRows())
        .filter(table -> table.currentSnapshot() != null)
        .isEmpty()) {
      return Damage.NONE;
    }
    Row row =
        spark
            .sql(
                "select count_if(replay is null), count(*) - count(distinct stage, topic, %s, %s)"
                        .formatted(ChangeColumns.PARTITION, ChangeColumns.OFFSET)
                    + " from "
                    + pipeline.rejectedRows().quoted())
            .head();
    return Damage.NONE.plus(row.getLong(0), row.getLong(1), "rejected rows");
  }

  /** Compares each model with its select over the silver snapshots that it says it has read. */
  private Damage ofGold() throws IOException {
    Damage damage = Damage.NONE;
    for (String model : GoldJob.models(pipeline)) {
      Optional<Progress> read = line.lake().find(pipeline.gold(model)).flatMap(Progress::find);
      if (read.isEmpty()) {
        continue;
      }
      String select = Files.readString(pipeline.gold().models().resolve(model + ".sql"));
      String wanted =
          SILVER.matcher(select).replaceAll(found -> asRead(read.get(), found.group(1)));
      Row row =
          spark
              .sql(
                  """
                  select
                    (select count(*) from (select * from (%1$s) except all select * from %2$s)),
                    (select count(*) from (select * from %2$s except all select * from (%1$s)))
                  """
                      .formatted(wanted, pipeline.gold(model).quoted()))
              .head();
      damage =
          damage.plus(
              row.getLong(0), Math.max(0, row.getLong(1) - row.getLong(0)), "gold " + model);
    }
    return damage;
  }

  private String asRead(Progress read, String table) {
    return asOf(table, read.snapshots().get("silver." + table));
  }

  private String asOf(String table, long snapshot) {
    return "lake.`%s`.`%s` version as of %d"
        .formatted(pipeline.database(Layer.SILVER), table, snapshot);
  }
}
