/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_distinct;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.struct;

import dev.cdclake.contract.LakeTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Runs a model's tests ({@code not_null}, {@code unique}, row expressions, the key) in one pass.
 */
final class ModelTests {

  private ModelTests() {}

  static List<String> broken(SparkSession spark, GoldModel model, LakeTable table) {
    Map<String, Column> failures = new LinkedHashMap<>();
    failures.put(
        "key " + model.key() + " is unique",
        count(lit(1))
            .minus(
                count_distinct(
                    struct(model.key().stream().map(ModelTests::quoted).toArray(Column[]::new)))));
    model
        .columns()
        .forEach(
            (name, column) -> {
              if (column.tests().contains("not_null")) {
                failures.put(name + " is not null", count_if(quoted(name).isNull()));
              }
              if (column.tests().contains("unique")) {
                failures.put(
                    name + " is unique", count(quoted(name)).minus(count_distinct(quoted(name))));
              }
            });
    model
        .expectations()
        .forEach(
            (name, condition) ->
                failures.put(name, count_if(not(coalesce(expr(condition), lit(false))))));
    List<Column> counts = new ArrayList<>(failures.values());
    Row row =
        spark
            .table(table.quoted())
            .agg(counts.get(0), counts.subList(1, counts.size()).toArray(Column[]::new))
            .head();
    List<String> broken = new ArrayList<>();
    int position = 0;
    for (String test : failures.keySet()) {
      long rows = row.getLong(position++);
      if (rows > 0) {
        broken.add("%s: '%s' does not hold for %,d rows".formatted(table.label(), test, rows));
      }
    }
    return broken;
  }

  private static Column quoted(String column) {
    return col("`" + column + "`");
  }
}
