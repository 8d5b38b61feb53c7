/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What this pipeline is: the pipeline file, read for one environment and one profile.
 *
 * @param project first part of every lake database
 * @param environment for example {@code dev}
 * @param source where the changes come from
 * @param kafka where they travel
 * @param tables the captured tables, in the order of the file
 * @param gold the gold models
 * @param maintenance how the lake's tables are looked after
 * @param profile where the line runs
 */
public record Pipeline(
    String project,
    String environment,
    Source source,
    Kafka kafka,
    List<SourceTable> tables,
    Gold gold,
    Maintenance maintenance,
    Profile profile) {

  public Pipeline {
    tables = List.copyOf(tables);
  }

  /**
   * Reads the pipeline file.
   *
   * @param environment one of the file's environments
   * @param profile one of the file's profiles
   * @throws SettingsException naming every problem of the file with its line
   */
  public static Pipeline read(Path file, String environment, String profile) {
    return PipelineFile.read(file, environment, profile);
  }

  /** Returns the topic that carries a table's changes. */
  public String topic(SourceTable table) {
    return kafka.topicPrefix() + "." + table.name().topicName();
  }

  /** Returns the topic of logical decoding messages, among them the marks that verify waits for. */
  public String messageTopic() {
    return kafka.topicPrefix() + ".message";
  }

  /** Returns the connector's name, which its offsets are stored under. */
  public String connectorName() {
    return kafka.topicPrefix();
  }

  /** Returns the database of a layer. */
  public String database(Layer layer) {
    return "%s_%s_%s".formatted(project, environment, layer.label());
  }

  /**
   * Returns what the names of servers and other resources in a cloud begin with, for example {@code
   * cdc-demo-dev}.
   */
  public String prefix() {
    return "%s-%s".formatted(project, environment).replace('_', '-');
  }

  /** Returns the name that a scheduler starts a job by, for example {@code cdc-demo-dev-bronze}. */
  public String jobName(JobName job) {
    return prefix() + "-" + job.label();
  }

  /** Returns the bronze table of a source table: every change, as it came. */
  public LakeTable bronze(SourceTable table) {
    return lakeTable(Layer.BRONZE, table.lakeName());
  }

  /** Returns the silver table of a source table: one current row per key. */
  public LakeTable silver(SourceTable table) {
    return lakeTable(Layer.SILVER, table.lakeName());
  }

  /** Returns a gold model's table. */
  public LakeTable gold(String model) {
    return lakeTable(Layer.GOLD, model);
  }

  /** Returns the table of events and rows that could not be used, with reason and coordinates. */
  public LakeTable rejectedRows() {
    return lakeTable(Layer.BRONZE, "_rejected_rows");
  }

  /** Returns the table of the schemas that events carried, by fingerprint. */
  public LakeTable eventSchemas() {
    return lakeTable(Layer.BRONZE, "_event_schemas");
  }

  /** Returns the table of what the expectations of all tables found, batch by batch. */
  public LakeTable expectationCounts() {
    return lakeTable(Layer.SILVER, "_expectations");
  }

  /** Returns the table that says how far bronze has every change of every table. */
  public LakeTable watermark() {
    return lakeTable(Layer.BRONZE, "_watermark");
  }

  /** Returns the table that names the silver snapshots which are complete up to one LSN. */
  public LakeTable consistentSnapshots() {
    return lakeTable(Layer.SILVER, "_consistent_snapshots");
  }

  /** Returns this pipeline with other tables, everything else unchanged. */
  public Pipeline withTables(List<SourceTable> others) {
    return new Pipeline(project, environment, source, kafka, others, gold, maintenance, profile);
  }

  /** Returns this pipeline on the servers of a deployed line. */
  public Pipeline at(ServerAddresses servers) {
    return new Pipeline(
        project,
        environment,
        source.at(servers),
        kafka.at(servers),
        tables,
        gold,
        maintenance,
        profile);
  }

  /**
   * Returns this pipeline with its lake in a warehouse of a deployed line.
   *
   * @param warehouse its location, an URI
   * @param properties catalog properties besides those of the profile
   */
  public Pipeline withLake(String warehouse, Map<String, String> properties) {
    return new Pipeline(
        project,
        environment,
        source,
        kafka,
        tables,
        gold,
        maintenance,
        profile.at(warehouse, properties));
  }

  private LakeTable lakeTable(Layer layer, String name) {
    return new LakeTable(layer, database(layer), name);
  }
}
