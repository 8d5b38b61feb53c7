/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.verify;

import dev.cdclake.contract.Source;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.runtime.SourceQuery;
import java.io.Serializable;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.Properties;
import java.util.Set;

/**
 * One moment of the source, held open: every reader that joins it sees the same rows, while writes
 * go on.
 *
 * <p>Which transactions it contains is told by their ids, the way PostgreSQL itself decides it: see
 * <a
 * href="https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT-PARTS">snapshot
 * components</a>. No replication slot and no privilege beyond SELECT is needed.
 */
final class SourceSnapshot implements AutoCloseable {

  private final Access access;
  private final Connection connection;
  private final Moment moment;
  private final int serverVersion;

  /** How readers reach the source; never printed, it holds the password. */
  static final class Access implements Serializable {
    private static final long serialVersionUID = 1L;
    private final String jdbcUrl;
    private final String user;
    private final String password;

    Access(Source source, String password) {
      this.jdbcUrl = source.jdbcUrl();
      this.user = source.user();
      this.password = password;
    }

    /** Opens a connection whose texts of dates and numbers do not depend on the server. */
    Connection open() throws SQLException {
      Properties properties = new Properties();
      properties.put("user", user);
      if (password != null) {
        properties.put("password", password);
      }
      properties.put("loginTimeout", "10");
      properties.put("ApplicationName", "cdclake verify");
      Connection opened = SourceQuery.connect(jdbcUrl, properties);
      try (Statement statement = opened.createStatement()) {
        statement.execute(
            "set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'postgres';"
                + " set extra_float_digits = 1; set bytea_output = 'hex'; set lc_monetary = 'C'");
      }
      opened.setAutoCommit(false);
      return opened;
    }
  }

  /**
   * A moment of the source.
   *
   * @param id names the exported snapshot
   * @param before where the log ended before the snapshot was taken
   * @param lsn no transaction that the snapshot contains lies behind this position
   * @param next the first transaction id that was not yet given out, 32 bits
   * @param running ids of the transactions that were running, 32 bits
   */
  record Moment(String id, long before, long lsn, long next, Set<Long> running)
      implements Serializable {

    /** Lets a connection, in a transaction that has not read yet, see this moment. */
    void join(Statement statement) throws SQLException {
      statement.execute("set transaction isolation level repeatable read read only");
      statement.execute("set transaction snapshot '" + id + "'");
    }

    /**
     * Tells whether the transaction of a change was committed at this moment.
     *
     * @param lsn where the change lies in the log
     */
    boolean contains(long txid, long lsn) {
      if (running.contains(txid & 0xFFFFFFFFL)) {
        return false;
      }
      // Transaction ids are compared on a circle of 2^32, as PostgreSQL does: that says nothing of
      // one that is older than half of it. What was logged before the snapshot is not newer.
      return Long.compareUnsigned(lsn, before) < 0 || (int) (txid - next) < 0;
    }
  }

  private SourceSnapshot(Access access, Connection connection, Moment moment, int serverVersion) {
    this.access = access;
    this.connection = connection;
    this.moment = moment;
    this.serverVersion = serverVersion;
  }

  /** Opens a snapshot of the source as it is now. */
  static SourceSnapshot open(Source source, Access access) {
    Connection connection = null;
    try {
      connection = access.open();
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      long before = logEnd(connection);
      try (Statement statement = connection.createStatement();
          ResultSet row =
              statement.executeQuery(
                  "select pg_export_snapshot(), pg_current_snapshot()::text,"
                      + " pg_current_wal_insert_lsn() - '0/0'::pg_lsn,"
                      + " current_setting('server_version_num')::int")) {
        row.next();
        Moment moment = moment(row.getString(1), before, row.getString(2), row.getLong(3));
        return new SourceSnapshot(access, connection, moment, row.getInt(4));
      }
    } catch (SQLException e) {
      closeQuietly(connection, e);
      throw new PipelineException(
          Stage.SOURCE,
          FailureCode.UNREACHABLE,
          "Cannot read the source at %s:%d. Check that it runs, that 'source' in pipeline.yaml names"
                  .formatted(source.host(), source.port())
              + " it, and that %s holds the password; './cdclake doctor' tells more. The server says: %s"
                  .formatted(source.password().variable(), e.getMessage()),
          e);
    }
  }

  /** Returns where the log ends, in a transaction of its own: it would fix the snapshot. */
  private static long logEnd(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn")) {
      row.next();
      return row.getLong(1);
    } finally {
      connection.commit();
    }
  }

  private static void closeQuietly(Connection connection, SQLException failure) {
    try {
      if (connection != null) {
        connection.close();
      }
    } catch (SQLException e) {
      failure.addSuppressed(e);
    }
  }

  Access access() {
    return access;
  }

  Moment moment() {
    return moment;
  }

  /**
   * Writes a mark into the source's log; it comes out on the message topic behind everything that
   * was committed before.
   *
   * @return false if the server is too old for it (before 14, pgoutput does not carry messages)
   */
  boolean mark(String text) throws SQLException {
    if (serverVersion < 140000) {
      return false;
    }
    try (Connection other = access.open();
        var statement =
            other.prepareStatement("select pg_logical_emit_message(true, 'cdclake.verify', ?)")) {
      statement.setString(1, text);
      statement.execute();
      other.commit();
    }
    return true;
  }

  @Override
  public void close() throws SQLException {
    connection.rollback();
    connection.close();
  }

  /** Parses {@code xmin:xmax:xip,xip…}. */
  private static Moment moment(String id, long before, String snapshot, long lsn) {
    String[] parts = snapshot.split(":", -1);
    Set<Long> running = new HashSet<>();
    for (String txid : parts[2].isEmpty() ? new String[0] : parts[2].split(",", -1)) {
      running.add(Long.parseLong(txid) & 0xFFFFFFFFL);
    }
    return new Moment(id, before, lsn, Long.parseLong(parts[1]) & 0xFFFFFFFFL, running);
  }
}
