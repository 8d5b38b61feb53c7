/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * What can go wrong: failures of a run with their remedies, and reasons for rejecting a row.
 *
 * <p>Every other package of the jobs may import this one; it imports the contract alone.
 */
package dev.cdclake.failure;
