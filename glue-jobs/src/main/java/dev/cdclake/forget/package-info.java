/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * Removes one row from every layer, and from the snapshots and files that still hold it.
 *
 * <p>A table and a key come in, the proof goes out: what was found and what is left, file by file.
 * Read it in this order: {@code ForgetJob}, {@code PersonKeys}, {@code Traces}, {@code FileSearch},
 * {@code FileRewrite}, {@code ForgottenTable}.
 */
package dev.cdclake.forget;
