/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cdclake.connect.Capture;
import dev.cdclake.connect.ConnectClient;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.lake.LakeSession;
import dev.cdclake.line.CaptureLag;
import dev.cdclake.line.LakeStatus;
import dev.cdclake.line.LakeStatus.TableStatus;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** Says how every table of the line is. */
@Command(
    name = "status",
    description =
        "Show every table in every layer: rows, files, snapshot, freshness; events that wait in"
            + " Kafka, log that waits in the source, rejected rows; and what keeps changes from being"
            + " captured, with what to do.",
    footerHeading = "%nExamples:%n",
    footer = {"  ./cdclake status", "  ./cdclake status --json"})
final class StatusCommand implements Callable<Integer> {

  @ParentCommand private Main main;

  @Option(names = "--json", description = "Print the status as JSON.")
  private boolean json;

  @Override
  public Integer call() {
    Pipeline pipeline = main.pipeline();
    SparkSession spark = LakeSession.open(pipeline, "status");
    List<TableStatus> tables = LakeStatus.of(spark, pipeline);
    CaptureLag lag =
        CaptureLag.of(
            spark, pipeline, pipeline.source().password().in(System.getenv()).orElse(null));
    List<String> problems = new ArrayList<>(capture(pipeline).problems());
    problems.addAll(lag.gaps());
    if (json) {
      main.console().line(json(tables, lag, problems));
    } else {
      print(tables, lag);
      main.console().lines(problems);
    }
    return 0;
  }

  private Capture capture(Pipeline pipeline) {
    return new Capture(
        pipeline, new ConnectClient(pipeline.kafka().connectUrl()), main.console()::line);
  }

  private void print(List<TableStatus> tables, CaptureLag lag) {
    Instant now = Instant.now();
    TextTable text = TextTable.of("table", "rows", "files", "snapshot", "fresh", "waiting");
    for (TableStatus table : tables) {
      text.row(
          table.table(),
          table.rows(),
          table.files(),
          table.snapshot() == 0 ? "-" : table.snapshot(),
          table.snapshot() == 0
              ? "-"
              : String.format(Locale.ROOT, "%.1f s ago", table.age(now).toMillis() / 1000.0),
          waiting(table.table(), lag.waiting()));
    }
    main.console().lines(text.lines());
    main.console().line(lag.toText());
  }

  private static Object waiting(String table, Map<String, Long> waiting) {
    return waiting.containsKey(table) ? waiting.get(table) : "-";
  }

  private static String json(List<TableStatus> tables, CaptureLag lag, List<String> problems) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    var rows = json.putArray("tables");
    for (TableStatus table : tables) {
      ObjectNode row =
          rows.addObject()
              .put("table", table.table())
              .put("rows", table.rows())
              .put("files", table.files())
              .put("snapshot", table.snapshot())
              .put("committed_at", table.committedAt().toString());
      if (lag.waiting().containsKey(table.table())) {
        row.put("waiting", lag.waiting().get(table.table()));
      }
    }
    problems.forEach(json.putArray("problems")::add);
    json.put("slot_lag_bytes", lag.slotLagBytes());
    return json.toString();
  }
}
