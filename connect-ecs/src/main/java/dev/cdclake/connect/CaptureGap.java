/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.source.SourceIdentity;
import java.util.Map;
import java.util.Optional;

/**
 * Why capture must not go on by itself: changes are lost, or the source went back in time.
 *
 * @param code what was found
 * @param message what was found, what was expected, what to do
 */
public record CaptureGap(Code code, String message) {

  /** The ways in which capture loses its place. */
  public enum Code {
    /** The source is another server, or went on in another timeline. */
    SOURCE_CHANGED,
    /** The source's log ends before what was captured of it. */
    LOG_WENT_BACK,
    /** The replication slot is gone or was invalidated. */
    SLOT_LOST,
    /** Kafka Connect no longer knows how far it had captured. */
    OFFSETS_LOST,
    /** The pipeline file names another epoch than the one that is being captured. */
    EPOCH_CHANGED
  }

  /** Whether positions of the source's log begin to count anew, so that they need a new epoch. */
  public boolean needsNewEpoch() {
    return code == Code.SOURCE_CHANGED || code == Code.LOG_WENT_BACK;
  }

  /**
   * Compares the source with what was captured of it.
   *
   * @param now the source as it is
   * @param registered the connector's configuration; empty before the first start
   * @param captured the position up to which the connector has captured, if it knows one
   * @param topicsHaveEvents whether anything of the pipeline's tables was ever captured
   */
  public static Optional<CaptureGap> find(
      Pipeline pipeline,
      SourceIdentity now,
      Optional<Map<String, String>> registered,
      Optional<Long> captured,
      boolean topicsHaveEvents) {
    if (captured.isEmpty()) {
      return topicsHaveEvents
          ? gap(
              Code.OFFSETS_LOST,
              "Kafka Connect does not know how far it had captured",
              "the offset of connector '%s'".formatted(pipeline.connectorName()),
              RESNAPSHOT)
          : Optional.empty();
    }
    Map<String, String> known = registered.orElse(Map.of());
    String history = known.getOrDefault(ConnectorConfig.HISTORY, now.history());
    int next = pipeline.source().epoch() + 1;
    String raise =
        "Raise source.epoch to %d, then run './cdclake resnapshot --all'".formatted(next);
    String epoch =
        known.getOrDefault(ConnectorConfig.EPOCH, String.valueOf(pipeline.source().epoch()));
    if (!epoch.equals(String.valueOf(pipeline.source().epoch()))) {
      return gap(
          Code.EPOCH_CHANGED,
          "source.epoch is %d".formatted(pipeline.source().epoch()),
          "epoch %s, which is being captured".formatted(epoch),
          RESNAPSHOT);
    }
    if (!history.equals(now.history())) {
      return gap(
          Code.SOURCE_CHANGED,
          "the source is server %s in timeline %d".formatted(now.system(), now.timeline()),
          "server and timeline %s: it was restored, or another server was promoted"
              .formatted(history),
          raise);
    }
    if (Long.compareUnsigned(now.lsn(), captured.get()) < 0) {
      return gap(
          Code.LOG_WENT_BACK,
          "the source's log ends at %s".formatted(text(now.lsn())),
          "%s or more, which was captured: an older copy was restored"
              .formatted(text(captured.get())),
          raise);
    }
    if (now.slot().isEmpty() || now.slot().get().lost()) {
      return gap(
          Code.SLOT_LOST,
          "replication slot '%s' %s"
              .formatted(
                  pipeline.source().slot(),
                  now.slot().isEmpty() ? "does not exist" : "was invalidated by the server"),
          "the slot that held the log from %s on".formatted(text(captured.get())),
          RESNAPSHOT);
    }
    return Optional.empty();
  }

  private static final String RESNAPSHOT = "Run './cdclake resnapshot --all'";

  private static Optional<CaptureGap> gap(Code code, String found, String expected, String remedy) {
    return Optional.of(
        new CaptureGap(
            code,
            ("Cannot capture changes: %s (expected %s). %s: it reads the tables anew, and rows that"
                    + " are gone end. (%s)")
                .formatted(found, expected, remedy, code)));
  }

  private static String text(long lsn) {
    return "%X/%X".formatted(lsn >>> 32, lsn & 0xFFFFFFFFL);
  }
}
