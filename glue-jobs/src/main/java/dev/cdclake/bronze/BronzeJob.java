/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.bronze;

import dev.cdclake.bronze.ChangeWriter.Bounds;
import dev.cdclake.bronze.ChangeWriter.Output;
import dev.cdclake.bronze.ChangeWriter.TopicOutput;
import dev.cdclake.bronze.KafkaRecords.Slice;
import dev.cdclake.bronze.TopicRanges.Range;
import dev.cdclake.bronze.TopicRanges.Unread;
import dev.cdclake.bronze.WatermarkRound.Part;
import dev.cdclake.contract.Pipeline;
import dev.cdclake.contract.SourceTable;
import dev.cdclake.contract.Stage;
import dev.cdclake.failure.PipelineException;
import dev.cdclake.lake.ChangeContents;
import dev.cdclake.lake.CommitStep;
import dev.cdclake.lake.EventSchemas;
import dev.cdclake.lake.LakeTables;
import dev.cdclake.lake.Progress;
import dev.cdclake.lake.RejectedRows;
import dev.cdclake.lake.RowFiles;
import dev.cdclake.lake.TopicIdentity;
import dev.cdclake.lake.Watermark;
import dev.cdclake.lake.Watermarks;
import dev.cdclake.runtime.FaultPoint;
import dev.cdclake.runtime.KafkaClients;
import dev.cdclake.runtime.StageReport;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.iceberg.Table;
import org.apache.iceberg.spark.source.SerializableTableWithSize;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * Appends what is new on the topics to the bronze tables: every event once.
 *
 * <p>All topics are read in one pass; each table is committed with the offsets its rows came from,
 * so a run that dies anywhere is simply run again.
 */
public final class BronzeJob implements AutoCloseable {

  /** Events that one batch reads at most: bounds its memory, and the work lost when it dies. */
  private static final long EVENTS_PER_BATCH = 1_000_000;

  /** How often a moved point is told while nothing else changes. */
  private static final Duration QUIET_PACE = Duration.ofSeconds(10);

  /** More than there are cores: a commit mostly waits, for the catalog or for storage. */
  private static final ForkJoinPool COMMITTERS = new ForkJoinPool(8);

  private final SparkSession spark;
  private final LakeTables lake;
  private final Pipeline pipeline;
  private final long eventsPerBatch;
  private final TopicRanges topics;
  private final Marks marks;
  private final Watermarks watermarks;
  private final EventSchemas schemas;
  private final RejectedRows rejectedRows;
  private final Map<String, SourceTable> sources = new LinkedHashMap<>();
  private final Map<String, BronzeTable> tables = new HashMap<>();
  private final KafkaConsumer<byte[], ByteBuffer> consumer;
  private List<PipelineException> gaps = List.of();
  private Instant told = Instant.EPOCH;

  /** Prepares the job with batches of the usual size. */
  public BronzeJob(
      SparkSession spark,
      LakeTables lake,
      EventSchemas schemas,
      RejectedRows rejectedRows,
      Pipeline pipeline) {
    this(spark, lake, schemas, rejectedRows, pipeline, EVENTS_PER_BATCH);
  }

  /**
   * Prepares the job.
   *
   * @param eventsPerBatch events that one batch reads at most, but one of every partition
   */
  public BronzeJob(
      SparkSession spark,
      LakeTables lake,
      EventSchemas schemas,
      RejectedRows rejectedRows,
      Pipeline pipeline,
      long eventsPerBatch) {
    this.spark = spark;
    this.pipeline = pipeline;
    this.eventsPerBatch = eventsPerBatch;
    this.topics = new TopicRanges(pipeline.kafka());
    this.marks = new Marks(pipeline);
    this.consumer = KafkaRecords.consumer(KafkaClients.reading(pipeline.kafka()));
    this.lake = lake;
    this.watermarks = new Watermarks(lake, pipeline);
    this.schemas = schemas;
    this.rejectedRows = rejectedRows;
    for (SourceTable source : pipeline.tables()) {
      sources.put(pipeline.topic(source), source);
      tables.put(pipeline.topic(source), BronzeTable.open(lake, pipeline.bronze(source)));
    }
  }

