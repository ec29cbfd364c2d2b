"""Keeps the customers of CustomERP with Trello workspaces (organizations) in sync.

An Airflow DAG made from its mapping, `include/mappings/custom_customer__trello_organizations.yaml`:
the tables below say what corresponds to what.
"""

from customerp_trello.flow.dag import pair_dag

dag = pair_dag("custom_customer__trello_organizations", __doc__)
