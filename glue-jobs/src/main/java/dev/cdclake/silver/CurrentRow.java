/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import org.apache.spark.sql.Row;

/**
 * A row that silver has, and its place.
 *
 * @param values in the columns of the table; of a row that is not whole, the source's columns other
 *     than the key are NULL; of one that is older than every change, those that say where its last
 *     change lies may be, all of them; null if it is older and nothing of it was read
 * @param file the data file that holds it
 * @param position its number within the file
 * @param whole whether the values of all columns were read
 */
record CurrentRow(Row values, String file, long position, boolean whole) {}
