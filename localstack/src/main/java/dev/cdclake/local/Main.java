/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SettingsException;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.apache.spark.sql.AnalysisException;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command line: what all verbs share, and what their failures look like. */
@Command(
    name = "cdclake",
    description = "Carries every committed change of PostgreSQL into Apache Iceberg exactly once.",
    synopsisSubcommandLabel = "VERB",
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    commandListHeading = "%nVerbs:%n",
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:a check failed, or found a difference",
      "2:wrong usage or settings",
      "3:the run failed"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  ./cdclake demo                   see rows travel from PostgreSQL to gold",
      "  ./cdclake init --host db.example --database shop --user cdc",
      "  ./cdclake doctor                 what is wrong with the database, before anything runs",
      "  ./cdclake up                     run the line until Ctrl-C"
    },
    subcommands = {
      DemoCommand.class,
      InitCommand.class,
      DoctorCommand.class,
      UpCommand.class,
      DownCommand.class,
      RunCommand.class,
      SqlCommand.class,
      StatusCommand.class,
      VerifyCommand.class,
      RejectedCommand.class,
      ReplayCommand.class,
      SchemaCommand.class,
      MaintainCommand.class,
      CheckCommand.class,
      ForgetCommand.class,
      ResnapshotCommand.class,
      GenerateCommand.class,
    })
public final class Main implements Runnable {

  private static final int CHECK_FAILED = 1;
  private static final int WRONG_SETTINGS = 2;
  private static final int RUN_FAILED = 3;
  private static final int INTERRUPTED = 130;

  @Option(
      names = "--pipeline",
      paramLabel = "FILE",
      defaultValue = "pipeline.yaml",
      scope = ScopeType.INHERIT,
      description = "The pipeline file (default: ${DEFAULT-VALUE}).")
  private Path file;

  @Option(
      names = "--environment",
      paramLabel = "NAME",
      defaultValue = "dev",
      scope = ScopeType.INHERIT,
      description = "One of the file's environments (default: ${DEFAULT-VALUE}).")
  private String environment;

  @Option(
      names = "--profile",
      paramLabel = "NAME",
      defaultValue = "local",
      scope = ScopeType.INHERIT,
      description = "One of the file's profiles (default: ${DEFAULT-VALUE}).")
  private String profile;

  @Option(
      names = "--stacktrace",
      scope = ScopeType.INHERIT,
      description = "Show where a failure came from, not only what it says.")
  private boolean stacktrace;

  @Spec private CommandSpec spec;

  private final Console console = Console.standard();
  private Pipeline pipeline;

  private Main() {}

  public static void main(String[] arguments) {
    System.exit(new Main().commandLine().execute(arguments));
  }

  CommandLine commandLine() {
    return new CommandLine(this)
        .setExecutionStrategy(this::execute)
        .setExecutionExceptionHandler(this::failed)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(true);
  }

  /** Without a verb there is nothing to do but to say which there are. */
  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "Cannot do anything: no verb.");
  }

  /** Returns the pipeline that the options name. */
  Pipeline pipeline() {
    if (pipeline == null) {
      pipeline = Pipeline.read(file, environment, profile);
    }
    return pipeline;
  }

  /** Returns where people read what happens. */
  Console console() {
    return console;
  }

  /** Returns the options of this call as a child process takes them. */
  List<String> globalArguments() {
    return List.of(
        "--pipeline",
        file.toAbsolutePath().toString(),
        "--environment",
        environment,
        "--profile",
        profile);
  }

  /** Logs have a place before the verb, or anything it uses, writes the first line. */
  private int execute(ParseResult parsed) {
    ParseResult verb = parsed.hasSubcommand() ? parsed.subcommand() : parsed;
    Path log = state().resolve("logs").resolve(verb.commandSpec().name() + ".log");
    if (System.getProperty("cdclake.log") == null) {
      System.setProperty("cdclake.log", log.toString());
    }
    return new CommandLine.RunLast().execute(parsed);
  }

  private Path state() {
    try {
      return pipeline().profile().state();
    } catch (SettingsException e) {
      // The verb says so itself, unless it can do without the file, as init can.
      return file.toAbsolutePath().resolveSibling(".cdclake");
    }
  }

  private int failed(Exception failure, CommandLine commandLine, ParseResult parsed) {
    if (failure instanceof CancellationException || isShuttingDown()) {
      return INTERRUPTED;
    }
    LoggerFactory.getLogger(Main.class).error("The verb failed", failure);
    PrintWriter err = commandLine.getErr();
    if (stacktrace) {
      failure.printStackTrace(err);
    } else if (failure.getClass().getName().startsWith("dev.cdclake.")) {
      err.println(failure.getMessage());
      if (failure instanceof PipelineException run) {
        err.printf("(%s, %s, remedy %s)%n", run.stage().label(), run.code(), run.code().remedy());
      }
    } else if (failure instanceof AnalysisException || failure instanceof SQLException) {
      // A statement of the user's: what Spark or PostgreSQL say of it is the message.
      err.println(failure.getMessage().lines().findFirst().orElse(failure.toString()));
    } else {
      err.printf(
          "Cannot finish: %s (expected no such failure). See %s, or add --stacktrace.%n",
          failure, System.getProperty("cdclake.log"));
    }
    err.flush();
    boolean wrongSettings =
        failure instanceof SettingsException
            || failure instanceof AnalysisException
            || (failure instanceof PipelineException run
                && run.code() == FailureCode.CONFIG_INVALID);
    return wrongSettings ? WRONG_SETTINGS : RUN_FAILED;
  }

  private static boolean isShuttingDown() {
    Thread probe = new Thread(() -> {});
    try {
      Runtime.getRuntime().addShutdownHook(probe);
      Runtime.getRuntime().removeShutdownHook(probe);
      return false;
    } catch (IllegalStateException e) {
      return true;
    }
  }

  /** Reads the version from the jar's manifest. */
  static final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {"cdclake " + (version == null ? "(not packaged)" : version)};
    }
  }

  /** Returns the exit code of a check. */
  static int exitCode(boolean passed) {
    return passed ? 0 : CHECK_FAILED;
  }
}
