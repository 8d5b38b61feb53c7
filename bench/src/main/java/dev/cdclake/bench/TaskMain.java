/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

/** The process of one task: its class and its parameters are the arguments. */
public final class TaskMain {

  private TaskMain() {}

  public static void main(String[] arguments) {
    try {
      Class<? extends Task> type = Class.forName(arguments[0]).asSubclass(Task.class);
      Json.MAPPER.readValue(arguments[1], type).run(new TaskOutput(System.out));
      System.exit(0);
    } catch (Exception e) {
      e.printStackTrace();
      System.exit(1);
    }
  }
}
