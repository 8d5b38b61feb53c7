/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

import java.util.HashSet;
import java.util.Set;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.SnapshotChanges;
import org.apache.iceberg.Table;

/**
 * Deletes data files that a later commit of the same copy of a lake has replaced: a contender that
 * rewrites the whole table with every batch would fill the disk. Files of the original stay.
 */
final class Leftovers {

  private final Set<String> added = new HashSet<>();

  /** Looks at a table's newest commit; older snapshots cannot be read any more. */
  void delete(Table table) {
    SnapshotChanges changes =
        SnapshotChanges.builderFor(table).snapshot(table.currentSnapshot()).build();
    for (DataFile file : changes.removedDataFiles()) {
      if (added.remove(file.location())) {
        table.io().deleteFile(file.location());
      }
    }
    for (DataFile file : changes.addedDataFiles()) {
      added.add(file.location());
    }
  }
}
