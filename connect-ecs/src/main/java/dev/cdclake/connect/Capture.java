/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.Secrets;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.TableName;
import dev.cdclake.source.ConfiguredColumns;
import dev.cdclake.source.FoundTable;
import dev.cdclake.source.Publication;
import dev.cdclake.source.SnapshotSignals;
import dev.cdclake.source.SourceCatalog;
import dev.cdclake.source.SourceDatabase;
import dev.cdclake.source.SourceException;
import dev.cdclake.source.SourceIdentity;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The connector of a pipeline, from the source's publication to its running state. It goes on only
 * where it stopped: a gap behind what was captured stops it.
 */
public final class Capture {

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int ONE_COPY = 1;
  private static final int BROKER_DEFAULT = -1;

  private final Pipeline pipeline;
  private final ConnectClient connect;
  private final Consumer<String> progress;
  private final Duration patience;

  /**
   * Describes a connector; nothing is done yet.
   *
   * @param progress is told every step, in words
   */
  public Capture(Pipeline pipeline, ConnectClient connect, Consumer<String> progress) {
    this(pipeline, connect, progress, PATIENCE);
  }

  /**
   * Describes a connector; nothing is done yet.
   *
   * @param patience how long it may take to run
   */
  public Capture(
      Pipeline pipeline, ConnectClient connect, Consumer<String> progress, Duration patience) {
    this.pipeline = pipeline;
    this.connect = connect;
    this.progress = progress;
    this.patience = patience;
  }

  /**
   * Publishes the tables and makes the connector capture them; returns when it runs. Tables that
   * are new in the pipeline file are captured with the rows that they have.
   *
   * @return why nothing is captured; empty when everything is
   */
  public Optional<CaptureGap> start() {
    long begin = System.nanoTime();
    int tables;
    try (Connection source = openSource()) {
      Optional<Long> captured = connect.capturedLsn(name());
      Optional<CaptureGap> gap = gap(source);
      if (gap.isPresent()) {
        stop();
        return gap;
      }
      tables = SourceCatalog.present(source, pipeline.tables()).size();
      if (tables == 0 && pipeline.source().embedded()) {
        // Our own server has to be up before anybody can create tables in it.
        progress.accept(
            "Nothing is captured: database '%s' has none of the tables %s yet. Create them with './cdclake sql --source', then run './cdclake up' again"
                .formatted(pipeline.source().database(), names()));
        return Optional.empty();
      }
      List<TableName> unknown = prepare(source, captured.isEmpty());
      if (!unknown.isEmpty()) {
        // What asks for their rows must not meet a task that does not know the tables yet.
        stop();
      }
      register(source);
      // Always: right behind a change of its settings, a stopped connector does not say that it is.
      connect.resume(name());
      if (connect.status(name()).filter(ConnectorStatus::isFailed).isPresent()) {
        connect.restartFailedTasks(name());
      }
      connect.waitUntilRunning(name(), patience);
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
            .formatted(name(), tables, (System.nanoTime() - begin) / 1e9));
    return Optional.empty();
  }

  /**
   * Returns what keeps changes from being captured, each in words with its remedy; that a server
   * does not answer is one of them.
   */
  public List<String> problems() {
    Optional<ConnectorStatus> status;
    Optional<CaptureGap> gap = Optional.empty();
    boolean unfinished = false;
    List<String> problems = new ArrayList<>();
    try {
      status = connect.status(name());
    } catch (CaptureException e) {
      return List.of(e.getMessage());
    }
    try (Connection source = openSource()) {
      gap = gap(source);
      gap.ifPresent(found -> problems.add(found.message()));
      for (String table : SnapshotSignals.unfinished(source)) {
        unfinished = true;
        problems.add(
            "Rows of %s that are gone may still be active: reading it anew did not end. Run './cdclake resnapshot %s' again."
                .formatted(table, table));
      }
    } catch (CaptureException | SourceException | SQLException e) {
      problems.add(e.getMessage());
    }
    if (gap.isEmpty()) {
      status(status, unfinished).ifPresent(problems::add);
    }
    return problems;
  }

  /**
   * Returns why nothing is captured now, in words with a remedy; empty while the connector runs.
   */
  public Optional<String> standstill() {
    return status(connect.status(name()), false);
  }

  /** Returns why the connector has given up, in words with a remedy; empty if it has not. */
  public Optional<String> failure() {
    Optional<ConnectorStatus> status = connect.status(name());
    return status.filter(ConnectorStatus::isFailed).flatMap(failed -> status(status, false));
  }

  /** Returns the position in the source's log up to which is captured; empty before any. */
  public Optional<Long> capturedLsn() {
    return connect.capturedLsn(name());
  }

