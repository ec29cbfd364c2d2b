"""What waits for a person: plans that the guard holds, and conflicts that nobody may settle but you.

This Airflow DAG asks one question per form. Open a run that waits, or *Required Actions* on the home page, look at the
evidence and choose. *Let it through* and the choice of a side start the pair's own DAG, which reads both systems again
before it writes. *Leave it*, and no answer within a day, write nothing. The answer and your name stay in the history.
"""

from customerp_trello.flow.decisions_dag import decisions_dag

dag = decisions_dag(__doc__)
