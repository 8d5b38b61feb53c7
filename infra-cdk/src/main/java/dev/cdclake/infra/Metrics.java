/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

/** Where the line's own metrics are; their names are the contract's. */
final class Metrics {

  /** The name space of the line's own metrics. */
  static final String NAMESPACE = "CdcLake";

  private Metrics() {}
}
