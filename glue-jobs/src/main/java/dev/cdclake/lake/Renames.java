/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.iceberg.Table;

/**
 * The renames of source columns that a silver table has followed, oldest first.
 *
 * <p>An ALTER TABLE waits until nobody else changes the table, so the changes before a rename and
 * those after it are told apart by their LSN alone.
 */
public record Renames(List<Rename> followed) implements Serializable {

  /** Table property that holds them as JSON. */
  public static final String PROPERTY = "cdclake.renames";

  /** No column was renamed. */
  public static final Renames NONE = new Renames(List.of());

  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * One rename.
   *
   * @param earlier the name that changes before it use
   * @param later the name that followed
   * @param at where the first change with the later name lies
   * @param setAside what the column is called now that had the later name before, and was dropped;
   *     null if there was none
   */
  public record Rename(String earlier, String later, Position at, String setAside)
      implements Serializable {

    /** Returns what a column is called once the rename is done. */
    String applyTo(String name) {
      if (name.equals(earlier)) {
        return later;
      }
      return name.equals(later) && setAside != null ? setAside : name;
    }
  }

  public Renames {
    followed = List.copyOf(followed);
  }

  /** Reads the renames of a silver table. */
  public static Renames of(Table silver) {
    String json = silver.properties().get(PROPERTY);
    try {
      return json == null ? NONE : JSON.readValue(json, Renames.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(
          "Cannot read property '%s' of table '%s'.".formatted(PROPERTY, silver.name()), e);
    }
  }

  /** Returns the value of the table property. */
  public String toProperty() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Cannot write renames as JSON.", e);
    }
  }

  /** Returns the renames with one more. */
  public Renames with(Rename rename) {
    List<Rename> all = new ArrayList<>(followed);
    all.add(rename);
    return new Renames(all);
  }

  /** Whether a rename was followed already; each is followed once. */
  public boolean has(String earlier, String later) {
    return followed.stream()
        .anyMatch(rename -> rename.earlier.equals(earlier) && rename.later.equals(later));
  }

  /** Returns the renames that lie behind a change: its columns still have the earlier names. */
  public List<Rename> behind(Position change) {
    return followed.stream().filter(rename -> rename.at.compareTo(change) > 0).toList();
  }

  /** Returns what a source column is called after some renames. */
  public static String applied(List<Rename> renames, String column) {
    String name = column;
    for (Rename rename : renames) {
      name = rename.applyTo(name);
    }
    return name;
  }

  /**
   * Finds which declared renames lie between two states of a table.
   *
   * @param before the columns before
   * @param after the columns after
   * @param declared the earlier name, and the one that followed
   * @return the earlier name and the one that followed, in an order in which they can be done one
   *     after the other: a name is free before it is taken, unless its column was dropped
   */
  public static Map<String, String> between(
      Set<String> before, Set<String> after, Map<String, String> declared) {
    Set<String> gone = new TreeSet<>(before);
    gone.removeAll(after);
    Deque<Map.Entry<String, String>> steps = new ArrayDeque<>();
    Deque<String> pending = new ArrayDeque<>(gone);
    while (!pending.isEmpty()) {
      List<String> path = path(pending.removeFirst(), before, after, declared);
      for (int i = path.size() - 1; i > 0; i--) {
        steps.addFirst(Map.entry(path.get(i - 1), path.get(i)));
      }
      String taken = path.get(path.size() - 1);
      if (path.size() > 1 && before.contains(taken)) {
        pending.addFirst(taken);
      }
    }
    Map<String, String> found = new LinkedHashMap<>();
    steps.forEach(step -> found.put(step.getKey(), step.getValue()));
    return found;
  }

  /**
   * Follows a column's names up to the first one that the table has after; alone if there is none.
   */
  private static List<String> path(
      String column, Set<String> before, Set<String> after, Map<String, String> declared) {
    List<String> path = new ArrayList<>(List.of(column));
    for (String next = declared.get(column); next != null; next = declared.get(next)) {
      path.add(next);
      if (after.contains(next)) {
        return path;
      }
      if (before.contains(next)) {
        break;
      }
    }
    return List.of(column);
  }
}
