/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.PrimitiveIterator;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.VersionParser;
import org.apache.parquet.VersionParser.ParsedVersion;
import org.apache.parquet.VersionParser.VersionParseException;
import org.apache.parquet.bytes.ByteBufferInputStream;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.impl.ColumnReaderImpl;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DataPageV1;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.column.statistics.Statistics;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.ColumnPath;
import org.apache.parquet.internal.column.columnindex.OffsetIndex;
import org.apache.parquet.internal.filter2.columnindex.ColumnIndexStore;
import org.apache.parquet.internal.filter2.columnindex.ColumnIndexStore.MissingOffsetIndexException;
import org.apache.parquet.internal.filter2.columnindex.RowRanges;
import org.apache.parquet.io.DelegatingSeekableInputStream;
import org.apache.parquet.io.SeekableInputStream;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;

/**
 * Reads a table's Parquet file column by column: all values of a key, as hashes, and of other
 * columns the values of single rows, for which it decodes no page that has none of them.
 *
 * <p>Iceberg's and Spark's readers decode every value of every page: that is most of the time where
 * a few rows are wanted out of millions. Columns are found by their field ids, and values widened
 * to the types that the table has now; a column that is younger than the file is NULL. Pages are
 * found through the file's <a href="https://parquet.apache.org/docs/file-format/pageindex/">page
 * index</a>.
 */
public final class ParquetColumns implements AutoCloseable {

  private static final int NO_ROW = -1;

  private final ParquetFileReader reader;
  private final ParsedVersion writer;
  private final List<Integer> rowGroups;
  private final Map<Integer, Column> columns = new HashMap<>();

  /** Where a column lies: its values, or those of its list's elements. */
  private record Column(ColumnDescriptor leaf, boolean isList) {

    PrimitiveTypeName stored() {
      return leaf.getPrimitiveType().getPrimitiveTypeName();
    }

    ColumnPath path() {
      return ColumnPath.get(leaf.getPath());
    }
  }

  /** Takes the value that a reader stands at. */
  private interface Take {
    Object from(ColumnReader values);
  }

  /** Hashes the value that a reader stands at. */
  private interface Hash {
    long of(ColumnReader values);
  }

  private ParquetColumns(ParquetFileReader reader, ParsedVersion writer) {
    this.reader = reader;
    this.writer = writer;
    this.rowGroups =
        reader.getRowGroups().stream().map(group -> Math.toIntExact(group.getRowCount())).toList();
    MessageType schema = reader.getFileMetaData().getSchema();
    for (ColumnDescriptor leaf : schema.getColumns()) {
      org.apache.parquet.schema.Type top = schema.getType(leaf.getPath()[0]);
      if (top.getId() != null) {
        columns.put(top.getId().intValue(), new Column(leaf, leaf.getMaxRepetitionLevel() > 0));
      }
    }
  }

  /** Opens a file and reads its footer. */
  public static ParquetColumns open(InputFile file) {
    ParquetReadOptions options =
        ParquetReadOptions.builder(new PlainParquetConfiguration()).build();
    ParquetFileReader reader = null;
    try {
      reader = new ParquetFileReader(new ParquetInput(file), options);
      return new ParquetColumns(
          reader, VersionParser.parse(reader.getFileMetaData().getCreatedBy()));
    } catch (IOException | VersionParseException e) {
      throw new IllegalStateException(
          "Cannot read file '%s': %s.".formatted(file.location(), e.getMessage()), e);
    }
  }

  /** Returns the numbers of rows of the file's row groups, in their order. */
  public List<Integer> rowGroups() {
    return rowGroups;
  }

  /** Returns what a row of a row group takes on average, uncompressed; at least 1. */
  public long bytesPerRow(int group) {
    BlockMetaData block = reader.getRowGroups().get(group);
    return Math.max(1, block.getTotalByteSize() / Math.max(1, block.getRowCount()));
  }

  /**
   * Returns the greatest whole number that a column has in a row group, as the file's statistics
   * tell it; empty if they do not.
   */
  public OptionalLong greatest(int group, Types.NestedField field) {
    Column column = columns.get(field.fieldId());
    if (column == null) {
      return OptionalLong.empty();
    }
    return statistics(group, column).filter(Statistics::hasNonNullValue).stream()
        .mapToLong(known -> ((Number) known.genericGetMax()).longValue())
        .findFirst();
  }

