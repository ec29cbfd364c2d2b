"""A record by itself and the same record in a listing look alike, whatever Trello sends."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customerp_trello.mapping.frame import HOLD, LIVE, MODIFIED_AT, REASON, STATE, SUSPENDED
from customerp_trello.mapping.load import load_mapping
from customerp_trello.mapping.model import Condition
from customerp_trello.sides.rows import first_record
from customerp_trello.sides.trello_rows import Found, trello_frame, trello_record

MAPPINGS = Path(__file__).resolve().parents[2] / "include" / "mappings"
JSON = (
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=12) | st.sampled_from(["Acme ", "active", "no"])
)
TIMES = st.none() | st.just(datetime(2026, 3, 1, 9, 30, tzinfo=UTC))


def filtered(stem):
    """A shipped mapping with conditions on its first two Trello fields."""
    mapping = load_mapping(next(MAPPINGS.glob(f"{stem}*.yaml")))
    one, two = (prop.trello for prop in mapping.properties[:2])
    unlinked = mapping.trello.on_unlinked.model_copy(update={"when": (Condition(field=two, empty=False),)})
    side = mapping.trello.model_copy(
        update={"filter": (Condition(field=one, **{"in": ("Acme", "active")}),), "on_unlinked": unlinked}
    )
    return mapping.model_copy(update={"trello": side})


CUSTOMERS, EMPLOYEES = filtered("custom_customer"), filtered("customerp_employee")


@pytest.mark.parametrize("mapping", [CUSTOMERS, EMPLOYEES], ids=lambda mapping: mapping.pair)
@given(data=st.data())
def test_a_single_record_is_the_row_of_its_listing(mapping, data):
    names = [prop.trello for prop in mapping.properties]
    fields = data.draw(st.dictionaries(st.sampled_from(names), JSON))
    texts = {STATE: [LIVE, SUSPENDED], REASON: ["", "why"], HOLD: ["", "not yet"]}
    meta = data.draw(st.fixed_dictionaries({}, optional={key: st.sampled_from(some) for key, some in texts.items()}))
    meta[MODIFIED_AT] = data.draw(TIMES)
    found = Found("5f0c", fields, meta)
    listed = trello_frame(mapping, [found], frozenset({found.id}))
    assert trello_record(mapping, found) == first_record(listed, mapping.names)
