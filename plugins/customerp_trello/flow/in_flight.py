"""Several records in flight: their writes overlap, those of one record never do (contract, section 7).

A request spends its time on the way, so one record after the other leaves most of Trello's limit unused. Each write
keeps its own order, whichever thread it is in: intent, request, outcome, each in a transaction under the same fence.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

T = TypeVar("T")


def carry_out(
    todo: Sequence[T],
    act: Callable[[T], object],
    *,
    at_once: int,
    records: Callable[[T], Iterable[Hashable]],
    kind: Callable[[T], Hashable],
) -> None:
    """Call *act* for each of *todo*; with ``at_once=1`` one after the other, in order.

    The first of each kind goes alone: what a task reads only once (a listing, names) is read then, and by one thread.

    Args:
        todo: what to do, in order.
        act: does one; what it raises ends everything, once those under way have ended.
        at_once: how many may be under way.
        records: the records that one is about; those that share a record keep their order.
        kind: what one does.
    """
    if at_once == 1:
        for one in todo:
            act(one)
        return
    alone, rest = _first_of_each(todo, kind)
    for one in alone:
        act(one)
    over = threading.Event()

    def in_order(group: Sequence[T]) -> None:
        for one in group:
            if over.is_set():
                return
            try:
                act(one)
            except BaseException:
                over.set()
                raise

    with ThreadPoolExecutor(at_once, thread_name_prefix="write") as pool:
        try:
            for future in as_completed([pool.submit(in_order, group) for group in _grouped(rest, records)]):
                future.result()
        finally:
            over.set()  # also where this thread is told to stop: nothing more begins


def _first_of_each(todo: Sequence[T], kind: Callable[[T], Hashable]) -> tuple[list[T], list[T]]:
    seen: set[Hashable] = set()
    alone: list[T] = []
    rest: list[T] = []
    for one in todo:
        (rest if kind(one) in seen else alone).append(one)
        seen.add(kind(one))
    return alone, rest


def _grouped(todo: Sequence[T], records: Callable[[T], Iterable[Hashable]]) -> list[list[T]]:
    """Those that share a record, also by way of a third one, in one list, in order."""
    group_of: dict[Hashable, int] = {}
    groups: dict[int, list[int]] = {}
    for place, one in enumerate(todo):
        names = set(records(one))
        joined = {group_of[name] for name in names if name in group_of}
        groups[place] = sorted([place, *(other for group in joined for other in groups.pop(group))])
        for other in groups[place]:
            group_of.update(dict.fromkeys(records(todo[other]), place))
    return [[todo[place] for place in group] for group in groups.values()]