  /**
   * Carries one batch from the topics to bronze.
   *
   * @return a report per table that got something; empty when there was nothing to read
   */
  public List<StageReport> runBatch() {
    Instant start = Instant.now();
    Map<String, Progress> before = progress();
    Watermark known = Watermarks.read(lake, pipeline);
    Unread unread = topics.unread(readAgain(known, before), pipeline.messageTopic());
    gaps = List.copyOf(unread.gaps().values());

    Map<String, Map<Integer, Range>> batch = TopicRanges.cut(unread.ranges(), eventsPerBatch);
    List<Output> outputs = List.of();
    List<StageReport> reports = List.of();
    if (!batch.isEmpty()) {
      FaultPoint.BRONZE_BEFORE_READING.pass();
      outputs = write(batch, unread.topics(), bounds(unread, before), start);
      FaultPoint.BRONZE_BEFORE_COMMIT.pass();
      schemas.append(outputs.stream().flatMap(output -> output.schemas().stream()).toList());
      rejectedRows.append(Stage.BRONZE, rejected(outputs), next(batch, unread.topics()));
      reports = commit(outputs, batch, before, unread, start);
    }
    FaultPoint.BRONZE_BEFORE_WATERMARK.pass();
    tell(known, round(outputs, batch, unread).after(known));
    return reports;
  }

  /**
   * Where to read from: normally behind what bronze has; where a run died before it wrote its
   * watermark, the commits of its events are not known, so they are read again.
   */
  private static Map<String, Progress> readAgain(Watermark known, Map<String, Progress> kept) {
    Map<String, Progress> from = new HashMap<>();
    kept.forEach(
        (topic, progress) -> from.put(topic, progress.notBeyond(topic, known.ends(topic))));
    return from;
  }

  private WatermarkRound round(
      List<Output> outputs, Map<String, Map<Integer, Range>> batch, Unread unread) {
    Map<Integer, Long> markEnds = unread.visible(pipeline.messageTopic());
    Map<String, Map<Integer, Part>> parts = new TreeMap<>();
    for (String topic : batch.keySet()) {
      TopicIdentity identity = unread.topics().get(topic);
      Map<Integer, List<CommitStep>> steps = TopicOutput.of(outputs, topic).steps();
      Map<Integer, Long> visible = unread.visible(topic);
      Map<Integer, Part> partitions = new TreeMap<>();
      batch
          .get(topic)
          .forEach(
              (partition, range) ->
                  partitions.put(
                      partition,
                      new Part(
                          visible.get(partition) + identity.base(partition),
                          range.to() + identity.base(partition),
                          steps.getOrDefault(partition, List.of()))));
      parts.put(topic, partitions);
    }
    return new WatermarkRound(
        pipeline.source().epoch(),
        unread.settled(),
        TopicRanges.size(batch) == TopicRanges.size(unread.ranges()),
        !markEnds.isEmpty(),
        marks.newest(pipeline.messageTopic(), markEnds),
        parts,
        unread.gaps().keySet());
  }

  /** Writes a watermark that lets silver go on; one that only tells a later point can wait. */
  private void tell(Watermark known, Watermark next) {
    boolean goesOn = !next.topics().equals(known.topics()) || next.isKnown() != known.isKnown();
    boolean later = !next.equals(known) && Instant.now().isAfter(told.plus(QUIET_PACE));
    if (goesOn || later) {
      watermarks.write(next);
      told = Instant.now();
    }
  }

