/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A mask together with its salt, ready to be applied. Its text never shows the salt.
 *
 * @param salt empty unless the mask is a hash
 */
public record KeyedMask(Mask mask, String salt) implements Serializable {

  /**
   * Looks up the salts of masks.
   *
   * @param owner whose masks they are, for the message
   * @param environment where the salts are
   * @throws SettingsException naming every variable that is not set
   */
  public static List<KeyedMask> of(
      List<Mask> masks, String owner, Map<String, String> environment) {
    List<String> problems = new ArrayList<>();
    List<KeyedMask> keyed = new ArrayList<>();
    for (Mask mask : masks) {
      String salt = mask.salt().in(environment).orElse("");
      if (mask.kind() == Mask.Kind.HASH && salt.isEmpty()) {
        problems.add(
            "the salt of column '%s' is missing: set the environment variable %s."
                .formatted(mask.column(), mask.salt().variable()));
      }
      keyed.add(new KeyedMask(mask, mask.kind() == Mask.Kind.HASH ? salt : ""));
    }
    if (!problems.isEmpty()) {
      throw new SettingsException("the masks of " + owner, problems);
    }
    return keyed;
  }

  /** Masks a value; see {@link Mask#apply}. */
  public String apply(String text) {
    return mask.apply(text, salt);
  }

  @Override
  public String toString() {
    return mask.toString();
  }
}
