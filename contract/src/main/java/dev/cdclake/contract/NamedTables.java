/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Tables of a pipeline as people name them: as in the lake, or as in the source. */
public final class NamedTables {

  private NamedTables() {}

  /** Finds one table, for example {@code orders} or {@code public.orders}. */
  public static SourceTable find(Pipeline pipeline, String name) {
    return find(pipeline, List.of(name)).get(0);
  }

  /**
   * Finds tables, in the order of their names.
   *
   * @throws SettingsException naming every name that no table has
   */
  public static List<SourceTable> find(Pipeline pipeline, List<String> names) {
    List<SourceTable> tables = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    for (String name : names) {
      pipeline.tables().stream()
          .filter(table -> table.lakeName().equals(name) || table.name().toString().equals(name))
          .findFirst()
          .ifPresentOrElse(
              tables::add,
              () ->
                  problems.add(
                      "'%s' is no table of the pipeline (expected one of %s)."
                          .formatted(
                              name,
                              pipeline.tables().stream()
                                  .map(SourceTable::lakeName)
                                  .collect(Collectors.joining(", ")))));
    }
    if (!problems.isEmpty()) {
      throw new SettingsException("the names of tables", problems);
    }
    return tables;
  }
}
