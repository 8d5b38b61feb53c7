/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.TableName;
import dev.cdclake.local.servers.Installation;
import dev.cdclake.shop.ShopSchema;
import dev.cdclake.source.SourceCatalog;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** Runs the whole line until it is stopped. */
@Command(
    name = "up",
    description =
        "Start the servers that the pipeline file leaves to us, capture its tables and keep the"
            + " lake up to date, until Ctrl-C.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  ./cdclake up",
      "  ./cdclake up --detach            and later ./cdclake down",
      "  ./cdclake up --pipeline mine.yaml"
    })
final class UpCommand implements Callable<Integer> {

  @ParentCommand private Main main;

  @Option(
      names = "--detach",
      description = "Return when the line is up; './cdclake down' stops it.")
  private boolean detach;

  @Override
  public Integer call() throws InterruptedException, IOException, SQLException {
    return detach ? DetachedLine.start(main) : runHere();
  }

  private int runHere() throws InterruptedException, IOException, SQLException {
    Pipeline pipeline = main.pipeline();
    Console console = main.console();
    LineView view = new LineView(console);
    try (LocalLine line = LocalLine.start(pipeline, console::line)) {
      installShopInEmptyDatabase(line, pipeline, console);
      line.capture();
      line.runLake(lakeArguments(main), view::accept);
      console.line("The line is up. Ctrl-C, or './cdclake down' elsewhere, stops it.");
      DetachedLine.tellReady(pipeline);
      view.showUntil(() -> false);
    }
    return 0;
  }

  /** Returns the arguments of the process that runs the lake's jobs. */
  static List<String> lakeArguments(Main main) {
    List<String> arguments = new ArrayList<>(main.globalArguments());
    arguments.addAll(List.of("run", "all", "--trigger", "continuous", "--json"));
    return arguments;
  }

  /** Whoever tries the line without a database of their own finds the shop in ours. */
  private static void installShopInEmptyDatabase(LocalLine line, Pipeline pipeline, Console console)
      throws SQLException {
    if (!pipeline.source().embedded()) {
      return;
    }
    try (Connection connection = line.openSource()) {
      boolean wanted =
          pipeline.tables().stream().map(SourceTable::name).anyMatch(UpCommand::isOfTheShop);
      if (wanted && SourceCatalog.readAll(connection).isEmpty()) {
        ShopSchema.install(connection, shopSchema());
        console.line(
            "Created the demo shop's tables in the empty database; './cdclake generate --load' fills"
                + " them");
      }
    }
  }

  private static boolean isOfTheShop(TableName name) {
    return name.toString().equals("public.orders");
  }

  /** Returns the folder of the shop's schema. */
  static Path shopSchema() {
    return Installation.current().home().resolve("sql/source");
  }
}
