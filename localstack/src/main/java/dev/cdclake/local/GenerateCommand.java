/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.shop.Shop;
import dev.cdclake.shop.ShopSchema;
import dev.cdclake.shop.ShopSettings;
import dev.cdclake.shop.ShopTally;
import dev.cdclake.source.SourceDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** Lets the demo shop trade in the source. */
@Command(
    name = "generate",
    description = "Change rows of the demo shop in the pipeline's source, as its customers would.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  ./cdclake generate --load        create and fill the shop, then trade until Ctrl-C",
      "  ./cdclake generate --rate 500 --minutes 5 --seed 7"
    })
final class GenerateCommand implements Callable<Integer> {

  private static final Duration SENTENCE = Duration.ofSeconds(5);

  @ParentCommand private Main main;

  @Mixin private ShopOptions shop;

  @Option(names = "--minutes", description = "How long to trade (default: until Ctrl-C).")
  private Double minutes;

  @Option(names = "--load", description = "Create the shop's tables and fill them first.")
  private boolean load;

  @Override
  public Integer call() throws SQLException, InterruptedException {
    Pipeline pipeline = main.pipeline();
    ShopSettings settings = shop.settings();
    try (Connection connection = SourceDatabase.open(pipeline.source(), System.getenv())) {
      if (load) {
        ShopSchema.install(connection, UpCommand.shopSchema());
        long rows = Shop.load(connection, settings, main.console()::line);
        main.console().line("Loaded %,d rows".formatted(rows));
      }
      trade(connection, settings);
    }
    return 0;
  }

  private void trade(Connection connection, ShopSettings settings) throws InterruptedException {
    ShopTally tally = new ShopTally();
    Ticker ticker = new Ticker(tally);
    Shop.trade(connection, settings, ticker::tick, tally);
    main.console().line(tally.toString());
  }

  /** Says from time to time how far the trade is, and when it is over. */
  private final class Ticker {

    private final ShopTally tally;
    private final long begin = System.nanoTime();
    private long next = begin + SENTENCE.toNanos();

    private Ticker(ShopTally tally) {
      this.tally = tally;
    }

    private boolean tick() {
      long now = System.nanoTime();
      if (now >= next) {
        next += SENTENCE.toNanos();
        main.console().line(tally.toString());
      }
      return minutes != null && now - begin >= minutes * 60e9;
    }
  }
}
