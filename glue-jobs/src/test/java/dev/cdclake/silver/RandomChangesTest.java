/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.fixture.Changes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.apache.spark.sql.Row;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random histories of a source table, carried to silver in random batches: whatever the cuts,
 * silver has the rows that the source has. A failing history is told by its seed.
 */
class RandomChangesTest {

  private static final int HISTORIES = 400;
  private static final int TRANSACTIONS = 12;
  private static final Changes TABLE = Changes.of("items").column("label", "string");

  /** A row of the source; rows are told apart by identity, as PostgreSQL does by their place. */
  private static final class SourceRow {
    private int id;
    private String label;

    private SourceRow(int id, String label) {
      this.id = id;
      this.label = label;
    }

    private SourceRow copy() {
      return new SourceRow(id, label);
    }

    private String json() {
      return "{\"id\":%d,\"label\":\"%s\"}".formatted(id, label);
    }

    private String key() {
      return "{\"id\":%d}".formatted(id);
    }
  }

  /** One event, before it is told to a table. */
  private record Event(
      String op, long lsn, String key, String before, String after, String movedFrom) {}

  /** A source table and the log of its committed transactions. */
  private static final class Source {
    private final Random random;
    private final boolean keyed;
    private final boolean deferrable;
    private List<SourceRow> rows = new ArrayList<>();
    private final List<Event> log = new ArrayList<>();
    private final List<Event> transaction = new ArrayList<>();
    private long truncatedAt;
    private long transactions;

    Source(Random random, boolean keyed, boolean deferrable) {
      this.random = random;
      this.keyed = keyed;
      this.deferrable = deferrable;
    }

    void transact() {
      List<SourceRow> before = rows;
      rows = new ArrayList<>();
      before.forEach(row -> rows.add(row.copy()));
      transactions++;
      int statements = 1 + random.nextInt(4);
      for (int i = 0; i < statements; i++) {
        statement();
      }
      if (isConsistent()) {
        log.addAll(transaction);
      } else {
        rows = before;
      }
      transaction.clear();
    }

    private void statement() {
      SourceRow row = rows.isEmpty() ? null : rows.get(random.nextInt(rows.size()));
      switch (random.nextInt(row == null ? 1 : 5)) {
        case 0, 1 -> {
          SourceRow inserted = new SourceRow(random.nextInt(4), label());
          rows.add(inserted);
          emit("c", inserted.key(), null, inserted.json(), null);
        }
        case 2 -> {
          SourceRow old = row.copy();
          row.label = label();
          emit("u", row.key(), isFull() ? old.json() : null, row.json(), null);
        }
        case 3 -> {
          rows.remove(row);
          emit("d", row.key(), before(row), null, null);
        }
        default -> move(row);
      }
      if (!deferrable && !isConsistent()) {
        // An immediate constraint ends the transaction here.
        rows.add(null);
      }
    }

    private void move(SourceRow row) {
      SourceRow old = row.copy();
      row.id = random.nextInt(4);
      if (!keyed || row.id == old.id) {
        emit("u", row.key(), isFull() ? old.json() : null, row.json(), null);
        return;
      }
      emit("d", old.key(), before(old), null, null);
      Event left = transaction.get(transaction.size() - 1);
      transaction.add(new Event("c", left.lsn(), row.key(), null, row.json(), old.key()));
    }

    private boolean isFull() {
      return !keyed || deferrable;
    }

    private String before(SourceRow row) {
      return isFull() ? row.json() : "{\"id\":%d,\"label\":null}".formatted(row.id);
    }

    private void emit(String op, String key, String before, String after, String movedFrom) {
      long lsn = transactions * 1000 + transaction.size();
      transaction.add(new Event(op, lsn, keyed ? key : null, before, after, movedFrom));
    }

    private boolean isConsistent() {
      if (rows.stream().anyMatch(Objects::isNull)) {
        return false;
      }
      return !keyed
          || new HashSet<>(rows.stream().map(row -> row.id).toList()).size() == rows.size();
    }

