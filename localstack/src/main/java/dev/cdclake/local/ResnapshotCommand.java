/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.connect.Capture;
import dev.cdclake.connect.ConnectClient;
import dev.cdclake.contract.NamedTables;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.lake.LakeSession;
import dev.cdclake.line.Resnapshot;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Reads tables of the source anew, after changes were lost. */
@Command(
    name = "resnapshot",
    description =
        "Read tables of the source anew while changes go on, and end the rows that are gone. Named"
            + " tables are read chunk by chunk; with --all capture begins anew through a new"
            + " replication slot. The line has to run. Where a row that was read is rejected, none is"
            + " ended. Can be run again at any time.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  ./cdclake resnapshot public.orders       after Kafka lost its events",
      "  ./cdclake resnapshot --all               after the replication slot was lost"
    })
final class ResnapshotCommand implements Callable<Integer> {

  @ParentCommand private Main main;

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "TABLE", arity = "0..*", description = "As in the pipeline file.")
  private List<String> names = List.of();

  @Option(names = "--all", description = "Every table, through a new replication slot.")
  private boolean all;

  @Option(
      names = "--wait",
      paramLabel = "SECONDS",
      defaultValue = "600",
      description = "How long silver may take to catch up (default: ${DEFAULT-VALUE}).")
  private int wait;

  @Override
  public Integer call() throws SQLException {
    if (all != names.isEmpty()) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "Name the tables to read anew, or say --all.");
    }
    Pipeline pipeline = main.pipeline();
    Console console = main.console();
    List<SourceTable> tables = NamedTables.find(pipeline, names);
    ConnectClient connect = new ConnectClient(pipeline.kafka().connectUrl());
    Resnapshot resnapshot =
        new Resnapshot(
            LakeSession.open(pipeline, "resnapshot"),
            pipeline,
            new Capture(pipeline, connect, console::line),
            console::line);
    Duration allowed = Duration.ofSeconds(wait);
    Map<String, Long> ended = all ? resnapshot.all(allowed) : resnapshot.tables(tables, allowed);
    ended.forEach(
        (table, rows) ->
            console.line("%s: %,d rows were gone from the source".formatted(table, rows)));
    console.line("The tables were read anew; './cdclake verify' proves it.");
    return 0;
  }
}
