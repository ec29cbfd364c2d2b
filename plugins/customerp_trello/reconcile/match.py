"""Matching records that are not linked yet (contract, section 4).

Keys narrow. A record of one side is a candidate for one of the other when they agree on the first key that both have.
Where a group of candidates is not one to one, the next keys narrow it; what is still not one to one is ambiguous as a
whole group, and nothing of it is linked or created.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from customerp_trello.mapping.frame import ID, SCOPE
from customerp_trello.mapping.model import LinkKey


@dataclass(frozen=True)
class Matches:
    """What matching found.

    Attributes:
        links: customerp_id, trello_id, key (text of the key that decided).
        ambiguous: side, record_id, key: members of groups that are not one to one.
    """

    links: pd.DataFrame
    ambiguous: pd.DataFrame


def key_columns(frame: pd.DataFrame, keys: Sequence[LinkKey], folded: frozenset[str]) -> pd.DataFrame:
    """The key texts of each record: columns ``k0``, ``k1``, ... , missing where a part is empty or unknown.

    Args:
        frame: canonical frame.
        keys: the mapping's link keys in order.
        folded: properties that are compared without regard to case.
    """
    out = pd.DataFrame({ID: frame[ID], SCOPE: frame[SCOPE]})
    for position, key in enumerate(keys):
        text: pd.Series | None = None
        for name in key.properties:
            part = frame[name].str.casefold() if name in folded else frame[name]
            part = part.where(part != "")
            text = part if text is None else text + "\x1f" + part
        assert text is not None  # noqa: S101 - a key has at least one property, the model says so
        out[f"k{position}"] = text.astype("str")
    return out


def match(customerp: pd.DataFrame, trello: pd.DataFrame, keys: Sequence[LinkKey], folded: frozenset[str]) -> Matches:
    """Find who is who among unlinked records of both sides."""
    links: list[pd.DataFrame] = []
    ambiguous: list[pd.DataFrame] = []
    # On most days only one side has records without a link.
    positions = range(len(keys)) if len(customerp) and len(trello) else range(0)
    if positions:
        left, right = key_columns(customerp, keys, folded), key_columns(trello, keys, folded)
    for position in positions:
        pairs = _candidates(left, right, keys, position)
        if pairs.empty:
            continue
        pairs = _narrow(pairs, len(keys), position)
        good, bad = _one_to_one(pairs)
        links.append(good)
        ambiguous.append(bad)
        # Who was narrowed out goes on to the later keys now, since the next run would let it.
        left = left[~left[ID].isin([*good["customerp_id"], *bad.loc[bad["side"] == "customerp", "record_id"]])]
        right = right[~right[ID].isin([*good["trello_id"], *bad.loc[bad["side"] == "trello", "record_id"]])]
    return Matches(
        links=_concat(links, ["customerp_id", "trello_id", "key"]),
        ambiguous=_concat(ambiguous, ["side", "record_id", "key"]),
    )


def _concat(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    parts = [part[columns] for part in parts if len(part)]
    if not parts:
        return pd.DataFrame({column: pd.Series(dtype="str") for column in columns})
    return pd.concat(parts, ignore_index=True)


def _candidates(left: pd.DataFrame, right: pd.DataFrame, keys: Sequence[LinkKey], position: int) -> pd.DataFrame:
    """Pairs that agree on key *position* and have no earlier key in common, with the other keys' columns beside."""
    key = f"k{position}"
    pairs = left.dropna(subset=[key]).merge(right.dropna(subset=[key]), on=[SCOPE, key], suffixes=(".l", ".r"))
    pairs = pairs.rename(columns={f"{ID}.l": "customerp_id", f"{ID}.r": "trello_id", key: "key"})
    for earlier in range(position):
        both_have = pairs[f"k{earlier}.l"].notna() & pairs[f"k{earlier}.r"].notna()
        # An earlier key that counts only together with another proves nothing by differing alone.
        if not keys[earlier].with_second:
            pairs = pairs[~both_have]
    if keys[position].with_second:
        pairs = pairs[_any_other_equal(pairs, len(keys), position)]
    return pairs


def _any_other_equal(pairs: pd.DataFrame, number: int, position: int) -> pd.Series:
    equal = pd.Series(False, index=pairs.index)
    for other in range(number):
        if other != position:
            equal |= pairs[f"k{other}.l"].notna() & (pairs[f"k{other}.l"] == pairs[f"k{other}.r"])
    return equal


def _narrow(pairs: pd.DataFrame, number: int, position: int) -> pd.DataFrame:
    """Within groups that are not one to one, keep the pairs that also agree on the following keys, if any does."""
    group = [SCOPE, "key"]
    pairs = pairs.assign(keep=True)
    for later in range(position + 1, number):
        crowded = _crowded(pairs)
        agrees = pairs[f"k{later}.l"].notna() & (pairs[f"k{later}.l"] == pairs[f"k{later}.r"])
        some_agree = (agrees & pairs["keep"]).groupby([pairs[c] for c in group]).transform("any")
        pairs["keep"] &= ~crowded | ~some_agree | agrees
    return pairs


def _crowded(pairs: pd.DataFrame) -> pd.Series:
    kept = pairs["keep"].astype("int64")
    lefts = kept.groupby(pairs["customerp_id"]).transform("sum")
    rights = kept.groupby(pairs["trello_id"]).transform("sum")
    bad = (lefts > 1) | (rights > 1)
    return bad.groupby([pairs[SCOPE], pairs["key"]]).transform("any")


def _one_to_one(pairs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split candidate pairs into links and members of ambiguous groups.

    A group is ambiguous when its kept pairs are not one to one, or when records of both sides are left over in it: they
    would find each other in the next run, and two runs must not come to different ends.
    """
    crowded = _crowded(pairs)
    group = [pairs[SCOPE], pairs["key"]]
    kept_left = pairs["keep"].groupby(pairs["customerp_id"]).transform("any")
    kept_right = pairs["keep"].groupby(pairs["trello_id"]).transform("any")
    left_over = (~kept_left).groupby(group).transform("any") & (~kept_right).groupby(group).transform("any")
    unclear = crowded | left_over
    links = pairs[pairs["keep"] & ~unclear]
    bad = pairs[unclear]
    members = pd.concat(
        [
            pd.DataFrame({"side": "customerp", "record_id": bad["customerp_id"], "key": bad["key"]}),
            pd.DataFrame({"side": "trello", "record_id": bad["trello_id"], "key": bad["key"]}),
        ]
    ).drop_duplicates(["side", "record_id"])
    return links, members
