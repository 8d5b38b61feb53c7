/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.runtime;

import dev.cdclake.contract.Source;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;

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
    return DriverManager.getConnection(source.jdbcUrl(), properties);
  }
}
