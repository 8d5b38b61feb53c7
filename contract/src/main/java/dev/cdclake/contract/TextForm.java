/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

/**
 * Values that travel as PostgreSQL's own text: names of the schema types that say so in change
 * events, and of their parameters.
 *
 * <p>The connector's side writes them, the lake's side reads them. Only constants, so the
 * connector's side needs no class of this module when it runs.
 */
public final class TextForm {

  /** A {@code numeric}: digits, {@code NaN}, {@code Infinity} or {@code -Infinity}. */
  public static final String NUMERIC = "dev.cdclake.Numeric";

  /** An array in PostgreSQL's spelling, for example <code>{1,NULL}</code>. */
  public static final String ARRAY = "dev.cdclake.Array";

  /** A value of any other type. */
  public static final String TEXT = "dev.cdclake.Text";

  /** A value that was read as a type which it did not have when it was written. */
  public static final String MISREAD = "dev.cdclake.Misread";

  /** Declared digits of a numeric, or of an array's elements; absent if unbounded. */
  public static final String PRECISION = "precision";

  /** Declared digits behind the point; present if {@link #PRECISION} is. */
  public static final String SCALE = "scale";

  /** {@code typname} of an array's elements, {@code text} for types without one of their own. */
  public static final String ELEMENT = "element";

  /** Stands for a value that an update left unchanged and PostgreSQL did not log. */
  public static final String UNAVAILABLE = "__debezium_unavailable_value";

  private TextForm() {}
}
