/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.GeneralCodingRules;
import java.sql.DriverManager;

/**
 * Imports flow one way, towards the contract:
 *
 * <pre>
 * contract &lt;- failure &lt;- lake &lt;- runtime &lt;- { bronze | silver | gold | verify |
 * maintain | check | forget } &lt;- line &lt;- glue
 *
 * contract &lt;- source &lt;- connect &lt;- line
 * </pre>
 *
 * <p>Whoever has to change this file changes how the stages hang together: think first.
 */
@AnalyzeClasses(packages = "dev.cdclake", importOptions = DoNotIncludeTests.class)
class LayeringTest {

  /** The worker's alone, and registered by this name. */
  private static final String MASK_COLUMNS = "dev\\.cdclake\\.connect\\.MaskColumns.*";

  @ArchTest
  static final ArchRule importsFlowTowardsTheContract =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("contract")
          .definedBy("dev.cdclake.contract..")
          .layer("failure")
          .definedBy("dev.cdclake.failure..")
          .layer("lake")
          .definedBy("dev.cdclake.lake..")
          .layer("runtime")
          .definedBy("dev.cdclake.runtime..")
          .layer("stages")
          .definedBy(
              "dev.cdclake.bronze..",
              "dev.cdclake.silver..",
              "dev.cdclake.gold..",
              "dev.cdclake.verify..",
              "dev.cdclake.maintain..",
              "dev.cdclake.check..",
              "dev.cdclake.forget..")
          .layer("line")
          .definedBy("dev.cdclake.line..")
          .layer("capture")
          .definedBy("dev.cdclake.source..", "dev.cdclake.connect..")
          .whereLayer("contract")
          .mayNotAccessAnyLayer()
          .whereLayer("failure")
          .mayOnlyAccessLayers("contract")
          .whereLayer("lake")
          .mayOnlyAccessLayers("contract", "failure")
          .whereLayer("runtime")
          .mayOnlyAccessLayers("contract", "failure", "lake")
          .whereLayer("stages")
          .mayOnlyAccessLayers("contract", "failure", "lake", "runtime")
          .layer("glue")
          .definedBy("dev.cdclake.glue..")
          .layer("worker")
          .definedBy("dev.cdclake.capture..", "dev.cdclake.container..")
          .whereLayer("capture")
          .mayOnlyAccessLayers("contract")
          .whereLayer("capture")
          .mayOnlyBeAccessedByLayers("line", "glue", "worker")
          .whereLayer("worker")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("line")
          .mayOnlyBeAccessedByLayers("glue")
          .whereLayer("glue")
          .mayNotBeAccessedByAnyLayer();

  @ArchTest
  static final ArchRule stagesMeetOnlyAtATable =
      slices()
          .matching("dev.cdclake.(bronze|silver|gold|verify|maintain|check|forget)..")
          .should()
          .notDependOnEachOther();

  @ArchTest
  static final ArchRule everyClassHasItsPlaceInTheOrder =
      noClasses()
          .should()
          .resideOutsideOfPackages(
              "dev.cdclake.contract..",
              "dev.cdclake.source..",
              "dev.cdclake.connect..",
              "dev.cdclake.capture..",
              "dev.cdclake.container..",
              "dev.cdclake.failure..",
              "dev.cdclake.lake..",
              "dev.cdclake.runtime..",
              "dev.cdclake.bronze..",
              "dev.cdclake.silver..",
              "dev.cdclake.gold..",
              "dev.cdclake.verify..",
              "dev.cdclake.maintain..",
              "dev.cdclake.check..",
              "dev.cdclake.forget..",
              "dev.cdclake.line..",
              "dev.cdclake.glue..");

  @ArchTest
  static final ArchRule contractAndFailuresKnowNoEngine =
      noClasses()
          .that()
          .resideInAnyPackage("dev.cdclake.contract..", "dev.cdclake.failure..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.spark..", "org.apache.iceberg..", "org.apache.kafka..");

  /** The job jar has neither. */
  @ArchTest
  static final ArchRule whatTheJobsUseOfCaptureNeedsNoWorker =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.cdclake.capture..", "dev.cdclake.container..")
          .and()
          .haveNameNotMatching(MASK_COLUMNS)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.debezium..", "org.apache.kafka.connect..")
          .orShould()
          .dependOnClassesThat()
          .haveNameMatching(MASK_COLUMNS);

  @ArchTest
  static final ArchRule onlyTheEntryOfGlueKnowsAws =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.cdclake.glue..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("software.amazon..", "com.amazonaws..", "org.apache.iceberg.aws..");

  /** It knows no driver that comes with a job's jar, and hands out whichever was there first. */
  @ArchTest
  static final ArchRule nobodyAsksJavaForADriver =
      noClasses().should().dependOnClassesThat().areAssignableTo(DriverManager.class);

  /** A container's output is its log. */
  @ArchTest
  static final ArchRule nobodyWritesToTheStandardStreams =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.cdclake.container..")
          .should(GeneralCodingRules.ACCESS_STANDARD_STREAMS);
}
