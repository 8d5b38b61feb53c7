/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.verify;

import static org.apache.spark.sql.functions.abs;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.SourceTable.OnDelete;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.lake.LakeColumns;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Position;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.SilverKey;
import dev.cdclake.verify.SourceColumns.SourceColumn;
import dev.cdclake.verify.SourceSnapshot.Access;
import dev.cdclake.verify.SourceSnapshot.Moment;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.apache.iceberg.Table;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.TaskCompletionListener;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Compares the source with silver at one moment, row by row, while writes go on.
 *
 * <p>Rows that silver took from transactions after that moment are told apart by their transaction
 * id and left out, together with the source's row of the same key.
 */
public final class VerifyJob {

  private static final int EXAMPLES = 5;
  private static final long PAGES_PER_READER = 8192;
  private static final long MOST_READERS = 8;
  private static final Set<String> DIFFERENCES = Set.of("missing", "extra", "different");

  private static final StructType SPELT =
      new StructType().add("key", DataTypes.StringType).add("digest", DataTypes.StringType);

  private static final StructType SPELT_SILVER =
      new StructType()
          .add("key", DataTypes.StringType)
          .add("digest", DataTypes.StringType)
          .add("active", DataTypes.BooleanType)
          .add("later", DataTypes.BooleanType);

  private final SparkSession spark;
  private final LakeTables lake;
  private final Pipeline pipeline;

  public VerifyJob(SparkSession spark, Pipeline pipeline) {
    this.spark = spark;
    this.lake = new LakeTables(spark);
    this.pipeline = pipeline;
  }

  /**
   * Compares all tables.
   *
   * @param password of the source's role, null if it needs none
   * @param allowed how long silver may take to get as far as the source
   */
  public Verdict run(String password, Duration allowed) {
    try (SourceSnapshot snapshot =
        SourceSnapshot.open(pipeline.source(), new Access(pipeline.source(), password))) {
      boolean complete = new Completeness(pipeline, allowed).await(snapshot, this::folded);
      List<TableVerdict> verdicts = new ArrayList<>();
      for (SourceTable table : pipeline.tables()) {
        verdicts.add(compare(table, snapshot));
      }
      String lsn = new Position(pipeline.source().epoch(), snapshot.moment().lsn()).lsnText();
      return new Verdict(lsn, complete, verdicts);
    } catch (SQLException e) {
      throw new PipelineException(
          Stage.SOURCE,
          FailureCode.UNREACHABLE,
          "Cannot read the source: %s. './cdclake doctor' tells more.".formatted(e.getMessage()),
          e);
    }
  }

  private Map<Integer, Long> folded(String topic) {
    return pipeline.tables().stream()
        .filter(table -> pipeline.topic(table).equals(topic))
        .map(pipeline::silver)
        .map(lake::find)
        .flatMap(Optional::stream)
        .map(table -> Progress.of(table, Stage.SILVER).offsets(topic))
        .findFirst()
        .orElse(Map.of());
  }

  private TableVerdict compare(SourceTable table, SourceSnapshot snapshot) throws SQLException {
    SourceColumns columns;
    try (Connection connection = snapshot.access().open()) {
      columns = SourceColumns.read(connection, table.name());
    }
    Optional<Table> silver = lake.find(pipeline.silver(table));
    if (silver.isEmpty()) {
      return compareWithNothing(table, snapshot, columns);
    }
    SilverKey key = SilverKey.of(silver.get());
    StructType types = spark.table(pipeline.silver(table).quoted()).schema();
    List<SourceColumn> compared = new ArrayList<>();
    List<String> notCompared = new ArrayList<>(columns.notCompared());
    for (SourceColumn column : columns.comparable()) {
      if (List.of(types.fieldNames()).contains(SilverKey.lakeName(column.name()))) {
        compared.add(column);
      } else {
        notCompared.add(column.name() + " (not in silver yet)");
      }
    }
    int[] keyPositions = keyPositions(compared, key);
    SourceReader reader = reader(table, snapshot, compared, types, keyPositions);
    Dataset<Row> source = source(reader, columns);
    Dataset<Row> lakeRows =
        silver(pipeline.silver(table), compared, keyPositions, snapshot.moment());
    if (keyPositions.length == 0) {
      return asMultiset(table, source, lakeRows, notCompared);
    }
    if (table.onDelete() == OnDelete.KEEP) {
      return verdict(table, byKey(source, lakeRows), notCompared);
    }
    // A purged row leaves no trace of when it went: what the source no longer has either, went
    // since.
    try (SourceSnapshot now = SourceSnapshot.open(pipeline.source(), snapshot.access())) {
      Dataset<Row> still = source(reader(table, now, compared, types, keyPositions), columns);
      return verdict(table, gone(byKey(source, lakeRows), still), notCompared);
    }
  }

