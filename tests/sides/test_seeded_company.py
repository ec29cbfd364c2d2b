"""All four pairs on the data that a company has: every row is canonical, or says why it is not."""

import pytest

from customerp_trello.mapping.frame import META
from customerp_trello.mapping.values import normalise
from customerp_trello.sides.open import open_side

UNSET = {"initials", "username", "bio"}
BLANK = {
    ("custom_contact", "customerp"): UNSET,
    ("custom_contact", "trello"): {"email"},
    ("customerp_employee", "customerp"): UNSET,
    # The card holds nothing yet but two comments that cannot be read.
    ("custom_project", "trello"): {
        "number",
        "name",
        "status",
        "start_date",
        "end_date",
        "manager",
        "customer",
        "description",
    },
}
"""What no record of the company says; everything else is seen with a text."""

PAIRS = ("custom_contact", "custom_customer", "custom_project", "customerp_employee")


@pytest.fixture
def company(seeded_sandbox, connect):
    seeded = seeded_sandbox(customers=40)
    trello, erp = seeded.trello, seeded.customerp
    connect("customerp_default", conn_type="customerp", host=erp.url, password=erp.token)
    summary = seeded.summary
    extra = {
        "requests_per_10_seconds": 100_000,
        "staff_workspaces": summary["staff"]["short_names"],
        "register_card": summary["register_card"]["id"],
    }
    connect("trello_default", conn_type="trello", host=trello.url, login=trello.key, password=trello.token, extra=extra)
    return seeded


@pytest.mark.parametrize("pair", PAIRS)
def test_every_row_is_canonical(company, mapping, read_all, pair):
    one = mapping(pair)
    customers = open_side(mapping("custom_customer"), "trello").extract(read_all()).frame
    linked = {id_: str(number) for number, id_ in enumerate(customers["_id"], start=1)}
    for name in ("customerp", "trello"):
        snapshot = open_side(one, name).extract(read_all(workspace_customer=linked))
        frame = snapshot.frame
        assert snapshot.complete
        assert frame["_id"].is_unique
        assert len(frame)
        assert list(frame.columns) == [*META, *one.names]
        blank = set()
        for prop in one.properties:
            column = frame.loc[frame["_problem"].eq(""), prop.name]
            if not column.fillna("").ne("").any():
                blank.add(prop.name)
            again = normalise(column, prop.type, prop.allowed)
            assert again.equals(column), prop.name
        assert blank == BLANK.get((pair, name), set())
