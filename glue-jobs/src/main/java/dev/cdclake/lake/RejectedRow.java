/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.lake;

import dev.cdclake.contract.ChangeColumns;
import dev.cdclake.failure.RejectReason;
import java.io.Serializable;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * A row of {@link RejectedRows}.
 *
 * @param epoch timeline of the source when the event was read, null if not recorded
 */
public record RejectedRow(RejectReason reason, Place place, Integer epoch) {

  /** Where an event was on its topic. */
  public record Place(int partition, long offset) implements Serializable {

    private static final Pattern FORM = Pattern.compile("(\\d{1,9}):(\\d{1,18})");

    /** Reads a place as {@link #toString} writes it; empty if the text is anything else. */
    public static Optional<Place> parse(String text) {
      Matcher place = FORM.matcher(text);
      return place.matches()
          ? Optional.of(new Place(Integer.parseInt(place.group(1)), Long.parseLong(place.group(2))))
          : Optional.empty();
    }

    @Override
    public String toString() {
      return partition + ":" + offset;
    }
  }

  /** Why a row was rejected once more when it was replayed. */
  public record Refusal(Place place, RejectReason reason, String detail) implements Serializable {}

  /** Returns the rows that are not refused. */
  public static List<RejectedRow> without(List<RejectedRow> rows, List<Refusal> refused) {
    Set<Place> places = refused.stream().map(Refusal::place).collect(Collectors.toSet());
    return rows.stream().filter(row -> !places.contains(row.place())).toList();
  }

  /** Returns the places of rows as a data set. */
  public static Dataset<Row> coordinates(SparkSession spark, Collection<RejectedRow> rows) {
    List<Row> places =
        rows.stream()
            .map(row -> RowFactory.create(row.place().partition(), row.place().offset()))
            .toList();
    return spark.createDataFrame(
        places,
        new StructType()
            .add(ChangeColumns.PARTITION, DataTypes.IntegerType)
            .add(ChangeColumns.OFFSET, DataTypes.LongType));
  }
}
