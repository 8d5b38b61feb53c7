/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * What runs inside the Connect worker, beside Debezium. In come column values as Debezium reads
 * them, out go the values of change events; bronze reads those from Kafka.
 */
package dev.cdclake.capture;
