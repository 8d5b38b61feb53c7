/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.failure;

/** What an operator does about a failed run. */
public enum Remedy {
  /** Nothing was changed; the same run may succeed later. */
  RERUN,
  /** A setting, a schema or a privilege has to be put right first. */
  FIX_THEN_RERUN,
  /** A commit may have landed; the next run looks for it before it reads on. */
  CHECK_THEN_RERUN
}
