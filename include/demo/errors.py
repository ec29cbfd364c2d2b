"""What can go wrong around the local stack, as sentences for the person at the terminal."""


class StackError(Exception):
    """The local stack cannot start, has broken or cannot be ended; the message says what to do."""


class AirflowApiError(Exception):
    """Airflow's REST API answered with an error or with something unexpected."""
