/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.nio.file.Path;
import java.time.Duration;

/**
 * The gold layer's models.
 *
 * @param models folder of the {@code .sql} and {@code .yml} files; need not exist
 * @param refreshEvery the shortest time between two refreshes in continuous mode
 */
public record Gold(Path models, Duration refreshEvery) {}
