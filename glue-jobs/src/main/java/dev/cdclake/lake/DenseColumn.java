/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.io.IOException;
import org.apache.parquet.bytes.ByteBufferInputStream;
import org.apache.parquet.bytes.BytesUtils;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DataPageV1;
import org.apache.parquet.column.page.DataPageV2;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.column.statistics.Statistics;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;

/**
 * Reads a column of a row group that has a value in every row, page by page. Without levels to
 * decode, values between two wanted ones are passed over at once.
 *
 * <p>Of a column of lists in which no list has a value, the level takes the value's place: it says
 * whether there is a list.
 */
final class DenseColumn {

  private final ColumnDescriptor column;
  private final PageReader pages;

  /** Null if the column has none. */
  private final DensePage.Dictionary dictionary;

  private DensePage page;

  private long first;

  /** The row behind the page's last one. */
  private long end;

  DenseColumn(ColumnDescriptor column, PageReader pages) throws IOException {
    this.column = column;
    this.pages = pages;
    DictionaryPage known = pages.readDictionaryPage();
    this.dictionary =
        known == null
            ? null
            : new DensePage.Dictionary(known.getEncoding().initDictionary(column, known));
  }

  /**
   * Whether a column has a value in every row, in an encoding that needs nothing of other pages; or
   * lists of which none has one.
   *
   * @param rows of the row group
   */
  static boolean canRead(ColumnDescriptor column, ColumnChunkMetaData chunk, long rows) {
    Statistics<?> known = chunk.getStatistics();
    if (known == null || !known.isNumNullsSet()) {
      return false;
    }
    if (column.getMaxRepetitionLevel() > 0) {
      return known.getNumNulls() == rows && chunk.getValueCount() == rows;
    }
    return column.getMaxDefinitionLevel() <= 1
        && known.getNumNulls() == 0
        && !chunk.getEncodings().contains(Encoding.DELTA_BYTE_ARRAY);
  }

  /** Goes to a row, which is not before the last one, and returns its value. */
  StoredValue at(long row) throws IOException {
    while (row >= end) {
      turn();
    }
    page.to((int) (row - first));
    return page;
  }

  /**
   * Adds the hashes of all values to those of the keys that they belong to.
   *
   * @param hashes of a key for every row of the row group, all pages of which are read
   */
  void addHashes(DensePage.ValueHash hash, long[] hashes) throws IOException {
    while (end < hashes.length) {
      turn();
      page.addHashes(hash, hashes, (int) first, (int) (end - first));
    }
  }

  private void turn() throws IOException {
    DataPage data = pages.readPage();
    first = data.getFirstRowIndex().orElse(end);
    end = first + data.getValueCount();
    if (data instanceof DataPageV1 one) {
      ByteBufferInputStream bytes = one.getBytes().toInputStream();
      // Levels begin with their length.
      if (column.getMaxRepetitionLevel() > 0) {
        bytes.skipFully(BytesUtils.readIntLittleEndian(bytes));
        page = DensePage.ofLevels(column, true, bytes);
        return;
      }
      if (column.getMaxDefinitionLevel() > 0) {
        bytes.skipFully(BytesUtils.readIntLittleEndian(bytes));
      }
      page = page(one.getValueEncoding(), one.getValueCount(), bytes);
    } else if (data instanceof DataPageV2 two) {
      page =
          column.getMaxRepetitionLevel() > 0
              ? DensePage.ofLevels(column, false, two.getDefinitionLevels().toInputStream())
              : page(two.getDataEncoding(), two.getValueCount(), two.getData().toInputStream());
    } else {
      throw new IllegalStateException("Parquet has no pages of " + data.getClass());
    }
  }

  private DensePage page(Encoding encoding, int count, ByteBufferInputStream bytes)
      throws IOException {
    return DensePage.of(column, dictionary, encoding, count, bytes);
  }
}
