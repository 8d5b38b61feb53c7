/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.capture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.TextForm;
import io.debezium.connector.postgresql.PgOid;
import io.debezium.connector.postgresql.UnchangedToastedReplicationMessageColumn;
import io.debezium.data.SpecialValueDecimal;
import io.debezium.relational.Column;
import io.debezium.relational.CustomConverterRegistry;
import io.debezium.relational.TableId;
import io.debezium.spi.converter.ConvertedField;
import io.debezium.spi.converter.CustomConverter;
import java.math.BigDecimal;
import java.sql.Date;
import java.sql.SQLException;
import java.sql.Types;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGStatement;
import org.postgresql.core.Oid;
import org.postgresql.geometric.PGbox;
import org.postgresql.geometric.PGpoint;
import org.postgresql.jdbc.TimestampUtils;
import org.postgresql.util.PGobject;

/** Columns go through Debezium's own registry of converters, as they do in the connector. */
class SourceTextTest {

  private static final TableId TABLE = new TableId(null, "public", "orders");
  private static final int OF_AN_EXTENSION = 16_400;
  private static final Column DATE = column(Oid.DATE, Types.DATE);

  @ParameterizedTest
  @ValueSource(
      ints = {Oid.INT4, Oid.TEXT, Oid.BYTEA, Oid.JSONB, Oid.TIMESTAMPTZ, Oid.UUID, Oid.INTERVAL})
  void typesThatDebeziumSendsExactlyAreLeftToIt(int type) {
    assertThat(schema(column(type, Types.OTHER))).isEmpty();
  }

  @Test
  void enumsAndHstoreAreLeftToDebezium() {
    assertThat(schema(column(OF_AN_EXTENSION, Types.VARCHAR))).isEmpty();
    assertThat(
            schema(Column.editor().name("c").type("hstore").nativeType(OF_AN_EXTENSION).create()))
        .isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {Oid.TIMETZ, Oid.VARBIT, Oid.POINT, PgOid.INET_OID, OF_AN_EXTENSION})
  void everyOtherTypeIsText(int type) {
    assertThat(schema(column(type, Types.OTHER)))
        .get()
        .extracting(Schema::name, Schema::type)
        .containsExactly(TextForm.TEXT, Schema.Type.STRING);
  }

  @Test
  void numberThatWasReadAsTheTypeOfToDayIsBroughtBack() {
    Column wasWhole = retyped(Oid.INT4, "numeric");

    assertThat(schema(wasWhole)).get().extracting(Schema::type).isEqualTo(Schema.Type.INT32);
    assertThat(convert(wasWhole, new SpecialValueDecimal(new BigDecimal("7")))).isEqualTo(7);
    assertThat(convert(wasWhole, null)).isNull();
    assertThat(convert(wasWhole.edit().optional(false).create(), null)).isEqualTo(0);
    assertThat(convert(retyped(Oid.INT8, "text"), "8")).isEqualTo(8L);
    assertThat(convert(retyped(Oid.FLOAT8, "numeric"), SpecialValueDecimal.NOT_A_NUMBER))
        .isEqualTo(Double.NaN);
    assertThat(convert(retyped(Oid.NUMERIC, "int8"), 9L)).isEqualTo("9");
    assertThat(schema(retyped(Oid.INT4, "serial"))).isEmpty();
    assertThat(schema(retyped(Oid.VARCHAR, "text"))).isEmpty();
    assertThat(schema(retyped(Oid.FLOAT4, "float8"))).isEmpty();
    assertThat(schema(retyped(Oid.INT4, "percent"))).isEmpty();
  }

  @Test
  void valueThatReadingAsTheTypeOfToDayMightChangeSaysSo() {
    for (Column column :
        List.of(
            retyped(Oid.TEXT, "int4"),
            retyped(Oid.TEXT, "_text"),
            retyped(Oid.INT4, "bool"),
            retyped(Oid.NUMERIC, "float8"),
            retyped(Oid.TIMESTAMP, "timestamptz"))) {
      assertThat(schema(column)).get().extracting(Schema::name).isEqualTo(TextForm.MISREAD);
      assertThat(convert(column, 12)).isEqualTo("12");
      assertThat(convert(column, null)).isNull();
    }
    assertThat(schema(retyped(Oid.TEXT, "jsonb"))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "0005-03-01,-0004-03-01",
    "0005-02-29,-0004-02-29",
    "0001-12-31,0000-12-31",
  })
  void dateBeforeChristKeepsItsEra(String read, LocalDate day) throws SQLException {
    Date date = new TimestampUtils(false, () -> null).toDate(null, read + " BC");

    assertThat(convert(DATE, date)).isEqualTo((int) day.toEpochDay());
  }

  @Test
  void datesAreDaysWhateverTheyAreReadAs() {
    assertThat(schema(DATE)).get().extracting(Schema::name).isEqualTo("io.debezium.time.Date");
    assertThat(convert(DATE, Date.valueOf("2026-11-21"))).isEqualTo(20_778);
    assertThat(convert(DATE, Date.valueOf("1500-03-01"))).isEqualTo(-171_605);
    assertThat(convert(DATE, LocalDate.of(2026, 11, 21))).isEqualTo(20_778);
    assertThat(convert(DATE, 20_778)).isEqualTo(20_778);
    assertThat(convert(DATE, null)).isNull();
    assertThat(convert(DATE, new Date(PGStatement.DATE_POSITIVE_INFINITY)))
        .isEqualTo(Integer.MAX_VALUE);
    assertThat(convert(DATE, new Date(PGStatement.DATE_NEGATIVE_INFINITY)))
        .isEqualTo(Integer.MIN_VALUE);
  }

