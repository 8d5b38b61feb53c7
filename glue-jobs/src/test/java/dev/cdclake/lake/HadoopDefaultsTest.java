/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;

class HadoopDefaultsTest {

  private static final String DEFAULT = "io.file.buffer.size";

  @Test
  void configurationMadeInsideHasNoDefaults() {
    assertThat(new Configuration().get(DEFAULT)).isNotNull();

    assertThat(HadoopDefaults.hidden(() -> new Configuration().get(DEFAULT))).isNull();
  }

  @Test
  void configurationMadeInsideFindsClasses() {
    Class<?> found =
        HadoopDefaults.hidden(
            () -> new Configuration().getClassByNameOrNull(HadoopDefaults.class.getName()));

    assertThat(found).isSameAs(HadoopDefaults.class);
  }

  @Test
  void threadWithoutAClassLoaderFindsClassesToo() {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(null);
    try {
      Class<?> found =
          HadoopDefaults.hidden(
              () -> new Configuration().getClassByNameOrNull(HadoopDefaults.class.getName()));

      assertThat(found).isSameAs(HadoopDefaults.class);
      assertThat(thread.getContextClassLoader()).isNull();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  @Test
  void threadHasItsClassLoaderBackEvenAfterAFailure() {
    ClassLoader before = Thread.currentThread().getContextClassLoader();

    assertThatThrownBy(
            () ->
                HadoopDefaults.hidden(
                    () -> {
                      throw new IllegalStateException("full disk");
                    }))
        .hasMessage("full disk");

    assertThat(Thread.currentThread().getContextClassLoader()).isSameAs(before);
  }
}
