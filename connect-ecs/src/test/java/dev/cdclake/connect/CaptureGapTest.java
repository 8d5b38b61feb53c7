/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.PipelineText;
import dev.cdclake.connect.CaptureGap.Code;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.source.SourceIdentity;
import dev.cdclake.source.SourceIdentity.Slot;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CaptureGapTest {

  private static final Pipeline PIPELINE =
      PipelineText.read(
          """
          project: shop
          source: {host: localhost, database: shop, epoch: 3}
          tables: [{name: orders}]
          """);

  private static final Optional<Slot> SLOT = Optional.of(new Slot(false));
  private static final SourceIdentity THEN = new SourceIdentity("7", 1, 0x2_0000_0010L, SLOT);
  private static final Map<String, String> REGISTERED =
      Map.of(ConnectorConfig.HISTORY, THEN.history(), ConnectorConfig.EPOCH, "3");
  private static final Optional<Long> CAPTURED = Optional.of(0x2_0000_0000L);

  @Test
  void captureGoesOnWhereItWas() {
    assertThat(gap(THEN)).isEmpty();
  }

  @Test
  void captureThatNeverBeganBegins() {
    assertThat(CaptureGap.find(PIPELINE, THEN, Optional.empty(), Optional.empty(), false))
        .isEmpty();
  }

  @Test
  void lostOffsetsAreAGapOnceThereAreEvents() {
    CaptureGap gap =
        CaptureGap.find(PIPELINE, THEN, Optional.of(REGISTERED), Optional.empty(), true)
            .orElseThrow();

    assertThat(gap.code()).isEqualTo(Code.OFFSETS_LOST);
    assertThat(gap.needsNewEpoch()).isFalse();
    assertThat(gap.message()).contains("resnapshot --all");
  }

  @Test
  void anotherServerOrTimelineNeedsANewEpoch() {
    for (SourceIdentity now :
        new SourceIdentity[] {
          new SourceIdentity("8", 1, THEN.lsn(), SLOT), new SourceIdentity("7", 2, THEN.lsn(), SLOT)
        }) {
      CaptureGap gap = gap(now).orElseThrow();

      assertThat(gap.code()).isEqualTo(Code.SOURCE_CHANGED);
      assertThat(gap.needsNewEpoch()).isTrue();
      assertThat(gap.message()).contains("Raise source.epoch to 4");
    }
  }

  @Test
  void logThatEndsBeforeWhatWasCapturedNeedsANewEpoch() {
    CaptureGap gap = gap(new SourceIdentity("7", 1, 0x1_FFFF_FFFFL, SLOT)).orElseThrow();

    assertThat(gap.code()).isEqualTo(Code.LOG_WENT_BACK);
    assertThat(gap.needsNewEpoch()).isTrue();
    assertThat(gap.message()).contains("ends at 1/FFFFFFFF", "2/0 or more");
  }

  @Test
  void slotThatIsGoneOrInvalidatedIsAGap() {
    CaptureGap gone = gap(new SourceIdentity("7", 1, THEN.lsn(), Optional.empty())).orElseThrow();
    CaptureGap lost =
        gap(new SourceIdentity("7", 1, THEN.lsn(), Optional.of(new Slot(true)))).orElseThrow();

    assertThat(gone.code()).isEqualTo(Code.SLOT_LOST);
    assertThat(gone.message()).contains("does not exist");
    assertThat(lost.code()).isEqualTo(Code.SLOT_LOST);
    assertThat(lost.message()).contains("was invalidated by the server");
  }

  @Test
  void anotherEpochThanTheOneThatIsCapturedIsAGap() {
    CaptureGap gap =
        CaptureGap.find(
                PIPELINE, THEN, Optional.of(Map.of(ConnectorConfig.EPOCH, "2")), CAPTURED, true)
            .orElseThrow();

    assertThat(gap.code()).isEqualTo(Code.EPOCH_CHANGED);
    assertThat(gap.message()).contains("source.epoch is 3", "epoch 2, which is being captured");
  }

  private static Optional<CaptureGap> gap(SourceIdentity now) {
    return CaptureGap.find(PIPELINE, now, Optional.of(REGISTERED), CAPTURED, true);
  }
}
