/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cdclake.infra.DeploymentSettings.Form;
import dev.cdclake.infra.DeploymentSettings.Jobs;
import dev.cdclake.infra.DeploymentSettings.Night;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What an environment costs in a month: its templates, multiplied by a dated price file.
 *
 * <p>Use that no template can tell (rows, bytes, minutes) is assumed, and the price file says how
 * much. A resource of a type that costs nothing by itself has no row.
 */
final class CostTable {

  /**
   * One row.
   *
   * @param service what the bill calls it
   * @param what how much of it
   * @param always US dollars a month if it never stops
   * @param nights US dollars a month with the environment's nights
   * @param stop what can be done about it at night
   */
  record Row(String service, String what, double always, double nights, Stop stop) {}

  /** What can be done about a cost at night. */
  enum Stop {
    STOPPED("yes"),
    BY_USE("by use"),
    NEVER("no");

    private final String words;

    Stop(String words) {
      this.words = words;
    }
  }

  private final DeploymentSettings settings;
  private final Map<String, JsonNode> resources;
  private final Prices prices;
  private final List<Row> rows = new ArrayList<>();

  /**
   * Prepares a table.
   *
   * @param resources of all stacks, by stack and logical id
   */
  CostTable(DeploymentSettings settings, Map<String, JsonNode> resources, Prices prices) {
    this.settings = settings;
    this.resources = resources;
    this.prices = prices;
    network();
    database();
    kafka();
    containers();
    jobs();
    airflow();
    small();
  }

  List<Row> rows() {
    return List.copyOf(rows);
  }

  /** Returns what is paid even if everything that can be stopped is stopped for good. */
  double floor() {
    return rows.stream().filter(row -> row.stop() == Stop.NEVER).mapToDouble(Row::always).sum();
  }

  double always() {
    return rows.stream().mapToDouble(Row::always).sum();
  }

  double nights() {
    return rows.stream().mapToDouble(Row::nights).sum();
  }

  private void network() {
    int nats = of("AWS::EC2::NatGateway").size();
    steady("NAT gateway", count(nats, "gateway"), nats * hourly("nat-gateway", "public-ipv4"));
    long zones =
        of("AWS::EC2::VPCEndpoint").stream()
            .filter(endpoint -> text(endpoint, "VpcEndpointType").equals("Interface"))
            .mapToLong(endpoint -> endpoint.at("/Properties/SubnetIds").size())
            .sum();
    steady("Endpoints", zones + " of a service in a zone", zones * hourly("interface-endpoint"));
  }

  private void database() {
    for (JsonNode database : of("AWS::RDS::DBInstance")) {
      String type = text(database, "DBInstanceClass").replace("db.", "");
      int copies = database.at("/Properties/MultiAZ").asBoolean() ? 2 : 1;
      int gigabytes = database.at("/Properties/AllocatedStorage").asInt();
      stoppable("RDS", copies + " x " + type, copies * hourly("rds-" + type));
      steady("RDS storage", gigabytes + " GB", copies * gigabytes * prices.of("rds-storage-gb"));
    }
  }

  private void kafka() {
    for (JsonNode cluster : of("AWS::MSK::Cluster")) {
      String type = cluster.at("/Properties/BrokerNodeGroupInfo/InstanceType").asText();
      int brokers = cluster.at("/Properties/NumberOfBrokerNodes").asInt();
      int gigabytes =
          cluster
              .at("/Properties/BrokerNodeGroupInfo/StorageInfo/EBSStorageInfo/VolumeSize")
              .asInt();
      steady("MSK", brokers + " x " + type, brokers * hourly("msk-" + type));
      steady(
          "MSK storage",
          brokers * gigabytes + " GB",
          brokers * gigabytes * prices.of("msk-storage-gb"));
    }
    if (!of("AWS::EFS::FileSystem").isEmpty()) {
      double gigabytes = prices.assumed("kafka-node-gb");
      steady("EFS", assumed(gigabytes, "GB"), gigabytes * prices.of("efs-gb"));
    }
  }

  /** Services run all day; tasks that end cost next to nothing. */
  private void containers() {
    resources.forEach(
        (id, service) -> {
          if (service.get("Type").asText().equals("AWS::ECS::Service")) {
            JsonNode task = taskOf(id, service);
            double cpus = Integer.parseInt(text(task, "Cpu")) / 1024.0;
            double gigabytes = Integer.parseInt(text(task, "Memory")) / 1024.0;
            double monthly =
                cpus * hourly("fargate-arm-vcpu") + gigabytes * hourly("fargate-arm-gb");
            String name = text(service, "ServiceName");
            stoppable(
                "Fargate", "%s: %.1f vCPU, %.0f GB".formatted(name, cpus, gigabytes), monthly);
            if (service.toString().contains("\"AssignPublicIp\":\"ENABLED\"")) {
              stoppable("Public IPv4", name, hourly("public-ipv4"));
            }
          }
        });
  }

  private JsonNode taskOf(String service, JsonNode definition) {
    String stack = service.substring(0, service.indexOf('/'));
    String task = definition.at("/Properties/TaskDefinition/Ref").asText();
    return resources.get(stack + "/" + task);
  }

