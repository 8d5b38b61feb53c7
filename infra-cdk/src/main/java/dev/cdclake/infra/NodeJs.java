/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.contract.SettingsException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Node.js, which the CDK's Java classes run in.
 *
 * @see <a href="https://docs.aws.amazon.com/cdk/v2/guide/work-with-cdk-java.html">The CDK in
 *     Java</a>
 */
final class NodeJs {

  private static final int OLDEST = 20;
  private static final Pattern VERSION = Pattern.compile("v(\\d+)\\.");

  private NodeJs() {}

  /**
   * Refuses to go on without it: the CDK itself would only say that a process cannot be started.
   *
   * @param command what starts it, {@code node} unless a test says otherwise
   */
  static void require(String command) {
    String found = version(command);
    Matcher matcher = VERSION.matcher(found);
    if (!matcher.find() || Integer.parseInt(matcher.group(1)) < OLDEST) {
      throw new SettingsException(
          "the CDK",
          List.of(
              "'%s' is %s (expected Node.js %d or later on the PATH). Install it from nodejs.org."
                  .formatted(command, found, OLDEST)));
    }
  }

  private static String version(String command) {
    try {
      Process process = new ProcessBuilder(command, "--version").redirectErrorStream(true).start();
      return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      return "missing";
    }
  }
}
