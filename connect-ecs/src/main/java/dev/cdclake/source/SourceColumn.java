/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

/**
 * A column as the server's catalog describes it.
 *
 * @param name unquoted, case kept
 * @param typeName as {@code format_type} writes it, for example {@code numeric(10,2)}
 * @param nullable whether the column takes NULL
 * @param generated whether the server computes it; the stream leaves such columns out
 * @param support how its values arrive in change events
 */
public record SourceColumn(
    String name, String typeName, boolean nullable, boolean generated, TypeSupport support) {}
