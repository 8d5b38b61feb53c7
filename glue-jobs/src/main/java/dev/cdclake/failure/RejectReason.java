/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.failure;

/** Why an event or a row could not be used; a closed set, stored by name in the rejected rows. */
public enum RejectReason {
  /** The event's value is not JSON. */
  NOT_JSON(
      "The event's value is not JSON.",
      "Let the connector write JSON (JsonConverter). An event that somebody else put on the topic can stay where it is."),
  /** The value is JSON, but lacks what every Debezium event has. */
  NOT_AN_ENVELOPE(
      "The value is JSON, but not a Debezium event.",
      "Remove transforms that unwrap events from the connector. An event that somebody else put on the topic can stay where it is."),
  /** The event's key is not JSON, or lacks a column of the table's key. */
  KEY_UNREADABLE(
      "The event's key is not JSON, or a column of the table's key is missing in it or unreadable.",
      "Let the connector write keys as JSON, with the columns of the table's key; then take the rows anew: './cdclake resnapshot TABLE'."),
  /** The table has a key and the event has none. */
  KEY_MISSING(
      "The table has a key, and the event has none.",
      "Let the connector send the key (message.key.columns); then take the rows anew: './cdclake resnapshot TABLE'."),
  /** An update or delete without anything to find the row by: no key, and no row before it. */
  CHANGE_WITHOUT_KEY(
      "An update or delete says neither a key nor how the row was before.",
      "Give the table a primary key, a key in pipeline.yaml, or REPLICA IDENTITY FULL; then take the rows anew: './cdclake resnapshot TABLE'."),
  /** An update or delete of a table without a key, and no row is as the row before it was. */
  ROW_NOT_FOUND(
      "An update or delete of a table without a key says how the row was before, and silver has no such row.",
      "If the row's insert was rejected or came later, replay that first, then this. If a column was added with a DEFAULT, fill it in silver first."),
  /** The event carried no schema, so the types of its columns are unknown. */
  SCHEMA_MISSING(
      "The event carried no schema, so the types of its columns are unknown.",
      "Let the connector embed schemas (schemas.enable=true); then take the rows anew: './cdclake resnapshot TABLE'."),
  /** The type of a column cannot become the type that the silver table has. */
  SCHEMA_CONFLICT(
      "A column has a type that cannot become the type it has in silver.",
      "Run './cdclake schema retype TABLE COLUMN', or change the type back in the source; then './cdclake replay'."),
  /**
   * A column was altered before the connector read the change, and its values were read as the
   * newer type.
   */
  COLUMN_RETYPED(
      "The type of a column was altered before the connector read the change, so the column's values may have been read wrongly.",
      "Take the rows anew: './cdclake resnapshot TABLE'."),
  /** A value does not have the form that its type demands. */
  VALUE_UNREADABLE(
      "A value does not have the form that its type demands.",
      "If a newer version reads it, install that; then replay. Else correct the row in the source."),
  /** The row breaks an expectation whose broken rows are held back. */
  EXPECTATION_BROKEN(
      "The row breaks an expectation whose broken rows are held back.",
      "Correct the row in the source, which releases it by itself; or correct the expectation in pipeline.yaml, then replay.");

  private final String meaning;
  private final String remedy;

  RejectReason(String meaning, String remedy) {
    this.meaning = meaning;
    this.remedy = remedy;
  }

  /** Returns in words what is wrong with the event. */
  public String meaning() {
    return meaning;
  }

  /** Returns in words what to do about it. */
  public String remedy() {
    return remedy;
  }
}
