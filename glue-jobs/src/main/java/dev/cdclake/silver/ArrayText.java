/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads arrays as PostgreSQL spells them, for example <code>{1,NULL,"a \"b\""}</code>.
 *
 * <p>The rules are those of <a
 * href="https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO">array input and output</a>.
 * Bounds in front (<code>[0:1]={1,2}</code>) are read over: the lake's arrays have none.
 */
final class ArrayText {

  private final String text;
  private final char delimiter;
  private int at;

  private ArrayText(String text, char delimiter) {
    this.text = text;
    this.delimiter = delimiter;
    this.at = text.startsWith("[") ? text.indexOf('=') + 1 : 0;
  }

  /**
   * Returns the texts of the elements, null for NULL.
   *
   * @param delimiter what stands between elements: a comma for every type but {@code box}
   * @return null if the array has more than one dimension
   * @throws IllegalArgumentException if the text is no array
   */
  static List<String> elements(String text, char delimiter) {
    return new ArrayText(text, delimiter).elements();
  }

  private List<String> elements() {
    List<String> elements = new ArrayList<>();
    expect('{');
    if (peek() == '{') {
      return null;
    }
    while (peek() != '}') {
      elements.add(peek() == '"' ? quoted() : unquoted());
      if (peek() != '}') {
        expect(delimiter);
      }
    }
    expect('}');
    if (at != text.length()) {
      throw new IllegalArgumentException("Text behind the array");
    }
    return elements;
  }

  private String quoted() {
    StringBuilder element = new StringBuilder();
    expect('"');
    while (peek() != '"') {
      if (peek() == '\\') {
        at++;
      }
      element.append(peek());
      at++;
    }
    expect('"');
    return element.toString();
  }

  private String unquoted() {
    int begin = at;
    while (peek() != delimiter && peek() != '}') {
      at++;
    }
    String element = text.substring(begin, at);
    return element.equals("NULL") ? null : element;
  }

  private char peek() {
    if (at >= text.length()) {
      throw new IllegalArgumentException("The array has no end");
    }
    return text.charAt(at);
  }

  private void expect(char wanted) {
    if (peek() != wanted) {
      throw new IllegalArgumentException("No '%s' at %d".formatted(wanted, at));
    }
    at++;
  }
}
