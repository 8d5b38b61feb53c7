/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.verify;

import static org.apache.spark.sql.functions.array_contains;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.Expectation;
import dev.cdclake.contract.KeyedMask;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Secrets;
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
import dev.cdclake.lake.TopicIdentity;
import dev.cdclake.verify.SourceColumns.SourceColumn;
import dev.cdclake.verify.SourceSnapshot.Access;
import dev.cdclake.verify.SourceSnapshot.Moment;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.types.Types.NestedField;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Compares the source with silver at one moment, row by row, while writes go on.
 *
 * <p>Rows that silver took from transactions after that moment are told apart by their transaction
 * id and left out, together with the source's row of the same key.
 */
public final class VerifyJob {

  private static final long PAGES_PER_READER = 8192;
  private static final long MOST_READERS = 8;

  private static final StructType SPELT =
      new StructType().add("key", DataTypes.StringType).add("digest", DataTypes.StringType);

  private static final StructType SPELT_SILVER =
      new StructType()
          .add("key", DataTypes.StringType)
          .add("digest", DataTypes.StringType)
          .add("active", DataTypes.BooleanType)
          .add("later", DataTypes.BooleanType)
          .add("held", DataTypes.BooleanType)
          .add("took", DataTypes.BooleanType);

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

  /** Returns, by partition, the next offsets that silver has to read, as Kafka counts them. */
  private Map<Integer, Long> folded(String topic) {
    Map<Integer, Long> offsets = new TreeMap<>();
    for (SourceTable table : pipeline.tables()) {
      Optional<Table> silver = lake.find(pipeline.silver(table));
      if (pipeline.topic(table).equals(topic) && silver.isPresent()) {
        Optional<TopicIdentity> identity =
            lake.find(pipeline.bronze(table))
                .flatMap(bronze -> Progress.of(bronze, Stage.BRONZE).topic(topic));
        Progress.of(silver.get(), Stage.SILVER)
            .offsets(topic)
            .forEach(
                (partition, next) ->
                    offsets.put(
                        partition, next - identity.map(one -> one.base(partition)).orElse(0L)));
      }
    }
    return offsets;
  }

  private TableVerdict compare(SourceTable table, SourceSnapshot snapshot) throws SQLException {
    SourceColumns columns;
    try (Connection connection = snapshot.access().open()) {
      columns = SourceColumns.read(connection, table.name());
    }
    Optional<Table> silver = lake.find(pipeline.silver(table));
    if (columns.columns().isEmpty()) {
      return withoutSource(table, silver.isPresent());
    }
    if (silver.isEmpty()) {
      return compareWithNothing(table, snapshot);
    }
    SilverKey key = SilverKey.of(silver.get());
    StructType types = spark.table(pipeline.silver(table).quoted()).schema();
    List<SourceColumn> compared = new ArrayList<>();
    List<StructField> fields = new ArrayList<>();
    List<String> notCompared = new ArrayList<>();
    for (SourceColumn column : columns.columns()) {
      if (column.generated()) {
        notCompared.add(column.name() + " (generated: no event carries it)");
        continue;
      }
      Optional<StructField> field =
          field(column.name(), types, table.renames())
              .or(
                  () ->
                      column.hasDefault() ? Optional.of(absent(column.name())) : Optional.empty());
      if (field.isPresent()) {
        compared.add(column);
        fields.add(field.get());
      } else {
        notCompared.add(column.name() + " (not in silver yet)");
      }
    }
    int[] keyPositions = keyPositions(fields, key);
    SourceReader reader = reader(table, snapshot, compared, fields, keyPositions);
    Dataset<Row> source = source(reader, columns);
    Dataset<Row> lakeRows =
        silver(pipeline.silver(table), fields, reader.spellings(), keyPositions, snapshot.moment());
    if (keyPositions.length == 0) {
      return Findings.asMultiset(table, source, lakeRows, notCompared);
    }
    if (table.onDelete() == OnDelete.KEEP) {
      return hinted(
          table,
          silver.get(),
          compared,
          Findings.verdict(table, Findings.byKey(source, lakeRows), notCompared));
    }
    // A purged row leaves no trace of when it went: what the source no longer has either, went
    // since.
    try (SourceSnapshot now = SourceSnapshot.open(pipeline.source(), snapshot.access())) {
      Dataset<Row> still = source(reader(table, now, compared, fields, keyPositions), columns);
      return hinted(
          table,
          silver.get(),
          compared,
          Findings.verdict(
              table, Findings.gone(Findings.byKey(source, lakeRows), still), notCompared));
    }
  }

  /** Stands for a column that no event had yet: NULL in every row of silver. */
  private static StructField absent(String column) {
    return DataTypes.createStructField(SilverKey.lakeName(column), DataTypes.NullType, true);
  }

  /** Says how to fill columns whose older rows have a value that no event carried. */
  private static TableVerdict hinted(
      SourceTable table, Table silver, List<SourceColumn> compared, TableVerdict verdict) {
    if (verdict.different() == 0) {
      return verdict;
    }
    Schema atFirst = silver.schemas().get(Collections.min(silver.schemas().keySet()));
    List<String> lines = new ArrayList<>(verdict.examples());
    for (SourceColumn column : compared) {
      String name = SilverKey.lakeName(column.name());
      NestedField field = silver.schema().findField(name);
      boolean added = field == null || atFirst.findField(field.fieldId()) == null;
      if (column.hasDefault() && added) {
        lines.add(
            ("column '%s' was added later and has a DEFAULT, which PostgreSQL gives to older rows"
                    + " without an event: './cdclake schema backfill %s %s' fills them")
                .formatted(column.name(), table.lakeName(), name));
      }
    }
    return verdict.withExamples(lines);
  }

