/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import java.io.Serializable;

/**
 * What work needs besides its rows: sent to tasks by {@link
 * org.apache.spark.broadcast.Broadcast#value}, once per process, or at hand where there are none.
 */
interface Sent<T> extends Serializable {

  T value();
}
