/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.io.OutputFile;
import org.apache.iceberg.io.PositionOutputStream;
import org.apache.iceberg.io.SeekableInputStream;

/**
 * Files that are read and written in pieces of some size. Parquet reads and writes what is around
 * the values (footers, page headers, page indexes) byte by byte, and Iceberg's local files hand
 * every byte to the operating system.
 */
final class BufferedFiles {

  private static final int BYTES = 16 << 10;

  private BufferedFiles() {}

  /** A file to read. */
  record Input(InputFile file) implements InputFile {

    @Override
    public long getLength() {
      return file.getLength();
    }

    @Override
    public SeekableInputStream newStream() {
      return new Reader(file.newStream());
    }

    @Override
    public String location() {
      return file.location();
    }

    @Override
    public boolean exists() {
      return file.exists();
    }
  }

  /** A file to write. */
  record Output(OutputFile file) implements OutputFile {

    @Override
    public PositionOutputStream create() {
      return new Writer(file.create());
    }

    @Override
    public PositionOutputStream createOrOverwrite() {
      return new Writer(file.createOrOverwrite());
    }

    @Override
    public String location() {
      return file.location();
    }

    @Override
    public InputFile toInputFile() {
      return new Input(file.toInputFile());
    }
  }

  private static final class Reader extends SeekableInputStream {

    private final SeekableInputStream file;
    private final byte[] buffer = new byte[BYTES];

    /** The next byte of the buffer, and the end of what is in it. */
    private int next;

    private int end;

    Reader(SeekableInputStream file) {
      this.file = file;
    }

    @Override
    public long getPos() throws IOException {
      return file.getPos() - (end - next);
    }

    @Override
    public void seek(long position) throws IOException {
      long first = file.getPos() - end;
      if (position >= first && position <= first + end) {
        next = (int) (position - first);
      } else {
        file.seek(position);
        next = 0;
        end = 0;
      }
    }

    @Override
    public int read() throws IOException {
      return fill() ? buffer[next++] & 0xff : -1;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (next == end && length >= BYTES) {
        next = 0;
        end = 0;
        return file.read(bytes, offset, length);
      }
      if (length > 0 && !fill()) {
        return -1;
      }
      int read = Math.min(length, end - next);
      System.arraycopy(buffer, next, bytes, offset, read);
      next += read;
      return read;
    }

    /** Whether there is a next byte in the buffer; false at the end of the file. */
    private boolean fill() throws IOException {
      if (next == end) {
        next = 0;
        end = Math.max(0, file.read(buffer, 0, BYTES));
      }
      return next < end;
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }

  private static final class Writer extends PositionOutputStream {

    private final OutputStream buffered;
    private long position;

    Writer(PositionOutputStream file) {
      this.buffered = new BufferedOutputStream(file, BYTES);
    }

    @Override
    public long getPos() {
      return position;
    }

    @Override
    public void write(int value) throws IOException {
      buffered.write(value);
      position++;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      buffered.write(bytes, offset, length);
      position += length;
    }

    @Override
    public void flush() throws IOException {
      buffered.flush();
    }

    @Override
    public void close() throws IOException {
      buffered.close();
    }
  }
}
