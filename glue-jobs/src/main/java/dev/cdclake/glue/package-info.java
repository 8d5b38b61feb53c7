/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * The jobs as AWS Glue starts them: in come arguments, out come a run of the line's stages, metrics
 * in CloudWatch, and an exception where the run has to count as failed.
 *
 * <p>The only package that knows AWS. Nothing imports it; the entry scripts call {@link
 * dev.cdclake.glue.GlueMain} by its name.
 */
package dev.cdclake.glue;
