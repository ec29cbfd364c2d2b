"""The DAG in which people decide: wiring only. What a form shows and an answer does is in `decisions`.

::

    collect -> decision[question] = ask (awaiting_input) -> carry_out -> start_the_pair

Decisions wait here and not in the pair's own run, whose successor would have to wait as well. Each question goes its
own way, so that an answer is carried out while others are still waited for.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import (
    DAG,
    AssetOrTimeSchedule,
    CronTriggerTimetable,
    get_current_context,
    task,
    task_group,
)
from airflow.sdk.exceptions import AirflowSkipException

from customerp_trello.flow.answers import LEAVE, LET, SIDE_OF
from customerp_trello.flow.assets import DECISIONS, decisions_asset
from customerp_trello.flow.notices import Notice

WAIT = timedelta(hours=24)
"""How long a form waits. Then its default is taken, which writes nothing, and the question is asked anew."""

EVERY_HOUR = CronTriggerTimetable("7 * * * *", timezone="UTC")
"""For what no event has told: events may get lost, what is open stays in the state database."""

MOST_RUNS = 100
"""Runs that wait beside one another; with Airflow's default of 16 the 17th would get no form."""


class Question(HITLOperator):
    """Asks one question of the state database.

    The form is made here and not handed over by another task: so no XCom holds what it shows, and what people have
    written into their records never becomes a template.

    Args:
        question: the question's id.
    """

    template_fields = ("question",)

    def __init__(self, *, question: Any, **settings: Any) -> None:
        super().__init__(subject="", options=[LEAVE], defaults=LEAVE, response_timeout=WAIT, **settings)
        self.question = question

    def execute(self, context: Any) -> Any:
        """Show the form and wait without a worker."""
        from customerp_trello.flow.decisions import form_of
        from customerp_trello.flow.settings import storage
        from customerp_trello.flow.tasks import open_store

        form = form_of(open_store(), storage(), int(self.question), WAIT)
        self.subject, self.body, self.options = form.subject, form.body, list(form.options)
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> dict[str, str]:
        """Hand on what was chosen and by whom; nobody if the time was over."""
        # What was asked may have been decided elsewhere meanwhile: that is for the next task to say.
        self.options = [LET, *SIDE_OF, LEAVE]
        answer = super().execute_complete(context, event)
        user = answer["responded_by_user"] or {}
        return {"chosen": answer["chosen_options"][0], "by": str(user.get("name") or user.get("id") or "")}


def decisions_dag(doc: str | None = None) -> DAG:
    """Build the DAG.

    Args:
        doc: the DAG file's docstring.
    """
    with DAG(
        dag_id=DECISIONS,
        dag_display_name="CustomERP and Trello: decisions",
        description="Held plans and conflicts that wait for a person",
        doc_md=doc,
        schedule=AssetOrTimeSchedule(timetable=EVERY_HOUR, assets=decisions_asset()),
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=MOST_RUNS,
        tags=["customerp", "trello", "decisions"],
        default_args={"retries": 3, "retry_delay": timedelta(seconds=30), "on_failure_callback": Notice(every=True)},
    ) as dag:
        _wire()
    return dag


def _wire() -> None:
    @task
    def collect() -> list[int]:
        """Find what has to be decided and is not being asked yet."""
        from customerp_trello.flow.decisions import questions
        from customerp_trello.flow.tasks import open_store

        return questions(open_store(), get_current_context()["dag_run"].run_id, WAIT)

    @task(multiple_outputs=True, show_return_value_in_logs=False)
    def carry_out(question: int, answer: dict[str, str]) -> dict[str, Any]:
        """Write the answer and its author down."""
        from customerp_trello.flow.change_log import log
        from customerp_trello.flow.decisions import carry_out as step
        from customerp_trello.flow.tasks import open_store

        wish = step(open_store(), question, answer["chosen"], answer["by"])
        log.info("answer", chosen=answer["chosen"], by=answer["by"] or "nobody in time", starts=str(wish))
        if wish is None:
            raise AirflowSkipException("Nothing is to be written.")
        return wish

    @task_group
    def decision(question: int) -> None:
        """One question, from its form to the run that carries the answer out."""
        answer: Any = Question(task_id="ask", question=question).output
        wish: Any = carry_out(question, answer)
        TriggerDagRunOperator(
            task_id="start_the_pair",
            # A template, since what names a DAG is also put into the graph of DAGs, which takes texts only.
            trigger_dag_id="{{ ti.xcom_pull('decision.carry_out', key='dag_id', map_indexes=ti.map_index) }}",
            trigger_run_id=wish["run_id"],
            conf=wish["conf"],
            logical_date=None,
            skip_when_already_exists=True,
        )

    decision.expand(question=collect())