  /**
   * A row that was found by its key.
   *
   * @param row its number within the row group
   * @param hash of the key, as {@link KeyHash} makes it
   * @param key its values, of the classes that Spark's rows have
   */
  public record Found(int row, long hash, List<Object> key) {}

  /**
   * Finds rows of a row group by the hashes of their keys; one whose key has no NULL is not missed.
   *
   * @param key the key's columns, as the table has them, in its order
   * @param wanted tells of a hash whether the row is one of those
   * @return the rows in their order
   */
  public List<Found> find(int group, List<Types.NestedField> key, LongPredicate wanted)
      throws IOException {
    List<Column> stored = new ArrayList<>();
    for (Types.NestedField field : key) {
      Column column = columns.get(field.fieldId());
      if (column == null) {
        return List.of();
      }
      stored.add(column);
    }
    return key.size() == 1
        ? findByOne(group, key.get(0).type(), stored.get(0), wanted)
        : findBySeveral(group, key, stored, wanted);
  }

  private List<Found> findByOne(int group, Type type, Column column, LongPredicate wanted)
      throws IOException {
    Matches matches = new Matches(wanted);
    Hash hash = hash(type, column.stored());
    Take take = take(type, column.stored());
    boolean hasNulls = hasNulls(group, column);
    reader.setRequestedSchema(List.of(column.leaf()));
    try (PageReadStore store = reader.readRowGroup(group)) {
      PageReader pages = store.getPageReader(column.leaf());
      DictionaryPage dictionary = pages.readDictionaryPage();
      int first = 0;
      for (DataPage page = pages.readPage(); page != null; page = pages.readPage()) {
        Optional<WholeNumbers> numbers =
            hasNulls ? Optional.empty() : WholeNumbers.of(page, column.leaf());
        if (numbers.isPresent() && isWhole(type)) {
          matches.add(first, numbers.get(), type);
        } else {
          ColumnReader values = values(column, new OnePage(dictionary, page));
          matches.add(first, page.getValueCount(), values, hash, take, column);
        }
        first += page.getValueCount();
      }
    }
    return matches.found;
  }

  private List<Found> findBySeveral(
      int group, List<Types.NestedField> key, List<Column> stored, LongPredicate wanted)
      throws IOException {
    long[] hashes = new long[rowGroups.get(group)];
    boolean[] lacks = new boolean[hashes.length];
    Arrays.fill(hashes, KeyHash.start());
    for (int i = 0; i < stored.size(); i++) {
      Column column = stored.get(i);
      Hash hash = hash(key.get(i).type(), column.stored());
      reader.setRequestedSchema(List.of(column.leaf()));
      try (PageReadStore pages = reader.readRowGroup(group)) {
        ColumnReader values = values(column, pages.getPageReader(column.leaf()));
        int defined = column.leaf().getMaxDefinitionLevel();
        for (int row = 0; row < hashes.length; row++) {
          if (values.getCurrentDefinitionLevel() == defined) {
            hashes[row] = KeyHash.combine(hashes[row], hash.of(values));
          } else {
            lacks[row] = true;
          }
          values.consume();
        }
      }
    }
    int[] rows =
        IntStream.range(0, hashes.length)
            .filter(row -> !lacks[row] && wanted.test(hashes[row]))
            .toArray();
    List<Object[]> keys = new ArrayList<>();
    for (Types.NestedField field : key) {
      keys.add(values(group, field, rows));
    }
    return IntStream.range(0, rows.length)
        .mapToObj(
            i ->
                new Found(
                    rows[i], hashes[rows[i]], keys.stream().map(values -> values[i]).toList()))
        .toList();
  }

  /** Collects rows whose key of one column is wanted. */
  private static final class Matches {

    private final LongPredicate wanted;
    private final List<Found> found = new ArrayList<>();

    Matches(LongPredicate wanted) {
      this.wanted = wanted;
    }

    /** Looks through a page that holds numbers alone. */
    void add(int first, WholeNumbers numbers, Type type) {
      for (int i = 0; i < numbers.count(); i++) {
        long number = numbers.get(i);
        long hash = KeyHash.combine(KeyHash.start(), KeyHash.of(number));
        if (wanted.test(hash)) {
          add(first + i, hash, ofWhole(type, number));
        }
      }
    }

