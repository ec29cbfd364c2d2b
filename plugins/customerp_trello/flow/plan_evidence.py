"""What a form shows of a held plan: why it is held, how much it would do, and its first changes.

Airflow shows a form's Markdown in a column as narrow as a telephone, too, and a block of code there without its line
breaks. So this is made of lists.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as MappingABC
from typing import Any

import pandas as pd

from customerp_trello.errors import FatalError
from customerp_trello.flow.artifacts import Folder, read_frame
from customerp_trello.flow.change_log import MASK, Masker, log
from customerp_trello.flow.links import run_page
from customerp_trello.flow.markdown import code, plain
from customerp_trello.mapping.model import CUSTOMERP, TRELLO, Mapping
from customerp_trello.reconcile.plan import CREATE, NOTES, SIDES, STATE_ONLY, WRITES
from customerp_trello.state.plans import Plan

SHOWN = 20
"""Changes that a form shows; the page of the run has all."""

_SYSTEMS: dict[str, str] = {CUSTOMERP: "CustomERP", TRELLO: "Trello"}


def plan_evidence(held: Plan, mapping: Mapping | None, storage: Folder) -> Iterator[str]:
    """The lines of a form, as Markdown; values and keys masked as the mapping says.

    Args:
        held: the plan.
        mapping: the pair's mapping, None if it cannot be read.
        storage: where the runs' tables are.
    """
    page = run_page(held.pair, held.run)
    yield f"The guard holds plan `{held.digest}` of run [{held.run[:12]}]({page}):"
    yield ""
    yield from (f"- {plain(reason)}" for reason in held.reasons)
    yield from ("", "The plan asks for:", "")
    yield from (f"- {number} x {words}" for words, number in _figures(held.counts))
    yield ""
    yield from _changes(held, mapping, storage, page)


def _figures(counts: MappingABC[str, int]) -> Iterator[tuple[str, int]]:
    """What a plan asks for, in words, writes first; each change is counted once."""
    for operation in (*WRITES, *STATE_ONLY, *NOTES):
        sided = {side: counts.get(f"{side}.{operation}", 0) for side in SIDES}
        for side, number in sided.items():
            if number:
                yield f"{_word(operation)} in {_SYSTEMS[side]}", number
        if rest := counts.get(operation, 0) - sum(sided.values()):
            yield _word(operation), rest


def _changes(held: Plan, mapping: Mapping | None, storage: Folder, page: str) -> Iterator[str]:
    if mapping is None:
        yield "The changes are not shown, since the mapping cannot be read."
        return
    try:
        plan = read_frame(storage / held.pair / held.run, "plan")
    except FatalError:
        yield "The table of the plan has been deleted."
        return
    except Exception as error:  # each storage raises errors of its own; without a form nobody would be asked for a day
        log.warning("no evidence", run=held.run, error=type(error).__name__)
        yield "The changes are not shown, since the storage of the plan cannot be read."
        return
    heads = plan.drop_duplicates("change")
    # Stable: within an operation the plan's own order stays.
    heads = heads.assign(_late=~heads["operation"].isin(WRITES)).sort_values("_late", kind="stable")
    yield "The changes:" if len(heads) <= SHOWN else f"The first {SHOWN} of {len(heads)} changes:"
    yield ""
    mask = Masker(mapping)
    for number in heads["change"].head(SHOWN):
        yield from _change(plan[plan["change"].eq(number)], mapping, mask)
    yield ""
    yield f"Values shown as `{MASK}` are personal: see [the run's page]({page})."


def _change(rows: pd.DataFrame, mapping: Mapping, mask: Masker) -> Iterator[str]:
    """One change as an entry of a list, its properties as entries below it."""
    first = rows.iloc[0]
    where = f" in {_SYSTEMS[first['side']]}" if first["side"] else ""
    ids = f"CustomERP {code(first['customerp_id'])}, Trello {code(first['trello_id'])}"
    why = plain(_word(first["cause"])) + (f" {code(first['detail'])}" if first["detail"] else "")
    yield f"- **{_word(first['operation'])}**{where}: {code(mask.key(first['key']))} ({ids}), {why}"
    for row in rows[rows["property"].ne("")].to_dict("records"):
        yield f"  - {_label(mapping, row['property'])}: {_values(row, mask)}"


def _values(row: dict[Any, Any], mask: Masker) -> str:
    shown = {column: code(mask.value(row["property"], row[column])) for column in ("before", "after", *SIDES)}
    if row["operation"] in (*NOTES, *STATE_ONLY):
        return f"CustomERP {shown[CUSTOMERP]}, Trello {shown[TRELLO]}"
    return shown["after"] if row["operation"] == CREATE else f"{shown['before']} to {shown['after']}"


def _label(mapping: Mapping, name: str) -> str:
    return plain(mapping.property(name).label if name in mapping.names else name)


def _word(name: str) -> str:
    return name.replace("_", " ")
