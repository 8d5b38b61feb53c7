/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.iceberg.Files;
import org.apache.iceberg.io.BulkDeletionFailureException;
import org.apache.iceberg.io.FileInfo;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.io.OutputFile;
import org.apache.iceberg.io.SupportsBulkOperations;
import org.apache.iceberg.io.SupportsPrefixOperations;

/**
 * Files of a warehouse on this machine's disk, opened by Java itself.
 *
 * <p>Iceberg's default goes through Hadoop, which starts a {@code chmod} process for every file
 * that it writes unless Hadoop's native library is installed: most of the time of a small batch.
 * Many files are deleted one after the other, which Iceberg would do in a pool and wait for, see
 * {@link CallerThread}.
 */
public final class LocalFiles implements SupportsPrefixOperations, SupportsBulkOperations {

  private static final long serialVersionUID = 1L;

  @Override
  public void initialize(Map<String, String> properties) {
    // There is nothing to set.
  }

  @Override
  public InputFile newInputFile(String path) {
    return new BufferedFiles.Input(Files.localInput(file(path)));
  }

  @Override
  public OutputFile newOutputFile(String path) {
    File file = file(path);
    try {
      // Iceberg's own way fails where two tasks create the folder of a table's first files.
      java.nio.file.Files.createDirectories(file.toPath().getParent());
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot create the folder of '" + path + "'.", e);
    }
    return new BufferedFiles.Output(Files.localOutput(file));
  }

  @Override
  public void deleteFile(String path) {
    try {
      java.nio.file.Files.deleteIfExists(file(path).toPath());
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot delete '" + path + "'.", e);
    }
  }

  @Override
  public void deleteFiles(Iterable<String> paths) {
    int failed = 0;
    for (String path : paths) {
      try {
        deleteFile(path);
      } catch (UncheckedIOException e) {
        failed++;
      }
    }
    if (failed > 0) {
      throw new BulkDeletionFailureException(failed);
    }
  }

  @Override
  public Iterable<FileInfo> listPrefix(String prefix) {
    List<FileInfo> files = new ArrayList<>();
    if (file(prefix).exists()) {
      try (Stream<Path> all = java.nio.file.Files.walk(file(prefix).toPath())) {
        for (Path path : all.filter(java.nio.file.Files::isRegularFile).toList()) {
          File found = path.toFile();
          files.add(new FileInfo(path.toString(), found.length(), found.lastModified()));
        }
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot list '" + prefix + "'.", e);
      }
    }
    return files;
  }

  @Override
  public void deletePrefix(String prefix) {
    listPrefix(prefix).forEach(file -> deleteFile(file.location()));
  }

  private static File file(String path) {
    return Path.of(path.startsWith("file:") ? path.substring("file:".length()) : path).toFile();
  }
}
