/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.local.servers.Installation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A line in a process of its own, which goes on when the terminal is closed. */
final class DetachedLine {

  private static final int FAILED = 3;

  private DetachedLine() {}

  /** Starts the process and repeats what it says until the line is up. */
  static int start(Main main) throws IOException, InterruptedException {
    Pipeline pipeline = main.pipeline();
    Path log = pipeline.profile().state().resolve("logs/up.out");
    Files.createDirectories(log.getParent());
    Files.writeString(log, "");
    Files.createDirectories(readyFile(pipeline).getParent());
    forget(pipeline);

    List<String> arguments = new ArrayList<>(main.globalArguments());
    arguments.add("up");
    Process process =
        new ProcessBuilder(Installation.current().ownCommand(arguments))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    int shown = 0;
    while (process.isAlive() && !Files.exists(readyFile(pipeline))) {
      shown = showFrom(shown, log, main.console());
      TimeUnit.MILLISECONDS.sleep(100);
    }
    showFrom(shown, log, main.console());
    if (!process.isAlive()) {
      return process.exitValue() == 0 ? FAILED : process.exitValue();
    }
    main.console().line("It goes on as process %d; its output: %s".formatted(process.pid(), log));
    return 0;
  }

  private static int showFrom(int shown, Path log, Console console) throws IOException {
    byte[] all = Files.readAllBytes(log);
    int end = all.length;
    while (end > shown && all[end - 1] != '\n') {
      end--;
    }
    if (end > shown) {
      String text = new String(Arrays.copyOfRange(all, shown, end - 1), StandardCharsets.UTF_8);
      console.lines(text.lines().toList());
    }
    return end;
  }

  /** Tells whoever started this process that the line is up. */
  static void tellReady(Pipeline pipeline) throws IOException {
    Path ready = Files.writeString(readyFile(pipeline), "up");
    ready.toFile().deleteOnExit();
  }

  /** Removes what a line that was killed could not remove itself. */
  static void forget(Pipeline pipeline) throws IOException {
    Files.deleteIfExists(readyFile(pipeline));
  }

  private static Path readyFile(Pipeline pipeline) {
    return LocalLine.runFolder(pipeline).resolve("line.ready");
  }
}