    /** Looks through any other page. */
    void add(int first, int count, ColumnReader values, Hash hash, Take take, Column column) {
      int defined = column.leaf().getMaxDefinitionLevel();
      for (int i = 0; i < count; i++) {
        if (values.getCurrentDefinitionLevel() == defined) {
          long hashed = KeyHash.combine(KeyHash.start(), hash.of(values));
          if (wanted.test(hashed)) {
            add(first + i, hashed, take.from(values));
          }
        }
        values.consume();
      }
    }

    private void add(int row, long hash, Object key) {
      found.add(new Found(row, hash, List.of(key)));
    }
  }

  /**
   * The values of a page that holds whole numbers as they are in memory; without a NULL, its levels
   * say nothing. Read so, a value costs a tenth of what it costs through {@link ColumnReader}.
   *
   * @param width bytes of a number
   */
  private record WholeNumbers(ByteBuffer bytes, int at, int count, int width) {

    static Optional<WholeNumbers> of(DataPage page, ColumnDescriptor leaf) {
      PrimitiveTypeName stored = leaf.getPrimitiveType().getPrimitiveTypeName();
      boolean isPlain =
          page instanceof DataPageV1 plain
              && plain.getValueEncoding() == Encoding.PLAIN
              && plain.getDlEncoding() == Encoding.RLE
              && leaf.getMaxRepetitionLevel() == 0
              && (stored == PrimitiveTypeName.INT32 || stored == PrimitiveTypeName.INT64);
      if (!isPlain) {
        return Optional.empty();
      }
      try {
        ByteBufferInputStream all = ((DataPageV1) page).getBytes().toInputStream();
        ByteBuffer bytes = all.slice(all.available()).order(ByteOrder.LITTLE_ENDIAN);
        int start = bytes.position();
        int levels = leaf.getMaxDefinitionLevel() == 0 ? 0 : Integer.BYTES + bytes.getInt(start);
        int width = stored == PrimitiveTypeName.INT32 ? Integer.BYTES : Long.BYTES;
        return Optional.of(new WholeNumbers(bytes, start + levels, page.getValueCount(), width));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    long get(int number) {
      return width == Long.BYTES
          ? bytes.getLong(at + number * Long.BYTES)
          : bytes.getInt(at + number * Integer.BYTES);
    }
  }

  private boolean hasNulls(int group, Column column) {
    return statistics(group, column)
        .map(known -> !known.isNumNullsSet() || known.getNumNulls() > 0)
        .orElse(true);
  }

  private Optional<Statistics<?>> statistics(int group, Column column) {
    return reader.getRowGroups().get(group).getColumns().stream()
        .filter(chunk -> chunk.getPath().equals(column.path()))
        .<Statistics<?>>map(ColumnChunkMetaData::getStatistics)
        .filter(Objects::nonNull)
        .findFirst();
  }

  /**
   * Reads the values of a column at some rows of a row group.
   *
   * @param rows numbers within the row group, ascending
   * @return as many values, of the classes that Spark's rows have; lists as arrays
   */
  public Object[] values(int group, Types.NestedField field, int[] rows) throws IOException {
    Object[] found = new Object[rows.length];
    Column column = columns.get(field.fieldId());
    if (column == null || rows.length == 0) {
      return found;
    }
    ColumnIndexStore indexes = indexes(group);
    reader.setRequestedSchema(List.of(column.leaf()));
    try (PageReadStore pages = pagesWith(group, indexes, column, rows)) {
      TrackedPages tracked = new TrackedPages(pages.getPageReader(column.leaf()));
      ColumnReader values = values(column, tracked);
      if (column.isList()) {
        takeLists(values, tracked, column, field.type().asListType().elementType(), rows, found);
      } else {
        takeValues(values, tracked, column, field.type(), rows, found);
      }
    }
    return found;
  }

  /** The reader makes the index of a row group once, of the columns that are requested then. */
  private ColumnIndexStore indexes(int group) {
    reader.setRequestedSchema(columns.values().stream().map(Column::leaf).toList());
    return reader.getColumnIndexStore(group);
  }

  /**
   * Reads the pages of a column that have one of the rows; all of them if the file has no index.
   */
  private PageReadStore pagesWith(int group, ColumnIndexStore indexes, Column column, int[] rows)
      throws IOException {
    OffsetIndex pages;
    try {
      pages = indexes.getOffsetIndex(column.path());
    } catch (MissingOffsetIndexException e) {
      return reader.readRowGroup(group);
    }
    IntStream.Builder wanted = IntStream.builder();
    int page = 0;
    int last = NO_ROW;
    for (int row : rows) {
      while (page + 1 < pages.getPageCount() && pages.getFirstRowIndex(page + 1) <= row) {
        page++;
      }
      if (page != last) {
        wanted.add(page);
        last = page;
      }
    }
    PrimitiveIterator.OfInt numbers = wanted.build().iterator();
    return reader.readFilteredRowGroup(
        group, RowRanges.create(reader.getRowGroups().get(group).getRowCount(), numbers, pages));
  }

  private static void takeValues(
      ColumnReader values,
      TrackedPages pages,
      Column column,
      Type type,
      int[] rows,
      Object[] found) {
    Take take = take(type, column.stored());
    int defined = column.leaf().getMaxDefinitionLevel();
    long row = NO_ROW;
    int next = 0;
    for (long left = pages.getTotalValueCount(); left > 0 && next < rows.length; left--) {
      row = pages.rowAfter(row);
      boolean there = values.getCurrentDefinitionLevel() == defined;
      if (row == rows[next]) {
        found[next++] = there ? take.from(values) : null;
      } else if (there) {
        values.skip();
      }
      values.consume();
    }
  }

  /**
   * Takes lists: a value that begins a row repeats nothing; below the level of an element there is
   * no list, or an empty one. See <a
   * href="https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists">lists</a>.
   */
  private static void takeLists(
      ColumnReader values,
      TrackedPages pages,
      Column column,
      Type element,
      int[] rows,
      Object[] found) {
    Take take = take(element, column.stored());
    int defined = column.leaf().getMaxDefinitionLevel();
    boolean optionalElement =
        column
            .leaf()
            .getPrimitiveType()
            .isRepetition(org.apache.parquet.schema.Type.Repetition.OPTIONAL);
    int hasElement = optionalElement ? defined - 1 : defined;
    long row = NO_ROW;
    int next = 0;
    List<Object> list = null;
    for (long left = pages.getTotalValueCount(); left > 0; left--) {
      int level = values.getCurrentDefinitionLevel();
      if (values.getCurrentRepetitionLevel() == 0) {
        if (next < rows.length && row == rows[next]) {
          found[next++] = list == null ? null : list.toArray();
        }
        if (next == rows.length) {
          return;
        }
        row = pages.rowAfter(row);
        list = level < hasElement - 1 ? null : new ArrayList<>();
      }
      boolean wanted = row == rows[next];
      if (wanted && level >= hasElement) {
        list.add(level == defined ? take.from(values) : null);
      } else if (level == defined) {
        values.skip();
      }
      values.consume();
    }
    if (next < rows.length && row == rows[next]) {
      found[next] = list == null ? null : list.toArray();
    }
  }

  private ColumnReader values(Column column, PageReader pages) {
    return new ColumnReaderImpl(column.leaf(), pages, new PrimitiveConverter() {}, writer);
  }

  private static Take take(Type type, PrimitiveTypeName stored) {
    return switch (type.typeId()) {
      case BOOLEAN -> ColumnReader::getBoolean;
      case INTEGER, LONG, DATE, TIMESTAMP -> values -> ofWhole(type, whole(values, stored));
      case FLOAT -> ColumnReader::getFloat;
      case DOUBLE ->
          stored == PrimitiveTypeName.FLOAT
              ? values -> (double) values.getFloat()
              : ColumnReader::getDouble;
      case STRING -> values -> values.getBinary().toStringUsingUTF8();
      case BINARY -> values -> values.getBinary().getBytes();
      case DECIMAL -> {
        int scale = ((Types.DecimalType) type).scale();
        yield values -> new BigDecimal(unscaled(values, stored), scale);
      }
      default -> throw new IllegalStateException("Silver has no columns of type " + type);
    };
  }

  private static Hash hash(Type type, PrimitiveTypeName stored) {
    return switch (type.typeId()) {
      case BOOLEAN -> values -> KeyHash.of(values.getBoolean() ? 1L : 0L);
      case INTEGER, LONG, DATE, TIMESTAMP -> values -> KeyHash.of(whole(values, stored));
      case FLOAT, DOUBLE ->
          stored == PrimitiveTypeName.FLOAT
              ? values -> KeyHash.of((double) values.getFloat())
              : values -> KeyHash.of(values.getDouble());
      case STRING, BINARY -> values -> KeyHash.of(values.getBinary().getBytesUnsafe());
      case DECIMAL -> values -> KeyHash.of(unscaled(values, stored).longValue());
      default -> throw new IllegalStateException("Silver has no key of type " + type);
    };
  }

  private static long whole(ColumnReader values, PrimitiveTypeName stored) {
    return stored == PrimitiveTypeName.INT32 ? values.getInteger() : values.getLong();
  }

  /** Whether Parquet stores values of a type as whole numbers that mean what they are. */
  private static boolean isWhole(Type type) {
    return switch (type.typeId()) {
      case INTEGER, LONG, DATE, TIMESTAMP -> true;
      default -> false;
    };
  }

  private static Object ofWhole(Type type, long number) {
    return switch (type.typeId()) {
      case INTEGER -> (int) number;
      case LONG -> number;
      case DATE -> LocalDate.ofEpochDay(number);
      case TIMESTAMP ->
          ((Types.TimestampType) type).shouldAdjustToUTC()
              ? instant(number)
              : LocalDateTime.ofInstant(instant(number), ZoneOffset.UTC);
      default -> throw new IllegalStateException("No whole number is of type " + type);
    };
  }

  private static BigInteger unscaled(ColumnReader values, PrimitiveTypeName stored) {
    return stored == PrimitiveTypeName.INT32 || stored == PrimitiveTypeName.INT64
        ? BigInteger.valueOf(whole(values, stored))
        : new BigInteger(values.getBinary().getBytesUnsafe());
  }

  private static Instant instant(long micros) {
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }

  /** Hands on pages, and tells with which row of the row group the newest of them begins. */
  private static final class TrackedPages implements PageReader {

    private final PageReader pages;
    private long firstRow = NO_ROW;

    TrackedPages(PageReader pages) {
      this.pages = pages;
    }

    /** Returns the row that comes after another one: the next, unless a page was turned. */
    long rowAfter(long row) {
      long after = firstRow == NO_ROW ? row + 1 : firstRow;
      firstRow = NO_ROW;
      return after;
    }

    @Override
    public DataPage readPage() {
      DataPage page = pages.readPage();
      if (page != null) {
        firstRow = page.getFirstRowIndex().orElse((long) NO_ROW);
      }
      return page;
    }

    @Override
    public DictionaryPage readDictionaryPage() {
      return pages.readDictionaryPage();
    }

    @Override
    public long getTotalValueCount() {
      return pages.getTotalValueCount();
    }
  }

  /** One page as if it were all of its column. */
  private static final class OnePage implements PageReader {

    private final DictionaryPage dictionary;
    private final long values;
    private DataPage page;

    OnePage(DictionaryPage dictionary, DataPage page) {
      this.dictionary = dictionary;
      this.page = page;
      this.values = page.getValueCount();
    }

    @Override
    public DataPage readPage() {
      DataPage read = page;
      page = null;
      return read;
    }

    @Override
    public DictionaryPage readDictionaryPage() {
      return dictionary;
    }

    @Override
    public long getTotalValueCount() {
      return values;
    }
  }

  /** A file of Iceberg's as Parquet reads it. */
  private record ParquetInput(InputFile file) implements org.apache.parquet.io.InputFile {

    @Override
    public long getLength() {
      return file.getLength();
    }

    @Override
    public SeekableInputStream newStream() {
      org.apache.iceberg.io.SeekableInputStream stream = file.newStream();
      return new DelegatingSeekableInputStream(stream) {
        @Override
        public long getPos() throws IOException {
          return stream.getPos();
        }

        @Override
        public void seek(long position) throws IOException {
          stream.seek(position);
        }
      };
    }
  }
}
