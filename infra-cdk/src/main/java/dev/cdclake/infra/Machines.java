/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.infra;

import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.stepfunctions.DefinitionBody;
import software.amazon.awscdk.services.stepfunctions.IChainable;
import software.amazon.awscdk.services.stepfunctions.LogLevel;
import software.amazon.awscdk.services.stepfunctions.LogOptions;
import software.amazon.awscdk.services.stepfunctions.StateMachine;

/** Makes state machines that log, are traced, and end. */
final class Machines {

  private Machines() {}

  static StateMachine create(Stack stack, Line line, IKey key, String what, IChainable definition) {
    LogGroup log =
        // The prefix under which Step Functions needs no resource policy of its own.
        Logs.group(stack, "Log-" + what, line, "/aws/vendedlogs/states/" + line.name(what), key);
    StateMachine machine =
        StateMachine.Builder.create(stack, "Machine-" + what)
            .stateMachineName(line.name(what))
            .definitionBody(DefinitionBody.fromChainable(definition))
            .timeout(Duration.hours(12))
            .tracingEnabled(true)
            .logs(LogOptions.builder().destination(log).level(LogLevel.ALL).build())
            .build();
    Reasons.accept(
        machine,
        "IAM5",
        "Tracing and delivery of logs take no narrower resource; a task is run in any revision.");
    return machine;
  }
}
