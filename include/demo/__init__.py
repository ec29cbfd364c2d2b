"""The local stack: two sandbox systems and a real Airflow on loopback, for the demo, for `make up` and for tests."""
