/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

import dev.cdclake.contract.Source;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.postgresql.Driver;

/**
 * Opens connections to the source.
 *
 * <p>In comes the pipeline's source; out comes a JDBC connection in auto-commit mode, or one
 * sentence that says which of the usual causes it was. The password appears in neither.
 */
public final class SourceDatabase {

  static final int CONNECT_TIMEOUT_SECONDS = 10;

  private SourceDatabase() {}

  /**
   * Connects with the password that the environment holds, or without one where it holds none.
   *
   * @throws SourceException when the server cannot be reached or refuses the connection
   */
  public static Connection open(Source source, Map<String, String> environment) {
    Optional<String> password = source.password().in(environment);
    Properties properties = new Properties();
    properties.setProperty("user", source.user());
    password.ifPresent(value -> properties.setProperty("password", value));
    properties.setProperty("connectTimeout", String.valueOf(CONNECT_TIMEOUT_SECONDS));
    properties.setProperty("loginTimeout", String.valueOf(CONNECT_TIMEOUT_SECONDS));
    properties.setProperty("tcpKeepAlive", "true");
    properties.setProperty("ApplicationName", "cdclake");
    try {
      // By the driver itself: DriverManager knows none that came with a job's jar.
      return new Driver().connect(source.jdbcUrl(), properties);
    } catch (SQLException e) {
      throw new SourceException(
          "Cannot connect to database '%s' at %s:%d as role '%s': %s"
              .formatted(
                  source.database(),
                  source.host(),
                  source.port(),
                  source.user(),
                  reason(e.getSQLState(), source, password.isPresent())),
          e);
    }
  }

  /**
   * Tells the causes apart by SQLSTATE, see <a
   * href="https://www.postgresql.org/docs/current/errcodes-appendix.html">PostgreSQL's list</a>.
   */
  private static String reason(String state, Source source, boolean passwordGiven) {
    String variable = source.password().variable();
    return switch (state == null ? "" : state) {
      case "28P01" ->
          passwordGiven
              ? ("the password was refused (expected that role's password in %s). Set it and"
                      + " try again.")
                  .formatted(variable)
              : noPassword(variable);
      case "08004" ->
          passwordGiven
              ? "the server rejected the connection (expected an entry in pg_hba.conf for this"
                  + " role, database and address). Add one, or name another role in source.user."
              : noPassword(variable);
      case "28000" ->
          "the role is unknown, or pg_hba.conf does not let it in from here (expected a role that"
              + " may log in). Check source.user and source.ssl-mode, or add an entry to"
              + " pg_hba.conf.";
      case "3D000" ->
          "there is no such database (expected an existing one). Check source.database; 'psql -l'"
              + " lists the server's databases.";
      case "42501" ->
          "the role may not connect to this database (expected the CONNECT privilege). Run: GRANT"
              + " CONNECT ON DATABASE ... TO ...";
      case "53300" ->
          "the server has no connection left (expected a free one below max_connections). Close"
              + " idle sessions or raise max_connections.";
      case "57P03" ->
          "the server is starting up or shutting down (expected it to accept connections). Wait a"
              + " moment and try again.";
      case "08001", "08006" ->
          "the server cannot be reached (expected PostgreSQL to answer there within %d s). Check"
                  .formatted(CONNECT_TIMEOUT_SECONDS)
              + " source.host, source.port and source.ssl-mode, that the server runs, and the"
              + " firewall between.";
      default ->
          "the server answered SQLSTATE %s (expected a connection). Look it up in PostgreSQL's list"
                  .formatted(state)
              + " of error codes and in the server's log.";
    };
  }

  private static String noPassword(String variable) {
    return ("the server asks for a password (expected it in the environment variable %s,"
                + " which is not")
            .formatted(variable)
        + " set). Set it and try again.";
  }
}
