"""`make doctor` examines the stack that runs, with its connections and its state."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demo.company import Company
from demo.control import CUSTOMERS, doctor
from demo.errors import StackError
from demo.layout import Layout
from demo.record import StackRecord


def test_without_a_stack_it_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="start it with `make up`"):
        doctor(tmp_path)


def test_it_examines_what_runs(
    tmp_path: Path,
    start_customerp: Callable[..., Any],
    start_trello: Callable[..., Any],
    capfd: pytest.CaptureFixture[str],
) -> None:
    layout = Layout(tmp_path)
    Company.open(layout, CUSTOMERS)
    customerp, trello = start_customerp(layout.database("customerp")), start_trello(layout.database("trello"))
    systems = {"customerp": customerp.url, "trello": trello.url}
    record = StackRecord.of_this_process(ready=True, url="http://127.0.0.1:8080", systems=systems, sessions=[])
    record.write(layout)
    trello.set_scope("read")
    assert doctor(tmp_path) == 1
    said = "".join(capfd.readouterr().out.split())  # how wide the page is decides where lines end
    for words in (
        f"CustomERP answers at {customerp.url} and knows us",
        "2 staff workspaces, all there",
        str(layout.airflow_home),
        "the token lacks the scope account",
        "One thing is missing",
    ):
        assert words.replace(" ", "") in said
