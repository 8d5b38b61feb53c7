/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

import static java.util.stream.Collectors.joining;

import dev.cdclake.contract.Source;
import dev.cdclake.contract.SourceTable;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Writes the first pipeline file for a database that exists.
 *
 * <p>In come the source and the tables found in it; out comes the text of a {@code pipeline.yaml}
 * that {@code Pipeline.read} accepts as it stands. Tables that cannot be captured are kept as
 * comments that say why.
 */
public final class PipelineDraft {

  private static final int PROJECT_LENGTH = 48;

  private final Source source;
  private final Set<String> lakeNames = new HashSet<>();
  private final StringBuilder text = new StringBuilder();

  private PipelineDraft(Source source) {
    this.source = source;
  }

  /**
   * Renders the text.
   *
   * @param source its publication and slot are left to their defaults, which follow the project
   * @throws SourceException when no table can be captured, for such a file would not be accepted
   */
  public static String render(Source source, List<FoundTable> tables) {
    if (tables.stream().noneMatch(table -> obstacle(table).isEmpty())) {
      throw new SourceException(
          ("Cannot draft a pipeline file for database '%s': %d tables found, none can"
                  + " be captured (expected at least one logged table that role '%s' can see)."
                  + " Create one, or name another database.")
              .formatted(source.database(), tables.size(), source.user()));
    }
    PipelineDraft draft = new PipelineDraft(source);
    draft.header();
    tables.forEach(draft::table);
    return draft.text.toString();
  }

  /** Returns the project that a database's lake is named after. */
  static String project(String database) {
    String name = database.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_]", "_");
    String noun = name.matches("[a-z].*") ? name : "db_" + name;
    return noun.substring(0, Math.min(noun.length(), PROJECT_LENGTH));
  }

  private void header() {
    line("# What this pipeline is. Drafted by './cdclake init'; check the tables, then run");
    line(
        "# './cdclake doctor'. Every setting, with its default, is described in docs/pipeline.md.");
    line("project: " + project(source.database()));
    line("");
    line("source:");
    line("  host: " + quote(source.host()));
    line("  port: " + source.port());
    line("  database: " + quote(source.database()));
    line("  user: " + quote(source.user()));
    line("  # The password itself stays in the environment.");
    line("  password: " + quote(source.password().toString()));
    line("  ssl-mode: " + quote(source.sslMode()));
    line("");
    line("tables:");
  }

  private void table(FoundTable table) {
    String obstacle = obstacle(table);
    line("");
    line("  # %s, %s.".formatted(table.kind().label(), rows(table.estimatedRows())));
    for (SourceColumn column : table.columns()) {
      line("  #   " + column(column, table.primaryKey()));
    }
    if (!obstacle.isEmpty()) {
      line("  # Left out: %s.".formatted(obstacle));
      line("  # - name: " + quote(table.name().toString()));
      return;
    }
    line("  - name: " + quote(table.name().toString()));
    String proposed = SourceTable.of(table.name()).lakeName();
    String lakeName = lakeName(proposed);
    if (!lakeName.equals(proposed)) {
      line("    as: " + quote(lakeName));
    }
    key(table);
  }

  private void key(FoundTable table) {
    if (!table.primaryKey().isEmpty()) {
      line(
          "    # Key: the primary key (%s)."
              .formatted(plain(String.join(", ", table.primaryKey()))));
      return;
    }
    String example =
        table.replicaIdentity() == ReplicaIdentity.INDEX && !table.identityColumns().isEmpty()
            ? table.identityColumns().stream().map(PipelineDraft::quote).collect(joining(", "))
            : "column";
    line("    # No primary key: updates and deletes need REPLICA IDENTITY FULL, and find");
    line("    # their row by all its values; or name the columns that identify a row:");
    line("    # key: [%s]".formatted(example));
  }

  private static String obstacle(FoundTable table) {
    if (!table.isCapturable()) {
      return "PostgreSQL does not publish the changes of %s".formatted(table.kind().label());
    }
    if (table.name().toString().contains("\"")) {
      return "Debezium stops at a name with a double quote";
    }
    if (table.name().schema().contains(".")) {
      return "a schema's name with a dot in it cannot be written here";
    }
    return "";
  }

  /** Finds a name that the lake accepts and no other table of the draft has. */
  private String lakeName(String proposed) {
    String noun = proposed.startsWith("_") ? "t" + proposed : proposed;
    String name = noun;
    for (int i = 2; !lakeNames.add(name); i++) {
      name = noun + "_" + i;
    }
    return name;
  }

  private static String rows(long estimate) {
    if (estimate < 0) {
      return "row count unknown (run ANALYZE to learn it)";
    }
    return "about %,d rows".formatted(estimate);
  }

  private static String column(SourceColumn column, List<String> primaryKey) {
    return "%s %s%s%s%s"
        .formatted(
            plain(column.name()),
            plain(column.typeName()),
            column.nullable() ? "" : " not null",
            primaryKey.contains(column.name()) ? " (key)" : "",
            column.generated() ? " (generated: not in the stream)" : support(column.support()));
  }

  private static String support(TypeSupport support) {
    return switch (support) {
      case NATIVE -> "";
      case AS_TEXT -> " (arrives as text)";
    };
  }

  private void line(String line) {
    text.append(line).append('\n');
  }

  /** Writes a value as YAML's double-quoted form where the plain form could be misread. */
  private static String quote(String value) {
    if (value.matches("[\\p{L}_][\\p{L}\\p{N}_.-]*")
        && !value.matches("(?i)null|true|false|yes|no|on|off|y|n")) {
      return value;
    }
    StringBuilder quoted = new StringBuilder("\"");
    value
        .codePoints()
        .forEach(
            c -> {
              if (c == '"' || c == '\\') {
                quoted.append('\\').appendCodePoint(c);
              } else if (Character.isISOControl(c)) {
                quoted.append("\\u%04X".formatted(c));
              } else {
                quoted.appendCodePoint(c);
              }
            });
    return quoted.append('"').toString();
  }

  /** Keeps a name with line breaks from ending the comment it stands in. */
  private static String plain(String text) {
    return text.replaceAll("[\\p{Cntrl}\\u0085\\u2028\\u2029]", "?");
  }
}
