/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * The stages of the lake in flow order, run once over what is there or continuously; and what goes
 * through several of them when an operator asks, from the source's rows to silver.
 *
 * <p>A pipeline comes in, reports go out. It is what a Glue job, the local line and the tests call.
 */
package dev.cdclake.line;
