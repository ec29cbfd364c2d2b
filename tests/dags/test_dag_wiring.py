"""What Airflow is told about a pair: order, lease, retries, form, documentation, schedule, assets."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from airflow.sdk import Asset, AssetAlias, AssetOrTimeSchedule, CronDataIntervalTimetable
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineReference
from airflow.sdk.definitions.retry_policy import RetryAction
from airflow.sdk.module_loading import import_string
from airflow.sdk.timezone import parse
from airflow.serialization.encoders import coerce_to_core_timetable
from airflow.serialization.serialized_objects import DagSerialization
from four_dags import AUDIT, CONTACTS, CUSTOMERS, DECISIONS
from starlette.routing import Match

from customerp_trello import errors
from customerp_trello.flow.answers import LEAVE
from customerp_trello.flow.assets import decisions_asset, links_asset
from customerp_trello.flow.form import ACTIONS, DEFAULTS
from customerp_trello.flow.links import PAGES, RunPageLink
from customerp_trello.flow.notices import Notice, tell_late
from customerp_trello.mapping.load import load_pair
from customerp_trello.review.app import PREFIX
from customerp_trello.review.routes import router
from customerp_trello.webhooks.inbox_trigger import news_asset

BEFORE = {
    "acquire_lease": set(),
    "begin": {"acquire_lease"},
    "extract_customerp": {"acquire_lease", "begin"},
    "extract_trello": {"acquire_lease", "begin"},
    "reconcile": {"acquire_lease", "extract_customerp", "extract_trello"},
    "guard": {"acquire_lease", "reconcile"},
    "load_customerp": {"acquire_lease", "guard"},
    "load_trello": {"acquire_lease", "guard", "load_customerp"},
    "publish": {"acquire_lease", "load_trello"},
    "report": {"acquire_lease", "publish"},
    "release_lease": {"acquire_lease", "report"},
    "forget": {"acquire_lease", "release_lease"},
}
FAIL, RETRY, DEFAULT = RetryAction.FAIL, RetryAction.RETRY, RetryAction.DEFAULT
VERDICTS = {
    errors.ConfigurationError: FAIL,
    errors.FormError: FAIL,
    errors.FatalError: FAIL,
    errors.GuardError: FAIL,
    errors.AuditError: FAIL,
    errors.LeaseLost: FAIL,
    errors.RetriableError: RETRY,
    errors.UnknownOutcome: RETRY,
    errors.RecordError: DEFAULT,
    errors.RecordMissing: DEFAULT,
    errors.RecordStale: DEFAULT,
    errors.RecordWaits: DEFAULT,
    errors.SyncError: DEFAULT,
}


def test_the_tasks_run_in_this_order(dag):
    assert {task.task_id: set(task.upstream_task_ids) for task in dag.tasks} == BEFORE


def test_the_lease_is_a_setup_that_holds_no_slot_and_its_release_a_teardown(dag):
    assert [task.task_id for task in dag.tasks if task.is_setup] == ["acquire_lease"]
    assert sorted(task.task_id for task in dag.tasks if task.is_teardown) == ["forget", "release_lease", "report"]
    assert not any(task.on_failure_fail_dagrun for task in dag.tasks if task.is_teardown)
    sensor = dag.get_task("acquire_lease")
    assert sensor.mode == "reschedule"
    assert not sensor.soft_fail


def test_clearing_a_load_takes_the_lease_again_and_frees_it(dag):
    cleared = dag.partial_subset("load_trello", include_downstream=False, include_upstream=False)
    assert set(cleared.task_ids) == {"acquire_lease", "load_trello", "report", "release_lease", "forget"}


def test_every_task_is_retried_with_a_growing_delay_of_30_seconds(dag):
    for task in dag.tasks:
        assert task.retries >= 3, task.task_id
        assert task.retry_delay == timedelta(seconds=30), task.task_id
        assert task.retry_exponential_backoff, task.task_id
        assert task.max_retry_delay == timedelta(minutes=5), task.task_id


@pytest.mark.parametrize(("error", "action"), VERDICTS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_the_retry_policy_knows_what_a_second_try_can_mend(dag, error, action):
    for task in dag.tasks:
        policy = task.retry_policy
        again = type(policy).deserialize(policy.serialize())  # what Airflow makes of it on its way
        assert {policy.evaluate(error("x"), 1, 3).action, again.evaluate(error("x"), 1, 3).action} == {action}


def test_every_error_of_ours_has_a_verdict_and_others_are_retried_as_usual(dag):
    ours = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.SyncError)}
    assert ours == set(VERDICTS)
    assert dag.get_task("load_trello").retry_policy.evaluate(ValueError("x"), 1, 3).action == DEFAULT


def test_the_form_says_what_each_field_is_for(dag):
    assert set(dag.params) == set(DEFAULTS)
    for name in dag.params:
        param = dag.params.get_param(name)
        assert param.schema.get("title"), name
        assert len(param.description or param.schema["description_md"]) > 40, name
    assert dag.params.get_param("action").schema["enum"] == list(ACTIONS)
    assert dag.params.get_param("limit").schema["minimum"] == 1
    dag.params.validate()  # what the form shows unchanged is accepted


def test_the_page_shows_the_property_table(dag):
    mapping = load_pair(dag.dag_id)
    assert dag.dag_display_name == mapping.title
    head = "| CustomERP property | Trello property | Trello data type | Direction | Conflict policy |"
    assert head in dag.doc_md
    for prop in mapping.properties:
        assert f"| {' + '.join(prop.customerp)} | {prop.trello} |" in dag.doc_md
    assert {"customerp", "trello", mapping.customerp.entity, mapping.trello.entity} == set(dag.tags)


def test_every_task_says_what_it_does(dag):
    assert [task.task_id for task in dag.tasks if not task.doc_md] == []


def test_there_is_no_catch_up_and_one_run_at_a_time(dag):
    assert dag.catchup is False
    assert dag.max_active_runs == 1
    assert dag.start_date <= datetime(2026, 1, 1, tzinfo=UTC)


def test_new_links_are_announced_by_one_task_only(dag):
    outlets = {task.task_id: task.outlets for task in dag.tasks if any(isinstance(o, Asset) for o in task.outlets)}
    assert outlets == {"publish": [links_asset(dag.dag_id)]}
    assert links_asset(dag.dag_id).uri.startswith(f"customerp-trello://{dag.dag_id}/")


def test_the_report_calls_people_if_there_is_something_to_decide_and_else_tells_nobody(dag, bag):
    (alias,) = dag.get_task("report").outlets
    assert alias == AssetAlias(name=f"{dag.dag_id}_to_decide", group="customerp_trello")
    assert bag.dags[DECISIONS].timetable.asset_condition == decisions_asset()


def test_the_tasks_that_people_look_at_lead_to_the_page_of_their_run(dag):
    linked = {task.task_id for task in dag.tasks if any(isinstance(o, RunPageLink) for o in task.operator_extra_links)}
    assert linked == {"reconcile", "guard", "report"}
    pulled = {"acquire_lease": "0123abcd"}
    instance = SimpleNamespace(dag_id=dag.dag_id, xcom_pull=lambda task_ids: pulled[task_ids])
    address = RunPageLink().get_link(None, ti_key=instance)
    assert address == f"{PAGES}/pair/{dag.dag_id}/run/0123abcd"
    assert f"/plugin/customerp-trello{PREFIX}" == PAGES
    asked = {"type": "http", "method": "GET", "path": address.removeprefix(PAGES)}
    assert any(route.matches(asked)[0] is Match.FULL for route in router.routes), "the review page shows it"
    assert RunPageLink().get_link(None, ti_key=SimpleNamespace(xcom_pull=lambda task_ids: None)) == ""


def test_a_run_that_does_not_succeed_in_time_is_told(dag):
    (alert,) = dag.deadline
    assert (alert.reference, alert.interval) == (DeadlineReference.DAGRUN_QUEUED_AT, timedelta(hours=3))
    assert import_string(alert.callback.path) is tell_late
    assert isinstance(alert.callback, AsyncCallback)  # in the triggerer: an executor's may not read connections


def test_every_failure_is_looked_at_by_the_notice(dag, bag):
    for one in (dag, bag.dags[AUDIT], bag.dags[DECISIONS]):
        for task in one.tasks:
            told = task.on_failure_callback  # a mapped task has it as it was given
            assert [type(one) for one in (told if isinstance(told, list | tuple) else [told])] == [Notice], task.task_id


def test_decisions_wait_beside_one_another_and_what_nobody_answers_writes_nothing(bag):
    decisions = bag.dags[DECISIONS]
    assert decisions.max_active_runs >= 100
    ask = decisions.get_task("decision.ask")
    assert (ask.response_timeout, ask.options, ask.defaults) == (timedelta(hours=24), [LEAVE], [LEAVE])
    assert ask.template_fields == ("question",)  # what people write into records is no template
    start = decisions.get_task("decision.start_the_pair")
    assert start.skip_when_already_exists is True
    assert start.logical_date is None


def test_news_start_a_pair_and_so_do_new_links_of_the_pairs_it_builds_on_beside_its_windows(dag):
    assert isinstance(dag.timetable, AssetOrTimeSchedule)
    assert type(dag.timetable.timetable) is CronDataIntervalTimetable
    condition = coerce_to_core_timetable(dag.timetable).asset_condition
    assert type(condition).__name__ in ("SerializedAsset", "SerializedAssetAny")  # any of them will do
    expected = [news_asset(dag.dag_id).uri] + ([links_asset(CUSTOMERS).uri] if dag.dag_id == CONTACTS else [])
    assert [key.uri for key, _ in condition.iter_assets()] == expected


def test_the_news_of_a_pair_are_watched_in_the_triggerer(dag):
    (watcher,) = news_asset(dag.dag_id).watchers
    classpath, arguments = watcher.trigger.serialize()
    assert import_string(classpath)(**arguments).pair == dag.dag_id
    stored = json.dumps(DagSerialization.to_dict(dag)["dag"]["timetable"])
    assert json.dumps({"classpath": classpath, "kwargs": arguments}) in stored


def test_a_run_has_a_real_window(dag):
    moment = parse("2026-03-01T09:07:00Z")
    window = coerce_to_core_timetable(dag.timetable).infer_manual_data_interval(run_after=moment)
    assert (window.start, window.end) == (moment.replace(hour=8, minute=45), moment.replace(minute=0))


def test_a_dag_survives_the_way_through_the_database(dag):
    data = DagSerialization.to_dict(dag)
    DagSerialization.validate_schema(data)
    again = DagSerialization.from_dict(data)
    assert {task.task_id: set(task.upstream_task_ids) for task in again.tasks} == BEFORE
    assert again.doc_md == dag.doc_md
    assert {name: again.params[name] for name in again.params} == {name: dag.params[name] for name in dag.params}
    for task in again.tasks:
        before = dag.get_task(task.task_id)
        assert (task.is_setup, task.is_teardown, task.retries) == (before.is_setup, before.is_teardown, before.retries)
        assert task.retry_delay == timedelta(seconds=30)
        assert task.retry_exponential_backoff == 2.0
    assert again.timetable.summary == coerce_to_core_timetable(dag.timetable).summary
