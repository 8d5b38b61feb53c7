/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cdclake.fixture.Changes;
import dev.cdclake.silver.ColumnType.UnreadableValueException;
import java.util.List;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.unsafe.types.UTF8String;
import org.junit.jupiter.api.Test;

class RowKeyTest {

  private static final Changes LINES = Changes.of("lines").column("line", "string");
  private static final EventSchema EVENT = EventSchema.of("RowKeyTest", LINES.schema());
  private static final SilverSchema SILVER =
      new SilverSchema(SilverSchema.initial(EVENT), List.of("line", "id"), true);

  @Test
  void keyIsDecodedInTheOrderOfTheTable() throws UnreadableValueException {
    assertThat(key(SILVER, "{\"id\":3,\"line\":\"a\"}")).containsExactly("a", 3);
  }

  @Test
  void keyIsWidenedToTheTypeOfTheTable() throws UnreadableValueException {
    EventSchema wide = EventSchema.of("RowKeyTest wide", LINES.column("id", "int64").schema());
    SilverSchema widened = new SilverSchema(SilverSchema.initial(wide), List.of("id"), true);

    assertThat(widened.columns().apply("id").dataType()).isEqualTo(DataTypes.LongType);
    assertThat(key(widened, "{\"id\":3}")).containsExactly(3L);
  }

  @Test
  void keyWithoutAColumnOfTheTableIsUnreadable() {
    assertThatThrownBy(() -> key(SILVER, "{\"id\":3}"))
        .isInstanceOf(UnreadableValueException.class)
        .hasMessage("The key has no column 'line'");
  }

  @Test
  void keyWithANullColumnIsUnreadable() {
    assertThatThrownBy(() -> key(SILVER, "{\"id\":null,\"line\":\"a\"}"))
        .isInstanceOf(UnreadableValueException.class)
        .hasMessage("The key has no column 'id'");
  }

  @Test
  void keyThatIsNotJsonIsUnreadable() {
    assertThatThrownBy(() -> key(SILVER, "{\"id\":"))
        .isInstanceOf(UnreadableValueException.class)
        .hasMessage("The key is not JSON");
  }

  @Test
  void columnsOfAKeyAreNamedInItsOrder() {
    assertThat(RowKey.columns("{\"b\":1,\"a\":2}")).containsExactly("b", "a");
    assertThat(RowKey.columns(null)).isEmpty();
  }

  @Test
  void keysThatDifferAreSpeltDifferently() {
    assertThat(RowKey.text(List.of("a", 12))).isNotEqualTo(RowKey.text(List.of("a1", 2)));
    assertThat(RowKey.text(List.of(new byte[] {1}))).isEqualTo("2:01");
    assertThat(RowKey.text(List.of(3))).isEqualTo(RowKey.text(List.of(3L)));
  }

  private static Object[] key(SilverSchema silver, String json) throws UnreadableValueException {
    return new EventLayout(EVENT, silver).key(UTF8String.fromString(json));
  }
}
