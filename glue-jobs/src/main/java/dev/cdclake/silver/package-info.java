/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * Bronze to silver: one current row per key, typed as in the source.
 *
 * <p>New bronze rows come in, one commit of replaced and added rows goes out. Read it in this
 * order: {@code SilverJob}, {@code BronzeSlice}, {@code SchemaEvolution}, {@code SliceFold}, {@code
 * BronzeChanges} with {@code EventLayout}, {@code KeyFold} with {@code RowState}, {@code
 * Expectations}, {@code SilverTable}; types are in {@code EventSchema} and {@code ColumnType}. Gold
 * is next.
 */
package dev.cdclake.silver;
