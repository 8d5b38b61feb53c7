"""
The jobs of one line, in flow order.

`lakehouse` carries what is there through the stages. Where the line streams, bronze and silver
run all the time, and it refreshes and checks what comes behind them. `lakehouse_nightly` keeps
the tables in order and compares silver with its source.

The deployment says whose jobs these are: the options `cdclake.*` of this Airflow.
"""

from datetime import datetime, timedelta, timezone

from airflow.configuration import conf
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TriggerRule, chain

PREFIX = conf.get("cdclake", "prefix")
FORM = conf.get("cdclake", "form")
EVERY = timedelta(minutes=conf.getint("cdclake", "minutes"))

IN_TURN = {
    "batch": ["bronze", "silver", "gold", "check"],
    "stream": ["gold", "check"],
}
NIGHTLY = ["maintain", "verify"]

# Glue ends a run at the limit of its job, which is eight hours at most; the operator's own is 75
# minutes, after which a task would fail beside a run that goes on.
PATIENCE_MINUTES = 9 * 60

BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)


def glue_job(name: str) -> GlueJobOperator:
    """Runs a job that the deployment made, and waits for it without keeping a worker.

    Tried twice, because a batch may be repeated. One that fails does not hold up those behind it:
    bronze fails for the one table that it cannot carry on, and has carried the others.
    """
    return GlueJobOperator(
        task_id=name,
        job_name=f"{PREFIX}-{name}",
        deferrable=True,
        waiter_delay=60,
        waiter_max_attempts=PATIENCE_MINUTES,
        retries=1,
        retry_delay=timedelta(minutes=1),
        trigger_rule=TriggerRule.ALL_DONE,
    )


def in_turn(names: list[str]) -> None:
    """Runs jobs one after the other, whatever becomes of them; one that failed fails the run.

    Airflow calls a run good whose last task is, so a task behind all of them asks for all.
    https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/dag-run.html#dag-run-status
    """
    jobs = [glue_job(name) for name in names]
    chain(*jobs)
    jobs >> EmptyOperator(task_id="all-ended-well", trigger_rule=TriggerRule.ALL_SUCCESS)


with DAG(
    dag_id="lakehouse",
    doc_md=__doc__,
    schedule=EVERY,
    start_date=BEGIN,
    catchup=False,
    max_active_runs=1,
):
    in_turn(IN_TURN[FORM])

with DAG(
    dag_id="lakehouse_nightly",
    doc_md=__doc__,
    schedule="30 2 * * *",
    start_date=BEGIN,
    catchup=False,
    max_active_runs=1,
):
    in_turn(NIGHTLY)
