/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Stream;

/**
 * Installs the tables, functions and publication of the shop from a folder of SQL files.
 *
 * <p>The files run in the order of their names, each in a transaction of its own. Installing again
 * changes nothing.
 */
public final class ShopSchema {

  private ShopSchema() {}

  /**
   * Runs every {@code .sql} file of the folder.
   *
   * @throws ShopException naming the file that failed; the files before it stay installed
   */
  public static void install(Connection connection, Path sqlFolder) {
    for (Path file : sqlFiles(sqlFolder)) {
      installFile(connection, file);
    }
  }

  private static List<Path> sqlFiles(Path sqlFolder) {
    try (Stream<Path> files = Files.list(sqlFolder)) {
      List<Path> sqlFiles =
          files.filter(file -> file.toString().endsWith(".sql")).sorted().toList();
      if (sqlFiles.isEmpty()) {
        throw new ShopException(
            "Cannot install the shop from '%s': it holds no .sql file.".formatted(sqlFolder), null);
      }
      return sqlFiles;
    } catch (IOException e) {
      throw new ShopException(
          "Cannot install the shop from '%s': the folder cannot be read (%s)."
              .formatted(sqlFolder, e),
          e);
    }
  }

  private static void installFile(Connection connection, Path file) {
    try {
      String sql = Files.readString(file);
      Transactions.run(
          connection,
          () -> {
            try (Statement statement = connection.createStatement()) {
              statement.execute(sql);
            }
          });
    } catch (IOException e) {
      throw new ShopException(
          "Cannot install the shop from '%s': the file cannot be read (%s).".formatted(file, e), e);
    } catch (SQLException e) {
      throw new ShopException(
          "Cannot install the shop from '%s': the database answers: %s."
              .formatted(file, e.getMessage()),
          e);
    }
  }
}
