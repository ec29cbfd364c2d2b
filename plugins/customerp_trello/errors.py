"""Errors, grouped by what to do about them.

    SyncError
    |-- ConfigurationError    a person changes a mapping, a profile, a connection or a right; retrying is useless
    |-- FormError             the trigger form asks for something impossible; trigger again, corrected
    |-- RetriableError        the same call may go through later (429, 5xx, time-out before anything was sent)
    |   `-- UnknownOutcome    a write was sent, its answer was lost: look before writing again (contract, section 7)
    |-- FatalError            an answer that the software does not understand: a defect or an API change
    |-- RecordError           this one record is refused; it is quarantined and the others go on
    |   |-- RecordMissing     the record is not there (any more)
    |   |-- RecordStale       somebody else changed it since it was read (412): read again
    |   `-- RecordWaits       it cannot be written before another record is linked: tried again until it is
    |-- GuardError            the plan looks like an accident; a person lets it through or not
    |-- AuditError            records differ and nobody knows why, or a pair has fallen behind; a person looks
    `-- LeaseLost             another run or attempt owns the pair now: stop, write nothing more

Every message says where, what, which values are valid and what to do, and holds neither secret nor personal data.
"""


class SyncError(Exception):
    """Base of all errors that the package raises on purpose."""


class ConfigurationError(SyncError):
    """A mapping, profile, connection or right is wrong; a person has to change it."""


class FormError(SyncError):
    """The trigger form asks for something impossible."""


class RetriableError(SyncError):
    """The same call may succeed later.

    Attributes:
        retry_after: seconds that the server asked to wait, or None.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnknownOutcome(RetriableError):
    """A write was sent and its answer was lost; whether it happened must be looked up (contract, section 7)."""


class FatalError(SyncError):
    """An answer that the software does not understand."""


class RecordError(SyncError):
    """The system refuses this record; others are not affected.

    Attributes:
        fields: the system's own message per field, where it gave any.
    """

    def __init__(self, message: str, *, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


class RecordMissing(RecordError):
    """The record does not exist, or not for these credentials."""


class RecordStale(RecordError):
    """A conditional write was refused because the record has changed since it was read."""


class RecordWaits(RecordError):
    """The record cannot be written before another one is linked; nobody has anything to mend."""


class GuardError(SyncError):
    """The plan looks like an accident; nothing was written."""


class AuditError(SyncError):
    """What an audit has found needs a person; nothing was written."""


class LeaseLost(SyncError):
    """The pair's lease has moved on; this process writes nothing more."""
