/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RootCauseTest {

  @Test
  void innermostCauseIsTakenWithItsFurtherLines() {
    assertThat(
            RootCause.of(
                """
                org.apache.kafka.connect.errors.ConnectException: An exception occurred
                \tat io.debezium.pipeline.ErrorHandler.setProducerThrowable(ErrorHandler.java:72)
                Caused by: io.debezium.DebeziumException: Failed to start replication stream
                \tat io.debezium.A.b(A.java:1)
                Caused by: org.postgresql.util.PSQLException: ERROR: replication slot is active
                  Detail: for PID 7
                \tat org.postgresql.core.v3.QueryExecutorImpl.receive(QueryExecutorImpl.java:1)
                \t... 5 more
                """))
        .isEqualTo(
            "org.postgresql.util.PSQLException: ERROR: replication slot is active Detail: for PID"
                + " 7");
  }

  @Test
  void traceWithoutCauseIsItsOwnRoot() {
    assertThat(RootCause.of("java.lang.OutOfMemoryError: Java heap space\n\tat a.B.c(B.java:1)"))
        .isEqualTo("java.lang.OutOfMemoryError: Java heap space");
    assertThat(RootCause.of("")).isEmpty();
  }
}
