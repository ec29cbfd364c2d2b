"""When a pair's deliveries are worth an event. No I/O."""

from __future__ import annotations

from dataclasses import dataclass

PATIENCE, LONGEST_PATIENCE = 30.0, 900.0
"""Seconds until an event that started no run is repeated; doubled each time (the DAG may be paused)."""


@dataclass
class Alarm:
    """At most one event is under way.

    It stands for all deliveries that come before its run begins to read, so a burst is one run. When it is answered,
    what came since then is worth the next event. Airflow may lose an event: nothing answers it, so it is repeated.
    """

    _newest: int = 0
    _rung_at: float = 0.0
    _patience: float = PATIENCE

    def rings(self, oldest: int, newest: int, now: float) -> bool:
        """Whether to send an event now.

        Args:
            oldest: first row that waits.
            newest: last row that waits.
            now: seconds of a clock that never goes back.
        """
        if oldest > self._newest:  # all that the last event was about is answered
            self._patience = PATIENCE
        elif now - self._rung_at < self._patience:
            return False
        else:
            self._patience = min(self._patience * 2, LONGEST_PATIENCE)
        self._newest, self._rung_at = newest, now
        return True
