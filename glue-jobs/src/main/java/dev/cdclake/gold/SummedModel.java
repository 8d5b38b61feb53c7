/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.gold;

import dev.cdclake.lake.CatalystRows;
import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.Alias;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.Cast;
import org.apache.spark.sql.catalyst.expressions.EvalMode;
import org.apache.spark.sql.catalyst.expressions.ExprId;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.InterpretedMutableProjection;
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.catalyst.expressions.MakeDecimal;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.UnscaledValue;
import org.apache.spark.sql.catalyst.expressions.aggregate.AggregateExpression;
import org.apache.spark.sql.catalyst.expressions.aggregate.AggregateFunction;
import org.apache.spark.sql.catalyst.expressions.aggregate.Count;
import org.apache.spark.sql.catalyst.expressions.aggregate.Max;
import org.apache.spark.sql.catalyst.expressions.aggregate.Min;
import org.apache.spark.sql.catalyst.expressions.aggregate.Sum;
import org.apache.spark.sql.catalyst.plans.logical.Aggregate;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.trees.TreePattern;
import org.apache.spark.sql.execution.QueryExecution;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.StructType;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * A model that counts and sums the rows of one silver table by one of its columns, and nothing
 * else: what changed rows do to its rows can be computed from the changed rows alone.
 *
 * @param input the columns of silver that the select uses
 * @param steps what the select does with a row before it is counted, in order
 * @param columns the columns of the model, in order
 * @param countOfRows the number of the column that counts all rows: at zero a row of the model goes
 */
