"""Which failures Airflow tries again: by what there is to be done about them."""

from __future__ import annotations

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from customerp_trello import errors

RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[
                errors.ConfigurationError,
                errors.FormError,
                errors.FatalError,
                errors.GuardError,
                errors.AuditError,
            ],
            action=RetryAction.FAIL,
            reason="A person has to act; trying again changes nothing",
        ),
        RetryRule(
            exception=errors.LeaseLost,
            action=RetryAction.FAIL,
            reason="Another run or attempt owns the pair",
        ),
        RetryRule(exception=errors.RetriableError, action=RetryAction.RETRY, reason="The system was away"),
    ]
)
"""Asked inside the task's own process; after a kill only `retries` and `retry_delay` count."""
