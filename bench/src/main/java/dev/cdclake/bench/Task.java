/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench;

/**
 * Work that is done in a process of its own, so that its processor time and memory are its own. Its
 * components are its parameters; they travel as JSON.
 */
interface Task {

  /** Does the work, and tells what came of it. */
  void run(TaskOutput output) throws Exception;
}
