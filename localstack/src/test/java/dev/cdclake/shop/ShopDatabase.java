/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A real PostgreSQL for one test class, with as many empty databases as the tests ask for. */
final class ShopDatabase implements BeforeAllCallback, AfterAllCallback {

  static final Path SCHEMA = Path.of("..", "sql", "source");

  private EmbeddedPostgres postgres;
  private int databases;

  @Override
  public void beforeAll(ExtensionContext context) throws IOException {
    postgres = EmbeddedPostgres.builder().setServerConfig("wal_level", "logical").start();
  }

  @Override
  public void afterAll(ExtensionContext context) throws IOException {
    postgres.close();
  }

  /** Connects to a database of its own that has the shop's schema. */
  Connection newShop() throws SQLException {
    Connection connection = newDatabase();
    ShopSchema.install(connection, SCHEMA);
    return connection;
  }

  Connection newDatabase() throws SQLException {
    databases++;
    String name = "shop_" + databases;
    try (Connection admin = postgres.getPostgresDatabase().getConnection()) {
      execute(admin, "create database " + name);
    }
    return postgres.getDatabase("postgres", name).getConnection();
  }

  static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  static String text(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      result.next();
      return result.getString(1);
    }
  }

  static long number(Connection connection, String sql) throws SQLException {
    return Long.parseLong(text(connection, sql));
  }
}