  /** Returns where the key's columns are; none if a row can only be compared as a whole. */
  private static int[] keyPositions(List<SourceColumn> compared, SilverKey key) {
    List<String> names = compared.stream().map(SourceColumn::name).toList();
    return names.containsAll(key.source())
        ? key.source().stream().mapToInt(names::indexOf).toArray()
        : new int[0];
  }

  private TableVerdict compareWithNothing(
      SourceTable table, SourceSnapshot snapshot, SourceColumns columns) throws SQLException {
    try (Connection connection = snapshot.access().open();
        Statement statement = connection.createStatement()) {
      join(statement, snapshot.moment());
      try (ResultSet row =
          statement.executeQuery("select count(*) from " + table.name().quoted())) {
        row.next();
        long rows = row.getLong(1);
        return new TableVerdict(
            table.lakeName(), rows, 0, rows, 0, 0, 0, List.of(), columns.notCompared());
      }
    }
  }

  private static void join(Statement statement, Moment moment) throws SQLException {
    statement.execute("set transaction isolation level repeatable read read only");
    statement.execute("set transaction snapshot '" + moment.id() + "'");
  }

  private SourceReader reader(
      SourceTable table,
      SourceSnapshot snapshot,
      List<SourceColumn> compared,
      StructType types,
      int[] keyPositions) {
    List<DataType> typesInOrder =
        compared.stream()
            .map(column -> types.apply(SilverKey.lakeName(column.name())).dataType())
            .toList();
    String query =
        "select "
            + compared.stream().map(SourceColumn::selection).collect(Collectors.joining(", "))
            + " from "
            + table.name().quoted();
    return new SourceReader(
        snapshot.access(), snapshot.moment(), query, typesInOrder, keyPositions);
  }

  /** Reads the source in the snapshot, large tables by several readers at once. */
  private Dataset<Row> source(SourceReader reader, SourceColumns columns) {
    long readers = Math.min(MOST_READERS, 1 + columns.pages() / PAGES_PER_READER);
    long step = columns.pages() / readers + 1;
    List<String> ranges =
        readers == 1
            ? List.of("")
            : LongStream.range(0, readers)
                .mapToObj(
                    i ->
                        i == readers - 1
                            ? " where ctid >= '(%d,0)'".formatted(i * step)
                            : " where ctid >= '(%d,0)' and ctid < '(%d,0)'"
                                .formatted(i * step, (i + 1) * step))
                .toList();
    return spark
        .createDataset(ranges, Encoders.STRING())
        .repartition((int) readers)
        .flatMap(reader, Encoders.row(SPELT));
  }

