/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.verify;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * What a comparison found.
 *
 * @param lsn the position in the source's log at which was compared
 * @param complete false if the source could not prove that silver had everything up to there
 * @param tables in the order of the pipeline file
 */
public record Verdict(String lsn, boolean complete, List<TableVerdict> tables) {

  /** Whether every table is equal. */
  public boolean isEqual() {
    return tables.stream().allMatch(TableVerdict::isEqual);
  }

  /** Returns how many rows of all tables are held back because they break an expectation. */
  public long quarantined() {
    return tables.stream().mapToLong(TableVerdict::quarantined).sum();
  }

  /** Returns the verdict as JSON, for scripts. */
  public String toJson() {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("lsn", lsn).put("complete", complete).put("equal", isEqual());
    ArrayNode rows = json.putArray("tables");
    for (TableVerdict table : tables) {
      ObjectNode row =
          rows.addObject()
              .put("table", table.table())
              .put("source_rows", table.sourceRows())
              .put("silver_rows", table.silverRows())
              .put("missing", table.missing())
              .put("extra", table.extra())
              .put("different", table.different())
              .put("changed_since", table.changedSince())
              .put("quarantined", table.quarantined());
      table.examples().forEach(row.putArray("examples")::add);
      table.notCompared().forEach(row.putArray("not_compared")::add);
    }
    return json.toString();
  }
}
