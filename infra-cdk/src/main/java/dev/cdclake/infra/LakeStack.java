/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import dev.cdclake.contract.Layer;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.cloudtrail.S3EventSelector;
import software.amazon.awscdk.services.cloudtrail.Trail;
import software.amazon.awscdk.services.glue.CfnDatabase;
import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.kms.Key;
import software.amazon.awscdk.services.s3.BlockPublicAccess;
import software.amazon.awscdk.services.s3.Bucket;
import software.amazon.awscdk.services.s3.BucketEncryption;
import software.amazon.awscdk.services.s3.IBucket;
import software.amazon.awscdk.services.s3.LifecycleRule;
import software.amazon.awscdk.services.s3.ObjectOwnership;
import software.constructs.Construct;

/**
 * Where the lake is kept: buckets, the key, one Glue database per layer.
 *
 * <p>Tables are made by the jobs, which follow the source; a template that named columns would be
 * wrong after the first ALTER TABLE.
 */
final class LakeStack extends Stack {

  /**
   * Where the lake is kept.
   *
   * @param lake holds every layer, each below its own prefix
   * @param artifacts holds what is uploaded: the pipeline file, models, DAGs
   * @param scratch holds temporary files and query results; emptied by age
   * @param key encrypts all three
   */
  record Outputs(IBucket lake, IBucket artifacts, IBucket scratch, IKey key) {}

  private static final int SCRATCH_DAYS = 7;
  private static final int OLD_VERSIONS_DAYS = 30;

  private final Line line;
  private final Key key;
  private final Bucket accessLogs;
  private final Outputs outputs;

  LakeStack(Construct scope, Line line) {
    super(scope, "Lake", line.stack("lake", "Buckets and databases"));
    this.line = line;
    this.key =
        Key.Builder.create(this, "Key")
            .alias(line.name("lake"))
            .description("The lake of " + line.pipeline().prefix())
            .enableKeyRotation(true)
            .removalPolicy(line.removal())
            .build();
    this.accessLogs = accessLogs();
    // Iceberg keeps older states itself: versions of its files would only cost.
    Bucket lake = bucket("Lake", false, List.of());
    Bucket artifacts = bucket("Artifacts", true, List.of(oldVersionsExpire()));
    Bucket scratch = bucket("Scratch", false, List.of(expire(SCRATCH_DAYS)));
    databases(lake);
    audit(lake);
    this.outputs = new Outputs(lake, artifacts, scratch, key);
  }

  Outputs outputs() {
    return outputs;
  }

  /** Returns the prefix that a layer's files lie below. */
  static String prefix(Layer layer) {
    return layer.label() + "/";
  }

  private Bucket accessLogs() {
    Bucket bucket =
        Bucket.Builder.create(this, "AccessLogs")
            .encryption(BucketEncryption.S3_MANAGED)
            .blockPublicAccess(BlockPublicAccess.BLOCK_ALL)
            .objectOwnership(ObjectOwnership.BUCKET_OWNER_ENFORCED)
            .enforceSsl(true)
            .minimumTlsVersion(1.2)
            .lifecycleRules(List.of(expire(line.settings().logDays())))
            .removalPolicy(line.removal())
            .autoDeleteObjects(!line.settings().isDurable())
            .build();
    Reasons.accept(bucket, "S1", "It holds the access logs of the other buckets.");
    return bucket;
  }

  private Bucket bucket(String id, boolean versioned, List<LifecycleRule> rules) {
    RemovalPolicy removal = id.equals("Scratch") ? RemovalPolicy.DESTROY : line.removal();
    return Bucket.Builder.create(this, id)
        .encryption(BucketEncryption.KMS)
        .encryptionKey(key)
        .bucketKeyEnabled(true)
        .blockPublicAccess(BlockPublicAccess.BLOCK_ALL)
        .objectOwnership(ObjectOwnership.BUCKET_OWNER_ENFORCED)
        .enforceSsl(true)
        .minimumTlsVersion(1.2)
        .versioned(versioned)
        .serverAccessLogsBucket(accessLogs)
        .serverAccessLogsPrefix(id.toLowerCase(Locale.ROOT) + "/")
        .lifecycleRules(Stream.concat(rules.stream(), Stream.of(endUploads())).toList())
        .removalPolicy(removal)
        .autoDeleteObjects(removal == RemovalPolicy.DESTROY)
        .build();
  }

  private static LifecycleRule expire(int days) {
    return LifecycleRule.builder().expiration(Duration.days(days)).build();
  }

  private static LifecycleRule oldVersionsExpire() {
    return LifecycleRule.builder()
        .noncurrentVersionExpiration(Duration.days(OLD_VERSIONS_DAYS))
        .build();
  }

  /** The only rule that a lake's bucket may have: any other would delete files of live tables. */
  private static LifecycleRule endUploads() {
    return LifecycleRule.builder().abortIncompleteMultipartUploadAfter(Duration.days(7)).build();
  }

  private void databases(Bucket lake) {
    for (Layer layer : Layer.values()) {
      CfnDatabase database =
          CfnDatabase.Builder.create(this, "Database-" + layer.label())
              .catalogId(getAccount())
              .databaseInput(
                  CfnDatabase.DatabaseInputProperty.builder()
                      .name(line.pipeline().database(layer))
                      .description("Layer " + layer.label() + " of " + line.pipeline().prefix())
                      .locationUri("s3://%s/%s".formatted(lake.getBucketName(), prefix(layer)))
                      .build())
              .build();
      database.applyRemovalPolicy(line.removal());
    }
  }

  /** Who read and wrote which file; kept where data has to last. */
  private void audit(Bucket lake) {
    if (!line.settings().isDurable()) {
      return;
    }
    Trail trail =
        Trail.Builder.create(this, "Audit")
            .trailName(line.name("audit"))
            .bucket(accessLogs)
            .s3KeyPrefix("audit")
            .isMultiRegionTrail(false)
            .includeGlobalServiceEvents(false)
            .enableFileValidation(true)
            .build();
    trail.addS3EventSelector(List.of(S3EventSelector.builder().bucket(lake).build()));
  }
}
