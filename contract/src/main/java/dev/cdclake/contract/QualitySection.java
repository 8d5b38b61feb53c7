/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import dev.cdclake.contract.Checks.Reference;
import dev.cdclake.contract.Expectation.OnBreak;
import dev.cdclake.contract.Mask.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads what a table's entry in the pipeline file says about quality and privacy. */
final class QualitySection {

  private static final Pattern NOUN = Pattern.compile("[a-z][a-z0-9_]*");

  private QualitySection() {}

  static List<Expectation> expectations(YamlSection section) {
    List<Expectation> expectations = new ArrayList<>();
    for (String name : section.keys()) {
      section.matching(name, name, NOUN, "lower-case letters, digits and _ as its name");
      if (name.equals(Expectation.QUARANTINED)) {
        section.problem(name, "has a name that dq_flags uses itself (expected another one)");
      }
      expectations.add(
          section.isSection(name)
              ? expectation(name, section.section(name))
              : new Expectation(name, section.required(name, "an SQL condition"), OnBreak.FLAG));
    }
    return expectations;
  }

  private static Expectation expectation(String name, YamlSection section) {
    Expectation expectation =
        new Expectation(
            name,
            section.required("condition", "an SQL condition"),
            section.choice("on-break", OnBreak.class, OnBreak.FLAG));
    section.finish();
    return expectation;
  }

  static Checks checks(YamlSection section) {
    List<Reference> references = new ArrayList<>();
    YamlSection referring = section.section("references");
    for (String column : referring.keys()) {
      String target = referring.required(column, "a column such as customers.id");
      int dot = target.lastIndexOf('.');
      if (dot <= 0 || dot == target.length() - 1) {
        if (!target.isEmpty()) {
          referring.problem(
              column, "is '" + target + "' (expected table.column such as customers.id)");
        }
      } else {
        references.add(new Reference(column, target.substring(0, dot), target.substring(dot + 1)));
      }
    }
    Checks checks =
        new Checks(
            section.wordLists("unique"),
            references,
            section.duration("fresh-within", Duration.ZERO));
    section.finish();
    return checks;
  }

  /** Reports references to tables that the file does not list. */
  static void refuseUnknownTables(YamlSection section, Checks checks, Set<String> lakeNames) {
    YamlSection referring = section.section("references");
    for (Reference reference : checks.references()) {
      if (!lakeNames.contains(reference.table())) {
        referring.problem(
            reference.column(),
            "refers to table '%s', which the file does not list (expected one of %s)"
                .formatted(reference.table(), String.join(", ", lakeNames)));
      }
    }
  }

  static List<Mask> masks(YamlSection section) {
    List<Mask> masks = new ArrayList<>();
    for (String column : section.keys()) {
      masks.add(
          section.isSection(column)
              ? mask(column, section.section(column))
              : new Mask(column, kind(section, column), 0, new Secret(Mask.SALT)));
    }
    return masks;
  }

  private static Kind kind(YamlSection section, String column) {
    Kind kind = section.choice(column, Kind.class, Kind.REDACT);
    if (!section.has(column) || section.find(column).isEmpty()) {
      section.problem(column, "is empty (expected hash, redact or {truncate: 3})");
    } else if (kind == Kind.TRUNCATE) {
      section.problem(column, "has no length (expected {truncate: 3})");
    }
    return kind;
  }

  private static Mask mask(String column, YamlSection section) {
    Mask mask =
        section.has("truncate")
            ? new Mask(
                column,
                Kind.TRUNCATE,
                section.number("truncate", 1, 1, 1_000_000),
                new Secret(Mask.SALT))
            : new Mask(column, Kind.HASH, 0, section.secret("hash", Mask.SALT));
    section.finish();
    return mask;
  }
}
