/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.crash;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;

/** The table of all runs, as it stands on a page between two marks. */
final class CrashMatrix {

  private static final String BEGIN = "<!-- runs: written by 'make crash' -->";
  private static final String END = "<!-- end of runs -->";

  private CrashMatrix() {}

  /**
   * Replaces what stands between the marks of a page.
   *
   * @param where versions and machine, in words
   */
  static void write(Path page, List<CrashRun> runs, String where) throws IOException {
    String text = Files.readString(page);
    int begin = text.indexOf(BEGIN);
    int end = text.indexOf(END);
    if (begin < 0 || end < begin) {
      throw new IllegalArgumentException(
          "Cannot write the runs into '%s': its marks are not there (expected '%s' and '%s')."
              .formatted(page, BEGIN, END));
    }
    Files.writeString(
        page,
        text.substring(0, begin + BEGIN.length())
            + "\n\n"
            + render(runs, where)
            + "\n"
            + text.substring(end));
  }

  static String render(List<CrashRun> runs, String where) {
    List<String> lines = new ArrayList<>();
    lines.add(runs.isEmpty() ? "No runs yet." : dates(runs) + ". " + where);
    lines.add("");
    lines.add("| point | runs | processes killed | lost | doubled | median recovery |");
    lines.add("|---|---:|---:|---:|---:|---:|");
    for (CrashPoint point : CrashPoint.values()) {
      lines.add(row(point.sentence(), runs.stream().filter(run -> run.point() == point).toList()));
    }
    lines.add(row("**all**", runs));
    return String.join("\n", lines) + "\n";
  }

  private static String row(String name, List<CrashRun> runs) {
    return "| %s | %d | %d | %d | %d | %s |"
        .formatted(
            name,
            runs.size(),
            runs.stream().mapToInt(CrashRun::killed).sum(),
            runs.stream().mapToLong(CrashRun::lost).sum(),
            runs.stream().mapToLong(CrashRun::doubled).sum(),
            medianRecovery(runs));
  }

  private static String medianRecovery(List<CrashRun> runs) {
    long[] sorted =
        runs.stream().flatMapToLong(run -> run.recoveryMillis().stream()).sorted().toArray();
    return sorted.length == 0 ? "" : "%.1f s".formatted(sorted[sorted.length / 2] / 1000.0);
  }

  private static String dates(List<CrashRun> runs) {
    LocalDate first = day(runs.stream().map(CrashRun::at).min(Instant::compareTo).orElseThrow());
    LocalDate last = day(runs.stream().map(CrashRun::at).max(Instant::compareTo).orElseThrow());
    return first.equals(last) ? first.toString() : first + " to " + last;
  }

  private static LocalDate day(Instant instant) {
    return LocalDate.ofInstant(instant, ZoneOffset.UTC);
  }
}
