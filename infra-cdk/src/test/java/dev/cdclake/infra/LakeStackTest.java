/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.junit.jupiter.api.Test;
import software.amazon.awscdk.assertions.Match;

class LakeStackTest {

  @Test
  void bucketsRefusePublicAccess() {
    Synthesised.of("prod")
        .template("Lake")
        .allResourcesProperties(
            "AWS::S3::Bucket",
            Match.objectLike(
                Map.of(
                    "PublicAccessBlockConfiguration",
                    Map.of(
                        "BlockPublicAcls", true,
                        "BlockPublicPolicy", true,
                        "IgnorePublicAcls", true,
                        "RestrictPublicBuckets", true))));
  }

  @Test
  void bucketsRefuseWhatIsNotTls() {
    Synthesised prod = Synthesised.of("prod");

    assertThat(prod.resources("AWS::S3::BucketPolicy"))
        .hasSize(4)
        .allSatisfy(
            (id, policy) ->
                assertThat(policy.toString())
                    .contains("\"aws:SecureTransport\":\"false\"")
                    .contains("s3:TlsVersion"));
  }

  @Test
  void noRuleDeletesFilesOfTheLakeByAge() {
    for (JsonNode bucket : Synthesised.of("prod").resources("AWS::S3::Bucket").values()) {
      if (bucket.at("/Properties/LoggingConfiguration/LogFilePrefix").asText().equals("lake/")) {
        assertThat(bucket.at("/Properties/LifecycleConfiguration/Rules"))
            .singleElement()
            .satisfies(
                rule -> {
                  assertThat(rule.has("AbortIncompleteMultipartUpload")).isTrue();
                  assertThat(rule.has("ExpirationInDays")).isFalse();
                });
        return;
      }
    }
    throw new AssertionError("There is no bucket for the lake.");
  }

  @Test
  void layersHaveFoldersOfTheirOwn() {
    assertThat(Synthesised.of("dev").resources("AWS::Glue::Database").values())
        .extracting(database -> database.at("/Properties/DatabaseInput/LocationUri").toString())
        .allMatch(uri -> uri.matches(".*\"/(bronze|silver|gold)/\".*"))
        .doesNotHaveDuplicates();
  }

  @Test
  void prodsLakeOutlivesItsStackAndDevsDoesNot() {
    Synthesised.of("prod")
        .template("Lake")
        .allResources("AWS::Glue::Database", Match.objectLike(Map.of("DeletionPolicy", "Retain")));
    Synthesised.of("dev")
        .template("Lake")
        .allResources("AWS::S3::Bucket", Match.objectLike(Map.of("DeletionPolicy", "Delete")));
  }

  @Test
  void whoTouchesProdsLakeIsRecorded() {
    Synthesised.of("prod").template("Lake").resourceCountIs("AWS::CloudTrail::Trail", 1);
    Synthesised.of("dev").template("Lake").resourceCountIs("AWS::CloudTrail::Trail", 0);
  }
}
