/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

import dev.cdclake.contract.Checks.Reference;
import dev.cdclake.contract.Mask;
import dev.cdclake.contract.Mask.Kind;
import dev.cdclake.contract.SourceTable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Columns that the pipeline file names and a table has to have.
 *
 * <p>A mask on a misspelled column would let the right one leave in clear, and nothing else would
 * ever tell. So {@code doctor} looks for it, and capture does not begin with it.
 */
public final class ConfiguredColumns {

  /** Types as {@code format_type} begins them. Enums and domains are left to the connector. */
  private static final Pattern NOT_TEXT =
      Pattern.compile(
          "(smallint|integer|bigint|uuid|jsonb?|xml)\\b.*|"
              + "(numeric|real|double|money|boolean|bytea|date|time|interval|bit|inet|cidr|mac).*|"
              + ".*\\[\\]");

  private static final Pattern HASHED =
      Pattern.compile("(smallint|integer|bigint|uuid|jsonb?|xml)");

  private ConfiguredColumns() {}

  /** Examines all columns that the pipeline file names for a table, its key left out. */
  static List<Finding> examine(SourceTable table, FoundTable found) {
    List<Finding> findings = new ArrayList<>(masks(table, found));
    Set<String> checked = new HashSet<>();
    table.checks().unique().forEach(checked::addAll);
    table.checks().references().stream().map(Reference::column).forEach(checked::add);
    checked.removeAll(known(table, found));
    for (String column : checked.stream().sorted().toList()) {
      findings.add(missing(table, found, "checks", column));
    }
    return findings;
  }

  /** Returns the masks that cannot be applied: their columns would leave in clear, or stop all. */
  public static List<Finding> masks(SourceTable table, FoundTable found) {
    List<Finding> findings = new ArrayList<>();
    for (Mask mask : table.masks()) {
      Optional<SourceColumn> column =
          found.columns().stream().filter(one -> one.name().equals(mask.column())).findFirst();
      if (column.isPresent()) {
        unfit(mask, column.get(), table.key().isEmpty() ? found.primaryKey() : table.key())
            .ifPresent(
                reason ->
                    findings.add(
                        Finding.fail(
                            table.name().toString(),
                            "Column '%s' (%s) cannot be masked by '%s': %s."
                                .formatted(
                                    mask.column(), column.get().typeName(), name(mask), reason),
                            "Correct 'mask' in the pipeline file; docs/pipeline.md has what fits"
                                + " which type.")));
      } else if (!known(table, found).contains(mask.column())) {
        findings.add(missing(table, found, "mask", mask.column()));
      }
    }
    return findings;
  }

  private static Optional<String> unfit(Mask mask, SourceColumn column, List<String> key) {
    if (mask.kind() != Kind.HASH && key.contains(mask.column())) {
      return Optional.of("it is part of the key, which only a hash keeps apart");
    }
    boolean text = !NOT_TEXT.matcher(column.typeName()).matches();
    if (mask.kind() == Kind.TRUNCATE && !text) {
      return Optional.of("it is no text");
    }
    if (mask.kind() == Kind.HASH && !text && !HASHED.matcher(column.typeName()).matches()) {
      return Optional.of("it is neither text nor a whole number");
    }
    return Optional.empty();
  }

  /** A column may be named before it is renamed, or still be named by its earlier name. */
  private static Set<String> known(SourceTable table, FoundTable found) {
    return Stream.of(
            found.columns().stream().map(SourceColumn::name),
            table.renames().keySet().stream(),
            table.renames().values().stream())
        .flatMap(names -> names)
        .collect(Collectors.toSet());
  }

  private static Finding missing(
      SourceTable table, FoundTable found, String setting, String column) {
    return Finding.fail(
        table.name().toString(),
        "'%s' names column '%s', which it does not have (expected one of %s)."
            .formatted(
                setting,
                column,
                found.columns().stream().map(SourceColumn::name).collect(Collectors.joining(", "))),
        "Correct '%s' in the pipeline file; a name that the column gets later belongs under 'renames', too."
            .formatted(setting));
  }

  private static String name(Mask mask) {
    return mask.kind().name().toLowerCase(Locale.ROOT);
  }
}
