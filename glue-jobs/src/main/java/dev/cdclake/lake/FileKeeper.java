/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.util.function.Supplier;

/** Keeps what was read of one file, which never changes, for who reads it next. */
interface FileKeeper {

  /**
   * Returns what is kept, or reads it.
   *
   * @param what it is, by a name that nothing else of the file has
   * @param bytes that it takes, about
   */
  <V> V keep(String what, long bytes, Supplier<V> read);
}