  /** Reads ranges of one table in the snapshot and spells their rows. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record SourceReader(
      Access access, Moment moment, String query, List<DataType> types, int[] key)
      implements FlatMapFunction<String, Row> {

    @Override
    public Iterator<Row> call(String range) throws SQLException {
      Connection connection = access.open();
      TaskCompletionListener close = task -> close(connection);
      TaskContext.get().addTaskCompletionListener(close);
      Statement statement = connection.createStatement();
      join(statement, moment);
      statement.setFetchSize(5000);
      ResultSet row = statement.executeQuery(query + range);
      return new Iterator<>() {
        private boolean there = row.next();

        @Override
        public boolean hasNext() {
          return there;
        }

        @Override
        public Row next() {
          try {
            Row spelt = spell(row);
            there = row.next();
            return spelt;
          } catch (SQLException e) {
            throw new IllegalStateException("The source stopped answering.", e);
          }
        }
      };
    }

    private static void close(Connection connection) {
      try {
        connection.close();
      } catch (SQLException e) {
        throw new IllegalStateException("Cannot close a connection to the source.", e);
      }
    }

    private Row spell(ResultSet row) throws SQLException {
      List<String> values = new ArrayList<>(types.size());
      for (int i = 0; i < types.size(); i++) {
        values.add(ComparableRow.ofSource(row.getString(i + 1), types.get(i)));
      }
      return spelt(values, key);
    }
  }

  private static Row spelt(List<String> values, int[] key) {
    String digest = ComparableRow.digest(ComparableRow.join(values));
    List<String> keyValues = new ArrayList<>();
    for (int position : key) {
      keyValues.add(values.get(position));
    }
    return RowFactory.create(key.length == 0 ? digest : ComparableRow.join(keyValues), digest);
  }

  private Dataset<Row> silver(
      LakeTable table, List<SourceColumn> compared, int[] keyPositions, Moment moment) {
    StructType types = spark.table(table.quoted()).schema();
    List<Column> columns = new ArrayList<>();
    for (SourceColumn column : compared) {
      columns.add(LakeColumns.select(types.apply(SilverKey.lakeName(column.name()))));
    }
    int width = columns.size();
    columns.add(col(ChangeColumns.IS_ACTIVE));
    columns.add(col(ChangeColumns.SNAPSHOT));
    columns.add(col(ChangeColumns.TXID));
    columns.add(col(ChangeColumns.LSN));
    MapFunction<Row, Row> spell =
        row -> {
          List<String> values = new ArrayList<>(width);
          for (int i = 0; i < width; i++) {
            values.add(ComparableRow.ofLake(row.get(i)));
          }
          boolean byTransaction = !row.getBoolean(width + 1) && !row.isNullAt(width + 2);
          boolean later =
              byTransaction
                  ? !moment.contains(row.getLong(width + 2))
                  : Long.compareUnsigned(row.getLong(width + 3), moment.lsn()) > 0;
          Row spelt = spelt(values, keyPositions);
          return RowFactory.create(
              spelt.getString(0), spelt.getString(1), row.getBoolean(width), later);
        };
    return spark
        .table(table.quoted())
        .select(columns.toArray(Column[]::new))
        .map(spell, Encoders.row(SPELT_SILVER));
  }

  /** Compares rows with the same key; a row that changed since is left out on both sides. */
  static Dataset<Row> byKey(Dataset<Row> source, Dataset<Row> silver) {
    Dataset<Row> rowsOfKey =
        silver
            .groupBy("key")
            .agg(
                max(struct("active", "digest")).as("row"),
                max("later").as("later"),
                count(lit(1)).as("copies"))
            .select(
                col("key"),
                col("row.digest").as("silver"),
                col("row.active").as("active"),
                col("later"),
                col("copies"));
    Dataset<Row> joined =
        source.toDF("key", "source").join(rowsOfKey, asScala(List.of("key")), "full_outer");
    Column later = coalesce(col("later"), lit(false));
    Column inSource = col("source").isNotNull();
    Column inSilver = coalesce(col("active"), lit(false));
    return joined.select(
        col("key"),
        when(col("copies").gt(1), "extra")
            .when(later, "later")
            .when(inSource.and(not(inSilver)), "missing")
            .when(not(inSource).and(inSilver), "extra")
            .when(not(inSource), "ended")
            .when(col("source").notEqual(col("silver")), "different")
            .otherwise("equal")
            .as("finding"),
        inSource.as("in_source"),
        inSilver.as("in_silver"),
        lit(1L).as("rows"));
  }

