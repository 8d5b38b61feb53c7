/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

import java.sql.Connection;
import java.util.List;
import java.util.Optional;

/**
 * Which history of which server the source is at, and how far.
 *
 * <p>A server that was restored or promoted goes on in another timeline; see <a
 * href="https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES">timelines</a>.
 *
 * @param system identifies the server since its first start; empty where the role may not read it
 * @param timeline rises with every restore and promotion
 * @param lsn the end of the log
 * @param slot the replication slot of the pipeline; empty if there is none
 */
public record SourceIdentity(String system, int timeline, long lsn, Optional<Slot> slot) {

  /**
   * A replication slot.
   *
   * @param lost whether the server removed log that was not read yet
   */
  public record Slot(boolean lost) {}

  private static final String HISTORY =
      """
      select case when has_function_privilege('pg_control_system()', 'execute')
                  then (select system_identifier::text from pg_control_system())
                  else '' end,
             ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int,
             pg_current_wal_lsn() - '0/0'::pg_lsn
      """;

  private static final String SLOT =
      """
      select coalesce(wal_status = 'lost', false) from pg_replication_slots where slot_name = ?
      """;

  /** Asks the server. */
  public static SourceIdentity read(Connection connection, String slotName) {
    List<Slot> slots =
        Query.of(connection, "the replication slot", SLOT, slotName)
            .rows(row -> new Slot(row.getBoolean(1)));
    return Query.of(connection, "the server's timeline", HISTORY)
        .row(
            row ->
                new SourceIdentity(
                    row.getString(1), row.getInt(2), row.getLong(3), slots.stream().findFirst()));
  }

  /** Drops the slot, if there is one; its reader must have stopped. */
  public static void dropSlot(Connection connection, String slotName) {
    Query.of(
            connection,
            "the replication slot to drop it",
            "select pg_drop_replication_slot(slot_name) from pg_replication_slots"
                + " where slot_name = ?",
            slotName)
        .rows(row -> slotName);
  }

  /** Whether somebody reads a slot at this moment; false if there is no such slot. */
  public static boolean isRead(Connection connection, String slotName) {
    return !Query.of(
            connection,
            "the replication slot",
            "select 1 from pg_replication_slots where slot_name = ? and active",
            slotName)
        .rows(row -> slotName)
        .isEmpty();
  }

  /** Returns the history in one text, to be kept and compared. */
  public String history() {
    return system + "/" + timeline;
  }
}
