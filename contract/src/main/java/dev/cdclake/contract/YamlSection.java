/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * One mapping of a YAML file, read key by key.
 *
 * <p>A value of the wrong form is recorded as a problem with its line, and a harmless stand-in is
 * returned, so that one pass finds everything. {@link #finish()} reports keys nobody asked for.
 */
public final class YamlSection {

  private static final Pattern MEGABYTES = Pattern.compile("(\\d{1,6})\\s*MB");

  private final String path;
  private final int line;
  private final Map<String, Node> values = new LinkedHashMap<>();
  private final Map<String, Integer> keyLines = new LinkedHashMap<>();
  private final Set<String> asked = new HashSet<>();
  private final List<Problem> problems;

  /** A problem and the line it stands on, counted from one. */
  record Problem(int line, String text) {}

  private YamlSection(String path, Node node, List<Problem> problems) {
    this.path = path;
    this.line = line(node);
    this.problems = problems;
    if (node instanceof MappingNode mapping) {
      for (NodeTuple tuple : mapping.getValue()) {
        String key = text(tuple.getKeyNode());
        if (values.put(key, tuple.getValueNode()) != null) {
          problems.add(new Problem(line(tuple.getKeyNode()), at(key) + " is given twice"));
        }
        keyLines.put(key, line(tuple.getKeyNode()));
      }
    } else if (!isNull(node)) {
      problems.add(
          new Problem(line, (path.isEmpty() ? "the file" : path) + " is not a mapping of keys"));
    }
  }

  static YamlSection root(Node node, List<Problem> problems) {
    return new YamlSection("", node, problems);
  }

  public boolean has(String key) {
    return values.containsKey(key);
  }

  /** Whether a key holds a mapping of further keys. */
  public boolean isSection(String key) {
    return values.get(key) instanceof MappingNode;
  }

  /** Returns the keys in the order of the file; the caller answers for each of them. */
  public List<String> keys() {
    asked.addAll(values.keySet());
    return List.copyOf(values.keySet());
  }

  public YamlSection section(String key) {
    Node node = ask(key);
    return node == null
        ? new YamlSection(at(key), nothing(), problems)
        : new YamlSection(at(key), node, problems);
  }

  public List<YamlSection> sections(String key) {
    List<YamlSection> sections = new ArrayList<>();
    for (Node node : sequence(key)) {
      sections.add(new YamlSection(at(key) + "[" + sections.size() + "]", node, problems));
    }
    return sections;
  }

  public List<String> words(String key) {
    return sequence(key).stream().map(YamlSection::text).toList();
  }

  /** Returns a list of lists; a single word stands for a list of one. */
  List<List<String>> wordLists(String key) {
    return sequence(key).stream()
        .map(
            node ->
                node instanceof SequenceNode list
                    ? list.getValue().stream().map(YamlSection::text).toList()
                    : List.of(text(node)))
        .toList();
  }

  public Optional<String> find(String key) {
    Node node = ask(key);
    if (node == null || isNull(node)) {
      return Optional.empty();
    }
    if (!(node instanceof ScalarNode)) {
      problem(key, "is not a single value");
      return Optional.empty();
    }
    return Optional.of(text(node));
  }

  public String word(String key, String otherwise) {
    return find(key).orElse(otherwise);
  }

  public String required(String key, String expected) {
    Optional<String> found = find(key).filter(text -> !text.isBlank());
    if (found.isEmpty()) {
      problems.add(new Problem(line, at(key) + " is missing (expected " + expected + ")"));
    }
    return found.orElse("");
  }

  public String matching(String key, String value, Pattern form, String expected) {
    if (has(key) && !value.isEmpty() && !form.matcher(value).matches()) {
      problem(key, "is '" + value + "' (expected " + expected + ")");
    }
    return value;
  }

  public int number(String key, int otherwise, int least, int most) {
    Optional<String> found = find(key);
    if (found.isEmpty()) {
      return otherwise;
    }
    try {
      int number = Integer.parseInt(found.get());
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Reported below, together with numbers out of range.
    }
    problem(key, "is '%s' (expected a number from %d to %d)".formatted(found.get(), least, most));
    return otherwise;
  }

  public Duration duration(String key, Duration otherwise) {
    Optional<String> found = find(key);
    if (found.isEmpty()) {
      return otherwise;
    }
    Optional<Duration> duration = DurationText.parse(found.get());
    if (duration.isEmpty()) {
      problem(key, "is '" + found.get() + "' (expected a duration such as 10s, 5m, 12h or 90d)");
    }
    return duration.orElse(otherwise);
  }

  /** Reads a duration of at least so much, or {@code forever}, which is empty. */
  Optional<Duration> durationOrForever(String key, Duration otherwise, Duration least) {
    if (find(key).filter("forever"::equals).isPresent()) {
      return Optional.empty();
    }
    Duration found = duration(key, otherwise);
    if (found.compareTo(least) < 0) {
      problem(
          key,
          "is '%s' (expected at least %d day, or forever)"
              .formatted(find(key).orElse(""), least.toDays()));
      return Optional.of(otherwise);
    }
    return Optional.of(found);
  }

  /** Reads a size in megabytes, such as 16MB. */
  int bytes(String key, int otherwise, int least, int most) {
    Optional<String> found = find(key);
    if (found.isEmpty()) {
      return otherwise;
    }
    Matcher matcher = MEGABYTES.matcher(found.get());
    long bytes = matcher.matches() ? Long.parseLong(matcher.group(1)) << 20 : -1;
    if (bytes >= least && bytes <= most) {
      return (int) bytes;
    }
    problem(
        key,
        "is '%s' (expected a size from %dMB to %dMB)"
            .formatted(found.get(), least >> 20, most >> 20));
    return otherwise;
  }

  public <E extends Enum<E>> E choice(String key, Class<E> type, E otherwise) {
    Optional<String> found = find(key);
    if (found.isEmpty()) {
      return otherwise;
    }
    List<String> allowed = new ArrayList<>();
    for (E constant : type.getEnumConstants()) {
      String name = constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
      if (name.equals(found.get())) {
        return constant;
      }
      allowed.add(name);
    }
    problem(key, "is '%s' (expected one of %s)".formatted(found.get(), String.join(", ", allowed)));
    return otherwise;
  }

  Secret secret(String key, String otherwise) {
    Optional<String> found = find(key);
    if (found.isEmpty()) {
      return new Secret(otherwise);
    }
    Optional<Secret> secret = Secret.parse(found.get());
    if (secret.isEmpty()) {
      // The value itself may be a password: it is not repeated.
      problem(key, "holds a literal value (expected a reference such as ${env:" + otherwise + "})");
      return new Secret(otherwise);
    }
    return secret.get();
  }

  Map<String, String> properties(String key) {
    YamlSection section = section(key);
    Map<String, String> properties = new LinkedHashMap<>();
    for (String name : section.keys()) {
      section.find(name).ifPresent(value -> properties.put(name, value));
    }
    return properties;
  }

  public void problem(String key, String text) {
    problems.add(new Problem(keyLines.getOrDefault(key, line), at(key) + " " + text));
  }

  /** Reports every key of the section that nobody asked for. */
  public void finish() {
    for (String key : values.keySet()) {
      if (!asked.contains(key)) {
        problem(key, "is not a known setting (expected " + String.join(", ", known()) + ")");
      }
    }
  }

  private List<String> known() {
    return asked.stream().sorted().toList();
  }

  private List<Node> sequence(String key) {
    Node node = ask(key);
    if (node == null || isNull(node)) {
      return List.of();
    }
    if (node instanceof SequenceNode sequence) {
      return sequence.getValue();
    }
    problem(key, "is not a list");
    return List.of();
  }

  private Node ask(String key) {
    asked.add(key);
    return values.get(key);
  }

  private String at(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  private static String text(Node node) {
    return node instanceof ScalarNode scalar ? scalar.getValue() : "";
  }

  private static boolean isNull(Node node) {
    return node instanceof ScalarNode scalar && scalar.getTag().getValue().endsWith(":null");
  }

  private int line(Node node) {
    return node.getStartMark().map(mark -> mark.getLine() + 1).orElse(line);
  }

  private static Node nothing() {
    return new ScalarNode(Tag.NULL, "", ScalarStyle.PLAIN);
  }
}