  private Optional<String> status(Optional<ConnectorStatus> status, boolean unfinished) {
    if (status.isEmpty()) {
      return Optional.of(
          "Nothing is captured: Kafka Connect has no connector '%s'. Run './cdclake up'."
              .formatted(name()));
    }
    if (status.get().isFailed()) {
      return Optional.of(
          "Nothing is captured: connector '%s' failed: %s. './cdclake doctor' may know why; './cdclake up' starts it again."
              .formatted(name(), status.get().rootCause()));
    }
    if (status.get().isStopped() && unfinished) {
      return Optional.of(
          "Nothing is captured: './cdclake resnapshot --all' stopped the connector and did not end. Run it again; nothing is lost meanwhile.");
    }
    return status.get().isRunning()
        ? Optional.empty()
        : Optional.of(
            "Nothing is captured: %s (expected both to be RUNNING). './cdclake up' starts them."
                .formatted(status.get()));
  }

  /** Returns why capture must not go on, or begin over topics that have events. */
  private Optional<CaptureGap> gap(Connection source) {
    Optional<Long> captured = connect.capturedLsn(name());
    return gap(source, captured, captured.isEmpty() && CapturedTopics.haveEvents(pipeline));
  }

  /**
   * Returns why capture must not go on from where it is; empty if it may, or if it is nowhere: then
   * it has just begun, perhaps anew.
   */
  public Optional<CaptureGap> gapBehindProgress() throws SQLException {
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

  /**
   * Stops the connector, if there is one.
   *
   * @return whether it was not stopped before
   */
  public boolean stop() {
    boolean goes = connect.status(name()).filter(status -> !status.isStopped()).isPresent();
    if (goes) {
      connect.stop(name());
    }
    return goes;
  }

  /** Lets the connector, which was stopped, go on from where it is. */
  public void goOn() {
    connect.resume(name());
  }

  /** Captures everything from the beginning: a new slot, and a snapshot of every table. */
  public void startAnew() {
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
    connect.waitUntilRunning(name(), patience);
  }

  /**
   * Publishes the tables, and the one that asks for snapshots.
   *
   * @param all whether the connector's own snapshot reads all tables
   * @return tables whose rows nobody reads yet
   */
  private List<TableName> prepare(Connection source, boolean all) {
    List<SourceTable> present = present(source);
    Publication published = Publication.ensure(source, pipeline.withTables(present));
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
        SnapshotSignals.unknown(source, present.stream().map(SourceTable::name).toList());
    if (all) {
      SnapshotSignals.remember(source, unknown);
      return List.of();
    }
    for (TableName table : published.added()) {
      if (!unknown.contains(table)) {
        progress.accept(
            "Table %s was not published for a while, perhaps it was dropped and created again: './cdclake resnapshot %s' reads its rows and ends those that are gone"
                .formatted(table, table));
      }
    }
    return unknown;
  }

  /**
   * Returns the tables that the source has, and names the others.
   *
   * @throws CaptureException if it has none of them
   */
  private List<SourceTable> present(Connection source) {
    List<SourceTable> present = SourceCatalog.present(source, pipeline.tables());
    if (present.isEmpty()) {
      throw new CaptureException(
          "Cannot capture changes: database '%s' has none of the tables %s (expected those of the pipeline file). Create them, or correct their names."
              .formatted(pipeline.source().database(), names()));
    }
    for (SourceTable table : pipeline.tables()) {
      if (!present.contains(table)) {
        progress.accept(
            "Database '%s' has no table %s; the others are captured. Create it and run './cdclake up' again, or take it out of the pipeline file"
                .formatted(pipeline.source().database(), table.name()));
      }
    }
    return present;
  }

  private void register(Connection source) throws SQLException {
    List<FoundTable> tables = SourceCatalog.read(source, names());
    refuseWrongMasks(tables);
    TableTopics.prepare(pipeline, copies(pipeline), progress);
    Map<String, String> config =
        new LinkedHashMap<>(
            ConnectorConfig.render(
                pipeline, source.getMetaData().getDatabaseMajorVersion(), copies(pipeline)));
    config.putAll(ConnectorConfig.leftOut(tables));
    config.put(
        ConnectorConfig.HISTORY, SourceIdentity.read(source, pipeline.source().slot()).history());
    connect.register(name(), config);
  }

  /** Begins nothing that would let a value leave in clear which the pipeline file masks. */
  private void refuseWrongMasks(List<FoundTable> tables) {
    List<String> wrong = new ArrayList<>();
    for (SourceTable table : pipeline.tables()) {
      tables.stream()
          .filter(found -> found.name().equals(table.name()))
          .flatMap(found -> ConfiguredColumns.masks(table, found).stream())
          .forEach(
              finding ->
                  wrong.add(
                      "%s: %s %s".formatted(finding.subject(), finding.found(), finding.remedy())));
    }
    if (!wrong.isEmpty()) {
      throw new CaptureException(
          "Cannot capture changes: values would leave unmasked. " + String.join(" ", wrong));
    }
  }

  private Connection openSource() {
    return SourceDatabase.open(pipeline.source(), Secrets.known());
  }

  private List<TableName> names() {
    return pipeline.tables().stream().map(SourceTable::name).toList();
  }

  private String name() {
    return pipeline.connectorName();
  }

  /** Returns how many copies the topics get that we make. */
  public static int copies(Pipeline pipeline) {
    return pipeline.kafka().embedded() ? ONE_COPY : BROKER_DEFAULT;
  }
}
