/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * Source against silver at one LSN: the proof that nothing was lost and nothing doubled.
 *
 * <p>A snapshot of the source and the silver tables come in, a verdict per table comes out. Read it
 * in this order: {@code VerifyJob}, {@code SourceSnapshot}, {@code Completeness}, {@code
 * SourceReader}, {@code Findings}, {@code ComparableRow}.
 */
package dev.cdclake.verify;
