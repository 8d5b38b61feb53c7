/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * The servers of the local line, each a process of its own, and the supervisor that keeps them up.
 *
 * <p>In come ports, folders and settings; out come running servers that leave nothing behind. The
 * package {@code dev.cdclake.local} puts them together into a line.
 */
package dev.cdclake.local.servers;
