/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.forget;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.lake.Position;
import dev.cdclake.lake.RejectedRow.Place;
import dev.cdclake.lake.SilverKey;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How a row of a lake table is recognised as one that tells of the row to forget. */
interface Traces extends Serializable {

  /** Returns the columns to look at. */
  List<String> columns();

  /** Tells, from the values of these columns, whether the row is to be forgotten. */
  boolean areIn(List<Object> values);

  /** Events of the row: those of its keys, and those that say it had them. */
  record InBronze(PersonKeys person) implements Traces {

    @Override
    public List<String> columns() {
      return List.of(
          ChangeColumns.EPOCH,
          ChangeColumns.LSN,
          ChangeColumns.KEY,
          ChangeColumns.MOVED_FROM,
          ChangeColumns.MOVED_TO);
    }

    @Override
    public boolean areIn(List<Object> values) {
      Position at = new Position((Integer) values.get(0), (Long) values.get(1));
      for (Object key : values.subList(2, 5)) {
        if (key != null && person.has(key.toString(), at)) {
          return true;
        }
      }
      return false;
    }
  }

  /** Silver rows under its keys, active or not, current or replaced. */
  record InSilver(PersonKeys person, List<String> key) implements Traces {

    @Override
    public List<String> columns() {
      List<String> columns = new ArrayList<>(List.of(ChangeColumns.EPOCH, ChangeColumns.LSN));
      key.forEach(column -> columns.add(SilverKey.lakeName(column)));
      return columns;
    }

    @Override
    public boolean areIn(List<Object> values) {
      if (values.get(0) == null) {
        // A file of deletes, which has places and no values.
        return false;
      }
      Map<String, String> found = new HashMap<>();
      for (int i = 0; i < key.size(); i++) {
        found.put(key.get(i), String.valueOf(values.get(i + 2)));
      }
      return person.has(found, new Position((Integer) values.get(0), (Long) values.get(1)));
    }
  }

  /**
   * Rejected events of its topic that carry one of its keys while it had it. Where an event stood
   * in the log, bronze knows of those that silver rejected; others say it themselves. One of which
   * nobody knows it is forgotten.
   *
   * @param inBronze where events stood that bronze has
   */
  record InRejectedRows(PersonKeys person, String topic, Map<Place, Position> inBronze)
      implements Traces {

    @Override
    public List<String> columns() {
      return List.of(
          "topic",
          "key",
          "value",
          ChangeColumns.PARTITION,
          ChangeColumns.OFFSET,
          ChangeColumns.EPOCH);
    }

    @Override
    public boolean areIn(List<Object> values) {
      if (!topic.equals(String.valueOf(values.get(0)))) {
        return false;
      }
      Position at = inBronze.get(new Place((Integer) values.get(3), (Long) values.get(4)));
      if (at == null && values.get(5) != null) {
        at = PersonKeys.position(text(values.get(2)), (Integer) values.get(5));
      }
      return person.isIn(text(values.get(1)), at) || person.isIn(text(values.get(2)), at);
    }

    private static String text(Object bytes) {
      return bytes == null ? null : new String((byte[]) bytes, StandardCharsets.UTF_8);
    }
  }
}
