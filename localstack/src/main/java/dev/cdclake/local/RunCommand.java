/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Stage;
import dev.cdclake.lake.LakeSession;
import dev.cdclake.line.LakeLine;
import dev.cdclake.runtime.StageReport;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Runs one stage of the lake, or all of them. */
@Command(
    name = "run",
    description =
        "Run stages of the lake: over what is there (the default), or continuously. Kafka has to"
            + " be reachable for bronze. After a run over what is there, the gold models' tests are"
            + " run; a broken one ends with 1.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  ./cdclake run all",
      "  ./cdclake run bronze",
      "  ./cdclake run all --trigger continuous --json"
    })
final class RunCommand implements Callable<Integer> {

  /** What to run. */
  enum Stages {
    BRONZE,
    SILVER,
    GOLD,
    ALL;

    private Set<Stage> stages() {
      return this == ALL ? LakeLine.STAGES : EnumSet.of(Stage.valueOf(name()));
    }
  }

  /** When a run ends. */
  enum Trigger {
    AVAILABLE_NOW("available-now"),
    CONTINUOUS("continuous");

    private final String label;

    Trigger(String label) {
      this.label = label;
    }

    @Override
    public String toString() {
      return label;
    }
  }

  @ParentCommand private Main main;

  @Parameters(paramLabel = "STAGE", description = "One of ${COMPLETION-CANDIDATES}.")
  private Stages stages;

  @Option(
      names = "--trigger",
      paramLabel = "WHEN",
      defaultValue = "available-now",
      description = "One of ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Trigger trigger;

  @Option(names = "--json", description = "Report every batch as one line of JSON.")
  private boolean json;

  @Override
  public Integer call() {
    Pipeline pipeline = main.pipeline();
    SparkSession spark = LakeSession.open(pipeline, "run");
    try (LakeLine line = new LakeLine(spark, pipeline, this::print, this::tell)) {
      if (trigger == Trigger.CONTINUOUS) {
        if (json) {
          // Tells the supervisor that the jobs are at work, before there is anything to report.
          main.console().line("{\"started\":true}");
        }
        line.runContinuously(stages.stages());
        return 0;
      }
      line.runAvailable(stages.stages());
      List<String> broken =
          stages.stages().contains(Stage.GOLD) ? line.brokenGoldTests() : List.of();
      broken.forEach(test -> main.console().line("Broken: " + test));
      return Main.exitCode(broken.isEmpty());
    }
  }

  private void tell(String problem) {
    main.console()
        .line(
            json
                ? new ObjectMapper().createObjectNode().put("problem", problem).toString()
                : problem);
  }

  private void print(StageReport report) {
    main.console().line(json ? report.toJson() : report.toText());
  }
}
