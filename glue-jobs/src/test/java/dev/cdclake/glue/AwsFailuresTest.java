/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.glue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.cdclake.contract.SettingsException;
import dev.cdclake.failure.FailureCode;
import dev.cdclake.failure.PipelineException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a job says when AWS refuses or does not answer; the clients are the real ones. */
class AwsFailuresTest {

  private static final String REGION = "eu-central-1";
  private static final String FILE = "s3://artifacts/pipeline/1/pipeline.yaml";

  private final Map<String, String> answers = new TreeMap<>();
  private final AtomicInteger asked = new AtomicInteger();
  private final List<String> bodies = new CopyOnWriteArrayList<>();
  private int status = 200;
  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          asked.incrementAndGet();
          String path = exchange.getRequestURI().getPath();
          byte[] body = answers.getOrDefault(path, "").getBytes(StandardCharsets.UTF_8);
          bodies.add(
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1));
          exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
          if (body.length > 0) {
            exchange.getResponseBody().write(body);
          }
          exchange.close();
        });
    server.start();
    System.setProperty("aws.endpointUrl", "http://127.0.0.1:" + server.getAddress().getPort());
    System.setProperty("aws.accessKeyId", "of-the-test");
    System.setProperty("aws.secretAccessKey", "of-the-test");
    System.setProperty("aws.maxAttempts", "1");
  }

  @AfterEach
  void stop() {
    server.stop(0);
    for (String property :
        new String[] {"endpointUrl", "accessKeyId", "secretAccessKey", "maxAttempts"}) {
      System.clearProperty("aws." + property);
    }
  }

  @Test
  void addressThatIsNoneOfS3IsRefusedBeforeAnythingIsAsked() {
    assertThatThrownBy(() -> PipelineFolder.fetch("/home/me/pipeline.yaml", REGION))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("--pipeline is '/home/me/pipeline.yaml'")
        .hasMessageContaining("expected s3://BUCKET/FOLDER/FILE");
    assertThat(asked).hasValue(0);
  }

  @Test
  void fileIsFetchedWithWhatLiesBesideIt() throws IOException {
    answers.put("/artifacts", listing("pipeline/1/pipeline.yaml", "pipeline/1/models/a.sql"));
    answers.put("/artifacts/pipeline/1/pipeline.yaml", "project: shop");
    answers.put("/artifacts/pipeline/1/models/a.sql", "select 1");

    Path file = PipelineFolder.fetch(FILE, REGION);

    assertThat(file).hasContent("project: shop");
    assertThat(file.resolveSibling("models/a.sql")).hasContent("select 1");
  }

  @Test
  void nameThatLeadsOutOfTheFolderIsRefused() {
    answers.put("/artifacts", listing("pipeline/1/../../../../escaped.txt"));

    assertThatThrownBy(() -> PipelineFolder.fetch(FILE, REGION))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("leads out of it");
    assertThat(Files.exists(Path.of(System.getProperty("java.io.tmpdir"), "../escaped.txt")))
        .isFalse();
  }

  @Test
  void fileThatTheRoleMayNotReadIsSaidToBeSo() {
    status = 403;

    assertThatThrownBy(() -> PipelineFolder.fetch(FILE, REGION))
        .isInstanceOfSatisfying(
            PipelineException.class,
            failure -> assertThat(failure.code()).isEqualTo(FailureCode.CONFIG_INVALID))
        .hasMessageContaining("Cannot fetch the pipeline file '" + FILE + "'")
        .hasMessageContaining("expected an object that the job's role may read");
  }

  @Test
  void outageOfS3IsNoFaultOfTheSettings() {
    status = 503;

    assertThatThrownBy(() -> PipelineFolder.fetch(FILE, REGION))
        .isInstanceOfSatisfying(
            PipelineException.class,
            failure -> assertThat(failure.code()).isEqualTo(FailureCode.UNREACHABLE));
  }

  @Test
  void metricThatCannotBePublishedEndsNothing() {
    for (int refusal : new int[] {403, 500}) {
      status = refusal;
      int before = asked.get();
      assertThatCode(
              () -> {
                try (LineMetrics metrics = LineMetrics.open(REGION, "cdclake", "shop_dev")) {
                  metrics.differences(3);
                  metrics.behind(Duration.ofSeconds(5));
                }
              })
          .doesNotThrowAnyException();
      assertThat(asked.get()).isEqualTo(before + 2);
    }
  }

  @Test
  void tablesThatWaitArePublishedAndNoneIsSilent() {
    try (LineMetrics metrics = LineMetrics.open(REGION, "cdclake", "shop_dev")) {
      metrics.waiting(0);
      assertThat(asked).hasValue(0);

      metrics.waiting(2);
    }

    assertThat(bodies).singleElement().asString().contains("TablesWaiting", "shop_dev");
  }

  @Test
  void metricsOfAnUnreachableServiceEndNothing() {
    server.stop(0);

    assertThatCode(
            () -> {
              try (LineMetrics metrics = LineMetrics.open(REGION, "cdclake", "shop_dev")) {
                metrics.differences(3);
              }
            })
        .doesNotThrowAnyException();
  }

  private static String listing(String... keys) {
    StringBuilder found = new StringBuilder();
    for (String key : keys) {
      found.append("<Contents><Key>%s</Key><Size>1</Size></Contents>".formatted(key));
    }
    return """
    <?xml version="1.0" encoding="UTF-8"?>
    <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    <Name>artifacts</Name><IsTruncated>false</IsTruncated>%s</ListBucketResult>\
    """
        .formatted(found);
  }
}
