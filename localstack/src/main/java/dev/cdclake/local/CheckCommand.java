/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.check.CheckJob;
import dev.cdclake.check.CheckResult;
import dev.cdclake.check.SourceRows;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.lake.LakeSession;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** Says whether what should hold between the rows of silver does. */
@Command(
    name = "check",
    description =
        "Run the checks of the pipeline file ('checks' of a table) over silver: unique values,"
            + " references to other tables, freshness. What they find is kept in"
            + " silver._expectations. Ends with 1 if one is broken.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  ./cdclake check",
      "  ./cdclake check --source        row counts against the source, too",
      "  ./cdclake check --json"
    })
final class CheckCommand implements Callable<Integer> {

  @ParentCommand private Main main;

  @Option(
      names = "--source",
      description =
          "Compare row counts with the source, too; 'verify' compares the rows themselves.")
  private boolean source;

  @Option(names = "--json", description = "Print each result as one line of JSON.")
  private boolean json;

  @Override
  public Integer call() throws JsonProcessingException {
    Pipeline pipeline = main.pipeline();
    List<CheckResult> results =
        new CheckJob(LakeSession.open(pipeline, "check"), pipeline)
            .run(source ? SourceRows.count(pipeline) : Map.of());
    if (json) {
      ObjectMapper mapper = new ObjectMapper();
      for (CheckResult result : results) {
        main.console().line(mapper.writeValueAsString(result));
      }
    } else {
      print(results, main.console());
    }
    return Main.exitCode(results.stream().allMatch(CheckResult::holds));
  }

  /** Prints a line per check, then examples of what breaks one, and the result in a sentence. */
  static void print(List<CheckResult> results, Console console) {
    if (results.isEmpty()) {
      console.line("There is nothing to check ('checks' of a table in the pipeline file).");
      return;
    }
    TextTable table = TextTable.of("table", "check", "checked", "broken");
    results.forEach(
        result -> table.row(result.table(), result.check(), result.checked(), result.broken()));
    console.lines(table.lines());
    for (CheckResult result : results) {
      result
          .examples()
          .forEach(
              example ->
                  console.line("%s, %s: %s".formatted(result.table(), result.check(), example)));
    }
    long broken = results.stream().filter(result -> !result.holds()).count();
    console.line(
        broken == 0
            ? "All %d checks hold".formatted(results.size())
            : "%d of %d checks are broken".formatted(broken, results.size()));
  }
}
