/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.runtime;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * Named points at which a test may let the process die, as if it were killed.
 *
 * <p>The system property {@code cdclake.die-at} names a point; {@code SILVER_BEFORE_COMMIT:3} means
 * its third pass. With {@code @} in front it names a file that says so. The file may be written
 * while the process runs and is gone when it dies, so that the process started in its place lives.
 * Without the property a point costs one comparison.
 */
public enum FaultPoint {
  /** Bronze knows what is unread and has read nothing. */
  BRONZE_BEFORE_READING,
  /** Bronze is writing events into files. */
  BRONZE_WHILE_WRITING,
  /** Bronze wrote its files and committed nothing. */
  BRONZE_BEFORE_COMMIT,
  /** Bronze committed the first of several tables. */
  BRONZE_AFTER_FIRST_COMMIT,
  /** Bronze committed all tables and has not said how far they are complete. */
  BRONZE_BEFORE_WATERMARK,
  /** Silver is writing folded rows into files. */
  SILVER_WHILE_WRITING,
  /** Silver wrote its files and committed nothing. */
  SILVER_BEFORE_COMMIT,
  /** Silver committed a table. */
  SILVER_AFTER_COMMIT,
  /** Silver folded all tables up to one point and has not published them together. */
  SILVER_BEFORE_PUBLISHING,
  /** Gold knows what changes in a model and wrote nothing. */
  GOLD_BEFORE_WRITING,
  /** Gold committed one of several models. */
  GOLD_AFTER_COMMIT,
  /** Maintenance wrote compacted files and committed nothing. */
  MAINTAIN_BEFORE_COMPACTION_COMMIT,
  /** Maintenance committed compacted files of a table. */
  MAINTAIN_AFTER_COMPACTION,
  /** Maintenance dropped snapshots of a table from its metadata and deleted none of their files. */
  MAINTAIN_DURING_EXPIRY,
  /** A replay noted which rejected rows it takes, and committed nothing of them. */
  REPLAY_BEFORE_COMMIT,
  /** A replay committed its rows, and did not note that it has. */
  REPLAY_AFTER_COMMIT;

  private static final String CHOSEN = System.getProperty("cdclake.die-at");
  private static final String FILE = "@";
  private static final int KILLED = 137;

  /** By the wish as it was written, so that a new wish counts from its beginning. */
  private static final Map<String, Integer> PASSES = new HashMap<>();

  /** Ends the process, without any clean-up, if this is the chosen point. */
  public void pass() {
    if (CHOSEN != null) {
      dieIfDue();
    }
  }

  private void dieIfDue() {
    synchronized (PASSES) {
      try {
        String wish = CHOSEN.startsWith(FILE) ? Files.readString(file()).strip() : CHOSEN;
        if (isDue(wish)) {
          if (CHOSEN.startsWith(FILE)) {
            Files.delete(file());
          }
          Runtime.getRuntime().halt(KILLED);
        }
      } catch (NoSuchFileException e) {
        // Nobody wishes anything at present.
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private boolean isDue(String wish) {
    int colon = wish.indexOf(':');
    String point = colon < 0 ? wish : wish.substring(0, colon);
    int pass = colon < 0 ? 1 : Integer.parseInt(wish.substring(colon + 1));
    return point.equals(name()) && PASSES.merge(wish, 1, Integer::sum) >= pass;
  }

  private static Path file() {
    return Path.of(CHOSEN.substring(FILE.length()));
  }
}
