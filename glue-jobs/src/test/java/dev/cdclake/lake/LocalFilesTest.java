/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.iceberg.io.BulkDeletionFailureException;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.io.OutputFile;
import org.apache.iceberg.io.PositionOutputStream;
import org.apache.iceberg.io.SeekableInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of a warehouse on this machine's disk. */
class LocalFilesTest {

  @TempDir Path folder;

  @Test
  void tasksThatWriteTheFirstFilesOfATableSideBySideAllSucceed() throws Exception {
    LocalFiles files = new LocalFiles();
    ExecutorService tasks = Executors.newFixedThreadPool(2);
    try {
      for (int i = 0; i < 3_000; i++) {
        Path data = folder.resolve("table" + i).resolve("data");
        CyclicBarrier start = new CyclicBarrier(2);
        List<Future<?>> writes = new ArrayList<>();
        for (int task = 0; task < 2; task++) {
          String path = data.resolve(task + ".parquet").toString();
          writes.add(
              tasks.submit(
                  () -> {
                    start.await();
                    try (var stream = files.newOutputFile(path).createOrOverwrite()) {
                      stream.write(1);
                    } catch (IOException e) {
                      throw new IllegalStateException(e);
                    }
                    return null;
                  }));
        }
        for (Future<?> write : writes) {
          write.get();
        }
      }
    } finally {
      tasks.shutdownNow();
    }
  }

  @Test
  void whatIsWrittenInPiecesIsReadFromAnyPlace() throws IOException {
    LocalFiles files = new LocalFiles();
    Random random = new Random(3);
    byte[] content = new byte[100_000];
    random.nextBytes(content);
    OutputFile file = files.newOutputFile(folder.resolve("file").toString());
    try (PositionOutputStream out = file.create()) {
      for (int at = 0; at < content.length; ) {
        int length = Math.min(random.nextInt(4) == 0 ? 40_000 : 1, content.length - at);
        if (length == 1) {
          out.write(content[at]);
        } else {
          out.write(content, at, length);
        }
        at += length;
        assertThat(out.getPos()).isEqualTo(at);
      }
    }

    InputFile written = file.toInputFile();
    assertThat(written.getLength()).isEqualTo(content.length);
    try (SeekableInputStream in = written.newStream()) {
      for (int i = 0; i < 2_000; i++) {
        if (random.nextInt(3) == 0) {
          in.seek(random.nextInt(content.length));
        }
        int at = (int) in.getPos();
        if (at == content.length) {
          assertThat(in.read()).isEqualTo(-1);
          in.seek(0);
        } else if (random.nextBoolean()) {
          assertThat((byte) in.read()).isEqualTo(content[at]);
        } else {
          byte[] read = new byte[Math.min(random.nextInt(30_000), content.length - at)];
          in.readNBytes(read, 0, read.length);
          assertThat(read).isEqualTo(Arrays.copyOfRange(content, at, at + read.length));
        }
      }
    }
  }

  @Test
  void filesThatCannotBeDeletedAreCountedAndTheOthersAreGone() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");
    Path full = Files.createDirectories(folder.resolve("full/inner")).getParent();
    LocalFiles files = new LocalFiles();

    assertThatThrownBy(
            () ->
                files.deleteFiles(
                    List.of(full.toString(), file.toString(), folder.resolve("none").toString())))
        .isInstanceOf(BulkDeletionFailureException.class)
        .extracting(failure -> ((BulkDeletionFailureException) failure).numberFailedObjects())
        .isEqualTo(1);
    assertThat(file).doesNotExist();
  }
}