  /** Turns rows that are missing, and that the source meanwhile lacks too, into changed ones. */
  static Dataset<Row> gone(Dataset<Row> findings, Dataset<Row> still) {
    return findings
        .join(
            still.select(col("key"), lit(true).as("still")), asScala(List.of("key")), "left_outer")
        .select(
            col("key"),
            when(col("finding").equalTo("missing").and(col("still").isNull()), "later")
                .otherwise(col("finding"))
                .as("finding"),
            col("in_source"),
            col("in_silver"),
            col("rows"));
  }

  /** Compares how often each row occurs, for tables whose rows have no key. */
  private static TableVerdict asMultiset(
      SourceTable table, Dataset<Row> source, Dataset<Row> silver, List<String> notCompared) {
    long endedSince = silver.where(not(col("active")).and(col("later"))).count();
    if (endedSince > 0) {
      // A TRUNCATE after the moment: which rows it ended is known, which the moment had is not.
      return new TableVerdict(
          table.lakeName(), source.count(), 0, 0, 0, 0, endedSince, List.of(), notCompared);
    }
    Dataset<Row> inSource = source.groupBy("digest").agg(count(lit(1)).as("source"));
    Dataset<Row> inSilver =
        silver
            .where(col("active").and(not(col("later"))))
            .groupBy("digest")
            .agg(count(lit(1)).as("silver"));
    Column excess = coalesce(col("source"), lit(0L)).minus(coalesce(col("silver"), lit(0L)));
    Dataset<Row> findings =
        inSource
            .join(inSilver, asScala(List.of("digest")), "full_outer")
            .select(
                concat(lit("row with digest "), col("digest")).as("key"),
                excess.as("excess"),
                coalesce(col("source"), lit(0L)).as("source"),
                coalesce(col("silver"), lit(0L)).as("silver"))
            .select(
                col("key"),
                when(col("excess").gt(0), "missing")
                    .when(col("excess").lt(0), "extra")
                    .otherwise("equal")
                    .as("finding"),
                col("source").gt(0).as("in_source"),
                col("silver").gt(0).as("in_silver"),
                when(col("excess").equalTo(0), col("source"))
                    .otherwise(abs(col("excess")))
                    .as("rows"));
    return verdict(table, findings, notCompared);
  }

  private static TableVerdict verdict(
      SourceTable table, Dataset<Row> findings, List<String> notCompared) {
    Dataset<Row> kept = findings.persist(StorageLevel.MEMORY_AND_DISK());
    try {
      Map<String, Long> rows = new HashMap<>();
      for (Row row : kept.groupBy("finding").agg(sum("rows")).collectAsList()) {
        rows.put(row.getString(0), row.getLong(1));
      }
      Row sides =
          kept.agg(
                  coalesce(sum(when(col("in_source"), col("rows"))), lit(0L)),
                  coalesce(sum(when(col("in_silver"), col("rows"))), lit(0L)))
              .head();
      boolean equal = !rows.keySet().stream().anyMatch(DIFFERENCES::contains);
      List<String> examples =
          equal
              ? List.of()
              : kept
                  .where(col("finding").isin(DIFFERENCES.toArray()))
                  .orderBy("key")
                  .limit(EXAMPLES)
                  .collectAsList()
                  .stream()
                  .map(row -> row.getString(1) + ": " + row.getString(0).replace("\u001f", ", "))
                  .toList();
      return new TableVerdict(
          table.lakeName(),
          sides.getLong(0),
          sides.getLong(1),
          rows.getOrDefault("missing", 0L),
          rows.getOrDefault("extra", 0L),
          rows.getOrDefault("different", 0L),
          rows.getOrDefault("later", 0L),
          examples,
          notCompared);
    } finally {
      kept.unpersist();
    }
  }

  private static Seq<String> asScala(List<String> columns) {
    return CollectionConverters.asScala(columns).toSeq();
  }
}
