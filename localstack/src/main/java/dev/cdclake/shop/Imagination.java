/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.UUID;
import net.datafaker.Faker;

/** Invents people, products and texts. Equal random sources invent the same ones. */
final class Imagination {

  private static final List<String> CATEGORIES =
      List.of("books", "electronics", "garden", "home", "sports", "toys");
  private static final List<String> METHODS =
      List.of("card", "card", "card", "paypal", "paypal", "bank_transfer", "gift_card");
  private static final List<String> INTERESTS =
      List.of("bargains", "cooking", "cycling", "games", "music", "news", "reading", "travel");
  private static final List<String> NOTES =
      List.of("Please ring twice.", "Leave it with the neighbour.", "It is a present.", "No rush.");

  private final Random random;
  private final Faker faker;

  Imagination(Random random) {
    this.random = random;
    this.faker = new Faker(Locale.ENGLISH, random);
  }

  NewUser user(long id, OffsetDateTime createdAt, boolean verified) {
    String fullName = faker.name().fullName();
    return new NewUser(
        id,
        email(id, fullName),
        fullName,
        address(),
        tags(),
        verified,
        createdAt,
        random.nextInt(10) < 4 ? about() : null);
  }

  String email(long id, String fullName) {
    String name = fullName.toLowerCase(Locale.ROOT).replaceAll("[^a-z]+", ".");
    return "%s.%d@example.%s".formatted(name, id, random.nextBoolean() ? "com" : "org");
  }

  String address() {
    return object()
        .put("street", faker.address().streetAddress())
        .put("city", faker.address().city())
        .put("postcode", faker.address().zipCode())
        .put("country", faker.address().countryCode())
        .toString();
  }

  private List<String> tags() {
    List<String> tags = new ArrayList<>(INTERESTS);
    tags.removeIf(tag -> random.nextInt(4) > 0);
    return tags;
  }

  /** Long enough, and random enough, to be stored out of line. */
  String about() {
    return "%s\n\nMy public key:\n%s".formatted(faker.lorem().paragraph(4), noise(6_500, 9_000));
  }

  NewProduct product(int stock) {
    String name = faker.commerce().productName();
    double price = Math.exp(2 + 3 * random.nextDouble());
    return new NewProduct(
        uuid(),
        name,
        pick(CATEGORIES),
        BigDecimal.valueOf(price).setScale(2, RoundingMode.HALF_UP),
        stock,
        object()
            .put("colour", faker.color().name())
            .put("material", faker.commerce().material())
            .put("grams", 50 + random.nextInt(5_000))
            .toString(),
        random.nextBoolean() ? description(name) : "%s. Nothing more to say.".formatted(name));
  }

  private String description(String name) {
    return "%s. %s\n\nData sheet:\n%s"
        .formatted(name, faker.lorem().paragraph(6), noise(7_000, 12_000));
  }

  String paymentMethod() {
    return pick(METHODS);
  }

  String note() {
    return random.nextInt(5) == 0 ? pick(NOTES) : null;
  }

  UUID uuid() {
    // The marks of a random UUID: version 4, variant 2.
    long high = (random.nextLong() & ~0xF000L) | 0x4000L;
    long low = (random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
    return new UUID(high, low);
  }

  <T> T pick(List<T> values) {
    return values.get(random.nextInt(values.size()));
  }

  /** PostgreSQL compresses words well; only noise stays long. */
  private String noise(int leastBytes, int mostBytes) {
    byte[] bytes = new byte[random.nextInt(leastBytes, mostBytes)];
    random.nextBytes(bytes);
    return Base64.getMimeEncoder().encodeToString(bytes);
  }

  private static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }
}
