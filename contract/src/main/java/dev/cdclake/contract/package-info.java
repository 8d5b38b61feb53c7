/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * What every stage agrees on: the pipeline file as typed records, and every name derived from it.
 *
 * <p>In comes {@code pipeline.yaml}; out go topics, lake tables, column and job names. Each module
 * reads them from here, so nothing is spelt twice.
 */
package dev.cdclake.contract;
