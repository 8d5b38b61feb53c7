/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.io.api.Binary;

/** A value as a Parquet file stores it. What it is asked for must be what it is. */
interface StoredValue {

  boolean getBoolean();

  int getInteger();

  long getLong();

  float getFloat();

  double getDouble();

  /** Returns bytes that may be overwritten when the reader goes on. */
  Binary getBinary();

  /** Returns the value that a reader stands at. */
  static StoredValue of(ColumnReader reader) {
    return new StoredValue() {
      @Override
      public boolean getBoolean() {
        return reader.getBoolean();
      }

      @Override
      public int getInteger() {
        return reader.getInteger();
      }

      @Override
      public long getLong() {
        return reader.getLong();
      }

      @Override
      public float getFloat() {
        return reader.getFloat();
      }

      @Override
      public double getDouble() {
        return reader.getDouble();
      }

      @Override
      public Binary getBinary() {
        return reader.getBinary();
      }
    };
  }
}
