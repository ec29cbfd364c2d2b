"""No view reads a large table from end to end: every query has an index to go by."""

from __future__ import annotations

import re

from company_state import CUSTOMERS, RUN, fill
from sqlalchemy import event
from state_databases import explained

HERE = f"/pair/{CUSTOMERS}"
WHOLE = re.compile(r"\b(?:SCAN|Seq Scan on) (link|history|search_word|open_work|conflict|run|intent|tombstone|plan)\b")


def test_every_view_goes_by_an_index(browse, store, clock):
    company = fill(store, clock)
    browser = browse("anna")
    sent = {}

    def note(_connection, _cursor, statement, parameters, *_rest):
        if statement.startswith("SELECT"):
            sent[statement] = parameters

    event.listen(store.engine, "before_cursor_execute", note)
    lists = ("conflicts?after=1", "open/quarantined?after=1", "open/waiting", "not-writable", "not-writable?before=3",
             "suspended", "apart", "runs", "runs?before=2026-03-01T00:00:00Z", "unlinked/2", f"run/{RUN}?after=1",
             f"run/{RUN}/plan", f"record/{company['acme']}?before=9", f"run/{RUN}/changes.csv")  # fmt: skip
    for path in ("/", HERE, *(f"{HERE}/{name}" for name in lists)):
        assert browser.see(path).status_code == 200, path
    for asked in ("acme", "berlin acme", "acme nobody", "1043"):
        assert browser.press("/search", text=asked).status_code == 200
    event.remove(store.engine, "before_cursor_execute", note)
    assert len(sent) > 25
    for statement, plan in explained(store, sent):
        assert not WHOLE.search(plan), f"{statement}\n{plan}"
