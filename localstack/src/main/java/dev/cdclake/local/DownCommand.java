/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.local.servers.Orphans;
import dev.cdclake.local.servers.PidFile;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParentCommand;

/** Stops a running line, and whatever an earlier one left behind. */
@Command(
    name = "down",
    description = "Stop the line that 'up' started, and wait until it is gone.",
    footerHeading = "%nExample:%n",
    footer = "  ./cdclake down")
final class DownCommand implements Callable<Integer> {

  @ParentCommand private Main main;

  @Override
  public Integer call() throws InterruptedException, IOException {
    Pipeline pipeline = main.pipeline();
    PidFile file = LocalLine.pidFile(pipeline);
    Optional<ProcessHandle> line = file.process();
    if (line.isPresent()) {
      main.console().line("Stopping the line, process %d".formatted(line.get().pid()));
      long begin = System.nanoTime();
      line.get().destroy();
      while (PidFile.isRunning(line.get())) {
        TimeUnit.MILLISECONDS.sleep(50);
      }
      main.console().line("The line stopped (%.1f s)".formatted((System.nanoTime() - begin) / 1e9));
    } else {
      main.console().line("No line is running");
    }
    DetachedLine.forget(pipeline);
    Orphans.stop(LocalLine.runFolder(pipeline), main.console()::line);
    return 0;
  }
}
