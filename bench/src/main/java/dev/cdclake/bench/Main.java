/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import dev.cdclake.local.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command line of the benchmarks. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description =
        "Measure stages side by side with other ways to do their work, each in a process of its"
            + " own, in turn. With the standard sizes the results go to docs/benchmarks.md; with"
            + " others, which are a trial, to a page beside the measured data.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:measured, and every result equals the source",
      "1:a result differs from the source, or a timed row never arrived",
      "2:wrong usage, or the build failed",
      "3:something could not be measured, or silver differs behind 'latency' or 'tables'"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  make bench                                        everything; takes hours",
      "  make bench WHAT=silver                            one part",
      "  make bench WHAT=bronze,verify EVENTS=20000 ROUNDS=1   a trial"
    })
public final class Main implements Callable<Integer> {

  private static final int DIFFERENT = 1;
  private static final int FAILED = 3;

  @Option(
      names = "--what",
      paramLabel = "PART",
      split = ",",
      description = "What to measure, of ${COMPLETION-CANDIDATES}; everything unless given.")
  private List<Part> what = new ArrayList<>();

  @Option(
      names = "--rows",
      paramLabel = "N",
      split = ",",
      description =
          "Rows of the silver tables that are changed (1000000,5000000,20000000; 10000000 under gold, with other rows the first of them).")
  private List<Long> rows = new ArrayList<>(Sizes.STANDARD.targets());

  @Option(
      names = "--events",
      paramLabel = "N",
      description =
          "Change events on the topic of ten columns (990000); that of sixty has three of ten.")
  private long events = Sizes.STANDARD.events();

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Changes of a large batch into silver (50000).")
  private int batch = Sizes.STANDARD.batch();

  @Option(
      names = "--batches",
      paramLabel = "N",
      description = "Batches after which queries are timed (20).")
  private int batches = Sizes.STANDARD.batches();

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "How often each contender runs, in turn with the others (3).")
  private int rounds = Sizes.STANDARD.rounds();

  @Option(
      names = "--rates",
      paramLabel = "N",
      split = ",",
      description = "Changes a second for the delays from end to end (200,1000,5000).")
  private List<Integer> rates = new ArrayList<>(Sizes.STANDARD.rates());

  @Option(
      names = "--seconds",
      paramLabel = "N",
      description = "How long each rate is kept up (120).")
  private long seconds = Sizes.STANDARD.seconds();

  @Option(names = "--tables", paramLabel = "N", description = "Tables that one line carries (200).")
  private int tables = Sizes.STANDARD.tables();

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description = "Largest heap of every contender (4g).")
  private String memory = Sizes.STANDARD.memory();

  @Option(
      names = "--folder",
      paramLabel = "FOLDER",
      required = true,
      hidden = true,
      description = "Where everything is kept that is measured with; absolute.")
  private Path folder;

  @Option(
      names = "--page",
      paramLabel = "FILE",
      required = true,
      hidden = true,
      description = "The page for runs of standard sizes.")
  private Path page;

  @Spec private CommandSpec spec;

  private Main() {}

  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler(Main::refuse)
        .setExecutionExceptionHandler(Main::failed);
  }

  @Override
  public Integer call() throws Exception {
    Sizes sizes = sizes();
    Set<Part> parts = what.isEmpty() ? EnumSet.allOf(Part.class) : EnumSet.copyOf(what);
    Console console = Console.standard();
    try (Bench bench = new Bench(folder, sizes, console::line)) {
      List<String> failures = bench.run(parts, sizes.isStandard() ? page : trialPage());
      failures.forEach(failure -> console.line("Not equal: " + failure));
      return failures.isEmpty() ? 0 : DIFFERENT;
    }
  }

  private Sizes sizes() {
    require(rows.stream().allMatch(n -> n >= 10_000), "--rows", rows, "10000 or more each");
    require(events >= 10_000, "--events", events, "10000 or more");
    require(batch >= 1_000, "--batch", batch, "1000 or more");
    require(
        batches > SilverRun.EVERY_ROUND,
        "--batches",
        batches,
        "more than " + SilverRun.EVERY_ROUND);
    require(rounds >= 1, "--rounds", rounds, "1 or more");
    require(rates.stream().allMatch(n -> n >= 50), "--rates", rates, "50 or more each");
    require(seconds >= 10, "--seconds", seconds, "10 or more");
    require(tables >= 50, "--tables", tables, "50 or more");
    return new Sizes(
        events,
        rows,
        batch,
        Sizes.STANDARD.smallBatch(),
        batches,
        rounds,
        rates,
        seconds,
        tables,
        memory);
  }

  private void require(boolean holds, String option, Object found, String expected) {
    if (!holds) {
      throw new ParameterException(
          spec.commandLine(),
          "Cannot measure: %s is %s (expected %s).".formatted(option, found, expected));
    }
  }

  /** A page like the real one, for figures that nobody should quote. */
  private Path trialPage() throws IOException {
    Path trial = Files.createDirectories(folder).resolve("trial.md");
    if (!Files.exists(trial)) {
      Files.copy(page, trial);
    }
    return trial;
  }

  private static int refuse(ParameterException wrong, String[] arguments) {
    CommandLine line = wrong.getCommandLine();
    line.getErr().println(wrong.getMessage());
    line.getErr().println("'make bench WHAT=help' lists the options.");
    return line.getCommandSpec().exitCodeOnInvalidInput();
  }

  private static int failed(Exception failure, CommandLine line, CommandLine.ParseResult parsed) {
    if (failure instanceof BenchException) {
      line.getErr().println(failure.getMessage());
    } else {
      failure.printStackTrace(line.getErr());
    }
    return FAILED;
  }
}
