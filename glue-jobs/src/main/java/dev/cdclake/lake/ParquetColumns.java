/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import dev.cdclake.lake.DensePage.ValueHash;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.BigInteger;
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
import java.util.OptionalLong;
import java.util.PrimitiveIterator;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.VersionParser;
import org.apache.parquet.VersionParser.ParsedVersion;
import org.apache.parquet.VersionParser.VersionParseException;
import org.apache.parquet.bytes.DirectByteBufferAllocator;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.column.impl.ColumnReaderImpl;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.CodecFactory;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.ColumnPath;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.apache.parquet.internal.column.columnindex.OffsetIndex;
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

  private final ParquetInput file;
  private final FileKeeper keeper;
  private final SeekableInputStream stream;
  private final ParquetReadOptions options;
  private final ParquetMetadata footer;
  private final ParsedVersion writer;
  private final List<Integer> rowGroups;
  private final Map<Integer, Column> columns = new HashMap<>();

  /** One for each column: a reader makes the page index once, of the columns that it reads. */
  private final Map<Column, ParquetFileReader> readers = new HashMap<>();

  /** Where a column lies: its values, or those of its list's elements. */
  private record Column(ColumnDescriptor leaf, boolean isList) {

    PrimitiveTypeName stored() {
      return leaf.getPrimitiveType().getPrimitiveTypeName();
    }

    /** The lowest level of a list that has an element. */
    int hasElement() {
      boolean optional =
          leaf.getPrimitiveType().isRepetition(org.apache.parquet.schema.Type.Repetition.OPTIONAL);
      return optional ? leaf.getMaxDefinitionLevel() - 1 : leaf.getMaxDefinitionLevel();
    }

    ColumnPath path() {
      return ColumnPath.get(leaf.getPath());
    }
  }

  /** Takes the value that a reader stands at. */
  private interface Take {
    Object from(StoredValue value);
  }

  private ParquetColumns(ParquetInput file, FileKeeper keeper, ParquetReadOptions options)
      throws IOException, VersionParseException {
    this.file = file;
    this.keeper = keeper;
    this.options = options;
    this.stream = file.newStream();
    try {
      this.footer = ParquetFileReader.readFooter(file, options, stream);
    } catch (IOException | RuntimeException e) {
      stream.close();
      throw e;
    }
    this.writer = VersionParser.parse(footer.getFileMetaData().getCreatedBy());
    this.rowGroups =
        footer.getBlocks().stream().map(group -> Math.toIntExact(group.getRowCount())).toList();
    MessageType schema = footer.getFileMetaData().getSchema();
    for (ColumnDescriptor leaf : schema.getColumns()) {
      org.apache.parquet.schema.Type top = schema.getType(leaf.getPath()[0]);
      if (top.getId() != null) {
        columns.put(top.getId().intValue(), new Column(leaf, leaf.getMaxRepetitionLevel() > 0));
      }
    }
  }

  /** Opens a file and reads its footer; nothing of it is kept. */
  public static ParquetColumns open(InputFile file) {
    return open(file, ParquetColumns::readOnce);
  }

  private static <V> V readOnce(String what, long bytes, Supplier<V> read) {
    return read.get();
  }

  /**
   * Opens a file and reads its footer.
   *
   * @param keeper of this file's page indexes
   */
  static ParquetColumns open(InputFile file, FileKeeper keeper) {
    // The usual codecs make a stream and a decompression context for every page.
    ParquetReadOptions options =
        ParquetReadOptions.builder(new PlainParquetConfiguration())
            .withCodecFactory(
                CodecFactory.createDirectCodecFactory(
                    new Configuration(false), DirectByteBufferAllocator.getInstance(), 0))
            .build();
    try {
      return new ParquetColumns(new ParquetInput(file), keeper, options);
    } catch (IOException | VersionParseException e) {
      throw new IllegalStateException(
          "Cannot read file '%s': %s.".formatted(file.location(), e.getMessage()), e);
    }
  }

  private ParquetFileReader reader(Column column) throws IOException {
    ParquetFileReader reader = readers.get(column);
    if (reader == null) {
      reader = new ColumnFileReader(file, footer, options, stream, column.leaf(), keeper);
      readers.put(column, reader);
    }
    return reader;
  }

  /** Returns the numbers of rows of the file's row groups, in their order. */
  public List<Integer> rowGroups() {
    return rowGroups;
  }

  /** Returns what a row of a row group takes on average, uncompressed; at least 1. */
  public long bytesPerRow(int group) {
    BlockMetaData block = footer.getBlocks().get(group);
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
    return chunk(group, column)
        .map(ColumnChunkMetaData::getStatistics)
        .filter(known -> known != null && known.hasNonNullValue())
        .mapToLong(known -> ((Number) known.genericGetMax()).longValue())
        .findFirst();
  }

  /**
   * Hashes the keys of all rows of a row group.
   *
   * @param key the key's columns, as the table has them, in its order
   * @return a hash per row, as {@link KeyHash} makes it; a row without a key has any
   */
  public long[] keyHashes(int group, List<Types.NestedField> key) throws IOException {
    int rows = rowGroups.get(group);
    long[] hashes = new long[rows];
    Arrays.fill(hashes, KeyHash.start());
    for (Types.NestedField field : key) {
      Column column = columns.get(field.fieldId());
      if (column == null) {
        continue;
      }
      ValueHash hash = hash(field.type(), column.stored());
      try (PageReadStore pages = reader(column).readRowGroup(group)) {
        PageReader chunk = new TrackedPages(pages.getPageReader(column.leaf()));
        if (isDense(group, column)) {
          new DenseColumn(column.leaf(), chunk).addHashes(hash, hashes);
        } else {
          addHashes(values(column, chunk), column, hash, hashes);
        }
      }
    }
    return hashes;
  }

  private static void addHashes(ColumnReader values, Column column, ValueHash hash, long[] hashes) {
    StoredValue value = StoredValue.of(values);
    int defined = column.leaf().getMaxDefinitionLevel();
    for (int row = 0; row < hashes.length; row++) {
      if (values.getCurrentDefinitionLevel() == defined) {
        hashes[row] = KeyHash.combine(hashes[row], hash.of(value));
      }
      values.consume();
    }
  }

  private boolean isDense(int group, Column column) {
    int rows = rowGroups.get(group);
    return chunk(group, column).anyMatch(chunk -> DenseColumn.canRead(column.leaf(), chunk, rows));
  }

  private Stream<ColumnChunkMetaData> chunk(int group, Column column) {
    return ColumnFileReader.chunk(footer.getBlocks().get(group), column.path());
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
    try (PageReadStore pages = pagesWith(group, column, rows)) {
      TrackedPages tracked = new TrackedPages(pages.getPageReader(column.leaf()));
      if (isDense(group, column)) {
        Take take = column.isList() ? list(column) : take(field.type(), column.stored());
        DenseColumn values = new DenseColumn(column.leaf(), tracked);
        for (int i = 0; i < rows.length; i++) {
          found[i] = take.from(values.at(rows[i]));
        }
        return found;
      }
      ColumnReader values = values(column, tracked);
      if (column.isList()) {
        takeLists(values, tracked, column, field.type().asListType().elementType(), rows, found);
      } else {
        takeValues(values, tracked, column, field.type(), rows, found);
      }
    }
    return found;
  }

  /** Reads the values of several columns at some rows of a row group, a line for each row. */
  public Object[][] lines(int group, List<Types.NestedField> fields, int[] rows)
      throws IOException {
    Object[][] lines = new Object[rows.length][fields.size()];
    for (int column = 0; column < fields.size(); column++) {
      Object[] values = values(group, fields.get(column), rows);
      for (int row = 0; row < rows.length; row++) {
        lines[row][column] = values[row];
      }
    }
    return lines;
  }

  /**
   * Reads the pages of a column that have one of the rows; all of them if the file has no index.
   */
  private PageReadStore pagesWith(int group, Column column, int[] rows) throws IOException {
    ParquetFileReader reader = reader(column);
    OffsetIndex pages;
    try {
      pages = reader.getColumnIndexStore(group).getOffsetIndex(column.path());
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
        group, RowRanges.create(rowGroups.get(group), numbers, pages));
  }

  private static void takeValues(
      ColumnReader values,
      TrackedPages pages,
      Column column,
      Type type,
      int[] rows,
      Object[] found) {
    Take take = take(type, column.stored());
    StoredValue value = StoredValue.of(values);
    int defined = column.leaf().getMaxDefinitionLevel();
    long row = NO_ROW;
    int next = 0;
    for (long left = pages.getTotalValueCount(); left > 0 && next < rows.length; left--) {
      row = pages.rowAfter(row);
      boolean there = values.getCurrentDefinitionLevel() == defined;
      if (row == rows[next]) {
        found[next++] = there ? take.from(value) : null;
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
    StoredValue value = StoredValue.of(values);
    int defined = column.leaf().getMaxDefinitionLevel();
    int hasElement = column.hasElement();
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
        list.add(level == defined ? take.from(value) : null);
      } else if (level == defined) {
        values.skip();
      }
      values.consume();
    }
    if (next < rows.length && row == rows[next]) {
      found[next] = list == null ? null : list.toArray();
    }
  }

  /** Takes a list of which nothing but the level is there to tell it: without a value. */
  private static Take list(Column column) {
    int hasElement = column.hasElement();
    return level -> {
      if (level.getInteger() < hasElement - 1) {
        return null;
      }
      return new Object[level.getInteger() < hasElement ? 0 : 1];
    };
  }

  private ColumnReader values(Column column, PageReader pages) {
    return new ColumnReaderImpl(column.leaf(), pages, new PrimitiveConverter() {}, writer);
  }

  private static Take take(Type type, PrimitiveTypeName stored) {
    return switch (type.typeId()) {
      case BOOLEAN -> StoredValue::getBoolean;
      case INTEGER -> StoredValue::getInteger;
      case LONG -> values -> whole(values, stored);
      case FLOAT -> StoredValue::getFloat;
      case DOUBLE ->
          stored == PrimitiveTypeName.FLOAT
              ? values -> (double) values.getFloat()
              : StoredValue::getDouble;
      case DATE -> values -> LocalDate.ofEpochDay(values.getInteger());
      case TIMESTAMP ->
          ((Types.TimestampType) type).shouldAdjustToUTC()
              ? values -> instant(values.getLong())
              : values -> LocalDateTime.ofInstant(instant(values.getLong()), ZoneOffset.UTC);
      case STRING -> values -> values.getBinary().toStringUsingUTF8();
      case BINARY -> values -> values.getBinary().getBytes();
      case DECIMAL -> {
        int scale = ((Types.DecimalType) type).scale();
        yield values -> new BigDecimal(unscaled(values, stored), scale);
      }
      default -> throw new IllegalStateException("Silver has no columns of type " + type);
    };
  }

  private static ValueHash hash(Type type, PrimitiveTypeName stored) {
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

  private static long whole(StoredValue values, PrimitiveTypeName stored) {
    return stored == PrimitiveTypeName.INT32 ? values.getInteger() : values.getLong();
  }

  private static BigInteger unscaled(StoredValue values, PrimitiveTypeName stored) {
    return stored == PrimitiveTypeName.INT32 || stored == PrimitiveTypeName.INT64
        ? BigInteger.valueOf(whole(values, stored))
        : new BigInteger(values.getBinary().getBytesUnsafe());
  }

  private static Instant instant(long micros) {
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
  }

  @Override
  public void close() throws IOException {
    stream.close();
    options.getCodecFactory().release();
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

    /** Returns a copy: a page lies where the codec puts the next one, a dictionary is kept. */
    @Override
    public DictionaryPage readDictionaryPage() {
      DictionaryPage page = pages.readDictionaryPage();
      try {
        return page == null ? null : page.copy();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public long getTotalValueCount() {
      return pages.getTotalValueCount();
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