    void truncate() {
      rows.clear();
      transactions++;
      truncatedAt = transactions * 1000;
    }

    private String label() {
      return Character.toString('a' + random.nextInt(3));
    }

    List<String> state() {
      return rows.stream().map(row -> "[%d, %s]".formatted(row.id, row.label)).sorted().toList();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"immediate key", "deferrable key", "no key"})
  void silverEqualsTheSourceInWhateverBatchesTheChangesCome(String kind) {
    for (int seed = 0; seed < HISTORIES; seed++) {
      Random random = new Random(seed);
      Source source = source(kind, random);
      FoldedTable silver = silver(kind);
      List<Row> batch = new ArrayList<>();
      long offset = 0;
      int told = 0;
      for (int i = 0; i < TRANSACTIONS; i++) {
        source.transact();
        for (; told < source.log.size(); told++) {
          batch.add(row(silver, source.log.get(told), offset++));
          if (random.nextInt(4) == 0) {
            silver.carry(batch);
            batch.clear();
          }
        }
        if (random.nextInt(8) == 0) {
          source.truncate();
          silver.truncate(source.truncatedAt);
        }
      }
      silver.carry(batch);
      assertEqual(silver, source, kind, seed);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"immediate key", "deferrable key"})
  void silverEqualsTheSourceWhenStretchesOfTheLogComeTwice(String kind) {
    for (int seed = 0; seed < HISTORIES; seed++) {
      Random random = new Random(seed);
      Source source = source(kind, random);
      for (int i = 0; i < TRANSACTIONS; i++) {
        source.transact();
      }
      FoldedTable silver = silver(kind);
      List<Row> batch = new ArrayList<>();
      long offset = 0;
      int at = 0;
      while (at < source.log.size()) {
        batch.add(row(silver, source.log.get(at++), offset++));
        if (random.nextInt(4) == 0) {
          silver.carry(batch);
          batch.clear();
        }
        if (random.nextInt(6) == 0) {
          at = Math.max(0, at - random.nextInt(6));
        }
      }
      silver.carry(batch);
      assertEqual(silver, source, kind, seed);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = "immediate key")
  void silverEqualsTheSourceWhenChangesComeInAnyOrderAndTwice(String kind) {
    for (int seed = 0; seed < HISTORIES; seed++) {
      Random random = new Random(seed);
      Source source = source(kind, random);
      for (int i = 0; i < TRANSACTIONS; i++) {
        source.transact();
      }
      FoldedTable silver = silver(kind);
      List<Event> deliveries = new ArrayList<>(source.log);
      deliveries.addAll(source.log.stream().filter(event -> random.nextInt(3) == 0).toList());
      Collections.shuffle(deliveries, random);
      List<Row> batch = new ArrayList<>();
      long offset = 0;
      for (Event event : deliveries) {
        batch.add(row(silver, event, offset++));
        if (random.nextInt(4) == 0) {
          silver.carry(batch);
          batch.clear();
        }
      }
      silver.carry(batch);
      assertEqual(silver, source, kind, seed);
    }
  }

  private static void assertEqual(FoldedTable silver, Source source, String kind, int seed) {
    assertThat(silver.active("id", "label"))
        .as("%s, seed %d, history %s", kind, seed, source.log)
        .isEqualTo(source.state());
    assertThat(silver.rejected()).as("%s, seed %d", kind, seed).isEmpty();
  }

  private static Source source(String kind, Random random) {
    return new Source(random, !kind.equals("no key"), kind.equals("deferrable key"));
  }

  private static FoldedTable silver(String kind) {
    return kind.equals("no key") ? new FoldedTable(TABLE) : new FoldedTable(TABLE, "id");
  }

  private static Row row(FoldedTable silver, Event event, long offset) {
    return silver.change(
        event.op(),
        event.lsn(),
        offset,
        event.key(),
        event.before(),
        event.after(),
        event.movedFrom());
  }
}
