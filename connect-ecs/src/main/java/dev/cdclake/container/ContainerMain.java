/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.container;

import dev.cdclake.connect.CaptureException;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SettingsException;
import dev.cdclake.source.SourceException;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The commands of the capture image: {@code worker} runs until it is stopped, {@code register
 * --connect URL --wait SECONDS} ends when the connector runs, or says why it does not.
 */
public final class ContainerMain {

  private static final int FAILED = 1;
  private static final int WRONG_SETTINGS = 2;

  private ContainerMain() {}

  /** Runs a command; the exit code is 0, 1 if it failed, or 2 for wrong settings. */
  public static void main(String[] arguments) {
    int code = run(List.of(arguments), System.getenv(), System.out);
    if (code != 0) {
      System.exit(code);
    }
  }

  static int run(List<String> arguments, Map<String, String> environment, PrintStream out) {
    try {
      String command = arguments.isEmpty() ? "" : arguments.get(0);
      switch (command) {
        case "worker" -> {
          refuseMore(arguments);
          Pipeline pipeline = ContainerSettings.pipeline(environment);
          Worker.run(pipeline, ContainerSettings.port(environment));
        }
        case "register" -> {
          Registration registration = Registration.parse(arguments);
          registration.run(ContainerSettings.pipeline(environment), out::println);
        }
        default ->
            throw new SettingsException(
                "the command",
                List.of("'%s' is no command (expected worker or register).".formatted(command)));
      }
      return 0;
    } catch (SettingsException e) {
      out.println(e.getMessage());
      return WRONG_SETTINGS;
    } catch (CaptureException | SourceException e) {
      out.println(e.getMessage());
      return FAILED;
    }
  }

  private static void refuseMore(List<String> arguments) {
    if (arguments.size() > 1) {
      throw new SettingsException(
          "the arguments of 'worker'",
          List.of(
              "%s is too much (expected none: a worker is told by variables)."
                  .formatted(Arrays.toString(arguments.subList(1, arguments.size()).toArray()))));
    }
  }
}
