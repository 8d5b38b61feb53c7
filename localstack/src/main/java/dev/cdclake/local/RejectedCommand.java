/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.failure.RejectReason;
import dev.cdclake.lake.LakeSession;
import dev.cdclake.line.RejectedList;
import dev.cdclake.line.RejectedList.Count;
import dev.cdclake.line.RejectedList.Rejected;
import java.time.temporal.ChronoUnit;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** Says which rows were rejected, why, and what to do about it. */
@Command(
    name = "rejected",
    description =
        "Show the events and rows that could not be used: how many, of which table, for which"
            + " reason, and what to do. They are kept with their bytes; './cdclake replay' puts them"
            + " through again. Ends with 1 while any row waits.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  ./cdclake rejected",
      "  ./cdclake rejected --table orders --limit 50",
      "  ./cdclake rejected --reason SCHEMA_CONFLICT --limit 5"
    })
final class RejectedCommand implements Callable<Integer> {

  @ParentCommand private Main main;

  @Mixin private RejectedOptions chosen;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "10",
      description = "Rows to show one by one (default: ${DEFAULT-VALUE}).")
  private int limit;

  @Override
  public Integer call() {
    Pipeline pipeline = main.pipeline();
    Set<String> tables = chosen.tables(pipeline);
    RejectedList list = new RejectedList(LakeSession.open(pipeline, "rejected"), pipeline);
    List<Count> counts = list.counts(tables, chosen.reasons());
    if (counts.isEmpty()) {
      main.console().line("No row was rejected.");
      return 0;
    }
    print(counts);
    print(list.rows(tables, chosen.reasons(), limit), counts);
    explain(counts);
    return Main.exitCode(counts.stream().allMatch(count -> count.waiting() == 0));
  }

  private void print(List<Count> counts) {
    TextTable text =
        TextTable.of("table", "stage", "reason", "waiting", "replayed", "first", "last", "example");
    for (Count count : counts) {
      text.row(
          count.table(),
          count.stage(),
          count.reason(),
          count.waiting(),
          count.replayed(),
          count.first().truncatedTo(ChronoUnit.SECONDS),
          count.last().truncatedTo(ChronoUnit.SECONDS),
          count.example());
    }
    main.console().lines(text.lines());
  }

  private void print(List<Rejected> rows, List<Count> counts) {
    if (rows.isEmpty()) {
      return;
    }
    TextTable text =
        TextTable.of("table", "stage", "at", "reason", "replayed", "key", "value ends");
    for (Rejected row : rows) {
      text.row(
          row.table(),
          row.stage(),
          row.place(),
          row.reason(),
          row.replayedAt() == null ? "-" : row.replayedAt().truncatedTo(ChronoUnit.SECONDS),
          row.key(),
          row.value());
    }
    main.console().line("");
    main.console().lines(text.lines());
    if (rows.size()
        < counts.stream().mapToLong(count -> count.waiting() + count.replayed()).sum()) {
      main.console().line("(more rows follow; raise --limit)");
    }
  }

  private void explain(List<Count> counts) {
    List<RejectReason> reasons = counts.stream().map(Count::reason).toList();
    main.console().line("");
    for (RejectReason reason : EnumSet.copyOf(reasons)) {
      main.console().line("%s: %s %s".formatted(reason, reason.meaning(), reason.remedy()));
    }
  }
}