  private static Map<String, Map<Integer, Bounds>> bounds(
      Unread unread, Map<String, Progress> before) {
    Map<String, Map<Integer, Bounds>> bounds = new HashMap<>();
    unread
        .topics()
        .forEach(
            (topic, identity) -> {
              Map<Integer, Long> kept = before.get(topic).offsets(topic);
              Map<Integer, Bounds> partitions = new HashMap<>();
              unread
                  .visible(topic)
                  .forEach(
                      (partition, visible) ->
                          partitions.put(
                              partition,
                              new Bounds(
                                  visible + identity.base(partition),
                                  kept.getOrDefault(partition, 0L))));
              bounds.put(topic, partitions);
            });
    return bounds;
  }

  /** Returns why topics could not be read by the newest batch; the other topics were read. */
  public List<PipelineException> gaps() {
    return gaps;
  }

  /**
   * What waits on the topics.
   *
   * @param events by table: how many; tables without a topic have none
   * @param gaps why topics cannot be read on
   */
  public record Waiting(Map<String, Long> events, List<PipelineException> gaps) {}

  /** Asks Kafka what waits. */
  public static Waiting waiting(LakeTables lake, Pipeline pipeline) {
    Map<String, Progress> read = new HashMap<>();
    for (SourceTable source : pipeline.tables()) {
      read.put(
          pipeline.topic(source),
          lake.find(pipeline.bronze(source))
              .map(table -> Progress.of(table, Stage.BRONZE))
              .orElse(Progress.NONE));
    }
    Map<String, Long> events = new TreeMap<>();
    try (TopicRanges topics = new TopicRanges(pipeline.kafka())) {
      Unread unread = topics.unread(read, pipeline.messageTopic());
      for (SourceTable source : pipeline.tables()) {
        String topic = pipeline.topic(source);
        events.put(
            source.lakeName(),
            TopicRanges.size(Map.of(topic, unread.ranges().getOrDefault(topic, Map.of()))));
      }
      return new Waiting(events, List.copyOf(unread.gaps().values()));
    }
  }

  /**
   * Returns, by topic and partition, the offsets behind everything that was written for some
   * tables, as Kafka counts them; a topic that does not exist is absent.
   */
  public static Map<String, Map<Integer, Long>> written(
      Pipeline pipeline, Collection<SourceTable> tables) {
    try (TopicRanges topics = new TopicRanges(pipeline.kafka())) {
      return topics.written(tables.stream().map(pipeline::topic).collect(Collectors.toSet()));
    }
  }

  /**
   * Lets bronze read on behind a gap. Only for tables whose rows were read anew since.
   *
   * @return the tables, by their names in the lake, whose topics had one
   */
  public static List<String> passGaps(
      LakeTables lake, Pipeline pipeline, Collection<SourceTable> tables) {
    List<String> passed = new ArrayList<>();
    try (TopicRanges topics = new TopicRanges(pipeline.kafka())) {
      for (SourceTable source : tables) {
        BronzeTable table = BronzeTable.open(lake, pipeline.bronze(source));
        Progress before = table.progress();
        Optional<Progress> behind = topics.behindGap(pipeline.topic(source), before);
        if (behind.isPresent()) {
          table.commit(List.of(), ChangeContents.NONE, before, behind.get());
          passed.add(source.lakeName());
        }
      }
    }
    return passed;
  }

  @Override
  public void close() {
    topics.close();
    marks.close();
    consumer.close(Duration.ZERO);
  }

  private Map<String, Progress> progress() {
    Map<String, Progress> progress = new HashMap<>();
    tables.forEach((topic, table) -> progress.put(topic, table.progressOfWriter()));
    return progress;
  }

