"""How far a server's clock is from ours, as its ``Date`` headers tell."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

WEIGHT = 0.2  # of the newest answer: the header has whole seconds only, so one answer alone may be half a second off


class ServerClock:
    """Estimates the offset of a server's clock.

    Attributes:
        offset: seconds that the server is ahead of this machine (negative: behind); 0.0 until an answer has told.
    """

    def __init__(self) -> None:
        self.offset = 0.0
        self._known = False

    def observe(self, date: str | None, *, sent: float, received: float) -> None:
        """Take one answer into account.

        Args:
            date: its ``Date`` header.
            sent: our clock when the request left, Unix seconds.
            received: our clock when the answer was there.
        """
        try:
            server = parsedate_to_datetime(date or "").timestamp() + 0.5
        except ValueError:
            return
        seen = server - (sent + received) / 2
        self.offset = self.offset + WEIGHT * (seen - self.offset) if self._known else seen
        self._known = True
