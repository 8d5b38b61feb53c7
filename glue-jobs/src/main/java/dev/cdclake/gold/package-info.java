/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * Silver to gold: answers, shaped for readers.
 *
 * <p>A model is one {@code .sql} and one {@code .yml}; its table comes out, refreshed by the keys
 * that were touched where the model allows it. Read it in this order: {@code GoldJob}, {@code
 * GoldModels}, {@code GoldModel}, {@code TouchedKeys}, {@code GoldTable}.
 */
package dev.cdclake.gold;
