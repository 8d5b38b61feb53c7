/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.bronze.BronzeJob;
import dev.cdclake.connect.CaptureException;
import dev.cdclake.connect.CaptureGap;
import dev.cdclake.connect.ConnectClient;
import dev.cdclake.connect.ConnectorConfig;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.TableName;
import dev.cdclake.source.Publication;
import dev.cdclake.source.SnapshotSignals;
import dev.cdclake.source.SourceDatabase;
import dev.cdclake.source.SourceException;
import dev.cdclake.source.SourceIdentity;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The connector of a pipeline, from the source's publication to its running state. It goes on only
 * where it stopped: a gap behind what was captured stops it.
 */
final class Capture {

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int ONE_COPY = 1;
  private static final int BROKER_DEFAULT = -1;

  private final Pipeline pipeline;
  private final ConnectClient connect;
  private final Consumer<String> progress;

  Capture(Pipeline pipeline, ConnectClient connect, Consumer<String> progress) {
    this.pipeline = pipeline;
    this.connect = connect;
    this.progress = progress;
  }

  /**
   * Publishes the tables and makes the connector capture them; returns when it runs. Tables that
   * are new in the pipeline file are captured with the rows that they have.
   *
   * @return why nothing is captured; empty when everything is
   */
  Optional<CaptureGap> start() {
    long begin = System.nanoTime();
    try (Connection source = openSource()) {
      Optional<Long> captured = connect.capturedLsn(name());
      Optional<CaptureGap> gap =
          gap(source, captured, captured.isEmpty() && BronzeJob.anyCaptured(pipeline));
      if (gap.isPresent()) {
        stop();
        return gap;
      }
      List<TableName> unknown = prepare(source, captured.isEmpty());
      register(source);
      if (connect.status(name()).filter(status -> status.isFailed()).isPresent()) {
        connect.restartFailedTasks(name());
      }
      connect.waitUntilRunning(name(), PATIENCE);
      for (TableName table : unknown) {
        SnapshotSignals.requestFirst(source, table);
        progress.accept("Table %s is new: its rows are read while changes go on".formatted(table));
      }
    } catch (SQLException e) {
      throw new CaptureException(
          "Cannot prepare capture: the source answers: %s.".formatted(e.getMessage()), e);
    }
    progress.accept(
        "Connector '%s' captures %d tables (%.1f s)"
            .formatted(name(), pipeline.tables().size(), (System.nanoTime() - begin) / 1e9));
    return Optional.empty();
  }

  /**
   * Returns why capture must not go on from where it is; empty if it may, or if it is nowhere: then
   * it has just begun, perhaps anew.
   */
  Optional<CaptureGap> gapBehindProgress() throws SQLException {
    Optional<Long> captured = connect.capturedLsn(name());
    if (captured.isEmpty()) {
      return Optional.empty();
    }
    try (Connection source = openSource()) {
      return gap(source, captured, false);
    }
  }

  private Optional<CaptureGap> gap(
      Connection source, Optional<Long> captured, boolean topicsHaveEvents) {
    return CaptureGap.find(
        pipeline,
        SourceIdentity.read(source, pipeline.source().slot()),
        connect.config(name()),
        captured,
        topicsHaveEvents);
  }

  /** Stops the connector, if there is one. */
  void stop() {
    if (connect.status(name()).filter(status -> !status.isStopped()).isPresent()) {
      connect.stop(name());
    }
  }

  /** Captures everything from the beginning: a new slot, and a snapshot of every table. */
  void startAnew() {
    stop();
    try (Connection source = openSource()) {
      if (connect.config(name()).isPresent()) {
        connect.deleteOffsets(name());
      }
      SourceIdentity.dropSlot(source, pipeline.source().slot());
      prepare(source, true);
      register(source);
      connect.resume(name());
    } catch (SQLException e) {
      throw new CaptureException(
          "Cannot prepare capture: the source answers: %s.".formatted(e.getMessage()), e);
    }
    connect.waitUntilRunning(name(), PATIENCE);
  }

  /**
   * Publishes the tables, and the one that asks for snapshots.
   *
   * @param all whether the connector's own snapshot reads all tables
   * @return tables whose rows nobody reads yet
   */
  private List<TableName> prepare(Connection source, boolean all) {
    Publication published = Publication.ensure(source, pipeline);
    progress.accept(published.report());
    try {
      SnapshotSignals.ensure(source, published.name());
    } catch (SourceException e) {
      // Changes are captured without it; what cannot be asked for is said.
      progress.accept(e.getMessage());
      if (!all && !published.added().isEmpty()) {
        progress.accept(
            "Rows that %s had before need './cdclake resnapshot --all'"
                .formatted(published.added()));
      }
      return List.of();
    }
    List<TableName> unknown =
        SnapshotSignals.unknown(source, pipeline.tables().stream().map(SourceTable::name).toList());
    if (all) {
      SnapshotSignals.remember(source, unknown);
      return List.of();
    }
    return unknown;
  }

  private void register(Connection source) throws SQLException {
    TopicLimits.raise(pipeline, progress);
    Map<String, String> config =
        new LinkedHashMap<>(
            ConnectorConfig.render(
                pipeline, source.getMetaData().getDatabaseMajorVersion(), copies(pipeline)));
    config.put(
        ConnectorConfig.HISTORY, SourceIdentity.read(source, pipeline.source().slot()).history());
    connect.register(name(), config);
  }

  private Connection openSource() {
    return SourceDatabase.open(pipeline.source(), System.getenv());
  }

  private String name() {
    return pipeline.connectorName();
  }

  /** Returns how many copies the topics get that we make. */
  static int copies(Pipeline pipeline) {
    return pipeline.kafka().embedded() ? ONE_COPY : BROKER_DEFAULT;
  }
}
