/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.lake.GuardedCommit;
import dev.cdclake.lake.LakeTables;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.spark.CommitMetadata;
import org.apache.iceberg.spark.SparkSchemaUtil;
import org.apache.iceberg.types.Types;
import org.apache.spark.sql.DataFrameWriterV2;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.analysis.NoSuchTableException;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** A gold model's table: replaced as a whole, or by the keys that were touched. */
final class GoldTable {

  private static final String TOUCHED = "_touched_key";

  /** True in the rows that the select yields for the touched keys. */
  private static final String MADE = "_made";

  private final SparkSession spark;
  private final LakeTable name;
  private final Table table;

  private GoldTable(SparkSession spark, LakeTable name, Table table) {
    this.spark = spark;
    this.name = name;
    this.table = table;
  }

  /** Opens the table, creating it with the model's columns and their descriptions. */
  static GoldTable open(
      SparkSession spark, LakeTables tables, LakeTable name, GoldModel model, StructType result) {
    Schema plain = SparkSchemaUtil.convert(result);
    List<Types.NestedField> fields = new ArrayList<>();
    for (Types.NestedField field : plain.columns()) {
      fields.add(
          Types.NestedField.optional(
              field.fieldId(),
              field.name(),
              field.type(),
              model.columns().get(field.name()).description()));
    }
    Table table =
        tables.open(
            name,
            new Schema(fields),
            PartitionSpec.unpartitioned(),
            Map.of("comment", model.description()));
    return new GoldTable(spark, name, table);
  }

  /** Whether the table has the columns that the model yields; a changed model yields others. */
  boolean hasColumns(StructType result) {
    StructType actual = SparkSchemaUtil.convert(table.schema());
    if (actual.size() != result.size()) {
      return false;
    }
    for (StructField field : result.fields()) {
      if (!List.of(actual.fieldNames()).contains(field.name())
          || !actual.apply(field.name()).dataType().sameType(field.dataType())) {
        return false;
      }
    }
    return true;
  }

  private DataFrameWriterV2<Row> writer(Dataset<Row> result, Map<String, String> summary) {
    DataFrameWriterV2<Row> writer = result.writeTo(name.quoted());
    summary.forEach((key, value) -> writer.option("snapshot-property." + key, value));
    return writer;
  }

  /** Replaces all rows and the columns, keeping the table's history. */
  void replace(Dataset<Row> result, Map<String, String> summary) {
    GuardedCommit.run(() -> writer(result, summary).createOrReplace(), name.label(), Stage.GOLD);
  }

  /** Replaces all rows. */
  void rebuild(Dataset<Row> result, Map<String, String> summary) {
    GuardedCommit.run(() -> overwrite(result, summary), name.label(), Stage.GOLD);
  }

  private void overwrite(Dataset<Row> result, Map<String, String> summary) {
    try {
      writer(result, summary).overwrite(lit(true));
    } catch (NoSuchTableException e) {
      throw new IllegalStateException("Table '" + name.label() + "' vanished.", e);
    }
  }

  /**
   * Replaces the rows of touched keys; a touched key without a result loses its row.
   *
   * @param touched one column {@code key}, distinct
   */
  void refresh(Dataset<Row> result, Dataset<Row> touched, String key, Map<String, String> summary) {
    Dataset<Row> keys = touched.select(col("key").as(TOUCHED));
    Dataset<Row> made = result.withColumn(MADE, lit(true));
    Dataset<Row> changes = keys.join(made, keys.col(TOUCHED).eqNullSafe(made.col(key)), "left");
    String view = "touched_" + name.name();
    changes.createOrReplaceTempView(view);
    String merge =
        "merge into %s as gold using %s as changes on gold.`%s` <=> changes.%s"
                .formatted(name.quoted(), view, key, TOUCHED)
            + " when matched and changes.%s is null then delete".formatted(MADE)
            + " when matched then update set "
            + assignments(result)
            + " when not matched and changes.%s then insert ".formatted(MADE)
            + values(result);
    GuardedCommit.run(() -> merge(merge, summary), name.label(), Stage.GOLD);
    spark.catalog().dropTempView(view);
  }

  private void merge(String merge, Map<String, String> summary) {
    CommitMetadata.withCommitProperties(summary, () -> spark.sql(merge), RuntimeException.class);
  }

  private static String assignments(Dataset<Row> result) {
    List<String> assignments = new ArrayList<>();
    for (String column : result.columns()) {
      assignments.add("gold.`%s` = changes.`%s`".formatted(column, column));
    }
    return String.join(", ", assignments);
  }

  private static String values(Dataset<Row> result) {
    List<String> targets = new ArrayList<>();
    List<String> values = new ArrayList<>();
    for (String column : result.columns()) {
      targets.add("`" + column + "`");
      values.add("changes.`" + column + "`");
    }
    return "(%s) values (%s)".formatted(String.join(", ", targets), String.join(", ", values));
  }

  long snapshot() {
    table.refresh();
    return table.currentSnapshot().snapshotId();
  }

  /** Returns the rows. */
  Dataset<Row> rows() {
    return spark.table(name.quoted());
  }
}
