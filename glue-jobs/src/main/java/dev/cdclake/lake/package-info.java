/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * The only package that knows Iceberg: sessions, tables, progress in the commit, files.
 *
 * <p>Rows come in from the stages and go out as committed snapshots. The stages build on it.
 */
package dev.cdclake.lake;
