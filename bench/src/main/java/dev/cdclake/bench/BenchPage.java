/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/** The page of results: each part stands between two marks of its own. */
final class BenchPage {

  private static final String BEGIN = "<!-- %s: written by 'make bench' -->";
  private static final String END = "<!-- end of %s -->";

  private BenchPage() {}

  /**
   * Replaces what stands between the marks of a part, and draws its chart beside the page.
   *
   * @throws IllegalArgumentException if the page has no such marks
   */
  static void write(Path page, Part part, Results results) {
    try {
      String text = Files.readString(page);
      String beginMark = BEGIN.formatted(part.label());
      String endMark = END.formatted(part.label());
      int begin = text.indexOf(beginMark);
      int end = text.indexOf(endMark);
      if (begin < 0 || end < begin) {
        throw new IllegalArgumentException(
            "Cannot write into '%s': its marks are not there (expected '%s' and '%s')."
                .formatted(page, beginMark, endMark));
      }
      Path charts = page.resolveSibling("benchmarks");
      List<String> drawn = Chart.draw(charts, part, results);
      StringBuilder between = new StringBuilder(render(results));
      for (String chart : drawn) {
        between.append("\n![%s](benchmarks/%s)\n".formatted(part.label(), chart));
      }
      Files.writeString(
          page,
          text.substring(0, begin + beginMark.length())
              + "\n\n"
              + between
              + "\n"
              + text.substring(end));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String render(Results results) {
    List<String> lines = new ArrayList<>(List.of(results.where(), "", results.settings(), ""));
    List<Sample> work = results.samples().stream().filter(sample -> sample.rows() > 0).toList();
    List<Sample> queries = results.samples().stream().filter(sample -> sample.rows() == 0).toList();
    if (!work.isEmpty()) {
      lines.addAll(speeds(work));
    }
    if (!queries.isEmpty()) {
      lines.add("");
      lines.addAll(times(queries));
    }
    if (!results.delays().isEmpty()) {
      lines.addAll(delays(results.delays()));
    }
    return String.join("\n", lines) + "\n";
  }

  private static List<String> speeds(List<Sample> samples) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "| what | contender | rows/s, median (least–most) | ours is | rows per CPU-second | ours is"
            + " | first run, rows/s | peak memory, MB | files | equal |");
    lines.add("|---|---|---:|---:|---:|---:|---:|---:|---:|---|");
    byScenario(samples)
        .forEach(
            (scenario, contenders) -> {
              List<Sample> first = contenders.values().iterator().next();
              contenders.forEach(
                  (contender, runs) -> lines.add(speed(scenario, contender, runs, first)));
            });
    return lines;
  }

  private static String speed(
      String scenario, String contender, List<Sample> runs, List<Sample> ours) {
    List<Sample> warm = runs.stream().filter(run -> !run.cold()).toList();
    List<Sample> cold = runs.stream().filter(Sample::cold).toList();
    List<Sample> counted = warm.isEmpty() ? cold : warm;
    return "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |"
        .formatted(
            scenario,
            contender,
            spread(counted, Sample::rowsPerSecond),
            runs == ours ? "" : ratio(ours, runs, Sample::rowsPerSecond),
            number(middle(counted, Sample::rowsPerCpuSecond)),
            runs == ours ? "" : ratio(ours, runs, Sample::rowsPerCpuSecond),
            cold.isEmpty() ? "" : number(middle(cold, Sample::rowsPerSecond)),
            memory(runs),
            number(middle(counted, Sample::files)),
            equal(runs));
  }

  private static List<String> times(List<Sample> samples) {
    List<String> lines = new ArrayList<>();
    lines.add("| what | contender | time, median (least–most) | CPU-seconds | files | equal |");
    lines.add("|---|---|---:|---:|---:|---|");
    byScenario(samples)
        .forEach(
            (scenario, contenders) ->
                contenders.forEach(
                    (contender, runs) ->
                        lines.add(
                            "| %s | %s | %s s | %s | %s | %s |"
                                .formatted(
                                    scenario,
                                    contender,
                                    spread(runs, Sample::seconds),
                                    number(middle(runs, Sample::cpuSeconds)),
                                    number(middle(runs, Sample::files)),
                                    equal(runs)))));
    return lines;
  }

