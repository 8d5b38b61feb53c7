/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.ColumnPath;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.apache.parquet.internal.column.columnindex.ColumnIndex;
import org.apache.parquet.internal.column.columnindex.OffsetIndex;
import org.apache.parquet.internal.filter2.columnindex.ColumnIndexStore;
import org.apache.parquet.io.InputFile;
import org.apache.parquet.io.SeekableInputStream;

/** Reads one column of a file, by a page index that is read once for many readers. */
final class ColumnFileReader extends ParquetFileReader {

  /** How much larger a page index is in memory than in the file, about. */
  private static final long EXPANSION = 3;

  private final ColumnPath column;
  private final FileKeeper keeper;

  ColumnFileReader(
      InputFile file,
      ParquetMetadata footer,
      ParquetReadOptions options,
      SeekableInputStream stream,
      ColumnDescriptor column,
      FileKeeper keeper)
      throws IOException {
    super(file, footer, options, stream);
    setRequestedSchema(List.of(column));
    this.column = ColumnPath.get(column.getPath());
    this.keeper = keeper;
  }

  @Override
  public ColumnIndexStore getColumnIndexStore(int group) {
    return keeper.keep(
        "pages of column " + column + " in row group " + group,
        EXPANSION * bytesOfIndex(group),
        () -> new Pages(super.getColumnIndexStore(group).getOffsetIndex(column)));
  }

  private long bytesOfIndex(int group) {
    return chunk(getRowGroups().get(group), column)
        .map(ColumnChunkMetaData::getOffsetIndexReference)
        .filter(Objects::nonNull)
        .mapToLong(index -> index.getLength())
        .sum();
  }

  /** Returns a column's part of a row group. */
  static Stream<ColumnChunkMetaData> chunk(BlockMetaData group, ColumnPath column) {
    return group.getColumns().stream().filter(chunk -> chunk.getPath().equals(column));
  }

  /** Where the pages of the column lie in a row group. */
  private record Pages(OffsetIndex index) implements ColumnIndexStore {

    @Override
    public OffsetIndex getOffsetIndex(ColumnPath of) {
      return index;
    }

    /** Nothing here asks what is in the pages. */
    @Override
    public ColumnIndex getColumnIndex(ColumnPath of) {
      return null;
    }
  }
}
