/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.contract.LakeTable;
import dev.cdclake.lake.KeyFilters;
import dev.cdclake.lake.Position;
import dev.cdclake.lake.Renames;
import dev.cdclake.lake.Renames.Rename;
import dev.cdclake.lake.SilverKey;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.iceberg.Table;
import org.apache.iceberg.Transaction;
import org.apache.iceberg.UpdateProperties;
import org.apache.iceberg.UpdateSchema;
import org.apache.iceberg.spark.SparkSchemaUtil;
import org.apache.iceberg.types.Type;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the columns of a silver table follow those of its source. No row is rewritten, for Iceberg
 * knows columns by their ids; and no column is dropped that a row may have a value in.
 *
 * @see <a href="https://iceberg.apache.org/docs/latest/evolution/">Iceberg: schema evolution</a>
 */
final class SchemaEvolution {

  private static final Logger LOG = LoggerFactory.getLogger(SchemaEvolution.class);

  private final LakeTable name;
  private final Table table;

  SchemaEvolution(LakeTable name, Table table) {
    this.name = name;
    this.table = table;
  }

  /** Gives a table without rows the columns and the key of its first event, if they are others. */
  void conform(EventSchema event, SilverKey key) {
    StructType wanted = SilverSchema.initial(event);
    if (schema().columns().equals(wanted) && SilverKey.of(table).equals(key)) {
      return;
    }
    Transaction transaction = table.newTransaction();
    UpdateSchema removal = transaction.updateSchema();
    schema().sourcePositions().keySet().forEach(removal::deleteColumn);
    removal.commit();
    UpdateSchema addition = transaction.updateSchema();
    String before = null;
    for (StructField column : wanted.fields()) {
      if (!SilverKey.isOwn(column.name())) {
        addition.addColumn(null, column.name(), iceberg(column.dataType()));
        if (before == null) {
          addition.moveFirst(column.name());
        } else {
          addition.moveAfter(column.name(), before);
        }
        before = column.name();
      }
    }
    addition.commit();
    withKey(transaction, key).commit();
    transaction.commitTransaction();
    table.refresh();
  }

  /** Gives the table a key, or its key other names, behind the changes of its columns. */
  private UpdateProperties withKey(Transaction transaction, SilverKey key) {
    Map<String, String> before = KeyFilters.properties(SilverKey.of(table), table.schema());
    Map<String, String> after = KeyFilters.properties(key, transaction.table().schema());
    UpdateProperties update = transaction.updateProperties();
    before.keySet().stream().filter(name -> !after.containsKey(name)).forEach(update::remove);
    after.forEach(update::set);
    return update.set(SilverKey.PROPERTY, key.toProperty());
  }

  /**
   * Follows renames of source columns that are declared in the pipeline file: the column keeps its
   * id and its values. The renames are recorded in the same commit.
   *
   * @param history of the table's events, oldest first
   * @param declared the earlier name of a column, and the one that followed
   */
  void rename(List<SchemaVersion> history, Map<String, String> declared) {
    for (int i = 1; i < history.size(); i++) {
      SchemaVersion before = history.get(i - 1);
      Set<String> names = before.schema().columns().keySet();
      Position at = history.get(i).first();
      Renames.between(names, history.get(i).schema().columns().keySet(), declared)
          .forEach(
              (earlier, later) -> {
                if (!schema().renames().has(earlier, later)) {
                  rename(earlier, later, before, at);
                }
              });
    }
  }

  private void rename(String earlier, String later, SchemaVersion before, Position at) {
    boolean laterWasAnother = before.schema().columns().containsKey(later);
    if (laterWasAnother) {
      // Both columns may be newer than the table; the one whose name is taken must be there.
      evolve(List.of(before.under(schema().renames())));
    }
    SilverSchema silver = schema();
    boolean hasEarlier = silver.has(SilverKey.lakeName(earlier));
    boolean hasLater = silver.has(SilverKey.lakeName(later));
    if (hasEarlier && hasLater && !laterWasAnother) {
      LOG.warn(
          "Cannot rename column '{}' of table '{}' to '{}': changes with the later name were folded"
              + " before 'renames' declared it, so it has both (expected only the first). Fill the"
              + " second one with './cdclake schema backfill {} {}'.",
          earlier,
          name.label(),
          later,
          name.name(),
          later);
      return;
    }
    Transaction transaction = table.newTransaction();
    String setAside = hasEarlier && hasLater ? silver.freeName(later + "_dropped") : null;
    if (setAside != null) {
      transaction
          .updateSchema()
          .renameColumn(SilverKey.lakeName(later), SilverKey.lakeName(setAside))
          .commit();
    }
    if (hasEarlier) {
      transaction
          .updateSchema()
          .renameColumn(SilverKey.lakeName(earlier), SilverKey.lakeName(later))
          .commit();
    }
    SilverKey key = SilverKey.of(table);
    Rename rename = new Rename(earlier, later, at, setAside);
    withKey(transaction, hasEarlier ? key.renamed(earlier, later) : key)
        .set(Renames.PROPERTY, silver.renames().with(rename).toProperty())
        .commit();
    transaction.commitTransaction();
    table.refresh();
  }

  /**
   * Sets a column aside and puts one of another type in its place, which changes from a position on
   * go to.
   *
   * @return the name of the column that was set aside
   */
  String retype(String column, DataType wanted, Position since) {
    SilverSchema silver = schema();
    String aside =
        silver.freeName(
            column
                + "_"
                + silver.columns().apply(column).dataType().simpleString().split("[^a-z]", 2)[0]);
    Transaction transaction = table.newTransaction();
    transaction.updateSchema().renameColumn(column, aside).commit();
    transaction.updateSchema().addColumn(null, column, iceberg(wanted)).commit();
    transaction
        .updateProperties()
        .set(
            Renames.PROPERTY,
            silver.renames().with(new Rename(column, aside, since, null)).toProperty())
        .commit();
    transaction.commitTransaction();
    return aside;
  }

  /**
   * Adds columns that events have and the table has not, and widens those that must be. An event
   * without the table's key changes nothing, for it is rejected.
   */
  void evolve(List<EventSchema> events) {
    UpdateSchema update = table.updateSchema();
    SilverSchema silver = schema();
    Map<String, DataType> known = new HashMap<>();
    for (var field : silver.columns().fields()) {
      known.put(field.name(), field.dataType());
    }
    boolean changes = false;
    for (EventSchema event : events) {
      if (silver.missingKey(event) != null || event.collision() != null) {
        continue;
      }
      for (Map.Entry<String, ColumnType> column : event.columns().entrySet()) {
        String lakeName = event.lakeName(column.getKey());
        DataType wanted = column.getValue().sparkType();
        DataType actual = known.get(lakeName);
        if (actual == null) {
          // Told apart from a field of a struct: a name may have a dot in it.
          update.addColumn(null, lakeName, iceberg(wanted));
        } else if (SilverSchema.widens(actual, wanted)) {
          widen(update, lakeName, wanted);
        } else {
          continue;
        }
        known.put(lakeName, wanted);
        changes = true;
      }
    }
    if (changes) {
      update.commit();
    }
  }

  private static void widen(UpdateSchema update, String column, DataType wanted) {
    if (wanted instanceof ArrayType array) {
      update.updateColumn(column + ".element", iceberg(array.elementType()).asPrimitiveType());
    } else {
      update.updateColumn(column, iceberg(wanted).asPrimitiveType());
    }
  }

  private SilverSchema schema() {
    return SilverSchema.of(table);
  }

  private static Type iceberg(DataType type) {
    return SparkSchemaUtil.convert(type);
  }
}
