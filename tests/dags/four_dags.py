"""The four pairs, and their DAG files as Airflow's own loader sees them."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DAGS = REPOSITORY / "dags"
MAPPINGS = REPOSITORY / "include" / "mappings"

CUSTOMERS = "custom_customer__trello_organizations"
EMPLOYEES = "customerp_employee__trello_members"
PROJECTS = "custom_project__trello_actions"
CONTACTS = "custom_contact__trello_members"
PAIRS = (CUSTOMERS, EMPLOYEES, PROJECTS, CONTACTS)
DECISIONS, AUDIT = "customerp_trello__decisions", "customerp_trello__audit"
"""The two that are no pair's: where people decide, and the second opinion."""


def load_dags():
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(DAGS, load_op_links=False)
