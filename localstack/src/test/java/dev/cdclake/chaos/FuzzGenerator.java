/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.chaos;

import dev.cdclake.chaos.FuzzTable.Column;
import dev.cdclake.contract.TableName;
import dev.cdclake.failure.RejectReason;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Makes a script from a seed: tables of random shape, and what happens to them in up to three
 * sessions whose transactions overlap.
 *
 * <p>What docs/semantics.md says is not promised is left out here, each with its reason: see {@code
 * LIMIT} in the comments.
 */
final class FuzzGenerator {

  private static final int KEYS = 14;
  private static final List<String> SESSIONS = List.of("a", "a", "a", "b", "c");

  /** Types whose values a cast to text writes in another way than events do. */
  private static final Set<String> SPELT_ANEW = Set.of("inet", "char(5)", "interval");

  private final long seed;
  private final Dice dice;
  private final List<FuzzTable> tables = new ArrayList<>();
  private final List<FuzzStep> steps = new ArrayList<>();
  private final Map<String, Integer> open = new HashMap<>();

  /** Sessions whose open transaction has locked a whole table. */
  private final Set<String> locking = new TreeSet<>();

  private final int ddlPercent;
  private final int transactionPercent;

  private FuzzGenerator(long seed) {
    this.seed = seed;
    this.dice = new Dice(seed);
    this.ddlPercent = dice.of(0, 0, 5, 15);
    this.transactionPercent = dice.of(0, 15, 30, 50);
  }

  /** Returns the script of a seed, always the same. */
  static FuzzScript script(long seed) {
    return new FuzzGenerator(seed).script();
  }

  private FuzzScript script() {
    int count = dice.of(1, 1, 1, 2, 2, 3);
    for (int i = 0; i < count; i++) {
      tables.add(FuzzTable.random(dice, String.valueOf((char) ('a' + i))));
    }
    List<FuzzScript.Table> described = tables.stream().map(FuzzTable::toTable).toList();
    List<Statement> before = new ArrayList<>();
    for (FuzzTable table : tables) {
      for (int i = dice.between(-1, 3); i > 0; i--) {
        before.add(insert(table));
      }
    }
    int length = dice.between(6, 45);
    for (int i = 0; i < length; i++) {
      step();
    }
    for (String session : List.copyOf(open.keySet())) {
      act(session, "commit");
    }
    return new FuzzScript(seed, described, before, steps);
  }

  private void step() {
    if (dice.chance(9)) {
      // LIMIT 21: the connector asks the catalog for a table that it meets, and waits for its lock.
      for (String session : locking) {
        act(session, "commit");
        open.remove(session);
      }
      locking.clear();
      steps.add(
          new FuzzStep.Run(
              dice.chance(40) ? FuzzScript.WHOLE : dice.between(2, 25), dice.chance(75)));
      return;
    }
    if (dice.chance(1)) {
      steps.add(new FuzzStep.Verify());
      return;
    }
    String session = dice.of(SESSIONS);
    if (open.containsKey(session)) {
      within(session);
    } else if (dice.chance(transactionPercent)) {
      act(session, "begin");
      open.put(session, 0);
    } else if (dice.chance(ddlPercent)) {
      alter(session, dice.of(tables));
    } else {
      change(session, dice.of(tables));
    }
  }

  private void within(String session) {
    int point = open.get(session);
    if (dice.chance(20)) {
      act(session, dice.chance(75) ? "commit" : "rollback");
      open.remove(session);
      locking.remove(session);
    } else if (dice.chance(12)) {
      act(session, "savepoint s" + (point + 1));
      open.put(session, point + 1);
    } else if (point > 0 && dice.chance(12)) {
      act(session, "rollback to s" + dice.between(1, point));
    } else if (dice.chance(ddlPercent / 3)) {
      alter(session, dice.of(tables));
    } else {
      change(session, dice.of(tables));
    }
  }

