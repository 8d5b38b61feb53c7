/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.glue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cdclake.contract.JobName;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Glue's own Scala compiles the scripts when a job starts: here the same version does. */
@TestInstance(Lifecycle.PER_CLASS)
class EntryScriptsTest {

  @TempDir static Path folder;

  private boolean compiled;

  @BeforeAll
  void compile() throws IOException {
    EntryScripts.main(new String[] {folder.toString()});
    List<String> arguments =
        new ArrayList<>(
            List.of("-classpath", System.getProperty("java.class.path"), "-d", folder.toString()));
    for (JobName job : JobName.values()) {
      arguments.add(folder.resolve(job.entry() + ".scala").toString());
    }
    compiled = scala.tools.nsc.Main.process(arguments.toArray(String[]::new));
  }

  @Test
  void everyScriptCompiles() {
    assertThat(compiled).isTrue();
    assertThat(Stream.of(JobName.values()).map(job -> folder.resolve(job.entry() + ".class")))
        .allSatisfy(file -> assertThat(file).exists());
  }

  @ParameterizedTest
  @EnumSource
  void entryRunsTheJobThatItIsNamedAfter(JobName job) throws Exception {
    try (URLClassLoader loader =
        new URLClassLoader(new URL[] {folder.toUri().toURL()}, getClass().getClassLoader())) {
      Method main = loader.loadClass(job.entry()).getMethod("main", String[].class);

      assertThat(refusalOf(main)).contains("Cannot use the arguments of job " + job.label());
    }
  }

  /** Without arguments a job refuses them, and says which job it is. */
  private static String refusalOf(Method main) throws IllegalAccessException {
    try {
      main.invoke(null, (Object) new String[0]);
      return "nothing was refused";
    } catch (java.lang.reflect.InvocationTargetException e) {
      return e.getCause().getMessage();
    }
  }
}
