/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SettingsException;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.failure.RejectReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Option;

/** Which rejected rows a verb is about. */
final class RejectedOptions {

  @Option(
      names = "--table",
      paramLabel = "NAME",
      description = "Rows of this table alone, by its name in the lake; may be repeated.")
  private List<String> tables = new ArrayList<>();

  @Option(
      names = "--reason",
      paramLabel = "REASON",
      description =
          "Rows rejected for this reason alone; may be repeated. One of ${COMPLETION-CANDIDATES}.")
  private List<RejectReason> reasons = new ArrayList<>();

  /** Returns the chosen tables; none means all. */
  Set<String> tables(Pipeline pipeline) {
    List<String> known = pipeline.tables().stream().map(SourceTable::lakeName).toList();
    List<String> unknown =
        tables.stream()
            .filter(table -> !known.contains(table))
            .map(table -> "'%s' is no table (expected one of %s)".formatted(table, known))
            .toList();
    if (!unknown.isEmpty()) {
      throw new SettingsException("--table", unknown);
    }
    return Set.copyOf(tables);
  }

  /** Returns the chosen reasons; none means all. */
  Set<RejectReason> reasons() {
    return Set.copyOf(reasons);
  }
}
