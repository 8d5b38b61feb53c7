/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The forms are those that Debezium's {@code UnchangedToastedPlaceholder} makes, with {@code
 * hstore.handling.mode=json} and {@code binary.handling.mode=bytes}.
 */
class UnavailableValueTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TEXT = "__debezium_unavailable_value";
  private static final byte[] BYTES = TEXT.getBytes(StandardCharsets.UTF_8);

  private static final String STRING = "{\"type\":\"string\"}";
  private static final String BINARY = "{\"type\":\"bytes\"}";
  private static final String INTS = "{\"type\":\"array\",\"items\":{\"type\":\"int32\"}}";
  private static final String LONGS = "{\"type\":\"array\",\"items\":{\"type\":\"int64\"}}";
  private static final String STRINGS = "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}";
  private static final String DATES =
      "{\"type\":\"array\",\"items\":{\"type\":\"int32\",\"name\":\"io.debezium.time.Date\"}}";
  private static final String HSTORE =
      "{\"type\":\"map\",\"keys\":{\"type\":\"string\"},\"values\":{\"type\":\"string\"}}";

  @Test
  void textIsRecognised() {
    assertThat(isUnavailable('"' + TEXT + '"', STRING)).isTrue();
    assertThat(isUnavailable('"' + TEXT + '"', named("string", "io.debezium.data.Json"))).isTrue();
    assertThat(isUnavailable('"' + TEXT + '"', named("string", "io.debezium.data.Xml"))).isTrue();
  }

  @Test
  void byteaIsRecognisedByItsBytes() {
    assertThat(isUnavailable('"' + base64(BYTES) + '"', BINARY)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {INTS, LONGS, DATES})
  void arrayOfNumbersIsRecognisedByOneNumberPerByte(String type) {
    String numbers =
        IntStream.range(0, BYTES.length)
            .mapToObj(i -> String.valueOf(BYTES[i]))
            .collect(Collectors.joining(",", "[", "]"));

    assertThat(numbers).startsWith("[95,95,100");
    assertThat(isUnavailable(numbers, type)).isTrue();
  }

  @Test
  void arrayOfTextsIsRecognisedByItsOneElement() {
    assertThat(isUnavailable("[\"" + TEXT + "\"]", STRINGS)).isTrue();
  }

  @Test
  void arrayOfUuidsIsRecognisedByItsOneElement() {
    String uuid = UUID.nameUUIDFromBytes(BYTES).toString();

    assertThat(isUnavailable("[\"" + uuid + "\"]", STRINGS)).isTrue();
  }

  @Test
  void hstoreAsJsonIsRecognised() {
    String text = "{\\\"" + TEXT + "\\\":\\\"" + TEXT + "\\\"}";

    assertThat(isUnavailable('"' + text + '"', named("string", "io.debezium.data.Json"))).isTrue();
  }

  @Test
  void hstoreAsMapIsRecognised() {
    assertThat(isUnavailable("{\"%s\":\"%s\"}".formatted(TEXT, TEXT), HSTORE)).isTrue();
  }

  @Test
  void nullIsAValueOfItsOwn() {
    assertThat(isUnavailable("null", STRING)).isFalse();
    assertThat(isUnavailable("null", INTS)).isFalse();
    assertThat(isUnavailable("[null]", STRINGS)).isFalse();
  }

  @Test
  void textThatOnlyContainsThePlaceholderIsAValue() {
    assertThat(isUnavailable("\"" + TEXT + " \"", STRING)).isFalse();
    assertThat(isUnavailable("\"" + TEXT.substring(1) + "\"", STRING)).isFalse();
    assertThat(isUnavailable("\"\"", STRING)).isFalse();
  }

  @Test
  void textThatHappensToBeThePlaceholdersBase64IsAValue() {
    assertThat(isUnavailable('"' + base64(BYTES) + '"', STRING)).isFalse();
  }

  @Test
  void otherBytesAreAValue() {
    assertThat(isUnavailable('"' + base64(new byte[] {1, 2}) + '"', BINARY)).isFalse();
    assertThat(isUnavailable("\"no base64!\"", BINARY)).isFalse();
  }

  @Test
  void arrayOfTheSameLengthIsAValue() {
    int[] numbers = new int[BYTES.length];
    Arrays.fill(numbers, 95);

    assertThat(isUnavailable(Arrays.toString(numbers), INTS)).isFalse();
    assertThat(isUnavailable("[]", INTS)).isFalse();
    assertThat(isUnavailable("[95]", INTS)).isFalse();
  }

  @Test
  void arrayWithThePlaceholderAmongOthersIsAValue() {
    assertThat(isUnavailable("[\"%s\",\"%s\"]".formatted(TEXT, TEXT), STRINGS)).isFalse();
  }

  @Test
  void mapWithAnotherEntryIsAValue() {
    assertThat(isUnavailable("{\"%s\":\"%s\",\"a\":\"b\"}".formatted(TEXT, TEXT), HSTORE))
        .isFalse();
    assertThat(isUnavailable("{\"%s\":\"b\"}".formatted(TEXT), HSTORE)).isFalse();
  }

  private static boolean isUnavailable(String value, String type) {
    try (JsonParser parser = JSON.createParser(value.getBytes(StandardCharsets.UTF_8))) {
      parser.nextToken();
      boolean mayBe = UnavailableValue.mayBeAt(parser);
      boolean is = UnavailableValue.is(JSON.readTree(value), ColumnType.of(JSON.readTree(type)));
      assertThat(mayBe || !is).as("%s is looked at", value).isTrue();
      return is;
    } catch (IOException e) {
      throw new IllegalArgumentException(value, e);
    }
  }

  private static String named(String type, String name) {
    return "{\"type\":\"%s\",\"name\":\"%s\"}".formatted(type, name);
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }
}
