"""The time a sandbox server believes in: the real clock plus a shift that tests may set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime


class SandboxClock:
    """A clock that can be set wrong on purpose.

    Stamps grow strictly as long as the shift stays the same; after a negative shift they go back, as they would on a
    server whose clock was corrected.
    """

    def __init__(self) -> None:
        self.offset = timedelta(0)
        self._last_stamp = datetime.min.replace(tzinfo=UTC)

    def shift(self, seconds: float) -> None:
        """Set the difference to the real time, in seconds (it replaces an earlier shift)."""
        self.offset = timedelta(seconds=seconds)

    def now(self) -> datetime:
        """The server's time."""
        return datetime.now(UTC) + self.offset

    def stamp(self) -> datetime:
        """The server's time, at least a microsecond after the stamp before."""
        real = max(datetime.now(UTC), self._last_stamp + timedelta(microseconds=1))
        self._last_stamp = real
        return real + self.offset

    def http_date(self) -> str:
        """The value of the ``Date`` header."""
        return format_datetime(self.now().replace(microsecond=0), usegmt=True)


def as_microseconds(moment: datetime) -> str:
    """RFC 3339 in UTC with six decimals, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def as_milliseconds(moment: datetime) -> str:
    """RFC 3339 in UTC with three decimals, as Trello writes dates."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def read_moment(text: str) -> datetime:
    """Parse RFC 3339 (a date alone is its midnight, no zone is UTC); ValueError otherwise."""
    moment = datetime.fromisoformat(text.strip())
    if not 1970 <= moment.year <= 9998:  # the edges cannot be moved to UTC
        raise ValueError(f"the year {moment.year} is out of range")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