  private List<Output> write(
      Map<String, Map<Integer, Range>> batch,
      Map<String, TopicIdentity> identities,
      Map<String, Map<Integer, Bounds>> bounds,
      Instant start) {
    Map<String, Table> writable = new HashMap<>();
    for (String topic : batch.keySet()) {
      writable.put(topic, SerializableTableWithSize.copyOf(tables.get(topic).table()));
    }
    ChangeWriter writer =
        new ChangeWriter(
            writable,
            SerializableTableWithSize.copyOf(rejectedRows.table()),
            rejectedRows.complete(Stage.BRONZE, batch.keySet()),
            identities,
            bounds,
            pipeline.source().epoch(),
            ChronoUnit.MICROS.between(Instant.EPOCH, start),
            false);
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    List<List<Slice>> shares = KafkaRecords.share(batch, context.defaultParallelism());
    if (shares.size() == 1) {
      // It is read sooner than a task could begin, which waits for a core that is free.
      return List.of(writer.write(KafkaRecords.read(consumer, shares.get(0))));
    }
    Properties reading = KafkaClients.reading(pipeline.kafka());
    return context
        .parallelize(shares, shares.size())
        .map(slices -> write(writer, reading, slices))
        .collect();
  }

  /** What one task does. */
  private static Output write(ChangeWriter writer, Properties reading, List<Slice> slices) {
    KafkaConsumer<byte[], ByteBuffer> consumer = KafkaRecords.consumer(reading);
    try {
      return writer.write(KafkaRecords.read(consumer, slices));
    } finally {
      consumer.close(Duration.ZERO);
    }
  }

  private static RowFiles.Written rejected(List<Output> outputs) {
    return outputs.stream()
        .map(Output::rejected)
        .reduce(RowFiles.Written.none(), RowFiles.Written::plus);
  }

  private static Map<String, Map<Integer, Long>> next(
      Map<String, Map<Integer, Range>> batch, Map<String, TopicIdentity> identities) {
    Map<String, Map<Integer, Long>> next = new TreeMap<>();
    batch.forEach((topic, ranges) -> next.put(topic, nextOffsets(ranges, identities.get(topic))));
    return next;
  }

  private static Map<Integer, Long> nextOffsets(
      Map<Integer, Range> ranges, TopicIdentity identity) {
    Map<Integer, Long> next = new TreeMap<>();
    ranges.forEach(
        (partition, range) -> next.put(partition, range.to() + identity.base(partition)));
    return next;
  }

  /** Commits table after table; each stands for itself, so their order does not matter. */
  private List<StageReport> commit(
      List<Output> outputs,
      Map<String, Map<Integer, Range>> batch,
      Map<String, Progress> before,
      Unread unread,
      Instant start) {
    List<StageReport> reports = Collections.synchronizedList(new ArrayList<>());
    Consumer<String> commit =
        topic -> {
          TopicOutput output = TopicOutput.of(outputs, topic);
          Progress known = before.get(topic);
          TopicIdentity identity = unread.topics().get(topic);
          Map<Integer, Range> ranges = batch.get(topic);
          Progress reached =
              known.withTopic(topic, identity).withOffsets(topic, nextOffsets(ranges, identity));
          long snapshot =
              tables.get(topic).commit(List.of(output.files()), output.contents(), known, reached);
          long behind =
              TopicRanges.size(Map.of(topic, unread.ranges().get(topic)))
                  - TopicRanges.size(Map.of(topic, ranges));
          reports.add(report(topic, output, snapshot, behind, start));
          FaultPoint.BRONZE_AFTER_FIRST_COMMIT.pass();
        };
    COMMITTERS.submit(() -> batch.keySet().parallelStream().forEach(commit)).join();
    return reports;
  }

  private StageReport report(
      String topic, TopicOutput output, long snapshot, long behind, Instant start) {
    ChangeContents contents = output.contents();
    Instant now = Instant.now();
    return new StageReport(
        Stage.BRONZE,
        sources.get(topic).lakeName(),
        contents.rows() + output.tombstones() + output.rejected(),
        contents.rows(),
        output.tombstones(),
        0,
        output.rejected(),
        behind,
        snapshot,
        now,
        now.toEpochMilli() - start.toEpochMilli(),
        output.latencies().quantile(0.5, now.toEpochMilli()),
        output.latencies().quantile(0.99, now.toEpochMilli()));
  }
}
