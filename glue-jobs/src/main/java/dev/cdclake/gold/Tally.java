/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import java.io.Serializable;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.catalyst.util.TypeUtils;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.types.DecimalType;
import scala.math.Ordering;

/** What rows that came and rows that went do to one row of a {@link SummedModel}. */
final class Tally implements Serializable {

  private static final long serialVersionUID = 1L;

  private final Part[] parts;

  /** What they do to one column. All values are Spark's own, and may be null. */
  private abstract static class Part implements Serializable {

    private static final long serialVersionUID = 1L;

    /** Takes in a value that is not null. */
    abstract void take(Object value, boolean isGone);

    abstract void merge(Part other);

    /**
     * Returns the column's new value; null if there is none.
     *
     * @param old its old one
     * @throws ArithmeticException if the value cannot be told from these
     */
    abstract Object over(Object old);
  }

  /** Begins without rows. */
  Tally(SummedModel model) {
    this.parts =
        model.columns().stream()
            .map(
                column ->
                    switch (column.kind()) {
                      case KEY -> new Same();
                      case COUNT -> new Counted();
                      case SUM -> new Summed(column.type());
                      case MIN -> new Extreme(column.type(), -1);
                      case MAX -> new Extreme(column.type(), 1);
                    })
            .toArray(Part[]::new);
  }

  /**
   * Takes in a row.
   *
   * @param values by column, see {@link SummedModel.Reader#read}
   * @param isGone whether it went; else it came
   */
  void take(Object[] values, boolean isGone) {
    for (int i = 0; i < parts.length; i++) {
      if (values[i] != null) {
        parts[i].take(values[i], isGone);
      }
    }
  }

  /** Takes in what another one took. */
  void merge(Tally other) {
    for (int i = 0; i < parts.length; i++) {
      parts[i].merge(other.parts[i]);
    }
  }

  /**
   * Returns the row's new values.
   *
   * @param old its old ones, null if there was no row
   * @return empty if they cannot be told from these: the greatest value went, and which one comes
   *     next is not known
   */
  Optional<List<Object>> over(List<Object> old) {
    Object[] values = new Object[parts.length];
    try {
      for (int i = 0; i < parts.length; i++) {
        values[i] = parts[i].over(old == null ? null : old.get(i));
      }
    } catch (ArithmeticException e) {
      return Optional.empty();
    }
    return Optional.of(Arrays.asList(values));
  }

  private static final class Same extends Part {

    private static final long serialVersionUID = 1L;

    private Object key;

    @Override
    void take(Object value, boolean isGone) {
      key = value;
    }

    @Override
    void merge(Part other) {
      key = key == null ? ((Same) other).key : key;
    }

    @Override
    Object over(Object old) {
      return key;
    }
  }

  private static final class Counted extends Part {

    private static final long serialVersionUID = 1L;

    private long more;

    @Override
    void take(Object value, boolean isGone) {
      more += isGone ? -1 : 1;
    }

    @Override
    void merge(Part other) {
      more += ((Counted) other).more;
    }

    @Override
    Object over(Object old) {
      long count = (old == null ? 0 : (Long) old) + more;
      if (count < 0) {
        throw new ArithmeticException("less than nothing");
      }
      return count;
    }
  }

  private static final class Summed extends Part {

    private static final long serialVersionUID = 1L;

    private final DataType type;
    private BigDecimal more = BigDecimal.ZERO;
    private boolean haveCome;
    private boolean haveGone;

    Summed(DataType type) {
      this.type = type;
    }

    @Override
    void take(Object value, boolean isGone) {
      more = isGone ? more.subtract(number(value)) : more.add(number(value));
      haveCome |= !isGone;
      haveGone |= isGone;
    }

    @Override
    void merge(Part other) {
      Summed summed = (Summed) other;
      more = more.add(summed.more);
      haveCome |= summed.haveCome;
      haveGone |= summed.haveGone;
    }

    /** A sum of 0 may be one of no values at all, which is null; any other has some. */
    @Override
    Object over(Object old) {
      if (!haveCome && !haveGone) {
        return old;
      }
      BigDecimal sum = old == null ? more : number(old).add(more);
      if (haveGone && sum.signum() == 0) {
        throw new ArithmeticException("nothing, or none");
      }
      return type instanceof DecimalType decimal
          ? (Object) Decimal.apply(sum, decimal.precision(), decimal.scale())
          : (Object) sum.longValueExact();
    }

    private static BigDecimal number(Object value) {
      return value instanceof Decimal decimal
          ? decimal.toJavaBigDecimal()
          : BigDecimal.valueOf(((Number) value).longValue());
    }
  }

  /** The greatest value, or the least. */
  private static final class Extreme extends Part {

    private static final long serialVersionUID = 1L;

    private final DataType type;
    private final int sign;
    private Object come;
    private long timesCome;
    private Object gone;
    private long timesGone;

    /**
     * @param sign 1 for the greatest, -1 for the least
     */
    Extreme(DataType type, int sign) {
      this.type = type;
      this.sign = sign;
    }

    @Override
    void take(Object value, boolean isGone) {
      take(value, 1, isGone);
    }

    private void take(Object value, long times, boolean isGone) {
      Object known = isGone ? gone : come;
      int order = known == null ? 1 : order(value, known);
      if (order < 0) {
        return;
      }
      if (isGone) {
        gone = value;
        timesGone = times + (order == 0 ? timesGone : 0);
      } else {
        come = value;
        timesCome = times + (order == 0 ? timesCome : 0);
      }
    }

    @Override
    void merge(Part other) {
      Extreme extreme = (Extreme) other;
      if (extreme.come != null) {
        take(extreme.come, extreme.timesCome, false);
      }
      if (extreme.gone != null) {
        take(extreme.gone, extreme.timesGone, true);
      }
    }

    /** The value stays if more rows had it, or have it now, than went. */
    @Override
    Object over(Object old) {
      Object value = old == null || (come != null && order(come, old) > 0) ? come : old;
      if (gone == null) {
        return value;
      }
      int order = value == null ? 1 : order(gone, value);
      long had = old != null && order(old, value) == 0 ? 1 : 0;
      long came = come != null && order(come, value) == 0 ? timesCome : 0;
      if (order > 0 || (order == 0 && had + came <= timesGone)) {
        throw new ArithmeticException("the next one is not known");
      }
      return value;
    }

    private int order(Object one, Object other) {
      Ordering<Object> ordering = TypeUtils.getInterpretedOrdering(type);
      return sign * ordering.compare(one, other);
    }
  }
}
