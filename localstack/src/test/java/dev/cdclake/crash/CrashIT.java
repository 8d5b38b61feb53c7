/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.cdclake.local.Folders;
import dev.cdclake.local.servers.Orphans;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.iceberg.IcebergBuild;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Strikes the line at every point, and compares source and lake.
 *
 * <p>After every eighth blow, and at last, it waits for recovery and compares; the other blows hit
 * a line that is still recovering. A build strikes once everywhere. {@code make crash RUNS=20} goes
 * on until {@code crash.folder} tells of so many runs a point, and writes the table of {@code
 * crash.page}; {@code POINT=KAFKA} strikes there alone. The first comparison that finds damage ends
 * it; its line stays.
 */
class CrashIT {

  private static final Path FOLDER =
      Path.of(System.getProperty("crash.folder", "target/crash")).toAbsolutePath();
  private static final Path RUNS = FOLDER.resolve("runs.tsv");
  private static final Path STATE = FOLDER.resolve("line");
  private static final Pattern POINTS =
      Pattern.compile(System.getProperty("crash.point", ""), Pattern.CASE_INSENSITIVE);
  private static final int WANTED = Integer.getInteger("crash.runs", 1);

  private static final boolean HURRIED = System.getProperty("crash.folder") == null;

  /** No divisor of the number of points: so each of them is waited for in some of its runs. */
  private static final int BLOWS_AT_ONCE = 8;

  /** A scenario kills replays at these points in every build. */
  private static final Set<CrashPoint> STRUCK_ELSEWHERE =
      EnumSet.of(CrashPoint.REPLAY_BEFORE_COMMIT, CrashPoint.REPLAY_AFTER_COMMIT);

  private static CrashLine line;
  private static CrashPlay play;
  private static boolean damaged;

  /** Runs since the last comparison. */
  private static final List<CrashRun> uncompared = new ArrayList<>();

  @BeforeAll
  static void start() throws Exception {
    Orphans.stop(STATE.resolve("run"), told -> {});
    if (HURRIED) {
      Folders.delete(FOLDER);
    }
    Folders.delete(STATE);
    Files.createDirectories(STATE);
    line = CrashLine.start(STATE);
    play = new CrashPlay(line);
  }

  /** One run of every point after the other: an interrupted call has played all of them alike. */
  @TestFactory
  Stream<DynamicTest> nothingIsLostOrDoubledWhereverTheLineIsStruck() throws IOException {
    assertThat(CrashPoint.values())
        .as("points that -Dcrash.point=%s names", POINTS)
        .anyMatch(point -> POINTS.matcher(point.name()).find());
    List<DynamicTest> tests = new ArrayList<>();
    List<CrashRun> before = runs();
    for (int number = 1; number <= WANTED; number++) {
      for (CrashPoint point : CrashPoint.values()) {
        long played = before.stream().filter(run -> run.point() == point).count();
        int run = number;
        boolean wanted = POINTS.matcher(point.name()).find();
        if (wanted && number > played && !(HURRIED && STRUCK_ELSEWHERE.contains(point))) {
          boolean compared = tests.size() % BLOWS_AT_ONCE == BLOWS_AT_ONCE - 1;
          tests.add(
              dynamicTest("%s, run %d".formatted(point, run), () -> strike(point, run, compared)));
        }
      }
    }
    tests.add(dynamicTest("at last", () -> strike(CrashPoint.JOB_AT_ANY_MOMENT, 0, true)));
    return tests.stream();
  }

  private static void strike(CrashPoint point, int number, boolean compared) throws Exception {
    assertThat(damaged).as("an earlier run found damage, see %s", STATE).isFalse();
    damaged = true;
    long start = System.nanoTime();
    Blow blow = play.strike(point, number);
    CrashRun run = compared ? play.recover(point, blow) : play.goOn(point, blow);
    uncompared.add(run);
    System.out.printf("%s, run %d: %.1f s%n", point, number, (System.nanoTime() - start) / 1e9);
    if (compared) {
      System.out.printf("lost %d, doubled %d%n", run.lost(), run.doubled());
      write();
    }
    assertThat(run.findings()).isEmpty();
    damaged = false;
  }

  /** Keeps the runs since the last comparison, now that there is another. */
  private static void write() throws IOException {
    Files.write(
        RUNS,
        uncompared.stream().map(CrashRun::toLine).toList(),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
    uncompared.clear();
  }

  private static List<CrashRun> runs() throws IOException {
    return Files.exists(RUNS)
        ? Files.readAllLines(RUNS).stream().map(CrashRun::parse).toList()
        : List.of();
  }

  /** Leaves everything of a line that was damaged. */
  @AfterAll
  static void stop() throws IOException, SQLException {
    if (line == null) {
      return;
    }
    String page = System.getProperty("crash.page", "");
    if (!page.isEmpty() && Files.exists(RUNS)) {
      CrashMatrix.write(Path.of(page), runs(), where());
    }
    line.close();
    if (!damaged) {
      Folders.delete(STATE);
    }
  }

  private static String where() throws IOException, SQLException {
    String postgres;
    try (Connection connection = line.servers().openSource()) {
      postgres = connection.getMetaData().getDatabaseProductVersion();
    }
    return "Java %s, Spark %s, Iceberg %s, Debezium %s, Kafka %s, PostgreSQL %s; %d cores, %d GB of memory."
        .formatted(
            Runtime.version().feature(),
            line.spark().version(),
            IcebergBuild.version(),
            version("debezium-connector-postgres"),
            version("kafka_2.13"),
            postgres,
            Runtime.getRuntime().availableProcessors(),
            memoryGigabytes());
  }

  /** Returns a jar's version on the servers' class path. */
  private static String version(String jar) throws IOException {
    String path = Files.readString(Path.of("servers/target/servers.classpath"));
    Matcher version = Pattern.compile(Pattern.quote(jar) + "-(\\d[^/]*)\\.jar").matcher(path);
    return version.find() ? version.group(1) : "?";
  }

  private static long memoryGigabytes() throws IOException {
    Matcher kilobytes =
        Pattern.compile("MemTotal:\\s+(\\d+)").matcher(Files.readString(Path.of("/proc/meminfo")));
    return kilobytes.find() ? Math.round(Long.parseLong(kilobytes.group(1)) / 1e6) : 0;
  }
}