  private static Column retyped(int type, String catalog) {
    return Column.editor().name("c").type(catalog).nativeType(type).jdbcType(Types.OTHER).create();
  }

  @Test
  void numericSaysItsDigits() {
    assertThat(parameters(numeric(10, 2)))
        .containsOnly(Map.entry(TextForm.PRECISION, "10"), Map.entry(TextForm.SCALE, "2"));
  }

  @Test
  void unboundedNumericSaysNoDigits() {
    assertThat(parameters(numeric(131_089, 0))).isNull();
    assertThat(parameters(numeric(0, 0))).isNull();
  }

  @Test
  void negativeScaleIsReadFromItsElevenBits() {
    assertThat(parameters(numeric(3, 2046))).containsEntry(TextForm.SCALE, "-2");
  }

  @Test
  void arraySaysWhatItsElementsAre() {
    assertThat(parameters(column(Oid.INT4_ARRAY, Types.ARRAY)))
        .containsExactly(Map.entry(TextForm.ELEMENT, "int4"));
    assertThat(parameters(column(OF_AN_EXTENSION, Types.ARRAY)))
        .containsExactly(Map.entry(TextForm.ELEMENT, "text"));
  }

  @Test
  void numbersKeepTheirDigits() {
    Column column = numeric(0, 0);

    assertThat(convert(column, new SpecialValueDecimal(new BigDecimal("1E+3")))).isEqualTo("1000");
    assertThat(convert(column, new SpecialValueDecimal(new BigDecimal("0.10")))).isEqualTo("0.10");
    assertThat(convert(column, SpecialValueDecimal.NOT_A_NUMBER)).isEqualTo("NaN");
    assertThat(convert(column, SpecialValueDecimal.NEGATIVE_INF)).isEqualTo("-Infinity");
  }

  @Test
  void nullIsNullAndUnchangedIsNot() {
    Column column = numeric(0, 0);

    assertThat(convert(column, null)).isNull();
    assertThat(convert(column, UnchangedToastedReplicationMessageColumn.UNCHANGED_TOAST_VALUE))
        .isEqualTo(TextForm.UNAVAILABLE);
    assertThat(
            convert(
                column, UnchangedToastedReplicationMessageColumn.UNCHANGED_INT_ARRAY_TOAST_VALUE))
        .isEqualTo(TextForm.UNAVAILABLE);
  }

  @Test
  void columnThatTakesNoNullIsUnavailableWhereTheLogHoldsTheKeyOnly() {
    assertThat(convert(numeric(0, 0).edit().optional(false).create(), null))
        .isEqualTo(TextForm.UNAVAILABLE);
  }

  @Test
  void shapesAreSpeltAsPostgresSpellsThem() throws SQLException {
    assertThat(convert(column(Oid.POINT, Types.OTHER), new PGpoint("(1,-2.5e-10)")))
        .isEqualTo("(1,-2.5e-10)");
    assertThat(convert(column(Oid.BOX, Types.OTHER), new PGbox("(10,1.05),(0,0)")))
        .isEqualTo("(10,1.05),(0,0)");
  }

  @Test
  void otherObjectsOfTheDriverAreTheirText() throws SQLException {
    PGobject range = new PGobject();
    range.setType("int4range");
    range.setValue("[1,3)");

    assertThat(convert(column(OF_AN_EXTENSION, Types.OTHER), range)).isEqualTo("[1,3)");
    assertThat(convert(column(OF_AN_EXTENSION, Types.OTHER), Map.of("a", "1")))
        .isEqualTo("\"a\"=>\"1\"");
  }

  @Test
  void defaultOfBitsComesAsBytes() {
    Column column = column(Oid.BIT, Types.BIT).edit().length(3).create();

    assertThat(convert(column, new byte[] {5})).isEqualTo("101");
    assertThat(convert(column, new byte[] {1})).isEqualTo("001");
  }

  private static Column column(int type, int jdbcType) {
    return Column.editor()
        .name("c")
        .type("t")
        .nativeType(type)
        .jdbcType(jdbcType)
        .optional(true)
        .create();
  }

  private static Column numeric(int length, int scale) {
    return column(Oid.NUMERIC, Types.NUMERIC).edit().length(length).scale(scale).create();
  }

  private static Optional<Schema> schema(Column column) {
    return registry().registerConverterFor(TABLE, column, null).map(SchemaBuilder::build);
  }

  private static Map<String, String> parameters(Column column) {
    return schema(column).orElseThrow().parameters();
  }

  private static Object convert(Column column, Object value) {
    CustomConverterRegistry registry = registry();
    registry.registerConverterFor(TABLE, column, null);
    return registry.getValueConverter(TABLE, column).orElseThrow().convert(value);
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static CustomConverterRegistry registry() {
    CustomConverter<SchemaBuilder, ConvertedField> converter = (CustomConverter) new SourceText();
    return new CustomConverterRegistry(List.of(converter));
  }
}
