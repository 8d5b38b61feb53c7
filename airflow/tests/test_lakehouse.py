"""The DAGs in a real Airflow: they import, and start the line's jobs one after the other."""

import asyncio
from itertools import pairwise

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.triggers.glue import GlueJobCompleteTrigger
from airflow.sdk import TriggerRule

DAGS = "airflow/dags"


@pytest.fixture(params=["batch", "stream"])
def form(request, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CDCLAKE__PREFIX", "cdc-demo-prod")
    monkeypatch.setenv("AIRFLOW__CDCLAKE__FORM", request.param)
    monkeypatch.setenv("AIRFLOW__CDCLAKE__MINUTES", "15")
    return request.param


@pytest.fixture
def dags(form):
    bag = DagBag(DAGS, include_examples=False)
    assert bag.import_errors == {}
    return bag.dags


def jobs(dag):
    """Returns the tasks that start jobs, in the one order that their dependencies leave."""
    tasks = [task for task in dag.tasks if isinstance(task, GlueJobOperator)]
    order = sorted(tasks, key=lambda task: len(task.get_flat_relative_ids(upstream=True)))
    for before, behind in pairwise(order):
        assert before.task_id in behind.upstream_task_ids
    return order


def test_jobs_run_in_flow_order(dags, form):
    expected = ["gold", "check"] if form == "stream" else ["bronze", "silver", "gold", "check"]
    assert [task.task_id for task in jobs(dags["lakehouse"])] == expected
    assert [task.task_id for task in jobs(dags["lakehouse_nightly"])] == ["maintain", "verify"]


def test_every_job_task_starts_the_job_of_its_name_and_holds_no_worker(dags):
    for dag in dags.values():
        for task in jobs(dag):
            assert task.job_name == f"cdc-demo-prod-{task.task_id}"
            assert task.deferrable
            assert task.retries == 1


def test_a_job_that_fails_holds_up_none_behind_it(dags):
    for dag in dags.values():
        for task in jobs(dag):
            assert task.trigger_rule == TriggerRule.ALL_DONE


def test_a_job_that_fails_fails_the_run(dags):
    """Airflow judges a run by the tasks that nothing comes behind."""
    for dag in dags.values():
        (last,) = [task for task in dag.tasks if not task.downstream_task_ids]
        assert last.trigger_rule == TriggerRule.ALL_SUCCESS
        assert last.upstream_task_ids == {task.task_id for task in jobs(dag)}


def test_every_job_task_waits_longer_than_a_run_may_take(dags):
    for dag in dags.values():
        for task in jobs(dag):
            assert task.waiter_delay * task.waiter_max_attempts > 8 * 3600


def test_a_task_that_waits_can_ask_glue(monkeypatch):
    """It asks by aiobotocore, which the Amazon provider does not bring by itself."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    trigger = GlueJobCompleteTrigger(
        job_name="cdc-demo-prod-gold", run_id="jr_1", aws_conn_id=None, region_name="us-east-1"
    )

    async def asked():
        async with await trigger.hook().get_async_conn() as client:
            return client.meta.service_model.service_name

    assert asyncio.run(asked()) == "glue"


def test_a_run_that_goes_on_is_not_joined_by_another(dags):
    for dag in dags.values():
        assert dag.max_active_runs == 1
        assert not dag.catchup


def test_airflow_without_the_deployments_options_says_which_is_missing(monkeypatch):
    monkeypatch.delenv("AIRFLOW__CDCLAKE__PREFIX", raising=False)
    errors = DagBag(DAGS, include_examples=False).import_errors
    assert len(errors) == 1
    assert "cdclake/prefix" in next(iter(errors.values()))
