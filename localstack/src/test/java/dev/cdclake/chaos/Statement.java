/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.chaos;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** An SQL statement of a fuzz script, and how it can become smaller. */
sealed interface Statement {

  /** Returns the statement's text. */
  String sql();

  /** Returns the statement with one part less, once for every part that can go. */
  List<Statement> smaller();

  /** A statement without parts. */
  record Plain(String sql) implements Statement {
    @Override
    public List<Statement> smaller() {
      return List.of();
    }
  }

  /** A statement with a list in it, of which at least one item has to stay. */
  record Listing(String head, List<String> items, String tail) implements Statement {
    @Override
    public String sql() {
      return head + String.join(", ", items) + tail;
    }

    @Override
    public List<Statement> smaller() {
      List<Statement> smaller = new ArrayList<>();
      for (int i = 0; i < items.size() && items.size() > 1; i++) {
        smaller.add(new Listing(head, without(items, i), tail));
      }
      return smaller;
    }
  }

  /** An INSERT of rows of literals. */
  record Insert(String table, List<String> columns, List<List<String>> rows, String tail)
      implements Statement {
    @Override
    public String sql() {
      return "insert into %s (%s) values %s%s"
          .formatted(
              table,
              String.join(", ", columns),
              rows.stream()
                  .map(row -> "(" + String.join(", ", row) + ")")
                  .collect(Collectors.joining(", ")),
              tail);
    }

    @Override
    public List<Statement> smaller() {
      List<Statement> smaller = new ArrayList<>();
      for (int i = 0; i < rows.size() && rows.size() > 1; i++) {
        smaller.add(new Insert(table, columns, without(rows, i), tail));
      }
      for (int i = 0; i < columns.size() && columns.size() > 1; i++) {
        int column = i;
        smaller.add(
            new Insert(
                table,
                without(columns, i),
                rows.stream().map(row -> without(row, column)).toList(),
                tail));
      }
      return smaller;
    }
  }

  private static <T> List<T> without(List<T> items, int index) {
    List<T> fewer = new ArrayList<>(items);
    fewer.remove(index);
    return fewer;
  }
}
