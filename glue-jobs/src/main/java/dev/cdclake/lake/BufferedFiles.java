/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
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
    private InputStream buffered;
    private long position;

    Reader(SeekableInputStream file) {
      this.file = file;
      this.buffered = new BufferedInputStream(file, BYTES);
    }

    @Override
    public long getPos() {
      return position;
    }

    @Override
    public void seek(long to) throws IOException {
      if (to != position) {
        file.seek(to);
        buffered = new BufferedInputStream(file, BYTES);
        position = to;
      }
    }

    @Override
    public int read() throws IOException {
      int read = buffered.read();
      position += read < 0 ? 0 : 1;
      return read;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int read = buffered.read(bytes, offset, length);
      position += Math.max(0, read);
      return read;
    }

    @Override
    public long skip(long bytes) throws IOException {
      long skipped = buffered.skip(bytes);
      position += skipped;
      return skipped;
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
