"""The conftest of a mutant's tests: the same examples each time, few of them, and no search for the smallest one."""

from __future__ import annotations

from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase

EXAMPLES = 5


class FewExamples(hypothesis.settings):
    """Settings in which a test's own wish for many examples, which is for the everyday run, is cut short."""

    def __init__(self, parent: hypothesis.settings | None = None, **wishes: Any) -> None:
        super().__init__(parent, **{**wishes, "max_examples": min(EXAMPLES, wishes.get("max_examples", EXAMPLES))})


hypothesis.settings.register_profile(
    "mutants",
    FewExamples(
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    ),
)
hypothesis.settings.load_profile("mutants")
hypothesis.settings = FewExamples  # type: ignore[misc]
