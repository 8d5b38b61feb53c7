/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.crash;

import java.time.Instant;

/**
 * A blow that the line got.
 *
 * @param at when it was over: the process was dead, or the outage ended
 * @param killed processes that were killed
 * @param lsn position in the source's log before which everything was committed by then
 * @param damage found while striking, in tables of the blow's own
 */
record Blow(Instant at, int killed, long lsn, Damage damage) {}