  private void jobs() {
    Jobs jobs = settings.jobs();
    double dpus = jobs.workers() * dpusOf(jobs.worker());
    double price = prices.of(jobs.flex() ? "glue-dpu-flex" : "glue-dpu") * dpus;
    double hours = prices.hoursOfMonth();
    double everyHours = jobs.every().toMinutes() / 60.0;
    double run = prices.assumed("run-minutes") / 60;
    rows.add(
        new Row(
            "Glue",
            "a run of %.0f minutes (assumed) every %d minutes"
                .formatted(run * 60, jobs.every().toMinutes()),
            hours / everyHours * run * price,
            hoursUp() / everyHours * run * price,
            Stop.BY_USE));
    double nightly = prices.assumed("nightly-minutes") / 60 * hours / 24 * price;
    rows.add(
        new Row(
            "Glue",
            "maintain and verify: %.0f minutes (assumed) a night"
                .formatted(prices.assumed("nightly-minutes")),
            nightly,
            nightly,
            Stop.BY_USE));
    if (jobs.form() == Form.STREAM) {
      stoppable("Glue", "stream: at most %.0f DPU".formatted(dpus), hourly("glue-dpu") * dpus);
    }
  }

  /** G.2X and R.2X have two units, and so on. */
  private static double dpusOf(String worker) {
    String size = worker.substring(2, worker.length() - 1);
    return size.equals("025") ? 0.25 : Integer.parseInt(size);
  }

  private void airflow() {
    for (JsonNode environment : of("AWS::MWAA::Environment")) {
      String type = text(environment, "EnvironmentClass");
      steady("Airflow", type, hourly("mwaa-" + type));
    }
  }

  /** What is cheap by itself and many. */
  private void small() {
    int keys = of("AWS::KMS::Key").size();
    steady("KMS", count(keys, "key"), keys * prices.of("kms-key"));
    int secrets = of("AWS::SecretsManager::Secret").size();
    steady("Secrets Manager", count(secrets, "secret"), secrets * prices.of("secret"));
    long metrics =
        of("AWS::CloudWatch::Alarm").stream()
            .mapToLong(alarm -> Math.max(1, alarm.findValues("MetricStat").size()))
            .sum();
    steady("CloudWatch", count(metrics, "alarm metric"), metrics * prices.of("alarm"));
    int dashboards = of("AWS::CloudWatch::Dashboard").size();
    steady("CloudWatch", count(dashboards, "dashboard"), dashboards * prices.of("dashboard"));
    int zones = of("AWS::ServiceDiscovery::PrivateDnsNamespace").size();
    steady("Route 53", count(zones, "private zone"), zones * prices.of("hosted-zone"));
    used("Container Insights", "container-insights-metrics", "metrics", "custom-metric");
    used("CloudWatch", "custom-metrics", "custom metrics", "custom-metric");
    used("CloudWatch Logs", "log-gb", "GB", "log-gb");
    used("S3", "lake-gb", "GB", "s3-gb");
    used("Athena", "athena-tb", "TB scanned", "athena-tb");
  }

  private void used(String service, String assumption, String unit, String price) {
    double amount = prices.assumed(assumption);
    double monthly = amount * prices.of(price);
    rows.add(new Row(service, assumed(amount, unit), monthly, monthly, Stop.BY_USE));
  }

  private void steady(String service, String what, double monthly) {
    if (monthly > 0) {
      rows.add(new Row(service, what, monthly, monthly, Stop.NEVER));
    }
  }

  private void stoppable(String service, String what, double monthly) {
    double share = hoursUp() / prices.hoursOfMonth();
    rows.add(new Row(service, what, monthly, monthly * share, Stop.STOPPED));
  }

  private double hoursUp() {
    return settings
        .night()
        .map((Night night) -> DayTimes.hoursUp(night, prices.hoursOfMonth()))
        .orElse(prices.hoursOfMonth());
  }

  /** Returns a month of something that is paid by the hour. */
  private double hourly(String... keys) {
    double sum = 0;
    for (String key : keys) {
      sum += prices.of(key);
    }
    return sum * prices.hoursOfMonth();
  }

  private List<JsonNode> of(String type) {
    return resources.values().stream()
        .filter(resource -> resource.get("Type").asText().equals(type))
        .toList();
  }

  private static String text(JsonNode resource, String property) {
    return resource.at("/Properties/" + property).asText();
  }

  private static String count(long count, String noun) {
    return count + " " + noun + (count == 1 ? "" : "s");
  }

  private static String assumed(double amount, String unit) {
    return (amount == Math.rint(amount) ? String.valueOf((long) amount) : String.valueOf(amount))
        + " "
        + unit
        + " (assumed)";
  }

  /** Returns the table as a person reads it. */
  String text() {
    StringBuilder text = new StringBuilder();
    text.append(
        "%s in %s, US dollars a month, prices of %s%n%n"
            .formatted(settings.environment(), prices.region(), prices.dated()));
    line(text, "service", "what", "always on", "with nights", "can be stopped");
    for (Row row : rows) {
      line(
          text,
          row.service(),
          row.what(),
          dollars(row.always()),
          dollars(row.nights()),
          row.stop().words);
    }
    line(text, "sum", "", dollars(always()), dollars(nights()), "");
    text.append(
        "%nFloor: %s stays even while everything is stopped; only 'make destroy' ends it.%n"
            .formatted(dollars(floor())));
    named(text, "Second-hand, not read from AWS", prices.secondHand());
    named(text, "Not verified", prices.unverified());
    return text.toString();
  }

  private static void named(StringBuilder text, String what, List<String> prices) {
    if (!prices.isEmpty()) {
      text.append("%s: %s.%n".formatted(what, String.join(", ", prices)));
    }
  }

  private static void line(
      StringBuilder text, String service, String what, String always, String nights, String stop) {
    text.append(
        "%-18s %-50s %10s %12s  %s".formatted(service, what, always, nights, stop).stripTrailing());
    text.append(System.lineSeparator());
  }

  private static String dollars(double amount) {
    return String.format(Locale.ROOT, "%.2f", amount);
  }
}
