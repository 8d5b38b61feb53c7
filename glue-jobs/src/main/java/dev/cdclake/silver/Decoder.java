/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.silver;

import dev.cdclake.lake.Renames.Rename;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What tasks need to decode the bronze rows of one table; they share it within a process. */
final class Decoder implements Serializable {

  private static final long serialVersionUID = 1L;

  private final SilverSchema silver;
  private final Map<String, String> schemas;
  private final Map<String, String> groups;
  private final List<String> alike;
  private final boolean removalsOnly;

  /** What was worked out so far. */
  private transient Map<Named, EventLayout> layouts;

  /** A schema whose columns were renamed since. */
  private record Named(String schema, List<Rename> behind) {}

  private Decoder(
      SilverSchema silver,
      Map<String, String> schemas,
      Map<String, String> groups,
      List<String> alike,
      boolean removalsOnly) {
    this.silver = silver;
    this.schemas = schemas;
    this.groups = groups;
    this.alike = alike;
    this.removalsOnly = removalsOnly;
  }

  /**
   * Decodes for a table.
   *
   * @param schemas text of the event schemas by fingerprint
   */
  Decoder(SilverSchema silver, Map<String, String> schemas) {
    this(silver, schemas, Map.of(), List.of(), false);
  }

  /**
   * Puts changes of some keys together.
   *
   * @param groups by key: the group that its changes of the key tie it to, absent for most keys
   */
  Decoder withGroups(Map<String, String> groups) {
    return new Decoder(silver, schemas, groups, alike, removalsOnly);
  }

  /**
   * Groups rows without a key.
   *
   * @param alike columns by which they are grouped; empty if no change has to find one of them
   */
  Decoder withAlike(List<String> alike) {
    return new Decoder(silver, schemas, groups, alike, removalsOnly);
  }

  /**
   * Decodes of updates without a key the part alone that takes the row before; the other part was
   * folded before.
   */
  Decoder withRemovalsOnly() {
    return new Decoder(silver, schemas, groups, alike, true);
  }

  SilverSchema silver() {
    return silver;
  }

  List<String> alike() {
    return alike;
  }

  boolean removalsOnly() {
    return removalsOnly;
  }

  String group(String key) {
    return groups.getOrDefault(key, key);
  }

  /** Returns how an event lies in the table, its columns named as the table names them now. */
  EventLayout layout(String fingerprint, int epoch, long lsn) {
    EventSchema schema = EventSchema.of(fingerprint, schemas.get(fingerprint));
    List<Rename> behind = schema.behind(silver.renames(), epoch, lsn);
    Named named = new Named(fingerprint, behind);
    EventLayout known = layouts().get(named);
    return known != null
        ? known
        : layouts().computeIfAbsent(named, key -> new EventLayout(schema.under(behind), silver));
  }

  private synchronized Map<Named, EventLayout> layouts() {
    if (layouts == null) {
      layouts = new ConcurrentHashMap<>();
    }
    return layouts;
  }
}
