/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.lake.LakeSession;
import dev.cdclake.verify.TableVerdict;
import dev.cdclake.verify.Verdict;
import dev.cdclake.verify.VerifyJob;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** Proves that silver equals the source. */
@Command(
    name = "verify",
    description =
        "Compare the source with silver at one moment of the source's log, row by row, while writes"
            + " go on. Waits until silver got that far. Ends with 1 on any difference.",
    footerHeading = "%nExamples:%n",
    footer = {"  ./cdclake verify", "  ./cdclake verify --wait 600 --json"})
final class VerifyCommand implements Callable<Integer> {

  @ParentCommand private Main main;

  @Option(
      names = "--wait",
      paramLabel = "SECONDS",
      defaultValue = "120",
      description = "How long silver may take to catch up (default: ${DEFAULT-VALUE}).")
  private int wait;

  @Option(names = "--json", description = "Print the verdict as JSON.")
  private boolean json;

  @Override
  public Integer call() {
    Verdict verdict = verify(main.pipeline(), Duration.ofSeconds(wait));
    if (json) {
      main.console().line(verdict.toJson());
    } else {
      print(verdict, main.console());
    }
    return Main.exitCode(verdict.isEqual());
  }

  static Verdict verify(Pipeline pipeline, Duration wait) {
    String password = pipeline.source().password().in(System.getenv()).orElse(null);
    return new VerifyJob(LakeSession.open(pipeline, "verify"), pipeline).run(password, wait);
  }

  /** Prints a line per table, the first differing keys, and the result in a sentence. */
  static void print(Verdict verdict, Console console) {
    TextTable table =
        TextTable.of(
            "table",
            "source rows",
            "silver rows",
            "missing",
            "extra",
            "different",
            "changed since",
            "quarantined");
    for (TableVerdict one : verdict.tables()) {
      table.row(
          one.table(),
          one.sourceRows(),
          one.silverRows(),
          one.missing(),
          one.extra(),
          one.different(),
          one.changedSince(),
          one.quarantined());
    }
    console.lines(table.lines());
    for (TableVerdict one : verdict.tables()) {
      one.examples().forEach(example -> console.line(one.table() + " " + example));
      if (!one.notCompared().isEmpty()) {
        console.line(
            "%s: not compared: %s".formatted(one.table(), String.join(", ", one.notCompared())));
      }
    }
    console.line(
        "%s at LSN %s%s%s"
            .formatted(
                verdict.isEqual() ? "Silver equals the source" : "Silver differs from the source",
                verdict.lsn(),
                verdict.quarantined() == 0
                    ? ""
                    : ", apart from %,d rows that are held back because they break an expectation"
                        .formatted(verdict.quarantined()),
                verdict.complete() ? "" : " (the topics were quiet; nothing proves they are all)"));
  }
}
