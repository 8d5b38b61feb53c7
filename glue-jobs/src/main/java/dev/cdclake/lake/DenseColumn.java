/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.parquet.bytes.ByteBufferInputStream;
import org.apache.parquet.bytes.BytesUtils;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.Dictionary;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.ValuesType;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DataPageV1;
import org.apache.parquet.column.page.DataPageV2;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.column.values.ValuesReader;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;

/**
 * Reads a column of a row group that has a value in every row, page by page. Without levels to
 * decode, values between two wanted ones are passed over at once.
 */
final class DenseColumn {

  private final ColumnDescriptor column;
  private final PageReader pages;
  private final Dictionary dictionary;
  private ValuesReader values;

  /** The row behind the page's last one. */
  private long end;

  /** The row that the reader stands at. */
  private long at;

  DenseColumn(ColumnDescriptor column, PageReader pages) throws IOException {
    this.column = column;
    this.pages = pages;
    DictionaryPage page = pages.readDictionaryPage();
    this.dictionary = page == null ? null : page.getEncoding().initDictionary(column, page);
  }

  /**
   * Whether a column has a value in every row, in an encoding that needs nothing of other pages.
   */
  static boolean canRead(ColumnDescriptor column, ColumnChunkMetaData chunk) {
    return column.getMaxRepetitionLevel() == 0
        && column.getMaxDefinitionLevel() <= 1
        && chunk.getStatistics() != null
        && chunk.getStatistics().isNumNullsSet()
        && chunk.getStatistics().getNumNulls() == 0
        && !chunk.getEncodings().contains(Encoding.DELTA_BYTE_ARRAY);
  }

  /** Goes to a row, which is not before the last one, and returns the reader of its value. */
  ValuesReader at(long row) throws IOException {
    while (row >= end) {
      turn();
    }
    if (row > at) {
      values.skip((int) (row - at));
    }
    at = row + 1;
    return values;
  }

  private void turn() throws IOException {
    DataPage page = pages.readPage();
    at = page.getFirstRowIndex().orElse(end);
    end = at + page.getValueCount();
    if (page instanceof DataPageV1 one) {
      ByteBufferInputStream bytes = one.getBytes().toInputStream();
      if (column.getMaxDefinitionLevel() > 0) {
        // Definition levels, all alike, begin with their length.
        bytes.skipFully(BytesUtils.readIntLittleEndian(bytes));
      }
      read(one.getValueEncoding(), one.getValueCount(), bytes);
    } else if (page instanceof DataPageV2 two) {
      read(two.getDataEncoding(), two.getValueCount(), two.getData().toInputStream());
    } else {
      throw new IllegalStateException("Parquet has no pages of " + page.getClass());
    }
  }

  private void read(Encoding encoding, int count, ByteBufferInputStream bytes) throws IOException {
    values = reader(encoding);
    values.initFromPage(count, bytes);
  }

  private ValuesReader reader(Encoding encoding) {
    if (encoding.usesDictionary()) {
      return encoding.getDictionaryBasedValuesReader(column, ValuesType.VALUES, dictionary);
    }
    boolean isBit =
        encoding == Encoding.PLAIN
            && column.getPrimitiveType().getPrimitiveTypeName() == PrimitiveTypeName.BOOLEAN;
    return isBit ? new Bits() : encoding.getValuesReader(column, ValuesType.VALUES);
  }

  /**
   * Booleans, eight in a byte, the lowest first; Parquet's reader cannot pass over many at once.
   */
  private static final class Bits extends ValuesReader {

    private ByteBuffer bytes;
    private int next;

    @Override
    public void initFromPage(int count, ByteBufferInputStream stream) throws IOException {
      bytes = stream.slice(stream.available());
      next = 0;
    }

    @Override
    public boolean readBoolean() {
      boolean value = (bytes.get(bytes.position() + next / Byte.SIZE) >> next % Byte.SIZE & 1) == 1;
      next++;
      return value;
    }

    @Override
    public void skip() {
      next++;
    }

    @Override
    public void skip(int count) {
      next += count;
    }
  }
}
