"""Whatever is sent to a route, the answer is one that it may give: never a traceback, never a redirect elsewhere."""

from __future__ import annotations

from urllib.parse import quote

import schemathesis
from airflow_here import HOST
from company_state import CUSTOMERS, RUN, fill
from hypothesis import HealthCheck, given, settings

from customerp_trello.review.app import PREFIX

EXPECTED = {200, 303, 403, 404, 405, 409, 422}
CALM = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)


def test_every_operation_survives_whatever_is_sent(app, browse, store, clock):
    fill(store, clock)
    browser = browse("anna")
    token = browser.token()
    operations = [one.ok() for one in schemathesis.openapi.from_dict(app.openapi()).get_all_operations()]
    assert len(operations) > 20
    statuses = {code for operation in operations for code in survived(operation, browser, token)}
    assert {200, 303, 404, 422} <= statuses, "it reached the inside of the routes"


def survived(operation, browser, token):
    """Statuses of an operation's answers to what its description allows, half of the time about a pair that exists."""
    statuses = set()

    @CALM
    @given(case=operation.as_strategy())
    def ask(case):
        given_path = dict(case.path_parameters or {})
        for known in ({}, {"pair": CUSTOMERS, "run": RUN, "link": 1, "work": 1}):
            values = {name: known.get(name, value) for name, value in given_path.items()}
            path = PREFIX + operation.path.format(
                **{name: quote(str(value), safe="") for name, value in values.items()}
            )
            body = case.body if isinstance(case.body, dict) else {}
            data = {name: value if isinstance(value, list) else str(value) for name, value in body.items()}
            answer = browser.request(
                operation.method.upper(), path, params=dict(case.query or {}), data=data | {"token": token},
                headers={"Sec-Fetch-Site": "same-origin", "Origin": HOST},
            )  # fmt: skip
            assert answer.status_code in EXPECTED, (operation.method, path, data, answer.status_code)
            assert answer.headers.get("location", PREFIX).startswith(PREFIX)
            statuses.add(answer.status_code)

    ask()
    return statuses
