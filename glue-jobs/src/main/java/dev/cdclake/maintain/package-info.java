/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * Keeps the tables of the lake small and fast: compaction, retention, expiry, orphans.
 *
 * <p>Tables of all layers come in; the same rows in fewer files go out, without what is too old. It
 * runs beside the stages, in the line or as a verb of its own.
 */
package dev.cdclake.maintain;
