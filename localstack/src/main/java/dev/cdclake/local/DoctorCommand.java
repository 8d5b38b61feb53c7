/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.local;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.cdclake.source.Doctor;
import dev.cdclake.source.Finding;
import dev.cdclake.source.SourceDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** Says what is wrong with the source before anything is captured. */
@Command(
    name = "doctor",
    description =
        "Examine the source database: settings, role, slot, publication, and every table. Changes"
            + " nothing. Ends with 1 when capture cannot work.",
    footerHeading = "%nExamples:%n",
    footer = {"  ./cdclake doctor", "  ./cdclake doctor --json"})
final class DoctorCommand implements Callable<Integer> {

  @ParentCommand private Main main;

  @Option(names = "--json", description = "Print the findings as JSON.")
  private boolean json;

  @Override
  public Integer call() throws SQLException, JsonProcessingException {
    List<Finding> findings = examine();
    if (json) {
      main.console().line(json(findings));
    } else {
      findings.forEach(finding -> main.console().line(finding.toString()));
      main.console().line(verdict(findings));
    }
    return Main.exitCode(count(findings, Finding.Severity.FAIL) == 0);
  }

  private List<Finding> examine() throws SQLException {
    try (Connection connection = SourceDatabase.open(main.pipeline().source(), System.getenv())) {
      return Doctor.examine(connection, main.pipeline());
    }
  }

  private static String verdict(List<Finding> findings) {
    long failures = count(findings, Finding.Severity.FAIL);
    long warnings = count(findings, Finding.Severity.WARN);
    return failures == 0
        ? "Capture will work (warnings: %d).".formatted(warnings)
        : "Capture cannot work (problems: %d, warnings: %d).".formatted(failures, warnings);
  }

  private static long count(List<Finding> findings, Finding.Severity severity) {
    return findings.stream().filter(finding -> finding.severity() == severity).count();
  }

  private static String json(List<Finding> findings) throws JsonProcessingException {
    ObjectMapper mapper = new ObjectMapper();
    ArrayNode array = mapper.createArrayNode();
    for (Finding finding : findings) {
      array
          .addObject()
          .put("severity", finding.severity().name().toLowerCase(Locale.ROOT))
          .put("subject", finding.subject())
          .put("found", finding.found())
          .put("remedy", finding.remedy());
    }
    return mapper.writerWithDefaultPrettyPrinter().writeValueAsString(array);
  }
}
