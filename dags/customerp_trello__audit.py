"""Compares all linked records of all pairs on both systems, once a night, and writes nothing.

This Airflow DAG is the second opinion on the syncs: it reads both sides completely and says which linked records differ
without a known reason, and which pairs have not been in sync for too long, paused ones included. Red means: look at the
log of `verdict`, then of the pair's `compare`.
"""

from customerp_trello.flow.audit_dag import audit_dag

dag = audit_dag(__doc__)
