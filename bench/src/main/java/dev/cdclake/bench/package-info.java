/* Licensed under the Apache License, Version 2.0: see LICENSE. */
/**
 * Measures every stage of the line side by side with other ways to do its work. A part prepares
 * what all contenders get, runs each of them in a process of its own, and compares what each made
 * with the source; the page shows the samples that came of it.
 */
package dev.cdclake.bench;