  private void change(String session, FuzzTable table) {
    int way = dice.between(1, 100);
    if (!table.isKeyed() && !table.isFull()) {
      // PostgreSQL refuses to update or delete rows that it cannot name.
      if (way <= 92) {
        act(session, insert(table));
      } else {
        locks(session);
        act(session, "truncate " + table.name());
      }
    } else if (table.isDeferrable() && way <= 10) {
      shift(session, table);
    } else if (way <= 30) {
      act(session, insert(table));
    } else if (way <= 36) {
      many(session, table);
    } else if (way <= 64) {
      act(session, update(table));
    } else if (way <= 72 && table.isKeyed()) {
      moveKey(session, table);
    } else if (way <= 76 && table.isKeyed()) {
      rotate(session, table);
    } else if (way <= 88) {
      act(session, "delete from %s where %s".formatted(table.name(), someRows(table)));
    } else if (way <= 94) {
      replace(session, table);
    } else {
      truncate(session, table);
    }
  }

  private Statement insert(FuzzTable table) {
    List<Column> columns =
        dice.chance(60) ? List.copyOf(table.columns) : dice.some(table.columns, 60);
    List<String> names = new ArrayList<>(table.key.names());
    columns.forEach(column -> names.add(column.quoted()));
    List<List<String>> rows = new ArrayList<>();
    int count = dice.of(1, 1, 2, 4);
    int first = dice.between(1, KEYS);
    for (int i = 0; i < count; i++) {
      List<String> row = new ArrayList<>(table.key.values(1 + (first + i) % KEYS));
      columns.forEach(column -> row.add(value(column)));
      rows.add(row);
    }
    if (names.isEmpty()) {
      return new Statement.Plain("insert into %s default values".formatted(table.name()));
    }
    return new Statement.Insert(table.name(), names, rows, onConflict(table, columns));
  }

  private String onConflict(FuzzTable table, List<Column> columns) {
    if (!table.hasPrimaryKey() || dice.chance(30)) {
      return "";
    }
    if (columns.isEmpty() || dice.chance(40)) {
      return " on conflict do nothing";
    }
    return " on conflict (%s) do update set %s"
        .formatted(
            String.join(", ", table.key.names()),
            columns.stream()
                .map(column -> column.quoted() + " = excluded." + column.quoted())
                .collect(Collectors.joining(", ")));
  }

  /** Many rows at once; COPY writes several rows in one record of the log. */
  private void many(String session, FuzzTable table) {
    if (table.key != FuzzKey.INT) {
      act(session, insert(table));
      return;
    }
    int from = 100 * dice.between(1, 5);
    int to = from + dice.of(10, 60, 250);
    if (dice.chance(50)) {
      act(session, "copy %s (id) from program 'seq %d %d'".formatted(table.name(), from, to));
    } else {
      act(
          session,
          "insert into %s (id) select n from generate_series(%d, %d) n on conflict do nothing"
              .formatted(table.name(), from, to));
    }
  }

  private Statement update(FuzzTable table) {
    List<Column> columns = dice.some(table.columns, 40);
    if (columns.isEmpty()) {
      columns = table.columns.isEmpty() ? List.of() : List.of(dice.of(table.columns));
    }
    List<String> assignments = new ArrayList<>();
    columns.forEach(column -> assignments.add(column.quoted() + " = " + value(column)));
    if (assignments.isEmpty()) {
      assignments.add(table.isKeyed() ? unchanged(table) : "none = none");
    }
    return new Statement.Listing(
        "update %s set ".formatted(table.name()), assignments, " where " + someRows(table));
  }

  private String value(Column column) {
    if (!column.required() && dice.chance(15)) {
      return "null";
    }
    return column.otherwise() != null && dice.chance(15)
        ? "default"
        : column.type().literal().apply(dice);
  }

