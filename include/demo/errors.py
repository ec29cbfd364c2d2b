"""What can go wrong around the local stack, as sentences for the person at the terminal."""


class StackError(Exception):
    """The local stack cannot start, has broken or cannot be ended; the message says what to do."""


class AirflowApiError(Exception):
    """Airflow's REST API answered with an error or with something unexpected."""


class SystemRefusal(Exception):
    """One of the two systems refused a request; the message holds its words."""


class DemoError(Exception):
    """The demo did not go as it has to; the message says where."""
