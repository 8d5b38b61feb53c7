/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.aws;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * AWS on this machine: S3, the Glue Data Catalog, Secrets Manager and CloudWatch, as far as
 * MiniStack has them. It refuses a commit of a table that is not based on the newest version, as
 * Glue does.
 *
 * <p>The first start installs it with Python's pip into a folder of the build; a machine without
 * Python fails the test rather than leave it out.
 */
final class MiniStack implements AutoCloseable {

  static final String REGION = "us-east-1";

  private static final String VERSION = "1.5.33";

  /** The form in which the SDK sends metrics. */
  private static final String CBOR_VERSION = "6.3.0";

  private static final Path HOME =
      Path.of("target", "ministack-" + VERSION).toAbsolutePath().normalize();
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final HttpClient http = HttpClient.newHttpClient();
  private final Process process;
  private final URI endpoint;

  private MiniStack(Process process, URI endpoint) {
    this.process = process;
    this.endpoint = endpoint;
  }

  static MiniStack start(Path log) throws IOException, InterruptedException {
    install(log);
    int port = freePort();
    ProcessBuilder builder = new ProcessBuilder(HOME.resolve("bin/ministack").toString());
    builder
        .environment()
        .putAll(
            Map.of(
                "BIND_HOST", "127.0.0.1",
                "GATEWAY_PORT", String.valueOf(port),
                "LOG_LEVEL", "WARNING"));
    builder.redirectErrorStream(true).redirectOutput(log.toFile());
    MiniStack stack =
        new MiniStack(builder.start(), URI.create("http://127.0.0.1:%d".formatted(port)));
    try {
      stack.awaitHealthy();
      return stack;
    } catch (IOException | InterruptedException | AssertionError e) {
      stack.close();
      throw e;
    }
  }

  private static void install(Path log) throws IOException, InterruptedException {
    Path installed = HOME.resolve("installed");
    if (Files.exists(installed)) {
      return;
    }
    run(log, "python3", "-m", "venv", HOME.toString());
    run(
        log,
        HOME.resolve("bin/python").toString(),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "ministack==" + VERSION,
        "cbor2==" + CBOR_VERSION);
    Files.createFile(installed);
  }

  private static void run(Path log, String... command) throws InterruptedException {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
      assertThat(process.waitFor())
          .as("'%s' has to end well; see %s", String.join(" ", command), log)
          .isZero();
    } catch (IOException e) {
      throw new AssertionError(
          "Cannot emulate AWS: '%s' does not start (expected Python 3.10 or newer with venv and pip). Install it; the test is not left out."
              .formatted(command[0]),
          e);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private void awaitHealthy() throws IOException, InterruptedException {
    Instant deadline = Instant.now().plus(PATIENCE);
    while (!isHealthy()) {
      assertThat(process.isAlive()).as("MiniStack runs").isTrue();
      assertThat(Instant.now()).as("time to start MiniStack").isBefore(deadline);
      TimeUnit.MILLISECONDS.sleep(200);
    }
  }

  private boolean isHealthy() throws InterruptedException {
    try {
      HttpRequest health = HttpRequest.newBuilder(endpoint.resolve("/_ministack/health")).build();
      return http.send(health, BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  /** Returns what a process has in its environment to find this AWS in place of the real one. */
  Map<String, String> environment() {
    return Map.of(
        "AWS_ENDPOINT_URL", endpoint.toString(),
        "AWS_ACCESS_KEY_ID", "test",
        "AWS_SECRET_ACCESS_KEY", "test",
        "AWS_EC2_METADATA_DISABLED", "true");
  }

  void makeBucket(String bucket) throws IOException, InterruptedException {
    send(request("/" + bucket, "s3").PUT(BodyPublishers.noBody()));
  }

  /** Puts a text as an object; the key may have folders. */
  void put(String bucket, String key, String text) throws IOException, InterruptedException {
    send(request("/" + bucket + "/" + key, "s3").PUT(BodyPublishers.ofString(text)));
  }

  /** Returns the keys of a bucket. */
  List<String> keys(String bucket) throws IOException, InterruptedException {
    String listed = send(request("/" + bucket + "?list-type=2", "s3").GET());
    List<String> keys = new ArrayList<>();
    for (String part : listed.split("<Key>", -1)) {
      keys.add(part.substring(0, Math.max(0, part.indexOf("</Key>"))));
    }
    keys.remove(0);
    return keys;
  }

  void makeSecret(String name, String value) throws IOException, InterruptedException {
    json(
        "secretsmanager",
        "secretsmanager.CreateSecret",
        "{\"Name\": \"%s\", \"SecretString\": \"%s\"}"
            .formatted(name, value.replace("\"", "\\\"")));
  }

  /** Makes a Glue database whose tables lie below a location. */
  void makeDatabase(String name, String location) throws IOException, InterruptedException {
    json(
        "glue",
        "AWSGlue.CreateDatabase",
        "{\"DatabaseInput\": {\"Name\": \"%s\", \"LocationUri\": \"%s\"}}"
            .formatted(name, location));
  }

  /** Returns the description of a table in the Glue Data Catalog. */
  String table(String database, String name) throws IOException, InterruptedException {
    return json(
        "glue",
        "AWSGlue.GetTable",
        "{\"DatabaseName\": \"%s\", \"Name\": \"%s\"}".formatted(database, name));
  }

  /** Returns CloudWatch's list of the metrics in a name space. */
  String metrics(String namespace) throws IOException, InterruptedException {
    return send(
        request("/", "monitoring")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(
                BodyPublishers.ofString(
                    "Action=ListMetrics&Version=2010-08-01&Namespace=" + namespace)));
  }

  private String json(String service, String target, String body)
      throws IOException, InterruptedException {
    return send(
        request("/", service)
            .header("Content-Type", "application/x-amz-json-1.1")
            .header("X-Amz-Target", target)
            .POST(BodyPublishers.ofString(body)));
  }

  /** Signatures are not checked; the service is told by what would be signed. */
  private HttpRequest.Builder request(String path, String service) {
    return HttpRequest.newBuilder(endpoint.resolve(path))
        .header(
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=test/20260101/%s/%s/aws4_request, SignedHeaders=host, Signature=0"
                .formatted(REGION, service));
  }

  private String send(HttpRequest.Builder request) throws IOException, InterruptedException {
    HttpResponse<String> answer = http.send(request.build(), BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(answer.body()).isBetween(200, 299);
    return answer.body();
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroy);
    process.destroy();
  }
}
