/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import dev.cdclake.contract.Maintenance.Retention;
import dev.cdclake.contract.Profile.Catalog;
import dev.cdclake.contract.Profile.Ports;
import dev.cdclake.contract.SourceTable.OnDelete;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Turns {@code pipeline.yaml} into a {@link Pipeline}, reporting all problems with their lines. */
final class PipelineFile {

  private static final Pattern NOUN = Pattern.compile("[a-z][a-z0-9_]*");
  private static final Pattern TOPIC_PREFIX = Pattern.compile("[A-Za-z0-9_-]+");
  private static final Pattern SLOT = Pattern.compile("[a-z0-9_]{1,63}");
  private static final Pattern LAKE_NAME = Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N}_]*");

  /** As the Glue Data Catalog and Athena have names. */
  private static final Pattern GLUE_NAME = Pattern.compile("[a-z0-9_]{1,255}");

  private final Path home;

  private PipelineFile(Path home) {
    this.home = home;
  }

  static Pipeline read(Path file, String environment, String profile) {
    Path home = file.toAbsolutePath().normalize().getParent();
    return YamlFile.read(
        file,
        "Write one with './cdclake init', or name it with --pipeline.",
        root -> new PipelineFile(home).pipeline(root, environment, profile));
  }

  private Pipeline pipeline(YamlSection root, String environment, String profileName) {
    String project =
        root.matching(
            "project",
            root.required("project", "a name such as cdc_demo"),
            NOUN,
            "lower-case letters, digits and _");
    Profile profile = profile(root, profileName);
    Source source = source(root.section("source"), project, profile.ports());
    Kafka kafka = kafka(root.section("kafka"), project, profile.ports());
    List<SourceTable> tables = tables(root, profile.catalog());
    Gold gold = gold(root.section("gold"));
    Maintenance maintenance =
        maintenance(root.section("maintenance"), retention(root.section("retention")));
    environment(root, environment);
    root.finish();
    return new Pipeline(project, environment, source, kafka, tables, gold, maintenance, profile);
  }

  private Source source(YamlSection section, String project, Ports ports) {
    boolean embedded = !section.has("host");
    if (embedded) {
      for (String key : List.of("port", "user", "password")) {
        if (section.has(key)) {
          section.problem(
              key,
              "is given without source.host (expected a host, or nothing: then the"
                  + " embedded PostgreSQL is used)");
        }
      }
    }
    Source source =
        new Source(
            embedded,
            section.word("host", "localhost"),
            section.number("port", embedded ? ports.postgres() : 5432, 1, 65535),
            section.word("database", project),
            section.word("user", "postgres"),
            section.secret("password", "CDCLAKE_SOURCE_PASSWORD"),
            section.word("ssl-mode", embedded ? "disable" : "prefer"),
            section.matching(
                "publication",
                section.word("publication", project),
                SLOT,
                "lower-case letters, digits and _"),
            section.matching(
                "slot", section.word("slot", project), SLOT, "lower-case letters, digits and _"),
            section.number("epoch", 1, 1, Integer.MAX_VALUE));
    section.finish();
    return source;
  }

  private Kafka kafka(YamlSection section, String project, Ports ports) {
    boolean embedded = !section.has("bootstrap");
    boolean connectEmbedded = !section.has("connect");
    if (embedded && !connectEmbedded) {
      section.problem(
          "connect",
          "is given without kafka.bootstrap (expected the Kafka that this Connect uses)");
    }
    Kafka kafka =
        new Kafka(
            embedded,
            section.word("bootstrap", "localhost:" + ports.kafka()),
            connectEmbedded,
            section.word("connect", "http://localhost:" + ports.connect()),
            section.matching(
                "topic-prefix",
                section.word("topic-prefix", project),
                TOPIC_PREFIX,
                "letters, digits, _ and -"),
            section.number("partitions", 1, 1, 10_000),
            section.bytes("max-message", 16 << 20, 1 << 20, 512 << 20),
            section.properties("properties"));
    section.finish();
    return kafka;
  }

  private List<SourceTable> tables(YamlSection root, Catalog catalog) {
    List<SourceTable> tables = new ArrayList<>();
    Map<String, TableName> byLakeName = new HashMap<>();
    Map<String, TableName> byTopicName = new HashMap<>();
    List<YamlSection> sections = root.sections("tables");
    for (YamlSection section : sections) {
      TableName name = TableName.parse(section.required("name", "schema.table"));
      if (name.toString().contains("\"")) {
        section.problem("name", "'%s' has a double quote, at which Debezium stops".formatted(name));
      }
      String lakeName =
          section.matching(
              "as",
              section.word("as", name.lakeName()),
              LAKE_NAME,
              "letters, digits and _, not beginning with _");
      if (catalog == Catalog.GLUE && !GLUE_NAME.matcher(lakeName).matches()) {
        section.problem(
            section.has("as") ? "as" : "name",
            "makes the lake's table '%s' (expected lower-case letters, digits and _, for the Glue Data Catalog takes no others; give it another name with 'as')"
                .formatted(lakeName));
      }
      // Engines that read the lake take names that differ only by case for the same one.
      TableName other = byLakeName.put(lakeName.toLowerCase(Locale.ROOT), name);
      if (name.equals(other)) {
        section.problem("name", "lists '" + name + "' a second time");
      } else if (other != null) {
        section.problem(
            "name",
            "'%s' and '%s' would both be '%s' in the lake (give one of them another name with 'as')"
                .formatted(other, name, lakeName));
      }
      TableName neighbour = byTopicName.put(name.topicName(), name);
      if (neighbour != null && !neighbour.equals(name)) {
        section.problem(
            "name",
            "'%s' and '%s' would share the topic '…%s', in which Debezium writes '_' for other characters"
                .formatted(neighbour, name, name.topicName()));
      }
      List<String> key = section.words("key");
      tables.add(
          new SourceTable(
              name,
              lakeName,
              key,
              renames(section, key),
              section.choice("on-delete", OnDelete.class, OnDelete.KEEP),
              QualitySection.expectations(section.section("expect")),
              QualitySection.checks(section.section("checks")),
              QualitySection.masks(section.section("mask"))));
      section.finish();
    }
    refuseUnknownReferences(sections, tables);
    if (tables.isEmpty()) {
      root.problem("tables", "is missing or empty (expected at least one '- name: schema.table')");
    }
    return tables;
  }

  /**
   * Refuses what events could not tell apart: two columns that meet in one, and names that swap.
   */
  private static Map<String, String> renames(YamlSection table, List<String> key) {
    YamlSection section = table.section("renames");
    Map<String, String> renames = new LinkedHashMap<>();
    for (String earlier : section.keys()) {
      renames.put(earlier, section.required(earlier, "the name that followed"));
    }
    Map<String, String> earlierNames = new HashMap<>();
    renames.forEach(
        (earlier, later) -> {
          String other = earlierNames.put(later, earlier);
          if (other != null && !later.isEmpty()) {
            section.problem(
                earlier,
                "and '%s' both become '%s' (expected one earlier name for a column)"
                    .formatted(other, later));
          } else if (leadsBack(earlier, renames)) {
            section.problem(
                earlier,
                "leads back to itself (expected names that do not come back: events before and after"
                    + " such a rename look the same; './cdclake resnapshot' reads the table anew)");
          }
          if (key.contains(earlier)) {
            section.problem(
                earlier,
                "is named in 'key' by its earlier name (expected '%s' there)".formatted(later));
          }
        });
    return renames;
  }

  private static boolean leadsBack(String column, Map<String, String> renames) {
    String name = column;
    for (int steps = 0; steps < renames.size() && renames.containsKey(name); steps++) {
      name = renames.get(name);
      if (name.equals(column)) {
        return true;
      }
    }
    return false;
  }

  private static void refuseUnknownReferences(
      List<YamlSection> sections, List<SourceTable> tables) {
    Set<String> lakeNames =
        tables.stream().map(SourceTable::lakeName).collect(Collectors.toCollection(TreeSet::new));
    for (int i = 0; i < tables.size(); i++) {
      if (!tables.get(i).checks().references().isEmpty()) {
        QualitySection.refuseUnknownTables(
            sections.get(i).section("checks"), tables.get(i).checks(), lakeNames);
      }
    }
  }

  private Gold gold(YamlSection section) {
    Gold gold =
        new Gold(
            home.resolve(section.word("models", "sql/gold")).normalize(),
            section.duration("refresh-every", Duration.ofSeconds(10)));
    section.finish();
    return gold;
  }

  private Retention retention(YamlSection section) {
    Duration day = Duration.ofDays(1);
    Duration quarter = Duration.ofDays(90);
    Retention retention =
        new Retention(
            section.durationOrForever("bronze", Duration.ofDays(30), day),
            section.durationOrForever("tombstones", quarter, day),
            section.durationOrForever("rejected", quarter, day),
            section.duration("snapshots", Duration.ofDays(3)));
    if (outlives(retention.rejected(), retention.tombstones())) {
      section.problem(
          section.has("rejected") ? "rejected" : "tombstones",
          "keeps rejected rows longer than tombstones (expected no longer: a replayed old event"
              + " could bring back a row whose tombstone is gone)");
    }
    section.finish();
    return retention;
  }

  private static boolean outlives(Optional<Duration> one, Optional<Duration> other) {
    return other.isPresent() && (one.isEmpty() || one.get().compareTo(other.get()) > 0);
  }

  private Maintenance maintenance(YamlSection section, Retention retention) {
    Maintenance maintenance =
        new Maintenance(
            retention,
            section.choice("while-running", Answer.class, Answer.YES) == Answer.YES,
            section.number("small-files", 40, 2, 100_000),
            section.number("snapshots", 500, 10, 100_000),
            (long) section.number("file-megabytes", 128, 1, 10_000) << 20,
            section.duration("longest-query", Duration.ofHours(1)),
            section.durationOrForever("orphans", Duration.ofDays(3), Duration.ofDays(1)));
    section.finish();
    return maintenance;
  }

  /** An answer in the file. */
  private enum Answer {
    YES,
    NO
  }

  private void environment(YamlSection root, String environment) {
    YamlSection section = root.section("environments");
    for (String name : section.keys()) {
      section.section(name).finish();
    }
    if (root.has("environments") && !section.has(environment)) {
      root.problem("environments", "has no environment '" + environment + "'");
    }
  }

  private Profile profile(YamlSection root, String wanted) {
    YamlSection section = root.section("profiles");
    Profile chosen = null;
    for (String name : section.keys()) {
      Profile profile = profile(name, section.section(name));
      chosen = name.equals(wanted) ? profile : chosen;
    }
    if (chosen != null) {
      return chosen;
    }
    if (root.has("profiles") && !wanted.equals(Profile.AWS)) {
      root.problem("profiles", "has no profile '" + wanted + "'");
    }
    return profile(wanted, root.section("profiles").section(wanted));
  }

  /** Beside Glue's own version check another lock would let Athena overwrite commits. */
  private static void refuseLocks(Catalog catalog, YamlSection properties) {
    for (String key : properties.keys()) {
      if (catalog == Catalog.GLUE && key.startsWith("lock")) {
        properties.problem(
            key,
            "locks tables (expected nothing: Glue refuses a commit that is not based on the newest version, and Athena knows no other lock)");
      }
    }
  }

  private Profile profile(String name, YamlSection section) {
    YamlSection ports = section.section("ports");
    Path state = home.resolve(section.word("state", ".cdclake")).normalize();
    String warehouse = section.word("warehouse", state.resolve("warehouse").toString());
    Catalog catalog =
        section.choice(
            "catalog", Catalog.class, name.equals(Profile.AWS) ? Catalog.GLUE : Catalog.JDBC);
    refuseLocks(catalog, section.section("properties"));
    Profile profile =
        new Profile(
            name,
            catalog,
            warehouse.contains(":/") ? warehouse : home.resolve(warehouse).normalize().toString(),
            section.properties("properties"),
            state,
            new Ports(
                ports.number("postgres", 15432, 1, 65535),
                ports.number("kafka", 19092, 1, 65535),
                ports.number("controller", 19093, 1, 65535),
                ports.number("connect", 18083, 1, 65535)));
    ports.finish();
    section.finish();
    return profile;
  }
}
