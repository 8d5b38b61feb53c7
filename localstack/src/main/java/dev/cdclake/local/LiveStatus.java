/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.Stage;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/**
 * How each table is doing: from the reports of the lake's jobs to the lines that {@code up} and
 * {@code demo} show. Safe to use from several threads.
 */
final class LiveStatus {

  /** Over which time events per second are counted. */
  private static final Duration WINDOW = Duration.ofSeconds(10);

  private final Clock clock;
  private final Map<String, Table> tables = new TreeMap<>();
  private final Map<String, ReportLine> models = new TreeMap<>();
  private final AtomicLong rejected = new AtomicLong();

  LiveStatus(Clock clock) {
    this.clock = clock;
  }

  /** Takes a line that the lake's process printed; one that is no report is ignored. */
  void accept(String line) {
    ReportLine.parse(line).ifPresent(this::accept);
  }

  private synchronized void accept(ReportLine report) {
    rejected.addAndGet(report.rejected());
    if (report.stage() == Stage.BRONZE || report.stage() == Stage.SILVER) {
      tables.computeIfAbsent(report.table(), name -> new Table()).accept(report, clock.instant());
    } else if (report.stage() == Stage.GOLD) {
      models.put(report.table(), report);
    }
  }

  /** Returns one line a table and one a gold model. */
  synchronized List<String> lines() {
    Instant now = clock.instant();
    TextTable text =
        TextTable.of("table", "events", "events/s", "behind", "last commit", "p50", "p99");
    tables.forEach(
        (name, table) ->
            text.row(
                name,
                table.events,
                "%.0f".formatted(table.perSecond(now)),
                table.behind,
                ago(table.committedAt, now),
                table.latency.map(latency -> seconds(latency.median())).orElse("-"),
                table.latency.map(latency -> seconds(latency.p99())).orElse("-")));
    models.forEach(
        (name, model) ->
            text.row(
                "gold." + name,
                model.read(),
                "-",
                model.behind(),
                ago(model.committedAt(), now),
                model.latency().map(latency -> seconds(latency.median())).orElse("-"),
                model.latency().map(latency -> seconds(latency.p99())).orElse("-")));
    return text.lines();
  }

  /** Returns the whole line in one sentence. */
  synchronized String summary() {
    Instant now = clock.instant();
    return "%,d events, %.0f/s, %,d behind, %,d rejected, latency p50 %s p99 %s, last commit %s"
        .formatted(
            tables.values().stream().mapToLong(table -> table.events).sum(),
            tables.values().stream().mapToDouble(table -> table.perSecond(now)).sum(),
            tables.values().stream().mapToLong(table -> table.behind).sum(),
            rejected.get(),
            slowest(ReportLine.Latency::median),
            slowest(ReportLine.Latency::p99),
            ago(lastCommit(), now));
  }

  private String slowest(Function<ReportLine.Latency, Duration> which) {
    return tables.values().stream()
        .flatMap(table -> table.latency.stream())
        .map(which)
        .max(Duration::compareTo)
        .map(LiveStatus::seconds)
        .orElse("-");
  }

  private Optional<Instant> lastCommit() {
    return tables.values().stream()
        .flatMap(table -> table.committedAt.stream())
        .max(Instant::compareTo);
  }

  private static String ago(Optional<Instant> then, Instant now) {
    return then.map(instant -> seconds(Duration.between(instant, now)) + " ago").orElse("-");
  }

  private static String seconds(Duration duration) {
    return String.format(Locale.ROOT, "%.1f s", Math.max(0, duration.toMillis()) / 1000.0);
  }

  /** One table's way from bronze to silver. */
  private static final class Table {

    private final Deque<Count> recent = new ArrayDeque<>();
    private long events;
    private long bronzeBehind;
    private long silverBehind;
    private long behind;
    private Optional<Instant> committedAt = Optional.empty();
    private Optional<ReportLine.Latency> latency = Optional.empty();

    private void accept(ReportLine report, Instant now) {
      if (report.stage() == Stage.BRONZE) {
        events += report.read();
        bronzeBehind = report.behind();
        recent.addLast(new Count(now, report.read()));
      } else {
        silverBehind = report.behind();
        committedAt = report.committedAt().or(() -> committedAt);
        latency = report.latency().or(() -> latency);
      }
      behind = bronzeBehind + silverBehind;
    }

    private double perSecond(Instant now) {
      while (!recent.isEmpty() && recent.peekFirst().at().isBefore(now.minus(WINDOW))) {
        recent.removeFirst();
      }
      return recent.stream().mapToLong(Count::events).sum() * 1000.0 / WINDOW.toMillis();
    }
  }

  /** Events that came at one time. */
  private record Count(Instant at, long events) {}
}
