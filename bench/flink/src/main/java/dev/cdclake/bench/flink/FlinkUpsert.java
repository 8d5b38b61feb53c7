/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bench.flink;

import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;

/**
 * Flink SQL as a contender for silver: one job that never ends upserts the changes of every file
 * that appears in a folder, in the form of {@code debezium-json}, into an Iceberg table. What is
 * written becomes visible with a checkpoint, see <a
 * href="https://iceberg.apache.org/docs/1.11.0/flink-writes/#upsert">Iceberg's page</a>.
 */
public final class FlinkUpsert {

  private FlinkUpsert() {}

  /**
   * Runs until the process is killed.
   *
   * @param arguments URI of the catalog, its class of files, the warehouse, the database, the
   *     folder of changes
   */
  public static void main(String[] arguments) throws Exception {
    String uri = arguments[0];
    String files = arguments[1];
    String warehouse = arguments[2];
    String database = arguments[3];
    String changes = arguments[4];
    Configuration settings = new Configuration();
    settings.setString("parallelism.default", "2");
    settings.setString("execution.checkpointing.interval", "500 ms");
    settings.setString("table.local-time-zone", "UTC");
    TableEnvironment flink =
        TableEnvironment.create(
            EnvironmentSettings.newInstance()
                .inStreamingMode()
                .withConfiguration(settings)
                .build());
    flink.executeSql(
        """
        create catalog lake with (
            'type' = 'iceberg', 'catalog-impl' = 'org.apache.iceberg.jdbc.JdbcCatalog',
            'uri' = '%s', 'jdbc.schema-version' = 'V1', 'io-impl' = '%s', 'warehouse' = '%s')\
        """
            .formatted(uri, files, warehouse));
    flink.executeSql(
        """
        create temporary table changes (
            id bigint, customer_id int, status string, total decimal(12, 2), quantity int,
            discount double, is_paid boolean, placed_at timestamp_ltz(6),
            updated_at timestamp_ltz(6), note string, primary key (id) not enforced)
        with ('connector' = 'filesystem', 'path' = 'file://%s', 'source.monitor-interval' = '50 ms',
            'format' = 'debezium-json', 'debezium-json.timestamp-format.standard' = 'ISO-8601')\
        """
            .formatted(changes));
    flink
        .executeSql(
            """
            insert into lake.`%s`.orders /*+ options('upsert-enabled' = 'true') */
            select id, customer_id, status, total, quantity, discount, is_paid, placed_at, updated_at,
                note, true, cast(null as array<string>), 1, cast(0 as bigint), false, 0,
                cast(0 as bigint), cast(0 as bigint), 'u', cast(current_timestamp as timestamp_ltz(6))
            from changes\
            """
                .formatted(database))
        .await();
  }
}
