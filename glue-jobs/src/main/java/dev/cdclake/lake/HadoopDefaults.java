/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import java.net.URL;
import java.util.function.Supplier;

/**
 * Runs what needs Hadoop's classes, but none of its settings.
 *
 * <p>Iceberg makes a Hadoop configuration for every Parquet file that it opens for writing on S3 or
 * a local disk, and each reads all of Hadoop's defaults from XML again: a tenth of what the line's
 * jobs computed at 1,000 changes a second. A configuration <a
 * href="https://hadoop.apache.org/docs/r3.4.2/api/org/apache/hadoop/conf/Configuration.html">looks
 * for these files</a> by the class loader of the thread that makes it.
 */
final class HadoopDefaults extends ClassLoader {

  /** Hadoop remembers classes by loader, so there is one as long as the parent stays the same. */
  private static volatile HadoopDefaults newest =
      new HadoopDefaults(HadoopDefaults.class.getClassLoader());

  private HadoopDefaults(ClassLoader parent) {
    super(parent);
  }

  /** Calls with a class loader that does not find Hadoop's settings. */
  static <T> T hidden(Supplier<T> work) {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    ClassLoader parent = before == null ? HadoopDefaults.class.getClassLoader() : before;
    HadoopDefaults hiding = newest;
    if (hiding.getParent() != parent) {
      hiding = new HadoopDefaults(parent);
      newest = hiding;
    }
    thread.setContextClassLoader(hiding);
    try {
      return work.get();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  @Override
  public URL getResource(String name) {
    return name.endsWith("-default.xml") || name.endsWith("-site.xml")
        ? null
        : super.getResource(name);
  }
}
