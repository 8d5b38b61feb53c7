/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.glue;

import dev.cdclake.contract.SettingsException;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.PipelineException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

/** Brings the pipeline file, and the models that lie beside it, from S3 onto this machine. */
final class PipelineFolder {

  private PipelineFolder() {}

  /**
   * Fetches the folder of a pipeline file.
   *
   * @param address for example {@code s3://bucket/pipeline/0a1b/pipeline.yaml}
   * @return the file, with everything beside it at its place
   */
  static Path fetch(String address, String region) {
    URI file = URI.create(address);
    if (!"s3".equals(file.getScheme()) || file.getHost() == null || file.getPath().length() < 2) {
      throw new SettingsException(
          "the pipeline file",
          List.of("--pipeline is '%s' (expected s3://BUCKET/FOLDER/FILE).".formatted(address)));
    }
    String key = file.getPath().substring(1);
    String folder = key.substring(0, key.lastIndexOf('/') + 1);
    try (S3Client s3 = S3Client.builder().region(Region.of(region)).build()) {
      Path home = Files.createTempDirectory("cdclake-pipeline");
      for (S3Object found :
          s3.listObjectsV2Paginator(list -> list.bucket(file.getHost()).prefix(folder))
              .contents()) {
        fetch(
            s3, file.getHost(), found.key(), inside(home, found.key().substring(folder.length())));
      }
      return home.resolve(key.substring(folder.length()));
    } catch (SdkException e) {
      throw new PipelineException(
          Stage.SOURCE,
          AwsFailures.code(e),
          "Cannot fetch the pipeline file '%s': %s (expected an object that the job's role may read). Deploy again, or correct --pipeline."
              .formatted(address, e.getMessage()),
          e);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot keep the pipeline file on this machine.", e);
    }
  }

  private static void fetch(S3Client s3, String bucket, String key, Path target)
      throws IOException {
    if (!key.endsWith("/")) {
      Files.createDirectories(target.getParent());
      s3.getObject(get -> get.bucket(bucket).key(key), target);
    }
  }

  /** A key may hold any text; what it names stays below the folder. */
  private static Path inside(Path home, String name) {
    Path target = home.resolve(name).normalize();
    if (!target.startsWith(home)) {
      throw new SettingsException(
          "the folder of the pipeline file",
          List.of("'%s' leads out of it (expected names below it).".formatted(name)));
    }
    return target;
  }
}
