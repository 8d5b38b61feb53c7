/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.monotonically_increasing_id;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.KeyedMask;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Secrets;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.lake.ChangeContents;
import dev.cdclake.lake.EventSchemas;
import dev.cdclake.lake.GuardedCommit;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Position;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.RowFiles;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.iceberg.AppendFiles;
import org.apache.iceberg.Table;
import org.apache.iceberg.spark.source.SerializableTableWithSize;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * Fills a column in the silver rows whose last change is older than the column.
 *
 * <p>PostgreSQL puts the DEFAULT of an added column into existing rows without telling anybody, so
 * the values are read from the source. They go to bronze, as if read just before the first change
 * that has the column: silver takes them in that order, and a row that changed since keeps its own.
 */
public final class ColumnBackfill {

  private static final int ATTEMPTS = 20;

  /** Beside the key's columns, which may have any other name. */
  private static final String FILL_KEY = "_fill_key";

  private static final String FILL_AFTER = "_fill_after";

  private final SparkSession spark;
  private final Pipeline pipeline;
  private final SourceTable source;
  private final LakeTables lake;
  private final EventSchemas schemas;
  private final LakeTable silverName;

  public ColumnBackfill(SparkSession spark, Pipeline pipeline, SourceTable source) {
    this.spark = spark;
    this.pipeline = pipeline;
    this.source = source;
    this.lake = new LakeTables(spark);
    this.schemas = new EventSchemas(lake, pipeline);
    this.silverName = pipeline.silver(source);
  }

  /**
   * Puts the values into bronze; the next batch of silver takes them.
   *
   * @param column its name in the lake
   * @param password of the source's role, null if it needs none
   * @return how many rows get a value
   */
  public long run(String column, String password) {
    Table silver =
        lake.find(silverName).orElseThrow(() -> refused(column, "there is no such table"));
    SilverSchema columns = SilverSchema.of(silver);
    if (!columns.keyed()) {
      throw refused(column, "the table has no key (expected one, to find the rows by)");
    }
    if (!columns.sourcePositions().containsKey(column) || columns.key().contains(column)) {
      throw refused(
          column,
          "it is not one of its columns %s; an added column appears with the first change that has it"
              .formatted(columns.sourcePositions().keySet()));
    }
    Since since = since(columns, column);
    List<StructField> fields = new ArrayList<>();
    columns.key().forEach(key -> fields.add(since.inSource(columns, key)));
    fields.add(since.inSource(columns, column));
    refuseOtherSpelling(column, fields.get(fields.size() - 1), password);
    String schema = SourceValue.schema(fields, since.namedAt());
    Dataset<Row> values = values(fields, columns, schema, password);
    Dataset<Row> events = events(values, columns, since.begin(), fingerprint(schema)).persist();
    try {
      long rows = events.count();
      if (rows > 0) {
        append(events, rows, schema, since.begin());
      }
      return rows;
    } finally {
      events.unpersist();
    }
  }

  /**
   * The newest stretch of changes that have the column.
   *
   * @param begin where it begins
   * @param schema of the newest changes
   * @param namedAt where the newest changes begin
   */
  private record Since(Position begin, EventSchema schema, Position namedAt) {

    /** Returns a column of silver under the name that it has in the source. */
    StructField inSource(SilverSchema silver, String lakeName) {
      String name =
          schema.lakeNames().entrySet().stream()
              .filter(entry -> entry.getValue().equals(lakeName))
              .map(Map.Entry::getKey)
              .findFirst()
              .orElseThrow();
      return new StructField(
          name, silver.columns().apply(lakeName).dataType(), true, Metadata.empty());
    }
  }

  private Since since(SilverSchema silver, String column) {
    Position begin = null;
    EventSchema newest = null;
    Position namedAt = null;
    for (SchemaVersion version : SchemaVersion.history(spark, pipeline, source)) {
      newest = version.under(silver.renames());
      namedAt = version.first();
      if (!newest.lakeNames().containsValue(column)) {
        begin = null;
      } else if (begin == null) {
        begin = version.first();
      }
    }
    if (begin == null) {
      throw refused(column, "the newest changes do not have it (expected a column of the source)");
    }
    return new Since(begin, newest, namedAt);
  }

  /** A text of the server's is only taken where an event would carry the same text. */
  private void refuseOtherSpelling(String column, StructField inSource, String password) {
    if (!inSource.dataType().equals(DataTypes.StringType)) {
      return;
    }
    String type =
        jdbc(password, SourceValue.typeQuery(source.name(), inSource.name())).head().getString(0);
    if (!SourceValue.isSpeltAlike(type)) {
      throw refused(column, "events spell its type '%s' otherwise than SQL".formatted(type));
    }
  }

  private Dataset<Row> jdbc(String password, String query) {
    return spark
        .read()
        .format("jdbc")
        .option("url", pipeline.source().jdbcUrl())
        .option("driver", "org.postgresql.Driver")
        .option("user", pipeline.source().user())
        .option("password", password == null ? "" : password)
        .option("sessionInitStatement", SourceValue.SESSION)
        .option("fetchsize", 5000)
        .option("dbtable", "(" + query + ") as cdclake")
        .load();
  }

