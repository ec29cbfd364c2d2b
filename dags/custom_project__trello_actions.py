"""Keeps the projects of CustomERP with comments (actions) on Trello's register card in sync.

An Airflow DAG made from its mapping, `include/mappings/custom_project__trello_actions.yaml`:
the tables below say what corresponds to what.
"""

from customerp_trello.flow.dag import pair_dag

dag = pair_dag("custom_project__trello_actions", __doc__)
