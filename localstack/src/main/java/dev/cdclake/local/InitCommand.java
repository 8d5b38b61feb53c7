/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.Secret;
import dev.cdclake.contract.SettingsException;
import dev.cdclake.contract.Source;
import dev.cdclake.source.FoundTable;
import dev.cdclake.source.PipelineDraft;
import dev.cdclake.source.SourceCatalog;
import dev.cdclake.source.SourceDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** Drafts a pipeline file for a database that exists. */
@Command(
    name = "init",
    description =
        "Look at a database and write a pipeline file for it. The password is read from the"
            + " environment variable CDCLAKE_SOURCE_PASSWORD.",
    footerHeading = "%nExample:%n",
    footer = "  ./cdclake init --host db.example --database shop --user cdc --output shop.yaml")
final class InitCommand implements Callable<Integer> {

  private static final Secret PASSWORD = new Secret("CDCLAKE_SOURCE_PASSWORD");

  @ParentCommand private Main main;

  @Option(names = "--host", required = true, description = "Host name or address.")
  private String host;

  @Option(
      names = "--port",
      defaultValue = "5432",
      description = "TCP port (default: ${DEFAULT-VALUE}).")
  private int port;

  @Option(names = "--database", required = true, description = "The database.")
  private String database;

  @Option(names = "--user", required = true, description = "The role that captures.")
  private String user;

  @Option(
      names = "--ssl-mode",
      defaultValue = "prefer",
      description = "How TLS is used, in the words of libpq (default: ${DEFAULT-VALUE}).")
  private String sslMode;

  @Option(
      names = "--output",
      paramLabel = "FILE",
      defaultValue = "pipeline.yaml",
      description = "The file to write (default: ${DEFAULT-VALUE}).")
  private Path output;

  @Option(names = "--force", description = "Replace the file if it exists.")
  private boolean force;

  @Override
  public Integer call() throws SQLException, IOException {
    if (Files.exists(output) && !force) {
      throw new SettingsException(
          output.toString(),
          List.of("the file exists. Name another with --output, or add --force."));
    }
    Source source =
        new Source(false, host, port, database, user, PASSWORD, sslMode, database, database, 1);
    List<FoundTable> tables = tables(source);
    Files.writeString(output, PipelineDraft.render(source, tables));
    main.console()
        .line(
            "Wrote %s with %d tables. Check it, then run './cdclake doctor --pipeline %s'."
                .formatted(output, tables.size(), output));
    return 0;
  }

  private static List<FoundTable> tables(Source source) throws SQLException {
    try (Connection connection = SourceDatabase.open(source, System.getenv())) {
      return SourceCatalog.readAll(connection);
    }
  }
}
