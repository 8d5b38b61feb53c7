/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.maintain;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * What maintenance did to one table, or would do.
 *
 * @param table its name, as a person reads it
 * @param rowsDeleted rows that were older than the pipeline file keeps them
 * @param dataFiles data files that were replaced by fewer
 * @param deleteFiles files of deletes that were replaced by fewer
 * @param snapshots snapshots that were dropped
 * @param files files that no snapshot had any more
 * @param orphans files that no snapshot ever knew, or that an earlier run left behind
 * @param before the table before
 * @param after the table afterwards
 * @param complete whether the time was enough for all of it
 * @param tookMillis how long it took
 */
public record Maintained(
    String table,
    long rowsDeleted,
    long dataFiles,
    long deleteFiles,
    long snapshots,
    long files,
    long orphans,
    TableHealth before,
    TableHealth after,
    boolean complete,
    long tookMillis) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Returns the result as one line of JSON. */
  public String toJson() {
    ObjectNode json =
        JSON.createObjectNode()
            .put("maintained", table)
            .put("rows_deleted", rowsDeleted)
            .put("data_files_replaced", dataFiles)
            .put("delete_files_replaced", deleteFiles)
            .put("snapshots_dropped", snapshots)
            .put("files_deleted", files)
            .put("orphans_deleted", orphans)
            .put("complete", complete)
            .put("took_ms", tookMillis);
    json.set("before", JSON.valueToTree(before));
    json.set("after", JSON.valueToTree(after));
    return json.toString();
  }
}
