/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.crash;

import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;

/**
 * One run: the line was struck; it recovered, and source and lake were compared, or the next blow
 * came first.
 *
 * @param killed processes that were killed
 * @param lost found by the comparison, which is one of all blows since the last
 * @param doubled likewise
 * @param recoveryMillis from the blow until silver had again everything that was committed before
 *     it, all tables at one moment; empty if the next blow came first
 * @param transactions that the source had committed by the end of the run
 * @param findings what was lost or doubled where; empty for nothing
 */
record CrashRun(
    Instant at,
    CrashPoint point,
    int killed,
    long lost,
    long doubled,
    OptionalLong recoveryMillis,
    long transactions,
    String findings) {

  private static final int COLUMNS = 8;

  /** Returns the run as a line of a file. */
  String toLine() {
    return String.join(
        "\t",
        at.toString(),
        point.name(),
        String.valueOf(killed),
        String.valueOf(lost),
        String.valueOf(doubled),
        recoveryMillis.isPresent() ? String.valueOf(recoveryMillis.getAsLong()) : "",
        String.valueOf(transactions),
        findings.replaceAll("\\s+", " "));
  }

  /** Reads a line. */
  static CrashRun parse(String line) {
    List<String> cells = List.of(line.split("\t", COLUMNS));
    return new CrashRun(
        Instant.parse(cells.get(0)),
        CrashPoint.valueOf(cells.get(1)),
        Integer.parseInt(cells.get(2)),
        Long.parseLong(cells.get(3)),
        Long.parseLong(cells.get(4)),
        cells.get(5).isEmpty()
            ? OptionalLong.empty()
            : OptionalLong.of(Long.parseLong(cells.get(5))),
        Long.parseLong(cells.get(6)),
        cells.get(7));
  }
}
