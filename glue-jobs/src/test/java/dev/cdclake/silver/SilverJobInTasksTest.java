/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.fixture.SparkTest;

/** The same of batches that are folded by tasks, as many changes are. */
@SparkTest
class SilverJobInTasksTest extends SilverJobTest {

  @Override
  long fewChanges() {
    return 0;
  }
}
