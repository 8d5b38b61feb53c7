/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

import static java.util.stream.Collectors.joining;

import dev.cdclake.contract.Mask;
import dev.cdclake.contract.Mask.Kind;
import dev.cdclake.contract.Secret;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.TableName;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The masks of a pipeline as the one property of {@link MaskColumns}: names, and no secret. */
final class MaskSetting {

  /** The property's name. */
  static final String COLUMNS = "columns";

  private MaskSetting() {}

  /** Renders {@code schema:table:column:kind:length:variable, …}, each part URL-encoded. */
  static String render(List<SourceTable> tables) {
    List<String> columns = new ArrayList<>();
    for (SourceTable table : tables) {
      for (Mask mask : table.masks()) {
        columns.add(
            List.of(
                    table.name().schema(),
                    table.name().table(),
                    mask.column(),
                    mask.kind().name(),
                    String.valueOf(mask.length()),
                    mask.salt().variable())
                .stream()
                .map(part -> URLEncoder.encode(part, StandardCharsets.UTF_8))
                .collect(joining(":")));
      }
    }
    return String.join(",", columns);
  }

  /** Reads what {@link #render} wrote. */
  static Map<TableName, List<Mask>> parse(String text) {
    Map<TableName, List<Mask>> masks = new LinkedHashMap<>();
    for (String column : text.split(",", -1)) {
      List<String> parts =
          Arrays.stream(column.split(":", -1))
              .map(part -> URLDecoder.decode(part, StandardCharsets.UTF_8))
              .toList();
      masks
          .computeIfAbsent(new TableName(parts.get(0), parts.get(1)), table -> new ArrayList<>())
          .add(
              new Mask(
                  parts.get(2),
                  Kind.valueOf(parts.get(3)),
                  Integer.parseInt(parts.get(4)),
                  new Secret(parts.get(5))));
    }
    return masks;
  }
}
