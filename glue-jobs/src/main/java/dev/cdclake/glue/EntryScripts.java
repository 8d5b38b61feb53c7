/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.glue;

import dev.cdclake.contract.JobName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes the script that Glue needs for each job: Glue starts Scala, so a few lines of it call the
 * jar. The build runs this.
 *
 * @see <a href="https://docs.aws.amazon.com/glue/latest/dg/glue-etl-scala-example.html">Programming
 *     Glue in Scala</a>
 */
public final class EntryScripts {

  private EntryScripts() {}

  /** Writes one script per job into the folder that is named, {@code <entry>.scala}. */
  public static void main(String[] arguments) throws IOException {
    Path folder = Files.createDirectories(Path.of(arguments[0]));
    for (JobName job : JobName.values()) {
      Files.writeString(folder.resolve(job.entry() + ".scala"), script(job));
    }
  }

  static String script(JobName job) {
    return """
        // Generated from the contract's jobs. Glue compiles it when the job starts and calls main.
        object %s {
          def main(arguments: Array[String]): Unit =
            dev.cdclake.glue.GlueMain.run("%s", arguments)
        }
        """
        .formatted(job.entry(), job.name());
  }
}
