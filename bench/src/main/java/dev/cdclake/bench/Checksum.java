/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.Arrays;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/** What all contenders' results are compared by; the order of the rows does not count. */
final class Checksum {

  private Checksum() {}

  /**
   * Reads rows whole and returns their number and the sum of their hashes, over columns of given
   * types.
   */
  static String of(Dataset<Row> rows, StructType types) {
    Column[] typed =
        Arrays.stream(types.fields())
            .map(field -> rows.col("`" + field.name() + "`").cast(field.dataType()))
            .toArray(Column[]::new);
    Row found = rows.agg(count(lit(1)), sum(xxhash64(typed).cast("decimal(38,0)"))).head();
    return "%d rows, %s".formatted(found.getLong(0), found.isNullAt(1) ? "0" : found.getDecimal(1));
  }
}
