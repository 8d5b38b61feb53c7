/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import static java.util.stream.Collectors.joining;

import dev.cdclake.connect.Capture;
import dev.cdclake.connect.ConnectorConfig;
import dev.cdclake.connect.ConnectorStatus;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.TableName;
import dev.cdclake.line.Resnapshot;
import dev.cdclake.source.Publication;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.apache.spark.sql.SparkSession;

/**
 * A connector beside the others of a line, for tables that are soon gone: closing it drops them,
 * and everything that would slow down the next one.
 */
public final class ExtraConnector implements AutoCloseable {

  private static final int ONE_COPY = 1;

  private final LocalLine line;
  private final Pipeline pipeline;

  /** Describes the connector of a pipeline whose tables exist. */
  public ExtraConnector(LocalLine line, Pipeline pipeline) {
    this.line = line;
    this.pipeline = pipeline;
  }

  /** Starts the capture of the pipeline's tables. */
  public void register() throws SQLException {
    try (Connection connection = line.openSource()) {
      Publication.ensure(connection, pipeline);
      int version = connection.getMetaData().getDatabaseMajorVersion();
      line.connect()
          .register(pipeline.connectorName(), ConnectorConfig.render(pipeline, version, ONE_COPY));
    }
  }

  /** Waits until the connector runs. */
  public void awaitRunning(Duration patience) {
    line.connect().waitUntilRunning(pipeline.connectorName(), patience);
  }

  /** Returns why the connector failed; empty if it did not. */
  public String failure() {
    return line.connect()
        .status(pipeline.connectorName())
        .map(ConnectorStatus::rootCause)
        .orElse("");
  }

  /**
   * Captures everything anew, as {@code resnapshot --all} does.
   *
   * @param allowed how long silver, which somebody else has to run, may take to fold what was read
   */
  public void captureAnew(SparkSession spark, Duration allowed) throws SQLException {
    Capture capture = new Capture(pipeline, line.connect(), told -> {});
    new Resnapshot(spark, pipeline, capture, told -> {}).all(allowed);
  }

  @Override
  public void close() {
    line.connect().delete(pipeline.connectorName());
    String slot = "'" + pipeline.source().slot() + "'";
    execute(
        "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = "
            + slot);
    execute("select pg_sleep(0.2)");
    execute("select pg_drop_replication_slot(" + slot + ")");
    execute("drop publication " + TableName.quote(pipeline.source().publication()));
    execute(
        "drop table "
            + pipeline.tables().stream().map(table -> table.name().quoted()).collect(joining(", "))
            + " cascade");
  }

  private void execute(String sql) {
    try (Connection connection = line.openSource();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      // What cannot be tidied up stays until the line is closed.
      System.err.println(sql + ": " + e.getMessage());
    }
  }
}
