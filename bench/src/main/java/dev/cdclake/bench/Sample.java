/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import java.util.List;

/**
 * One measured run of one contender.
 *
 * @param scenario what was done, the same words for all contenders
 * @param contender who did it
 * @param round which of the rounds in which all contenders run in turn
 * @param cold whether it was the first work of its process
 * @param rows how many rows, events or changes the speed counts; 0 for a query
 * @param seconds from its begin until the result was visible
 * @param cpuSeconds of the contender's process, within these
 * @param peakMegabytes the most memory that the process held so far; -1 where that is not known
 * @param files that were written
 * @param found checksum of what the contender made, empty where it makes nothing
 * @param expected checksum of what the source says
 */
record Sample(
    String scenario,
    String contender,
    int round,
    boolean cold,
    long rows,
    double seconds,
    double cpuSeconds,
    long peakMegabytes,
    long files,
    String found,
    String expected) {

  /** Whether the result is what the source says. */
  boolean isEqual() {
    return found.equals(expected);
  }

  double rowsPerSecond() {
    return rows / seconds;
  }

  double rowsPerCpuSecond() {
    return rows / cpuSeconds;
  }

  /** Returns the same run with what its result was found to be, compared with the source. */
  Sample judged(String result, String source) {
    return new Sample(
        scenario,
        contender,
        round,
        cold,
        rows,
        seconds,
        cpuSeconds,
        peakMegabytes,
        files,
        result,
        source);
  }

  /** Returns runs of one contender, one after the other, as one. */
  static Sample sum(String scenario, List<Sample> parts) {
    Sample last = parts.get(parts.size() - 1);
    return new Sample(
        scenario,
        last.contender,
        last.round,
        last.cold,
        parts.stream().mapToLong(Sample::rows).sum(),
        parts.stream().mapToDouble(Sample::seconds).sum(),
        parts.stream().mapToDouble(Sample::cpuSeconds).sum(),
        last.peakMegabytes,
        parts.stream().mapToLong(Sample::files).sum(),
        last.found,
        last.expected);
  }
}
