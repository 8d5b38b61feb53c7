/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.failure;

/** Why an event or a row could not be used; a closed set, stored by name in the rejected rows. */
public enum RejectReason {
  /** The event's value is not JSON. */
  NOT_JSON,
  /** The value is JSON, but lacks what every Debezium event has. */
  NOT_AN_ENVELOPE,
  /** The event's key is not JSON, or lacks a column of the table's key. */
  KEY_UNREADABLE,
  /** The table has a key and the event has none. */
  KEY_MISSING,
  /** An update or delete without anything to find the row by: no key, and no row before it. */
  CHANGE_WITHOUT_KEY,
  /** An update or delete of a table without a key, and no row is as the row before it was. */
  ROW_NOT_FOUND,
  /** The event carried no schema, so the types of its columns are unknown. */
  SCHEMA_MISSING,
  /** The type of a column cannot become the type that the silver table has. */
  SCHEMA_CONFLICT,
  /** A value does not have the form that its type demands. */
  VALUE_UNREADABLE,
  /** The row breaks an expectation whose broken rows are held back. */
  EXPECTATION_BROKEN
}