  /** Reads key and column of all rows; the server spells them as Debezium would. */
  private Dataset<Row> values(
      List<StructField> fields, SilverSchema silver, String schema, String password) {
    String key = SourceValue.json(fields.subList(0, fields.size() - 1));
    Dataset<Row> rows =
        jdbc(
            password,
            "select %s as key, %s as after from %s"
                .formatted(key, SourceValue.json(fields), source.name().quoted()));
    StructType shape = new StructType();
    for (String name : silver.key()) {
      shape = shape.add(silver.columns().apply(name));
    }
    shape = shape.add(FILL_KEY, DataTypes.StringType).add(FILL_AFTER, DataTypes.StringType);
    int width = shape.size();
    String fingerprint = fingerprint(schema);
    // What the source says is masked before it is kept anywhere, as the connector does it.
    List<KeyedMask> masks = masks(fields);
    Decoder decoder = new Decoder(silver, Map.of(fingerprint, schema));
    MapFunction<Row, Row> decode =
        row -> {
          String maskedKey = SourceValue.masked(row.getString(0), masks);
          Object[] typed = decoder.layout(fingerprint, 0, 0).key(UTF8String.fromString(maskedKey));
          Object[] values = new Object[width];
          System.arraycopy(typed, 0, values, 0, typed.length);
          values[width - 2] = maskedKey;
          values[width - 1] = SourceValue.masked(row.getString(1), masks);
          return RowFactory.create(values);
        };
    return rows.map(decode, Encoders.row(shape));
  }

  private List<KeyedMask> masks(List<StructField> fields) {
    Set<String> read = fields.stream().map(StructField::name).collect(Collectors.toSet());
    return KeyedMask.of(
        source.masks().stream().filter(mask -> read.contains(mask.column())).toList(),
        "table " + source.name(),
        Secrets.known());
  }

  /** Makes bronze rows for the active rows of silver that are older than the column. */
  private Dataset<Row> events(
      Dataset<Row> values, SilverSchema silver, Position since, String fingerprint) {
    Dataset<Row> older =
        spark
            .table(silverName.quoted())
            .where(col(ChangeColumns.IS_ACTIVE))
            .where(
                col(ChangeColumns.EPOCH)
                    .lt(since.epoch())
                    .or(
                        col(ChangeColumns.EPOCH)
                            .equalTo(since.epoch())
                            .and(col(ChangeColumns.LSN).lt(since.lsn()))));
    Column sameKey =
        silver.key().stream()
            .map(key -> values.col("`" + key + "`").equalTo(older.col("`" + key + "`")))
            .reduce(Column::and)
            .orElseThrow();
    long now = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    return values
        .join(older, sameKey, "left_semi")
        .select(
            lit(ChangeColumns.NO_PARTITION),
            lit(now).plus(monotonically_increasing_id()),
            lit(since.epoch()),
            lit(since.lsn() - 1),
            lit(null).cast("bigint"),
            lit(ChangeColumns.OP_FILL),
            lit(true),
            lit(null).cast("timestamp"),
            lit(fingerprint),
            lit(null).cast("string"),
            lit(null).cast("string"),
            values.col(FILL_KEY),
            lit(null).cast("string"),
            values.col(FILL_AFTER),
            lit(Instant.now()));
  }

  private void append(Dataset<Row> events, long rows, String schema, Position since) {
    schemas.append(
        List.of(
            new EventSchemas.Seen(
                fingerprint(schema), pipeline.topic(source) + " (backfill)", schema, since.lsn())));
    Table bronze = lake.find(pipeline.bronze(source)).orElseThrow();
    Table writable = SerializableTableWithSize.copyOf(bronze);
    FlatMapFunction<Iterator<InternalRow>, RowFiles.Written> write =
        part -> {
          if (!part.hasNext()) {
            return List.of(RowFiles.Written.none()).iterator();
          }
          InternalRow first = part.next();
          RowFiles files =
              RowFiles.ofDay(
                  writable, ChangeColumns.PROCESSED_AT, first.getLong(first.numFields() - 1));
          files.write(first);
          part.forEachRemaining(files::write);
          return List.of(files.close()).iterator();
        };
    RowFiles.Written written =
        ((org.apache.spark.sql.classic.Dataset<Row>) events)
            .queryExecution().toRdd().toJavaRDD().mapPartitions(write).collect().stream()
                .reduce(RowFiles.Written.none(), RowFiles.Written::plus);
    ChangeContents contents = new ChangeContents(rows, 0, 0, Set.of(fingerprint(schema)));
    for (int attempt = 1; ; attempt++) {
      bronze.refresh();
      Progress progress = Progress.of(bronze, Stage.BRONZE);
      AppendFiles append = bronze.newAppend();
      written.rows().forEach(append::appendFile);
      append.set(ChangeContents.KEY, contents.toJson());
      try {
        GuardedCommit.commit(
            progress.commitWith(append, Stage.BRONZE, progress), bronze.name(), Stage.BRONZE);
        return;
      } catch (PipelineException e) {
        // The bronze job, which commits all the time, was faster: its progress has to be kept.
        if (e.code() != FailureCode.CONCURRENT_WRITER || attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  private static String fingerprint(String schema) {
    return "fill-" + UUID.nameUUIDFromBytes(schema.getBytes(StandardCharsets.UTF_8));
  }

  private PipelineException refused(String column, String found) {
    return new PipelineException(
        Stage.SILVER,
        FailureCode.CONFIG_INVALID,
        "Cannot fill column '%s' of table '%s': %s. './cdclake schema %s' shows its columns."
            .formatted(column, silverName.label(), found, source.lakeName()));
  }
}
