"""The two hooks as the doctor uses them: what was asked once is not asked again, and an answer's headers are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any

from customerp_trello.errors import SyncError
from customerp_trello.hooks.answers import Answer
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.failures import Call
from customerp_trello.hooks.http import SyncHttpHook
from customerp_trello.hooks.trello import TrelloHook

Fields = dict[str, Any]

SAMPLE = 400
"""Records of an entity that are looked at: within one page of most profiles; the rest of its list is not asked for."""

_WORKSPACE = "id,name,displayName,desc,website,url,dateLastActivity,products,memberships,limits"


class Sample:
    """The first records of an entity.

    Attributes:
        records: up to :data:`SAMPLE` of them.
        whole: whether there are no more.
    """

    def __init__(self, records: Iterator[Fields]) -> None:
        first = list(islice(records, SAMPLE + 1))
        self.records, self.whole = first[:SAMPLE], len(first) <= SAMPLE

    def __str__(self) -> str:
        return f"{'' if self.whole else 'the first '}{len(self.records)}"


class _Examined(SyncHttpHook):
    """A system that is asked each question once.

    Attributes:
        headers: those of the last answer.
    """

    def __init__(self, conn_id: str) -> None:
        super().__init__(conn_id)
        self.headers: Mapping[str, str] = {}
        self._answers: dict[str, Any] = {}

    def _once(self, question: str, ask: Callable[[], Any]) -> Any:
        """The answer, or the error, that *ask* gave the first time."""
        if question not in self._answers:
            try:
                self._answers[question] = ask()
            except SyncError as error:
                self._answers[question] = error
        if isinstance(self._answers[question], SyncError):
            raise self._answers[question]
        return self._answers[question]

    def _after_attempt(self, call: Call, answer: Answer | None) -> None:
        super()._after_attempt(call, answer)
        self.headers = answer.headers if answer else self.headers


class ExaminedERP(_Examined, CustomERPHook):
    """A CustomERP that is read once."""

    def sample(self, entity: str) -> Sample:
        """The first records of *entity*; a second time without a request.

        Raises:
            SyncError: as :meth:`list_records`.
        """
        found: Sample = self._once(entity, lambda: Sample(self.list_records(entity)))
        return found


class ExaminedTrello(_Examined, TrelloHook):
    """A Trello that is asked once what several checks want to know."""

    def my_organizations(self, fields: str = _WORKSPACE) -> list[Fields]:
        """All workspaces of the token's member with whatever anybody asks for, in one request."""
        ask = super().my_organizations
        found: list[Fields] = self._once("organizations", lambda: ask(_WORKSPACE))
        return found

    def get_card(self, id_or_url: str) -> Fields:
        """See `TrelloHook`."""
        ask = super().get_card
        found: Fields = self._once(f"card {id_or_url}", lambda: ask(id_or_url))
        return found

    @cached_property
    def tokens(self) -> list[Fields]:
        """All tokens of the token's member, this one among them: identifier, permissions, dateExpires.

        ``GET /tokens/{token}`` would tell which one is ours and put it into a URL.

        Raises:
            SyncError: Trello does not tell that to OAuth 2.0 tokens.
        """
        return self._list("/members/me/tokens", {}, "tokens of the account")
