/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RoomTest {

  @Test
  void batchesShareWhatThereIs() {
    long free = Room.free();
    try (Room one = new Room();
        Room other = new Room()) {
      assertThat(one.take(free - 10)).isTrue();
      assertThat(other.take(10)).isTrue();
      assertThat(other.take(1)).isFalse();
      assertThat(other.isOver()).isTrue();
      assertThat(one.isOver()).isFalse();
    }
    assertThat(Room.free()).isEqualTo(free);
  }

  @Test
  void batchThatFoundNoRoomOnceStaysWithout() {
    try (Room batch = new Room()) {
      try (Room other = new Room()) {
        other.take(Room.free());
        assertThat(batch.take(1)).isFalse();
      }
      assertThat(batch.take(1)).isFalse();
    }
  }
}
