/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.forget;

/**
 * What forgetting did to one table.
 *
 * @param table its name, as a person reads it
 * @param filesBefore data files in the table's folder before
 * @param rowsBefore rows in them that told of the forgotten row, replaced versions included
 * @param snapshotsDropped snapshots that were dropped
 * @param filesAfter data files in the folder afterwards, all of which were searched again
 * @param rowsAfter rows in them that still tell of it; 0 is the proof
 */
public record ForgottenTable(
    String table,
    long filesBefore,
    long rowsBefore,
    long snapshotsDropped,
    long filesAfter,
    long rowsAfter) {}
