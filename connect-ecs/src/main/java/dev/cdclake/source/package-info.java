/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * Looks at PostgreSQL before anything is captured from it, by plain JDBC.
 *
 * <p>In come a connection and the pipeline; out come the tables found, the publication, the
 * doctor's findings and a draft of the pipeline file. The {@code connect} package is next: it
 * captures what this one has examined.
 */
package dev.cdclake.source;
