/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.source;

/**
 * One thing the doctor looked at.
 *
 * @param severity whether capture works with it
 * @param subject the setting, role or table that was examined
 * @param found what was found, one sentence
 * @param remedy what to do, one sentence; empty when nothing needs doing
 */
public record Finding(Severity severity, String subject, String found, String remedy) {

  /** Whether capture works with what was found. */
  public enum Severity {
    OK,
    /** Capture works, with the consequence that the finding names. */
    WARN,
    /** Capture cannot work. */
    FAIL
  }

  static Finding ok(String subject, String found) {
    return new Finding(Severity.OK, subject, found, "");
  }

  static Finding warn(String subject, String found, String remedy) {
    return new Finding(Severity.WARN, subject, found, remedy);
  }

  static Finding fail(String subject, String found, String remedy) {
    return new Finding(Severity.FAIL, subject, found, remedy);
  }

  @Override
  public String toString() {
    return "%-4s %s: %s%s"
        .formatted(severity, subject, found, remedy.isEmpty() ? "" : " " + remedy);
  }
}
