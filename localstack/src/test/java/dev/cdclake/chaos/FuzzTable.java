/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.chaos;

import dev.cdclake.contract.TableName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A random table, as the generator knows it while it invents changes of it.
 *
 * <p>LIMIT 19: no generated columns, which PostgreSQL does not send. LIMIT 27: no double quote in a
 * table's name, which Debezium's snapshot does not escape.
 */
final class FuzzTable {

  /** A column beside the key. */
  record Column(String name, FuzzType type, boolean required, String otherwise) {

    String quoted() {
      return TableName.quote(name);
    }
  }

  private static final List<String> STYLES =
      List.of("%s", "%s", "%s", "%s Orders", "%s-Größe", "%s.dot", "%s$x");
  private static final List<String> NAMES =
      List.of(
          "note",
          "Amount",
          "order",
          "a b",
          "größe",
          "is_active",
          "_op",
          "select",
          "c.d",
          "x-y",
          "processed_at",
          "value",
          "key",
          "before",
          "op",
          "file",
          "Ünï",
          "p%q");

  final String letter;
  final FuzzKey key;
  final List<Column> columns = new ArrayList<>();
  private final String style;
  private final boolean full;
  private final boolean keyInFile;
  private final boolean deferrable;
  private final boolean partitioned;
  private final boolean external;
  private final boolean purge;
  private int added;

  private FuzzTable(Dice dice, String letter) {
    this.letter = letter;
    this.key = dice.chance(12) ? FuzzKey.NONE : dice.of(FuzzKey.values());
    this.style = dice.of(STYLES);
    this.partitioned = key.isOneNumber() && dice.chance(15);
    this.full = key == FuzzKey.NONE ? dice.chance(50) : dice.chance(25);
    this.keyInFile = key != FuzzKey.NONE && full && dice.chance(30);
    this.deferrable = key != FuzzKey.NONE && full && !keyInFile && dice.chance(50);
    this.external = dice.chance(50);
    this.purge = dice.chance(20);
    int width = dice.between(1, 6);
    for (int i = 0; i < width; i++) {
      columns.add(newColumn(dice));
    }
  }

  static FuzzTable random(Dice dice, String letter) {
    return new FuzzTable(dice, letter);
  }

  String name() {
    return "${" + letter + "}";
  }

  /** Invents a column that the table does not have. */
  Column newColumn(Dice dice) {
    FuzzType type = dice.of(FuzzType.ALL);
    String name = dice.chance(25) ? dice.of(NAMES) : "c" + added++;
    boolean taken = columns.stream().anyMatch(column -> column.name().equalsIgnoreCase(name));
    String otherwise = dice.chance(20) ? type.literal().apply(dice) : null;
    if (otherwise != null && otherwise.contains("select")) {
      otherwise = null;
    }
    boolean required = otherwise != null && dice.chance(50);
    return new Column(taken ? "c" + added++ : name, type, required, otherwise);
  }

  String definition(Column column) {
    return "%s %s%s%s"
        .formatted(
            column.quoted(),
            column.type().in(letter),
            column.required() ? " not null" : "",
            column.otherwise() == null ? "" : " default " + column.otherwise());
  }

  /** Returns the statements that create the table. */
  FuzzScript.Table toTable() {
    List<Statement> ddl = new ArrayList<>();
    ddl.add(
        new Statement.Plain(
            "create type ${%s.mood} as enum ('sad', 'so so', 'Happy')".formatted(letter)));
    ddl.add(
        new Statement.Plain(
            "create domain ${%s.percent} as int check (value between 0 and 100)"
                .formatted(letter)));
    List<String> items = new ArrayList<>();
    for (Column column : columns) {
      items.add(definition(column));
    }
    String keyColumns = String.join(", ", key.names());
    String head = "create table %s (".formatted(name());
    if (key != FuzzKey.NONE) {
      head +=
          key.columns().stream()
                  .map(column -> column + " not null")
                  .collect(Collectors.joining(", "))
              + ", ";
      head +=
          (keyInFile ? "unique" : "primary key")
              + " (%s)%s, ".formatted(keyColumns, deferrable ? " deferrable" : "");
    }
    ddl.add(
        new Statement.Listing(head, items, ")" + (partitioned ? " partition by hash (id)" : "")));
    List<String> identified = new ArrayList<>(List.of(name()));
    for (int i = 0; partitioned && i < 3; i++) {
      String part = "${%s.p%d}".formatted(letter, i);
      ddl.add(
          new Statement.Plain(
              "create table %s partition of %s for values with (modulus 3, remainder %d)"
                  .formatted(part, name(), i)));
      identified.add(part);
    }
    if (full) {
      for (String table : identified) {
        ddl.add(new Statement.Plain("alter table %s replica identity full".formatted(table)));
      }
    }
    if (external && !partitioned) {
      for (Column column : columns) {
        ddl.add(
            new Statement.Plain(
                "do $$ begin alter table %s alter column %s set storage external; exception when feature_not_supported then null; end $$"
                    .formatted(name(), column.quoted())));
      }
    }
    Map<String, Object> settings = new LinkedHashMap<>();
    if (keyInFile) {
      settings.put("key", key.names().stream().map(name -> name.replace("\"", "")).toList());
    }
    if (purge) {
      settings.put("on-delete", "purge");
    }
    return new FuzzScript.Table(letter, style.replace("%s", "%s_" + letter), settings, ddl);
  }

  boolean isKeyed() {
    return key != FuzzKey.NONE;
  }

  /** Whether ON CONFLICT can name the key. */
  boolean hasPrimaryKey() {
    return isKeyed() && !keyInFile && !deferrable;
  }

  /** Whether one statement may move keys onto each other. */
  boolean isDeferrable() {
    return deferrable;
  }

  /** Whether PostgreSQL lets rows without a key be changed. */
  boolean isFull() {
    return full;
  }
}