  /**
   * Finds the silver column that holds a source column: under its own name or, until a change with
   * that name arrives, under the earlier one that 'renames' tells.
   */
  private static Optional<StructField> field(
      String column, StructType types, Map<String, String> renames) {
    Map<String, String> earlierNames = new HashMap<>();
    renames.forEach((earlier, later) -> earlierNames.put(later, earlier));
    for (String name = column; name != null; name = earlierNames.get(name)) {
      String lakeName = SilverKey.lakeName(name);
      if (types.getFieldIndex(lakeName).isDefined()) {
        return Optional.of(types.apply(lakeName));
      }
    }
    return Optional.empty();
  }

  /** Returns where the key's columns are; none if a row can only be compared as a whole. */
  private static int[] keyPositions(List<StructField> compared, SilverKey key) {
    List<String> names = compared.stream().map(StructField::name).toList();
    return key.isKeyed() && names.containsAll(key.columns())
        ? key.columns().stream().mapToInt(names::indexOf).toArray()
        : new int[0];
  }

  /** Every row of a table that the source does not have is one too many. */
  private TableVerdict withoutSource(SourceTable table, boolean inSilver) {
    long rows =
        inSilver
            ? spark
                .table(pipeline.silver(table).quoted())
                .where(col(ChangeColumns.IS_ACTIVE))
                .count()
            : 0;
    String found =
        "the source has no table %s: was it dropped? Take it out of the pipeline file; silver keeps its rows"
            .formatted(table.name());
    return new TableVerdict(table.lakeName(), 0, rows, 0, rows, 0, 0, 0, List.of(found), List.of());
  }

  private TableVerdict compareWithNothing(SourceTable table, SourceSnapshot snapshot)
      throws SQLException {
    try (Connection connection = snapshot.access().open();
        Statement statement = connection.createStatement()) {
      snapshot.moment().join(statement);
      try (ResultSet row =
          statement.executeQuery("select count(*) from " + table.name().quoted())) {
        row.next();
        long rows = row.getLong(1);
        return new TableVerdict(table.lakeName(), rows, 0, rows, 0, 0, 0, 0, List.of(), List.of());
      }
    }
  }

  private SourceReader reader(
      SourceTable table,
      SourceSnapshot snapshot,
      List<SourceColumn> compared,
      List<StructField> fields,
      int[] keyPositions) {
    List<DataType> types = fields.stream().map(StructField::dataType).toList();
    String query =
        "select "
            + compared.stream().map(SourceColumn::selection).collect(Collectors.joining(", "))
            + " from "
            + table.name().quoted();
    List<Spelling> spellings = compared.stream().map(SourceColumn::spelling).toList();
    return new SourceReader(
        snapshot.access(),
        snapshot.moment(),
        query,
        types,
        spellings,
        masks(table, compared),
        keyPositions);
  }

  /** Returns, by position, what the connector does to values: the source's are masked the same. */
  private static Map<Integer, KeyedMask> masks(SourceTable table, List<SourceColumn> compared) {
    Map<Integer, KeyedMask> masks = new HashMap<>();
    List<String> names = compared.stream().map(SourceColumn::name).toList();
    for (KeyedMask mask : KeyedMask.of(table.masks(), "table " + table.name(), Secrets.known())) {
      if (names.contains(mask.mask().column())) {
        masks.put(names.indexOf(mask.mask().column()), mask);
      }
    }
    return masks;
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

  private Dataset<Row> silver(
      LakeTable table,
      List<StructField> compared,
      List<Spelling> spellings,
      int[] keyPositions,
      Moment moment) {
    List<Column> columns = new ArrayList<>();
    for (StructField field : compared) {
      columns.add(
          field.dataType().equals(DataTypes.NullType)
              ? lit(null).as(field.name())
              : LakeColumns.select(field));
    }
    int width = columns.size();
    columns.add(col(ChangeColumns.IS_ACTIVE));
    columns.add(col(ChangeColumns.SNAPSHOT));
    columns.add(col(ChangeColumns.TXID));
    columns.add(col(ChangeColumns.LSN));
    columns.add(array_contains(col(ChangeColumns.DQ_FLAGS), Expectation.QUARANTINED));
    columns.add(col(ChangeColumns.EPOCH));
    columns.add(col(ChangeColumns.OP));
    int epoch = pipeline.source().epoch();
    MapFunction<Row, Row> spell =
        row -> {
          List<String> values = new ArrayList<>(width);
          for (int i = 0; i < width; i++) {
            values.add(ComparableRow.ofLake(row.get(i), spellings.get(i)));
          }
          boolean byTransaction = !row.getBoolean(width + 1) && !row.isNullAt(width + 2);
          // Another epoch is the past of another server: its ids and positions tell nothing here.
          boolean later =
              row.getInt(width + 5) == epoch
                  && (byTransaction
                      ? !moment.contains(row.getLong(width + 2), row.getLong(width + 3))
                      : Long.compareUnsigned(row.getLong(width + 3), moment.lsn()) > 0);
          boolean took = later && (!row.getBoolean(width) || "u".equals(row.getString(width + 6)));
          Row spelt = SourceReader.spelt(values, keyPositions);
          return RowFactory.create(
              spelt.getString(0),
              spelt.getString(1),
              row.getBoolean(width),
              later,
              row.getBoolean(width + 4),
              took);
        };
    return spark
        .table(table.quoted())
        .select(columns.toArray(Column[]::new))
        .map(spell, Encoders.row(SPELT_SILVER));
  }
}
