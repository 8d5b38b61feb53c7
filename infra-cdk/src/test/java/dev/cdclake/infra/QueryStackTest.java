/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.junit.jupiter.api.Test;
import software.amazon.awscdk.assertions.Match;

class QueryStackTest {

  @Test
  void queryStopsWhenItHasReadTooMuch() {
    Synthesised.of("dev")
        .template("Query")
        .hasResourceProperties(
            "AWS::Athena::WorkGroup",
            Map.of(
                "WorkGroupConfiguration",
                Match.objectLike(
                    Map.of(
                        "BytesScannedCutoffPerQuery",
                        10L << 30,
                        "EnforceWorkGroupConfiguration",
                        true))));
  }

  @Test
  void resultsAreEncryptedWithTheLakesKey() {
    Synthesised.of("prod")
        .template("Query")
        .hasResourceProperties(
            "AWS::Athena::WorkGroup",
            Map.of(
                "WorkGroupConfiguration",
                Match.objectLike(
                    Map.of(
                        "ResultConfiguration",
                        Match.objectLike(
                            Map.of(
                                "EncryptionConfiguration",
                                Match.objectLike(
                                    Map.of(
                                        "EncryptionOption",
                                        "SSE_KMS",
                                        "KmsKey",
                                        Match.anyValue()))))))));
  }

  @Test
  void questionIsAskedInItsLayersDatabase() {
    Synthesised.of("prod")
        .template("Query")
        .hasResourceProperties(
            "AWS::Athena::NamedQuery",
            Map.of(
                "Name",
                "revenue_last_week",
                "Database",
                "cdc_demo_prod_gold",
                "WorkGroup",
                "cdc-demo-prod",
                "QueryString",
                Match.stringLikeRegexp("from sales_trends")));
  }

  @Test
  void analystsReadGoldAndNothingElse() {
    JsonNode policy =
        Synthesised.of("prod").resources("AWS::IAM::ManagedPolicy").values().iterator().next();

    assertThat(policy.toString())
        .contains("cdc_demo_prod_gold")
        .doesNotContain("cdc_demo_prod_silver", "cdc_demo_prod_bronze");
  }
}
