/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.contract;

/**
 * The PostgreSQL server whose changes are captured.
 *
 * @param embedded whether the local line starts the server itself
 * @param host host name or address
 * @param port TCP port
 * @param database the database that holds the captured tables
 * @param user the role that captures and verifies
 * @param password where the role's password is found
 * @param sslMode how TLS is used, in the words of libpq; {@code prefer} unless given
 * @param publication the publication that names the captured tables
 * @param slot the replication slot that the connector reads
 * @param epoch the timeline of the database, raised by hand after a restore or a lost slot
 */
public record Source(
    boolean embedded,
    String host,
    int port,
    String database,
    String user,
    Secret password,
    String sslMode,
    String publication,
    String slot,
    int epoch) {

  /** Returns the JDBC address, without user and password. */
  public String jdbcUrl() {
    return "jdbc:postgresql://%s:%d/%s?sslmode=%s".formatted(host, port, database, sslMode);
  }

  /** Returns the same source on a server that was made for a deployed line. */
  Source at(ServerAddresses servers) {
    return new Source(
        false,
        servers.sourceHost(),
        servers.sourcePort(),
        database,
        servers.sourceUser(),
        password,
        servers.sourceSslMode(),
        publication,
        slot,
        epoch);
  }
}
