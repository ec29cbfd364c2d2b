"""The plan: what a run means to do, as one table that people and machines read alike.

One row per change and property (an empty property speaks of the whole record), with the values that it goes from and
to, what either side shows and, for a conflict, either side's base; ``actor`` is who made the edit, where known. A
change is all rows of one ``change`` number and becomes at most one write. The plan is pure data: same frames and state,
same table, same digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import pandas as pd

CUSTOMERP, TRELLO = "customerp", "trello"
SIDES = (CUSTOMERP, TRELLO)
OTHER = {CUSTOMERP: TRELLO, TRELLO: CUSTOMERP}

CREATE, UPDATE, DELETE, MOVE = "create", "update", "delete", "move"
LINK, RELINK, UNLINK, ADOPT = "link", "relink", "unlink", "adopt"
CONFLICT, QUARANTINE, NOT_WRITABLE = "conflict", "quarantine", "not_writable"
SUSPENDED, WAITING, KEPT, MOVED = "suspended", "waiting", "kept", "moved"

WRITES = (MOVE, CREATE, UPDATE, DELETE)
"""Operations that write to a system, in the order in which a load applies them."""
STATE_ONLY = (RELINK, LINK, ADOPT, UNLINK)
"""Operations that move our own state and nothing else, in the order in which they are applied."""
NOTES = (CONFLICT, QUARANTINE, NOT_WRITABLE, SUSPENDED, WAITING, KEPT, MOVED)
"""Operations that tell a person something; ``not_writable`` also moves the source's base."""
OPERATIONS = (*STATE_ONLY, *WRITES, *NOTES)

COLUMNS = (
    "change",
    "side",
    "operation",
    "link",
    "customerp_id",
    "trello_id",
    "key",
    "property",
    "before",
    "after",
    "customerp",
    "trello",
    "base_customerp",
    "base_trello",
    "winner",
    "cause",
    "detail",
    "actor",
)
_VALUES = ("before", "after", "customerp", "trello", "base_customerp", "base_trello")
_TEXTS = tuple(c for c in COLUMNS if c not in ("change", "link"))
_NEVER_MISSING = tuple(c for c in _TEXTS if c not in _VALUES)
_DIGESTED = tuple(c for c in COLUMNS if c not in ("change", "link", "key"))
_GROUP = ["side", "operation", "customerp_id", "trello_id"]


@dataclass(frozen=True)
class Change:
    """All rows of one change, for the one who applies it.

    A first load has hundreds of thousands at once, so that each knows only where its rows are.

    Attributes:
        table: the plan's rows of one side and some operations, shared by all of their changes.
        begin, end: from where to where the change's own rows stand in it.
    """

    number: int
    side: str
    operation: str
    link: int
    customerp_id: str
    trello_id: str
    key: str
    cause: str
    detail: str
    table: pd.DataFrame = field(repr=False)
    begin: int
    end: int

    @property
    def rows(self) -> pd.DataFrame:
        """The change's rows, one per property."""
        return self.table.iloc[self.begin : self.end]

    @property
    def target_id(self) -> str:
        """Id of the record that is written, empty for a create."""
        return self.customerp_id if self.side == CUSTOMERP else self.trello_id

    @property
    def source_id(self) -> str:
        """Id of the record on the other side."""
        return self.trello_id if self.side == CUSTOMERP else self.customerp_id

    def column(self, name: str) -> dict[str, str | None]:
        """A column of the change as property -> text (None for unknown), whole-record rows left out."""
        pairs = zip(self.rows["property"].tolist(), self.rows[name].tolist(), strict=True)
        return {p: (None if pd.isna(v) else str(v)) for p, v in pairs if p}

    @property
    def values(self) -> dict[str, str]:
        """What to write: property -> text."""
        return {p: v for p, v in self.column("after").items() if v is not None}


def make_plan(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Join the parts that the rules yielded into one plan: complete columns, fixed order, numbered changes."""
    parts = [part for part in parts if len(part)]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))
    frame = frame.reindex(columns=list(COLUMNS))
    for column in _TEXTS:
        frame[column] = frame[column].astype("str")
    for column in _NEVER_MISSING:
        frame[column] = frame[column].fillna("")
    frame["link"] = frame["link"].fillna(-1).astype("int64")
    order = frame["operation"].map({name: i for i, name in enumerate(OPERATIONS)}).astype("int64")
    frame = (
        frame.assign(_order=order)
        .sort_values(["_order", "side", "key", "customerp_id", "trello_id", "property", "cause"])
        .drop(columns="_order")
        .reset_index(drop=True)
    )
    frame["change"] = frame.groupby(_GROUP, sort=False).ngroup().astype("int64")
    return frame


def digest(plan: pd.DataFrame) -> str:
    """Sixteen hex digits that stand for the plan's content: same data and state, same digest (contract, section 7)."""
    text = (
        plan.loc[:, list(_DIGESTED)]
        .sort_values(list(_DIGESTED))
        .to_csv(index=False, na_rep="\x00", lineterminator="\n")
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def changes(plan: pd.DataFrame, side: str, operations: tuple[str, ...]) -> Iterator[Change]:
    """The plan's changes of one side and some operations, in the plan's order of operations."""
    chosen = plan[(plan["side"] == side) & plan["operation"].isin(operations)]
    rows = chosen.sort_values("change", kind="stable").reset_index(drop=True)
    begins = rows.index[~rows.duplicated("change")].tolist()
    heads = rows.loc[begins, ["change", "operation", "link", "customerp_id", "trello_id", "key", "cause", "detail"]]
    places = pairwise([*begins, len(rows)])
    for head, (begin, end) in zip(heads.itertuples(index=False), places, strict=True):
        yield Change(
            number=int(str(head.change)),
            side=side,
            operation=str(head.operation),
            link=int(str(head.link)),
            customerp_id=str(head.customerp_id),
            trello_id=str(head.trello_id),
            key=str(head.key),
            cause=str(head.cause),
            detail=str(head.detail),
            table=rows,
            begin=begin,
            end=end,
        )


def counts(plan: pd.DataFrame) -> dict[str, int]:
    """Changes per operation; writes and deletes also per side as ``side.operation``."""
    heads = plan.drop_duplicates("change")
    result = {str(k): int(v) for k, v in heads["operation"].value_counts().sort_index().items()}
    sided = heads[heads["side"] != ""]
    names = sided["side"].str.cat(sided["operation"], sep=".")
    return result | {str(k): int(v) for k, v in names.value_counts().sort_index().items()}
