/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.assertions.Match;

class SourceStackTest {

  @Test
  void logIsWrittenInLogicalFormAndKeptUpToHalfOfTheDisk() {
    Synthesised.of("dev")
        .template("Source")
        .hasResourceProperties(
            "AWS::RDS::DBParameterGroup",
            Map.of(
                "Parameters",
                Map.of(
                    "rds.logical_replication",
                    "1",
                    "rds.force_ssl",
                    "1",
                    "max_slot_wal_keep_size",
                    "10240")));
  }

  @Test
  void databaseIsEncryptedAndNotPublic() {
    Synthesised.of("dev")
        .template("Source")
        .hasResourceProperties(
            "AWS::RDS::DBInstance",
            Map.of(
                "StorageEncrypted",
                true,
                "KmsKeyId",
                Match.anyValue(),
                "PubliclyAccessible",
                false,
                "DBName",
                "shop"));
  }

  @Test
  void prodsDatabaseHasAStandbyAndOutlivesItsStack() {
    Synthesised.of("prod")
        .template("Source")
        .hasResource(
            "AWS::RDS::DBInstance",
            Map.of(
                "DeletionPolicy",
                "Snapshot",
                "Properties",
                Match.objectLike(
                    Map.of(
                        "MultiAZ", true,
                        "DeletionProtection", true,
                        "BackupRetentionPeriod", 14))));
  }

  @ParameterizedTest
  @CsvSource({"dev, false", "staging, true", "prod, true"})
  void nothingIsDeletedByAccidentOutsideDev(String environment, boolean isProtected) {
    Synthesised line = Synthesised.of(environment);

    line.template("Source")
        .hasResourceProperties("AWS::RDS::DBInstance", Map.of("DeletionProtection", isProtected));
    assertThat(line.stacks().values())
        .extracting(Stack::getTerminationProtection)
        .containsOnly(isProtected);
  }

  @Test
  void passwordIsRotatedEveryMonth() {
    Synthesised.of("prod")
        .template("Source")
        .hasResourceProperties(
            "AWS::SecretsManager::RotationSchedule",
            Match.objectLike(
                Map.of("RotationRules", Map.of("ScheduleExpression", "rate(30 days)"))));
  }
}
