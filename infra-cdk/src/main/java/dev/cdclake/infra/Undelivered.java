/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.sqs.Queue;
import software.amazon.awscdk.services.sqs.QueueEncryption;

/** Keeps events and schedules that could not reach what they were for, until somebody looks. */
final class Undelivered {

  private Undelivered() {}

  static Queue queue(Stack stack, Line line, String name, IKey key) {
    Queue queue =
        Queue.Builder.create(stack, "Undelivered")
            .queueName(line.name(name))
            .encryption(QueueEncryption.KMS)
            .encryptionMasterKey(key)
            .enforceSsl(true)
            .retentionPeriod(Duration.days(14))
            .build();
    Reasons.accept(queue, "SQS3", "It is itself the dead-letter queue of events and schedules.");
    return queue;
  }
}
