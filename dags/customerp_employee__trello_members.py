"""Keeps the employees of CustomERP with the members of the staff workspaces in Trello in sync.

An Airflow DAG made from its mapping, `include/mappings/customerp_employee__trello_members.yaml`:
the tables below say what corresponds to what.
"""

from customerp_trello.flow.dag import pair_dag

dag = pair_dag("customerp_employee__trello_members", __doc__)