  private String someRows(FuzzTable table) {
    if (dice.chance(12)) {
      return "true";
    }
    int first = dice.between(1, KEYS);
    int count = dice.of(1, 1, 1, 3, 6);
    if (!table.isKeyed()) {
      return "ctid in (select ctid from %s order by ctid offset %d limit %d)"
          .formatted(table.name(), first % 4, count);
    }
    return in(table, IntStream.range(0, count).map(i -> 1 + (first + i) % KEYS).boxed().toList());
  }

  private static String in(FuzzTable table, List<Integer> keys) {
    return "(%s) in (%s)"
        .formatted(
            String.join(", ", table.key.names()),
            keys.stream()
                .map(n -> "(" + String.join(", ", table.key.values(n)) + ")")
                .collect(Collectors.joining(", ")));
  }

  private void moveKey(String session, FuzzTable table) {
    if (table.key.isOneNumber() && dice.chance(30)) {
      act(
          session,
          "update %s set id = id + %d where %s"
              .formatted(table.name(), dice.of(1000, 2000), someRows(table)));
      return;
    }
    act(session, moved(table, dice.between(1, KEYS), dice.between(1, KEYS)));
  }

  /** Keys of several rows change places in one statement. */
  private void shift(String session, FuzzTable table) {
    String name = table.key.names().get(0);
    int one = dice.between(1, KEYS);
    int other = 1 + (one % KEYS);
    if (table.key.isOneNumber() && dice.chance(50)) {
      act(
          session,
          "update %s set id = id + %d where %s"
              .formatted(table.name(), dice.of(1, -1, 3), dice.chance(50) ? "true" : "id < 100"));
    } else if (table.key.names().size() == 1) {
      String first = table.key.values(one).get(0);
      String second = table.key.values(other).get(0);
      act(
          session,
          "update %s set %s = case when %s = %s then %s else %s end where %s"
              .formatted(
                  table.name(), name, name, first, second, first, in(table, List.of(one, other))));
    } else {
      rotate(session, table);
    }
  }

  private static String moved(FuzzTable table, int from, int to) {
    List<String> names = table.key.names();
    List<String> values = table.key.values(to);
    return "update %s set %s where %s"
        .formatted(
            table.name(),
            IntStream.range(0, names.size())
                .mapToObj(i -> names.get(i) + " = " + values.get(i))
                .collect(Collectors.joining(", ")),
            in(table, List.of(from)));
  }

  /** Two rows change places by way of a third key, in one transaction. */
  private void rotate(String session, FuzzTable table) {
    int one = dice.between(1, KEYS);
    int other = 1 + (one % KEYS);
    together(
        session, List.of(moved(table, one, 99), moved(table, other, one), moved(table, 99, other)));
  }

  /** A row is deleted and inserted again in one transaction, perhaps more than once. */
  private void replace(String session, FuzzTable table) {
    Statement insert = insert(table);
    String delete = "delete from %s where %s".formatted(table.name(), someRows(table));
    List<Object> statements = new ArrayList<>(List.of(delete, insert));
    if (dice.chance(40)) {
      statements.add(update(table));
    }
    if (dice.chance(30)) {
      statements.add(delete);
    }
    together(session, statements);
  }

  private void locks(String session) {
    if (open.containsKey(session)) {
      locking.add(session);
    }
  }

  private void truncate(String session, FuzzTable table) {
    locks(session);
    List<Object> statements = new ArrayList<>(List.of("truncate " + table.name()));
    if (dice.chance(40)) {
      statements.add(0, insert(table));
    }
    for (int i = dice.between(0, 2); i > 0; i--) {
      statements.add(insert(table));
    }
    together(session, statements);
  }

  private void together(String session, List<?> statements) {
    boolean own = !open.containsKey(session);
    if (own) {
      act(session, "begin");
    }
    for (Object statement : statements) {
      if (statement instanceof Statement made) {
        act(session, made);
      } else {
        act(session, statement.toString());
      }
    }
    if (own) {
      act(session, dice.chance(90) ? "commit" : "rollback");
    }
  }

