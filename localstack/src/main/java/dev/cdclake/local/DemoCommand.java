/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.check.CheckJob;
import dev.cdclake.check.CheckResult;
import dev.cdclake.contract.Layer;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.lake.LakeSession;
import dev.cdclake.shop.Shop;
import dev.cdclake.shop.ShopSchema;
import dev.cdclake.shop.ShopSettings;
import dev.cdclake.shop.ShopTally;
import dev.cdclake.verify.Verdict;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** Shows rows of a trading shop travel from PostgreSQL into gold, and proves that none got lost. */
@Command(
    name = "demo",
    description =
        "Start the line, let the demo shop trade, show its answers in gold, compare silver with the"
            + " source while the shop trades and after it, and stop everything.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  ./cdclake demo",
      "  ./cdclake demo --minutes 5 --rate 500",
      "  ./cdclake demo --keep"
    })
final class DemoCommand implements Callable<Integer> {

  private static final Map<String, String> GOLD_QUESTIONS = new LinkedHashMap<>();

  static {
    GOLD_QUESTIONS.put(
        "Who buys? (gold.user_analytics)",
        "select segment, count(*) as users, sum(paid_orders) as orders,"
            + " sum(total_spent) as spent, cast(avg(predicted_clv) as decimal(12, 2)) as clv"
            + " from %s.user_analytics group by segment order by spent desc");
    GOLD_QUESTIONS.put(
        "What sells? (gold.product_analytics)",
        "select popularity_rank as rank, name, category, units_sold, revenue, return_rate"
            + " from %s.product_analytics order by popularity_rank limit 5");
    GOLD_QUESTIONS.put(
        "How are the last days? (gold.business_kpis)",
        "select day_on, new_users, orders, paid_orders, revenue, average_order_value,"
            + " cancellation_rate from %s.business_kpis order by day_on desc limit 5");
  }

  @ParentCommand private Main main;

  @Mixin private ShopOptions shop;

  @Option(
      names = "--minutes",
      paramLabel = "N",
      defaultValue = "1",
      description = "How long the shop trades (default: ${DEFAULT-VALUE}).")
  private double minutes;

  @Option(names = "--keep", description = "Leave the line running until Ctrl-C.")
  private boolean keep;

  @Override
  public Integer call() throws InterruptedException, SQLException {
    Pipeline pipeline = main.pipeline();
    Console console = main.console();
    LineView view = new LineView(console);
    try (LocalLine line = LocalLine.start(pipeline, console::line)) {
      openShop(line);
      line.capture();
      line.runLake(UpCommand.lakeArguments(main), view::accept);

      boolean equalWhileTrading = trade(line, view);
      view.print();
      printGold(pipeline, console);
      printQuality(pipeline, console);
      boolean equal = verify(pipeline, console);
      if (keep) {
        console.line("The line stays up until Ctrl-C");
        view.showUntil(() -> false);
      }
      return Main.exitCode(equalWhileTrading && equal);
    }
  }

  private void openShop(LocalLine line) throws SQLException {
    try (Connection connection = line.openSource()) {
      ShopSchema.install(connection, UpCommand.shopSchema());
      long rows = Shop.load(connection, shop.settings(), main.console()::line);
      main.console().line("The shop opens with %,d new rows".formatted(rows));
    }
  }

  /** Lets the shop trade, and compares when half of the time is over. */
  private boolean trade(LocalLine line, LineView view) throws InterruptedException {
    ShopTally tally = new ShopTally();
    long begin = System.nanoTime();
    BooleanSupplier over = after(begin, minutes);
    ShopSettings settings = shop.settings();
    main.console()
        .line(
            "The shop trades for %s min, %d changed rows/s"
                .formatted(minutes, settings.changesPerSecond()));
    CompletableFuture<Void> trading =
        CompletableFuture.runAsync(() -> trade(line, settings, over, tally), DemoCommand::inThread);

    BooleanSupplier half = after(begin, minutes / 2);
    view.showUntil(() -> half.getAsBoolean() || trading.isDone());
    main.console().line("Comparing while the shop trades: " + tally);
    boolean equal = verify(main.pipeline(), main.console());
    view.showUntil(trading::isDone);
    join(trading);
    main.console().line("The shop closed: " + tally);
    return equal;
  }

  private static void trade(
      LocalLine line, ShopSettings settings, BooleanSupplier over, ShopTally tally) {
    try (Connection connection = line.openSource()) {
      Shop.trade(connection, settings, over, tally);
    } catch (SQLException e) {
      throw new CompletionException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CompletionException(e);
    }
  }

  private static void join(CompletableFuture<Void> trading) {
    try {
      trading.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  private static BooleanSupplier after(long begin, double minutes) {
    long end = begin + Duration.ofMillis(Math.round(minutes * 60_000)).toNanos();
    return () -> System.nanoTime() - end >= 0;
  }

  private static void inThread(Runnable task) {
    Thread thread = new Thread(task, "shop");
    thread.setDaemon(true);
    thread.start();
  }

  /** Prints what gold answers about the shop. */
  private static void printGold(Pipeline pipeline, Console console) {
    SparkSession spark = LakeSession.open(pipeline, "demo");
    String gold = pipeline.database(Layer.GOLD);
    for (Map.Entry<String, String> question : GOLD_QUESTIONS.entrySet()) {
      console.line("");
      console.line(question.getKey());
      SqlCommand.print(spark.sql(question.getValue().formatted(gold)), 10, console);
    }
    console.line("");
  }

  /** Prints what the shop's mistakes broke; it makes some on purpose. */
  private static void printQuality(Pipeline pipeline, Console console) {
    console.line("What does not hold? The shop makes mistakes on purpose.");
    SparkSession spark = LakeSession.open(pipeline, "demo");
    List<CheckResult> checks = new CheckJob(spark, pipeline).run(Map.of());
    SqlCommand.print(
        spark.sql(
            "select table, expectation, severity as on_break, sum(checked) as checked,"
                + " sum(broken) as broken from %s where severity <> 'check'"
                    .formatted(pipeline.expectationCounts().quoted())
                + " group by table, expectation, severity order by table, expectation"),
        100,
        console);
    console.line("");
    CheckCommand.print(checks, console);
    console.line("");
  }

  /** Compares silver with the source, prints the result, and returns whether they are equal. */
  private static boolean verify(Pipeline pipeline, Console console) {
    Verdict verdict = VerifyCommand.verify(pipeline, Duration.ofMinutes(2));
    VerifyCommand.print(verdict, console);
    return verdict.isEqual();
  }
}
