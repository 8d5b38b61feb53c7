/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.lake.LakeSession;
import dev.cdclake.lake.RejectedRow.Place;
import dev.cdclake.lake.RejectedRow.Refusal;
import dev.cdclake.line.Replay;
import dev.cdclake.line.Replay.Choice;
import dev.cdclake.line.Replay.Result;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.TypeConversionException;

/** Puts rejected rows through again. */
@Command(
    name = "replay",
    description =
        "Put rejected rows through again, after what was wrong has been put right. A row keeps its"
            + " place in the source's log, so one that is older than what silver has changes nothing."
            + " Each is used once, also if the replay is killed; what is rejected once more waits as"
            + " before. The line may run meanwhile. Ends with 1 if any was rejected once more.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  ./cdclake replay --dry-run",
      "  ./cdclake replay --table orders --reason SCHEMA_CONFLICT",
      "  ./cdclake replay --table orders --at 0:1733"
    })
final class ReplayCommand implements Callable<Integer> {

  private static final int REFUSALS_SHOWN = 20;

  @ParentCommand private Main main;

  @Mixin private RejectedOptions chosen;

  @Option(
      names = "--at",
      paramLabel = "PARTITION:OFFSET",
      converter = PlaceConverter.class,
      description =
          "The row at this place of its topic alone, as 'rejected' shows it; may be repeated.")
  private List<Place> places = new ArrayList<>();

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "100000",
      description = "Rows of a table and stage at most (default: ${DEFAULT-VALUE}).")
  private int limit;

  @Option(names = "--dry-run", description = "Say what would become of the rows, and leave them.")
  private boolean dryRun;

  @Override
  public Integer call() {
    Pipeline pipeline = main.pipeline();
    Choice choice =
        new Choice(chosen.tables(pipeline), chosen.reasons(), Set.copyOf(places), limit);
    Replay replay = new Replay(LakeSession.open(pipeline, "replay"), pipeline);
    List<Result> results = dryRun ? replay.dryRun(choice) : replay.run(choice);
    print(results);
    return Main.exitCode(results.stream().allMatch(result -> result.refused().isEmpty()));
  }

  private void print(List<Result> results) {
    if (results.isEmpty()) {
      main.console().line("No rejected row waits.");
    }
    for (Result result : results) {
      main.console()
          .line(
              "%s %s: %,d %s%s, %,d rejected once more"
                  .formatted(
                      result.stage().label(),
                      result.table(),
                      result.accepted(),
                      dryRun ? "would be replayed" : "replayed",
                      result.outcome().isEmpty() ? "" : " (" + result.outcome() + ")",
                      result.refused().size()));
      result.refused().stream().limit(REFUSALS_SHOWN).forEach(this::print);
      if (result.refused().size() > REFUSALS_SHOWN) {
        main.console().line("  …");
      }
    }
  }

  private void print(Refusal refusal) {
    main.console()
        .line("  %s %s: %s".formatted(refusal.place(), refusal.reason(), refusal.detail()));
  }

  /** Reads {@code 0:1733}. */
  static final class PlaceConverter implements ITypeConverter<Place> {

    @Override
    public Place convert(String text) {
      return Place.parse(text)
          .orElseThrow(
              () ->
                  new TypeConversionException(
                      "'%s' is no place (expected PARTITION:OFFSET, such as 0:1733)"
                          .formatted(text)));
    }
  }
}
