/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.contract.LakeTable;
import dev.cdclake.contract.Layer;
import dev.cdclake.contract.Pipeline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DataOperations;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotChanges;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.data.parquet.GenericParquetReaders;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.parquet.Parquet;
import org.apache.iceberg.util.SnapshotUtil;

/**
 * Watches in which snapshot each timed row arrives. It reads the files that a snapshot added soon
 * after its commit, because a running line puts small files together and lets snapshots go.
 *
 * <p>Snapshots that only replace files are passed over. A gold model that is made anew adds rows
 * that were there before: of a row's arrivals the first one counts.
 */
final class ArrivalWatch implements AutoCloseable {

  private static final long EVERY_MILLIS = 2_000;

  private final LakeCatalog catalog;
  private final List<Place> places;
  private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
  private final Future<?> looks;

  /**
   * A timed row in a table.
   *
   * @param committed when the source committed it, milliseconds since 1970
   * @param begun when bronze began to read it, the same; 0 elsewhere
   * @param visible when a snapshot first had it, the same
   */
  record Arrival(long committed, long begun, long visible) {}

  /** A table in which timed rows arrive, and the names of its columns. */
  private static final class Place {

    private final LakeTable name;
    private final String id;
    private final String committedAt;
    private final Map<Long, Arrival> arrivals = new TreeMap<>();
    private long seen;

    Place(LakeTable name, String id, String committedAt) {
      this.name = name;
      this.id = id;
      this.committedAt = committedAt;
    }

    boolean isBronze() {
      return name.layer() == Layer.BRONZE;
    }
  }

  private ArrivalWatch(Pipeline pipeline) {
    var pings = pipeline.tables().get(pipeline.tables().size() - 1);
    this.catalog = LakeCatalog.open(pipeline.profile());
    this.places =
        List.of(
            new Place(pipeline.bronze(pings), ChangeColumns.KEY, ChangeColumns.COMMITTED_AT),
            new Place(pipeline.silver(pings), "id", ChangeColumns.COMMITTED_AT),
            new Place(pipeline.gold(Models.ARRIVALS), "id", "committed_at"));
    this.looks =
        thread.scheduleWithFixedDelay(
            this::look, EVERY_MILLIS, EVERY_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Begins to watch. */
  static ArrivalWatch start(Pipeline pipeline) {
    return new ArrivalWatch(pipeline);
  }

  /**
   * Returns how many timed rows gold has.
   *
   * @throws BenchException if the watch cannot go on
   */
  long inGold() {
    if (looks.isDone()) {
      try {
        looks.get();
      } catch (ExecutionException e) {
        throw new BenchException("Cannot watch rows arrive: " + e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    synchronized (this) {
      return places.get(places.size() - 1).arrivals.size();
    }
  }

  /**
   * Returns the milliseconds from the commit in the source on, by layer in flow order, of the timed
   * rows that arrived.
   *
   * @param first the first row that counts
   * @param last the last one
   */
  synchronized Map<String, List<Long>> delays(long first, long last) {
    Map<String, List<Long>> delays = new LinkedHashMap<>();
    for (Place place : places) {
      if (place.isBronze()) {
        delays.put("bronze's input", new ArrayList<>());
      }
      delays.put(place.name.layer().label(), new ArrayList<>());
      for (Map.Entry<Long, Arrival> timed : place.arrivals.entrySet()) {
        if (timed.getKey() >= first && timed.getKey() <= last) {
          Arrival arrival = timed.getValue();
          if (place.isBronze()) {
            delays.get("bronze's input").add(arrival.begun() - arrival.committed());
          }
          delays.get(place.name.layer().label()).add(arrival.visible() - arrival.committed());
        }
      }
    }
    return delays;
  }

  private synchronized void look() {
    for (Place place : places) {
      catalog.find(place.name.database(), place.name.name()).ifPresent(table -> look(place, table));
    }
  }

  private static void look(Place place, Table table) {
    List<Snapshot> unseen = new ArrayList<>();
    for (Snapshot snapshot : SnapshotUtil.currentAncestors(table)) {
      if (snapshot.sequenceNumber() > place.seen) {
        unseen.add(0, snapshot);
      }
    }
    for (Snapshot snapshot : unseen) {
      if (!DataOperations.REPLACE.equals(snapshot.operation())) {
        SnapshotChanges changes = SnapshotChanges.builderFor(table).snapshot(snapshot).build();
        for (DataFile file : changes.addedDataFiles()) {
          read(place, table, file, snapshot.timestampMillis());
        }
      }
      place.seen = snapshot.sequenceNumber();
    }
  }

  private static void read(Place place, Table table, DataFile file, long visible) {
    Schema wanted =
        place.isBronze()
            ? table.schema().select(place.id, place.committedAt, ChangeColumns.PROCESSED_AT)
            : table.schema().select(place.id, place.committedAt);
    try (CloseableIterable<Record> rows =
        Parquet.read(table.io().newInputFile(file.location()))
            .project(wanted)
            .createReaderFunc(schema -> GenericParquetReaders.buildReader(wanted, schema))
            .build()) {
      for (Record row : rows) {
        place.arrivals.putIfAbsent(
            id(row.getField(place.id)),
            new Arrival(
                millis(row.getField(place.committedAt)),
                place.isBronze() ? millis(row.getField(ChangeColumns.PROCESSED_AT)) : 0,
                visible));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Bronze has the key of a row as JSON. */
  private static long id(Object value) {
    try {
      return value instanceof Long number
          ? number
          : Json.MAPPER.readTree((String) value).path("id").asLong();
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long millis(Object moment) {
    return ((OffsetDateTime) moment).toInstant().toEpochMilli();
  }

  @Override
  public void close() {
    thread.shutdownNow();
    catalog.close();
  }
}
