/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.capture;

import java.sql.Date;
import java.time.LocalDate;
import java.util.Calendar;
import java.util.GregorianCalendar;

/**
 * A {@code date} as the days since 1970, in the calendar of PostgreSQL.
 *
 * <p>A snapshot reads dates as {@link Date}, whose {@code toLocalDate()} forgets the era: Debezium
 * 3.7 sends {@code 0005-03-01 BC} as {@code 0005-03-01}. Not even this class can tell the ten days
 * that Java's calendar leaves out (1582-10-05 to 14), which the driver moves by ten days.
 */
final class SourceDate {

  private SourceDate() {}

  /**
   * Returns the days since 1970 of a value in any of the classes that stream, snapshot and DEFAULT
   * give; the first or last possible day for what is before or after, as infinity is.
   */
  static int epochDay(Object value) {
    if (value instanceof Number days) {
      return days.intValue();
    }
    long day = (value instanceof Date date ? withEra(date) : (LocalDate) value).toEpochDay();
    return (int) Math.min(Math.max(day, Integer.MIN_VALUE), Integer.MAX_VALUE);
  }

  private static LocalDate withEra(Date date) {
    GregorianCalendar calendar = new GregorianCalendar();
    calendar.setTime(date);
    boolean before = calendar.get(Calendar.ERA) == GregorianCalendar.BC;
    int year = calendar.get(Calendar.YEAR);
    return LocalDate.of(
        before ? 1 - year : year, calendar.get(Calendar.MONTH) + 1, calendar.get(Calendar.DATE));
  }
}
