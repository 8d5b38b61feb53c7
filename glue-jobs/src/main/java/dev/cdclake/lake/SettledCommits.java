/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.util.HashSet;
import java.util.Set;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.encryption.EncryptionManager;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.CommitStateUnknownException;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.LocationProvider;
import org.apache.iceberg.jdbc.UncheckedSQLException;

/**
 * Finds out what became of a commit whose answer was lost, by looking for its snapshots.
 *
 * <p>Iceberg's JDBC catalog does not: after a lost connection its pool sends the statement again,
 * which then changes no row, so a commit that landed looks refused. Iceberg would delete its
 * manifests, which the table needs, and commit the rows a second time. Here such a commit is a
 * success; one that cannot be looked for is {@link CommitStateUnknownException}, upon which Iceberg
 * deletes nothing.
 */
final class SettledCommits implements TableOperations {

  private final TableOperations catalog;

  SettledCommits(TableOperations catalog) {
    this.catalog = catalog;
  }

  @Override
  public void commit(TableMetadata base, TableMetadata metadata) {
    try {
      catalog.commit(base, metadata);
    } catch (CommitFailedException e) {
      if (!landed(base, metadata, e)) {
        throw e;
      }
    } catch (UncheckedSQLException e) {
      if (!landed(base, metadata, e)) {
        // It may still be on its way.
        throw new CommitStateUnknownException(e);
      }
    }
  }

  /** A commit without new snapshots may be repeated, so it need not be known. */
  private boolean landed(TableMetadata base, TableMetadata metadata, RuntimeException failure) {
    Set<Long> added = snapshots(metadata);
    added.removeAll(snapshots(base));
    if (added.isEmpty()) {
      return false;
    }
    try {
      return snapshots(catalog.refresh()).containsAll(added);
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
      throw new CommitStateUnknownException(failure);
    }
  }

  private static Set<Long> snapshots(TableMetadata metadata) {
    Set<Long> ids = new HashSet<>();
    if (metadata != null) {
      for (Snapshot snapshot : metadata.snapshots()) {
        ids.add(snapshot.snapshotId());
      }
    }
    return ids;
  }

  @Override
  public TableMetadata current() {
    return catalog.current();
  }

  @Override
  public TableMetadata refresh() {
    return catalog.refresh();
  }

  @Override
  public FileIO io() {
    return catalog.io();
  }

  @Override
  public EncryptionManager encryption() {
    return catalog.encryption();
  }

  @Override
  public String metadataFileLocation(String fileName) {
    return catalog.metadataFileLocation(fileName);
  }

  @Override
  public LocationProvider locationProvider() {
    return catalog.locationProvider();
  }

  @Override
  public TableOperations temp(TableMetadata uncommitted) {
    return catalog.temp(uncommitted);
  }

  @Override
  public long newSnapshotId() {
    return catalog.newSnapshotId();
  }

  @Override
  public boolean requireStrictCleanup() {
    return catalog.requireStrictCleanup();
  }
}