  private void alter(String session, FuzzTable table) {
    locks(session);
    int way = dice.between(1, 100);
    // LIMIT 27: a table keeps a column; PostgreSQL allows none, and sends nothing of such rows.
    boolean last = table.key.columns().isEmpty() && table.columns.size() == 1;
    if (way <= 30 || table.columns.isEmpty() || (last && way <= 45)) {
      addColumn(session, table);
      return;
    }
    Column column = dice.of(table.columns);
    if (way <= 45) {
      table.columns.remove(column);
      act(session, "alter table %s drop column %s".formatted(table.name(), column.quoted()));
    } else if (way <= 70) {
      widen(session, table, column);
    } else if (way <= 80) {
      retype(session, table, column);
    } else if (way <= 90) {
      Column other = new Column(column.name(), column.type(), false, column.otherwise());
      table.columns.set(table.columns.indexOf(column), other);
      act(
          session,
          "alter table %s alter column %s drop not null".formatted(table.name(), column.quoted()));
    } else {
      rename(session, table, column);
    }
  }

  private void addColumn(String session, FuzzTable table) {
    Column column = table.newColumn(dice);
    String add = "alter table %s add column %s".formatted(table.name(), table.definition(column));
    if (column.otherwise() == null) {
      act(session, add);
    } else if (table.isKeyed()) {
      // LIMIT 21: the DEFAULT of an added column is not in older rows until they change.
      together(session, List.of(add, touch(table)));
    } else {
      return;
    }
    table.columns.add(column);
  }

  private static String touch(FuzzTable table) {
    return "update %s set %s".formatted(table.name(), unchanged(table));
  }

  private static String unchanged(FuzzTable table) {
    String name = table.key.names().get(0);
    return name + " = " + name;
  }

  private void widen(String session, FuzzTable table, Column column) {
    if (!column.type().wider().isEmpty()) {
      String wider = dice.of(column.type().wider());
      FuzzType type = new FuzzType(wider, column.type().literal(), List.of());
      table.columns.set(
          table.columns.indexOf(column),
          new Column(column.name(), type, column.required(), column.otherwise()));
      act(
          session,
          "alter table %s alter column %s type %s".formatted(table.name(), column.quoted(), wider));
    }
  }

  /** A change of type that silver cannot follow: the events after it may be rejected. */
  private void retype(String session, FuzzTable table, Column column) {
    // LIMIT 21: PostgreSQL itself spells some values otherwise then, and no event says so.
    if (!table.isKeyed()
        || column.otherwise() != null
        || SPELT_ANEW.contains(column.type().sql())) {
      return;
    }
    FuzzType text = new FuzzType("text", d -> "'retyped'", List.of());
    table.columns.set(
        table.columns.indexOf(column), new Column(column.name(), text, column.required(), null));
    steps.add(
        new FuzzStep.Do(
            session,
            new Statement.Plain(
                "alter table %s alter column %s type text using %s::text"
                    .formatted(table.name(), column.quoted(), column.quoted())),
            Set.of(RejectReason.SCHEMA_CONFLICT, RejectReason.COLUMN_RETYPED)));
  }

  private void rename(String session, FuzzTable table, Column column) {
    // LIMIT 21: a renamed column is a dropped and an added one. A value stored apart would not be
    // sent again under the new name.
    if (!table.isKeyed()
        || column.type().literal().apply(new Dice(1)).contains("generate_series")) {
      return;
    }
    String name = column.name() + "_" + dice.between(2, 9);
    table.columns.set(
        table.columns.indexOf(column),
        new Column(name, column.type(), column.required(), column.otherwise()));
    together(
        session,
        List.of(
            "alter table %s rename column %s to %s"
                .formatted(table.name(), column.quoted(), TableName.quote(name)),
            touch(table)));
  }

  private void act(String session, String sql) {
    act(session, new Statement.Plain(sql));
  }

  private void act(String session, Statement statement) {
    steps.add(FuzzStep.Do.of(session, statement));
  }
}
