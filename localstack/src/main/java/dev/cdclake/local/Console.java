/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import java.io.PrintStream;
import java.util.List;

/**
 * What people read: lines that stay, and on a terminal a block below them that is repainted in
 * place. Safe to use from several threads.
 */
public final class Console {

  private static final String UP_ONE_LINE = "\u001b[1A";
  private static final String ERASE_TO_END = "\u001b[0J";

  private final PrintStream out;
  private final boolean terminal;
  private List<String> block = List.of();

  Console(PrintStream out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  /** Returns the console of this process; the launcher has looked whether it is a terminal. */
  public static Console standard() {
    return new Console(System.out, Boolean.getBoolean("cdclake.terminal"));
  }

  /** Tells whether a block can be repainted. */
  public boolean isTerminal() {
    return terminal;
  }

  /** Prints a line above the block. */
  public synchronized void line(String text) {
    erase();
    out.println(text);
    paint();
  }

  /** Prints lines above the block. */
  public synchronized void lines(List<String> texts) {
    erase();
    texts.forEach(out::println);
    paint();
  }

  /** Replaces the block; an empty one removes it. Without a terminal nothing is shown. */
  public synchronized void block(List<String> lines) {
    if (terminal) {
      erase();
      block = List.copyOf(lines);
      paint();
    }
  }

  private void erase() {
    if (!block.isEmpty()) {
      out.print(UP_ONE_LINE.repeat(block.size()) + "\r" + ERASE_TO_END);
    }
  }

  private void paint() {
    block.forEach(out::println);
    out.flush();
  }
}
