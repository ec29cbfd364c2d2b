"""Keeps the contacts of CustomERP with the members of the customers' Trello workspaces in sync.

An Airflow DAG made from its mapping, `include/mappings/custom_contact__trello_members.yaml`:
the tables below say what corresponds to what.
"""

from customerp_trello.flow.dag import pair_dag

dag = pair_dag("custom_contact__trello_members", __doc__)
