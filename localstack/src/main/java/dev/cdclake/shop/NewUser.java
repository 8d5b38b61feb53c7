/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.shop;

import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;

/** A person who signs up. {@code address} is a JSON object; {@code about} may be null. */
record NewUser(
    long id,
    String email,
    String fullName,
    String address,
    List<String> tags,
    boolean verified,
    OffsetDateTime createdAt,
    String about) {

  NewUser {
    tags = List.copyOf(tags);
  }

  NewUser withEmail(String otherEmail) {
    return new NewUser(id, otherEmail, fullName, address, tags, verified, createdAt, about);
  }

  void write(Ledger ledger) throws SQLException {
    ledger.write(
        """
        insert into public.users (id, email, full_name, address, tags, is_verified, created_at, about)
        values (?, ?, ?, ?::jsonb, ?, ?, ?, ?)
        """,
        id,
        email,
        fullName,
        address,
        tags,
        verified,
        createdAt,
        about);
  }
}
