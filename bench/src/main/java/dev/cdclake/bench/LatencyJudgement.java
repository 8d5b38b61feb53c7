/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.lake.LakeSession;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Tells from the tables alone when each timed row became visible: by the snapshot that added the
 * file it is in.
 */
record LatencyJudgement(BenchLake lake, List<Window> windows) implements Task {

  /**
   * The timed rows of one rate.
   *
   * @param reached changes a second that were committed
   * @param cpuShare of one core that the lake's jobs used
   * @param megabytes the most that servers and jobs held together; -1 if it is not known
   */
  record Window(
      int rate, double reached, long firstPing, long lastPing, double cpuShare, long megabytes) {}

  @Override
  public void run(TaskOutput output) {
    Pipeline pipeline = lake.pipeline();
    SparkSession spark = LakeSession.open(pipeline, "bench-latency");
    var pings = pipeline.tables().get(1);
    Map<String, String> rows = new LinkedHashMap<>();
    rows.put("bronze's input", read(pipeline.bronze(pings)));
    rows.put(
        "bronze",
        arrivals("from_json(key, 'id bigint').id", "_committed_at", pipeline.bronze(pings)));
    rows.put("silver", arrivals("id", "_committed_at", pipeline.silver(pings)));
    rows.put("gold", arrivals("id", "committed_at", pipeline.gold(Models.ARRIVALS)));
    for (Window window : windows) {
      rows.forEach((layer, select) -> output.delay(delay(spark, window, layer, select)));
    }
  }

  /** What a change waits for before bronze: the source's log, the connector, Kafka. */
  private static String read(LakeTable bronze) {
    return """
    select from_json(key, 'id bigint').id as id,
        unix_millis(processed_at) - unix_millis(_committed_at) as delay
    from %s\
    """
        .formatted(bronze.quoted());
  }

  private static String arrivals(String id, String committedAt, LakeTable table) {
    return """
    select arrived.id, unix_millis(snapshots.committed_at) - unix_millis(arrived.committed_at) as delay
    from (select %1$s as id, %2$s as committed_at, _file as file from %3$s) as arrived
    join %3$s.entries as entries on arrived.file = entries.data_file.file_path and entries.status < 2
    join %3$s.snapshots as snapshots on entries.snapshot_id = snapshots.snapshot_id\
    """
        .formatted(id, committedAt, table.quoted());
  }

  private static Delay delay(SparkSession spark, Window window, String layer, String select) {
    Row found =
        spark
            .sql(
                """
                select count(distinct id), percentile_disc(0.5) within group (order by delay),
                    percentile_disc(0.95) within group (order by delay),
                    percentile_disc(0.99) within group (order by delay)
                from (%s) where id between %d and %d\
                """
                    .formatted(select, window.firstPing(), window.lastPing()))
            .head();
    long timed = found.getLong(0);
    return new Delay(
        window.rate(),
        window.reached(),
        layer,
        timed,
        window.lastPing() - window.firstPing() + 1 - timed,
        number(found, 1),
        number(found, 2),
        number(found, 3),
        window.cpuShare(),
        window.megabytes());
  }

  private static long number(Row row, int column) {
    return row.isNullAt(column) ? -1 : ((Number) row.get(column)).longValue();
  }
}
