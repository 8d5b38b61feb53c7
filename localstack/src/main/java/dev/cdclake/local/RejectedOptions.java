/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.NamedTables;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.failure.RejectReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
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
    return NamedTables.find(pipeline, tables).stream()
        .map(SourceTable::lakeName)
        .collect(Collectors.toSet());
  }

  /** Returns the chosen reasons; none means all. */
  Set<RejectReason> reasons() {
    return Set.copyOf(reasons);
  }
}
