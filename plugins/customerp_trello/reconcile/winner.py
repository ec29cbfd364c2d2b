"""Who wins a conflict (contract, section 3): a policy, and for ``latest`` the best evidence of time there is."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from customerp_trello.mapping.frame import MODIFIED_AT
from customerp_trello.mapping.model import Mapping, Property
from customerp_trello.reconcile.aligned import Aligned
from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.plan import CUSTOMERP, SIDES, TRELLO

_TIME = pd.DatetimeTZDtype("us", "UTC")


@dataclass(frozen=True)
class Decision:
    """What deciding needs from the past."""

    past: Past

    def asked_about(self, name: str) -> bool:
        """Whether a person was asked about the property in any record."""
        return bool(self.past.manual["property"].eq(name).any())

    def answers(self, aligned: Aligned, name: str, now: dict[str, pd.Series]) -> pd.Series:
        """Per record: missing where no manual conflict is open on the property, else its answer ('' = waiting).

        An answer about other values than those of *now* is void: nobody has chosen between these.
        """
        answer = self._asked(aligned, name, "answer")
        for side in SIDES:
            moved = now[side].notna() & self._asked(aligned, name, side).ne(now[side])
            answer = answer.mask(moved & answer.notna(), "")
        return answer

    def reasons(self, aligned: Aligned, name: str) -> pd.Series:
        """Per record, why a person was asked about the property; missing where nobody was."""
        return self._asked(aligned, name, "reason")

    def decided(self, name: str) -> bool:
        """Whether a conflict about the property is decided in any record, and not written yet."""
        return bool(self.past.decided["property"].eq(name).any())

    def stands(self, aligned: Aligned, name: str, now: dict[str, pd.Series]) -> tuple[pd.Series, pd.Series]:
        """Per record, winner and cause of a conflict between just these values; missing where none was decided.

        Its write still waits. Decided anew it could turn round without an edit: every read is later than the last one.
        """
        rows = self.past.decided
        rows = rows[rows["property"] == name].drop_duplicates("link", keep="last").set_index("link")
        found = rows.reindex(aligned.links["link"]).set_axis(aligned.links.index)
        same = found["winner"].notna()
        for side in SIDES:
            same &= _alike(found[side], now[side]) & _alike(found[f"base_{side}"], aligned.base(side, name))
        return found["winner"].where(same), found["reason"].where(same)

    def _asked(self, aligned: Aligned, name: str, column: str) -> pd.Series:
        rows = self.past.manual
        rows = rows[rows["property"] == name]
        return aligned.links["link"].map(dict(zip(rows["link"], rows[column], strict=True))).astype("str")


def _alike(one: pd.Series, other: pd.Series) -> pd.Series:
    return one.eq(other) | one.isna() & other.isna()


def decide(
    aligned: Aligned, prop: Property, mapping: Mapping, decision: Decision, fought: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Winner ('' = a person decides) and cause for each record in *fought*, with its index."""
    index = aligned.links.index[fought]
    if prop.conflict == "manual":
        return pd.Series("", index=index, dtype="str"), pd.Series("manual", index=index, dtype="str")
    if prop.conflict in SIDES:
        return (
            pd.Series(prop.conflict, index=index, dtype="str"),
            pd.Series(f"policy_{prop.conflict}", index=index, dtype="str"),
        )
    times, estimated = {}, {}
    for side in SIDES:
        times[side], estimated[side] = _edited_at(aligned, prop, decision.past, side, fought)
    winner = pd.Series(mapping.tie, index=index, dtype="str")
    winner = winner.mask(times[CUSTOMERP] > times[TRELLO], CUSTOMERP).mask(times[TRELLO] > times[CUSTOMERP], TRELLO)
    cause = pd.Series("latest", index=index, dtype="str")
    cause = cause.mask(times[CUSTOMERP] == times[TRELLO], "latest_tie")
    cause = cause.mask(estimated[CUSTOMERP] | estimated[TRELLO], cause + "_by_estimate")
    return winner, cause


def _edited_at(
    aligned: Aligned, prop: Property, past: Past, side: str, fought: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """When the property of the records in *fought* was edited on *side*, and whether that is an estimate.

    Evidence about the property comes first; then the record's modification time, unless our own write set it; else
    the edit counts as made when the side was last read, since that read still saw the old value.
    """
    links, at = aligned.links, aligned.records[side].loc[fought, MODIFIED_AT]
    ours = at.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ").eq(links.loc[fought, f"written_{side}"])
    at = at.mask(ours)
    rows = past.evidence[past.evidence["property"] == prop.name]
    if side == TRELLO and len(rows):
        evidence = rows.drop_duplicates("trello_id", keep="last").set_index("trello_id")["at"]
        at = links.loc[fought, "trello_id"].map(evidence).astype(_TIME).fillna(at)
    estimated = at.isna()
    return at.fillna(pd.Timestamp(past.read_at(side)).as_unit("us")).astype(_TIME), estimated
