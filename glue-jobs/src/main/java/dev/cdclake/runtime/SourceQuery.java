/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.runtime;

import dev.cdclake.contract.Source;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Properties;
import org.postgresql.Driver;

/** What stages need to ask the source's catalogs themselves. */
public final class SourceQuery {

  /**
   * Joins to a column's type {@code t} as {@code base} the type that a domain is made from, and as
   * {@code element} the type of an array's elements, NULL for what is no array.
   */
  public static final String BASE_TYPE =
      """
       cross join lateral (
             with recursive resolved as (
               select t.*
               union all
               select parent.* from resolved r join pg_type parent on parent.oid = r.typbasetype
                where r.typtype = 'd')
             select * from resolved where typtype <> 'd') base
        left join pg_type element on element.oid = base.typelem and base.typcategory = 'A'
      """;

  private static final String SECONDS_TO_CONNECT = "5";

  private SourceQuery() {}

  /**
   * Connects for a question that can be left unanswered: not for long.
   *
   * @param password of the source's role, null if it needs none
   */
  public static Connection open(Source source, String password) throws SQLException {
    Properties properties = new Properties();
    properties.put("user", source.user());
    properties.put("loginTimeout", SECONDS_TO_CONNECT);
    if (password != null) {
      properties.put("password", password);
    }
    return connect(source.jdbcUrl(), properties);
  }

  /**
   * Connects by our own driver. {@link java.sql.DriverManager} would not do on a cluster: it takes
   * whichever driver was there first, and none that came with a job's jar.
   *
   * @param properties as PostgreSQL's driver knows them
   */
  public static Connection connect(String jdbcUrl, Properties properties) throws SQLException {
    return new Driver().connect(jdbcUrl, properties);
  }
}
