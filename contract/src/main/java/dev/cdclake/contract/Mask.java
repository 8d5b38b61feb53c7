/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What takes the place of a column's values before they leave the connector.
 *
 * @param column the column's name in the source
 * @param kind what is done
 * @param length characters that stay, for {@link Kind#TRUNCATE}
 * @param salt where the key of the hash is found
 */
public record Mask(String column, Kind kind, int length, Secret salt) implements Serializable {

  /** The salt's variable unless the pipeline file names another. */
  public static final String SALT = "CDCLAKE_MASK_SALT";

  private static final String ALGORITHM = "HmacSHA256";

  /** The ways to mask. */
  public enum Kind {
    /** 64 hex digits, equal for equal values and not to be guessed without the salt. */
    HASH,
    /** NULL. */
    REDACT,
    /** The first characters. */
    TRUNCATE
  }

  /**
   * Masks a value.
   *
   * @param text the value as PostgreSQL writes it, null for NULL
   * @param key the salt itself; not used unless the mask is a hash
   * @return what takes its place, null for NULL
   */
  public String apply(String text, String key) {
    if (text == null) {
      return null;
    }
    return switch (kind) {
      case HASH -> hash(text, key);
      case REDACT -> null;
      case TRUNCATE ->
          text.codePointCount(0, text.length()) <= length
              ? text
              : text.substring(0, text.offsetByCodePoints(0, length));
    };
  }

  private static String hash(String text, String key) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(key.getBytes(StandardCharsets.UTF_8), ALGORITHM));
      return HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("Every Java platform has " + ALGORITHM + ".", e);
    }
  }
}