record SummedModel(StructType input, List<Step> steps, List<Column> columns, int countOfRows)
    implements Serializable {

  private static final long serialVersionUID = 1L;

  /** Days that Spark reads as the day on which it reads them. */
  private static final Pattern CHANGING_DAY =
      Pattern.compile("'\\s*(now|today|yesterday|tomorrow)\\b", Pattern.CASE_INSENSITIVE);

  /** What a column of the model tells. */
  enum Kind {
    KEY,
    COUNT,
    SUM,
    MIN,
    MAX
  }

  /**
   * A column of the model.
   *
   * @param of what is counted or summed of a row, as the last step yields it
   */
  record Column(String name, Kind kind, DataType type, Expression of) implements Serializable {

    private static final long serialVersionUID = 1L;

    /** Whether every row counts, whatever its values are. */
    boolean isCountOfRows() {
      return kind == Kind.COUNT && of instanceof Literal literal && literal.value() != null;
    }
  }

  /**
   * What is done with a row: values are computed of it, or it is left out unless the only value is
   * true.
   */
  record Step(boolean isFilter, Seq<Expression> values, Seq<Attribute> input)
      implements Serializable {

    private static final long serialVersionUID = 1L;
  }

  /**
   * Recognises such a model by what Spark makes of its select.
   *
   * @param silver the columns of its only input
   * @param touchedBy the column of the input that holds the model's key
   * @return empty if the select does anything else
   */
  static Optional<SummedModel> of(
      SparkSession spark, GoldModel model, StructType silver, String touchedBy) {
    String view = "columns_of_" + model.name();
    spark
        .createDataFrame(
            JavaSparkContext.fromSparkContext(spark.sparkContext()).<Row>emptyRDD(), silver)
        .createOrReplaceTempView(view);
    Dataset<Row> select = spark.sql(model.sqlOver(input -> view));
    QueryExecution query = ((org.apache.spark.sql.classic.Dataset<Row>) select).queryExecution();
    // What the select made of a row on an earlier day, it may not make of it now.
    boolean isFit =
        !query.analyzed().containsPattern(TreePattern.CURRENT_LIKE())
            && !CHANGING_DAY.matcher(model.sql()).find()
            && !query.optimizedPlan().containsPattern(TreePattern.PLAN_EXPRESSION());
    Optional<SummedModel> summed =
        isFit && query.optimizedPlan() instanceof Aggregate aggregate
            ? of(aggregate, model.key().get(0), touchedBy)
            : Optional.empty();
    spark.catalog().dropTempView(view);
    return summed;
  }

  private static Optional<SummedModel> of(Aggregate aggregate, String key, String touchedBy) {
    Deque<LogicalPlan> plans = new ArrayDeque<>(List.of(aggregate));
    LogicalPlan silver = aggregate.child();
    for (; silver instanceof Project || silver instanceof Filter; silver = child(silver)) {
      plans.push(silver);
    }
    List<Expression> groups = list(aggregate.groupingExpressions());
    if (!list(silver.children()).isEmpty()
        || groups.size() != 1
        || list(silver.output()).stream()
            .noneMatch(
                column ->
                    column.name().equals(touchedBy) && column.semanticEquals(groups.get(0)))) {
      return Optional.empty();
    }
    List<Column> columns = new ArrayList<>();
    for (NamedExpression column : list(aggregate.aggregateExpressions())) {
      column(column, groups.get(0)).ifPresent(columns::add);
    }
    List<Column> keys = columns.stream().filter(column -> column.kind() == Kind.KEY).toList();
    OptionalInt rows =
        IntStream.range(0, columns.size()).filter(i -> columns.get(i).isCountOfRows()).findFirst();
    if (columns.size() < aggregate.aggregateExpressions().size()
        || keys.size() != 1
        || !keys.get(0).name().equals(key)
        || rows.isEmpty()) {
      return Optional.empty();
    }
    List<Attribute> used = used(silver, plans);
    return steps(used, plans, columns)
        .map(steps -> new SummedModel(shape(used), steps, columns, rows.getAsInt()));
  }

  private static LogicalPlan child(LogicalPlan plan) {
    return list(plan.children()).get(0);
  }

  /**
   * Returns a column of the model; empty if it is not one that can be summed. Where too large a sum
   * is NULL and no error, a sum that is NULL would not tell that there are no values.
   */
  private static Optional<Column> column(NamedExpression named, Expression group) {
    Expression told = named instanceof Alias alias ? alias.child() : (Expression) named;
    if (told.semanticEquals(group)) {
      return isExact(told.dataType())
          ? Optional.of(new Column(named.name(), Kind.KEY, told.dataType(), told))
          : Optional.empty();
    }
    if (!(withoutDecimals(told) instanceof AggregateExpression aggregate)
        || aggregate.isDistinct()
        || aggregate.filter().isDefined()) {
      return Optional.empty();
    }
    AggregateFunction function = aggregate.aggregateFunction();
    List<Expression> of = list(function.children());
    Kind kind = null;
    if (function instanceof Count && of.size() == 1) {
      kind = Kind.COUNT;
    } else if (function instanceof Sum sum
        && sum.evalContext().evalMode().equals(EvalMode.ANSI())
        && isSummed(told.dataType())) {
      kind = Kind.SUM;
    } else if (told == aggregate && function instanceof Min) {
      kind = Kind.MIN;
    } else if (told == aggregate && function instanceof Max) {
      kind = Kind.MAX;
    }
    return kind == null || !isExact(told.dataType())
        ? Optional.empty()
        : Optional.of(
            new Column(
                named.name(),
                kind,
                told.dataType(),
                of.get(0) instanceof UnscaledValue unscaled ? unscaled.child() : of.get(0)));
  }

  /** Takes away what says with how many digits a sum is stored, or computed. */
  private static Expression withoutDecimals(Expression told) {
    Expression inner = told;
    if (inner instanceof Cast cast
        && cast.evalMode().equals(EvalMode.ANSI())
        && cast.dataType() instanceof DecimalType wide
        && cast.child().dataType() instanceof DecimalType narrow
        && wide.scale() == narrow.scale()) {
      inner = cast.child();
    }
    return inner instanceof MakeDecimal made ? made.child() : inner;
  }

  private static boolean isSummed(DataType type) {
    return type instanceof LongType || type instanceof DecimalType;
  }

  /** Whether equal values are alike, and stay what they are however they are summed. */
  private static boolean isExact(DataType type) {
    return isSummed(type)
        || List.of(
                DataTypes.BooleanType,
                DataTypes.IntegerType,
                DataTypes.StringType,
                DataTypes.DateType,
                DataTypes.TimestampType,
                DataTypes.TimestampNTZType)
            .contains(type);
  }

  /**
   * Returns the columns that are used of the rows of silver, before the first step drops others.
   */
  private static List<Attribute> used(LogicalPlan silver, Iterable<LogicalPlan> plans) {
    Set<ExprId> used = new HashSet<>();
    for (LogicalPlan plan : plans) {
      CollectionConverters.asJava(plan.references().toSeq())
          .forEach(column -> used.add(column.exprId()));
      if (plan instanceof Project) {
        break;
      }
    }
    return list(silver.output()).stream().filter(column -> used.contains(column.exprId())).toList();
  }

  private static StructType shape(List<Attribute> columns) {
    StructType shape = new StructType();
    for (Attribute column : columns) {
      shape = shape.add(column.name(), column.dataType());
    }
    return shape;
  }

  /** Returns what the plans do; empty if one of them does not do the same every time. */
  private static Optional<List<Step>> steps(
      List<Attribute> used, Iterable<LogicalPlan> plans, List<Column> columns) {
    List<Step> steps = new ArrayList<>();
    Seq<Attribute> input = seq(used);
    for (LogicalPlan plan : plans) {
      if (plan instanceof Filter filter) {
        steps.add(new Step(true, seq(List.of(filter.condition())), input));
      } else if (plan instanceof Project project) {
        steps.add(
            new Step(
                false,
                seq(list(project.projectList()).stream().map(Expression.class::cast).toList()),
                input));
        input = project.output();
      } else {
        steps.add(new Step(false, seq(columns.stream().map(Column::of).toList()), input));
      }
    }
    return steps.stream()
            .flatMap(step -> list(step.values()).stream())
            .allMatch(Expression::deterministic)
        ? Optional.of(steps)
        : Optional.empty();
  }

  private static <T> List<T> list(Seq<T> all) {
    return CollectionConverters.asJava(all);
  }

  @SuppressWarnings("unchecked")
  private static <T> Seq<T> seq(List<? extends T> all) {
    return (Seq<T>) CollectionConverters.asScala(all).toSeq();
  }

  /** Returns the number of the column that is the key. */
  int key() {
    return IntStream.range(0, columns.size())
        .filter(i -> columns.get(i).kind() == Kind.KEY)
        .findFirst()
        .orElseThrow();
  }

  /** Does with rows of silver what the select does before it counts them. Not for two threads. */
  final class Reader {

    private final CatalystRows rows = new CatalystRows(input);
    private final List<InterpretedMutableProjection> projections =
        steps.stream()
            .map(step -> new InterpretedMutableProjection(step.values(), step.input()))
            .toList();

    /**
     * Reads a row.
     *
     * @param values of the columns of {@link #input}, of the classes that Spark's rows have
     * @return what is counted of it, by column of the model, as Spark's own values; empty if the
     *     select leaves the row out
     */
    Optional<Object[]> read(Object[] values) {
      InternalRow row = rows.row(RowFactory.create(values));
      for (int i = 0; i < steps.size(); i++) {
        InternalRow made = projections.get(i).apply(row);
        if (!steps.get(i).isFilter()) {
          row = made;
        } else if (made.isNullAt(0) || !made.getBoolean(0)) {
          return Optional.empty();
        }
      }
      Object[] read = new Object[columns.size()];
      for (int i = 0; i < read.length; i++) {
        read[i] = row.isNullAt(i) ? null : row.get(i, columns.get(i).of().dataType());
      }
      return Optional.of(read);
    }
  }
}