  private static List<String> delays(List<Delay> delays) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "| changes/s, asked for | committed | visible in | p50 | p95 | p99 | changes timed | cores"
            + " used by the lake | memory of servers and jobs, MB | all arrived |");
    lines.add("|---:|---:|---|---:|---:|---:|---:|---:|---:|---|");
    for (Delay delay : delays) {
      lines.add(
          "| %,d | %s | %s | %s s | %s s | %s s | %,d | %s | %s | %s |"
              .formatted(
                  delay.rate(),
                  number(delay.reached()),
                  delay.layer(),
                  number(delay.p50() / 1000.0),
                  number(delay.p95() / 1000.0),
                  number(delay.p99() / 1000.0),
                  delay.changes(),
                  number(delay.cpuShare()),
                  delay.megabytes() < 0 ? "not known" : "%,d".formatted(delay.megabytes()),
                  delay.missing() == 0 ? "yes" : "**no**"));
    }
    return lines;
  }

  /** Groups runs by scenario and contender, both in the order in which they first ran. */
  static Map<String, Map<String, List<Sample>>> byScenario(List<Sample> samples) {
    Map<String, Map<String, List<Sample>>> grouped = new LinkedHashMap<>();
    for (Sample sample : samples) {
      grouped
          .computeIfAbsent(sample.scenario(), scenario -> new LinkedHashMap<>())
          .computeIfAbsent(sample.contender(), contender -> new ArrayList<>())
          .add(sample);
    }
    return grouped;
  }

  /**
   * Says how many times the other's figure ours is: the two runs of one round were made one after
   * the other, so each round gives one ratio.
   */
  static String ratio(List<Sample> ours, List<Sample> others, ToDoubleFunction<Sample> figure) {
    List<Double> ratios = new ArrayList<>();
    for (int round : rounds(ours)) {
      List<Sample> mine = warmOf(ours, round);
      List<Sample> theirs = warmOf(others, round);
      if (!mine.isEmpty() && !theirs.isEmpty()) {
        ratios.add(middle(mine, figure) / middle(theirs, figure));
      }
    }
    if (ratios.isEmpty()) {
      return "";
    }
    Spread spread = Spread.of(ratios);
    return "%s× (%s–%s)"
        .formatted(number(spread.median()), number(spread.least()), number(spread.most()));
  }

  private static Set<Integer> rounds(List<Sample> runs) {
    Set<Integer> rounds = new LinkedHashSet<>();
    runs.forEach(run -> rounds.add(run.round()));
    return rounds;
  }

  private static List<Sample> warmOf(List<Sample> runs, int round) {
    return runs.stream().filter(run -> run.round() == round && !run.cold()).toList();
  }

  static double middle(List<Sample> runs, ToDoubleFunction<Sample> figure) {
    return Spread.of(runs.stream().mapToDouble(figure).boxed().toList()).median();
  }

  private static String spread(List<Sample> runs, ToDoubleFunction<Sample> figure) {
    Spread spread = Spread.of(runs.stream().mapToDouble(figure).boxed().toList());
    return "%s (%s–%s)"
        .formatted(number(spread.median()), number(spread.least()), number(spread.most()));
  }

  private static String memory(List<Sample> runs) {
    long peak = runs.stream().mapToLong(Sample::peakMegabytes).max().orElse(-1);
    return peak < 0 ? "not known" : "%,d".formatted(peak);
  }

  private static String equal(List<Sample> runs) {
    long failed = runs.stream().filter(run -> !run.isEqual()).count();
    return failed == 0 ? "yes" : "**%d of %d differ**".formatted(failed, runs.size());
  }

  /** Writes three digits that count, or whole numbers. */
  static String number(double value) {
    if (value >= 100 || value == Math.rint(value)) {
      return String.format(Locale.ROOT, "%,d", Math.round(value));
    }
    return String.format(Locale.ROOT, value >= 10 ? "%.1f" : value >= 1 ? "%.2f" : "%.3f", value);
  }
}
