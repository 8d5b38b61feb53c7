/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * The line on AWS: one stack per stage, in flow order, each given what the ones before it made.
 *
 * <p>In come the pipeline file, one environment's settings and what the other modules built; out
 * comes one CloudFormation template per stack. {@link dev.cdclake.infra.LakehouseApp} is the order.
 */
package dev.cdclake.infra;
