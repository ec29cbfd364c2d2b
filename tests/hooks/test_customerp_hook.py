"""`CustomERPHook` with the default profile against the sandbox's CustomERP, over real HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from customerp_trello.errors import (
    ConfigurationError,
    FatalError,
    RecordError,
    RecordMissing,
    RecordStale,
    RetriableError,
    UnknownOutcome,
)
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.profile_writing import VersionField


@pytest.fixture
def hook(customerp_server: Any, connect: Callable[..., str]) -> CustomERPHook:
    connect("customerp", host=customerp_server.url, password=customerp_server.token)
    return CustomERPHook()


def test_the_way_of_a_record(hook: CustomERPHook) -> None:
    made, version = hook.create_record("customer", {"name": "Ärzte & Söhne", "credit_limit": Decimal("12.50")})
    id_ = str(made["id"])
    assert made["credit_limit"] == Decimal("12.5")
    assert hook.get_record("customer", id_) == (made, version)
    assert hook.version_of("customer", made) == version
    changed, newer = hook.update_record("customer", id_, {"name": "Ärzte"}, version)
    assert changed["name"] == "Ärzte"
    assert newer != version
    with pytest.raises(RecordStale, match=f"customer {id_} was changed"):
        hook.update_record("customer", id_, {"name": "x"}, version)
    hook.delete_record("customer", id_)
    assert hook.get_record("customer", id_)[0]["active"] is False


def test_a_list_of_several_pages(hook: CustomERPHook, customerp_server: Any) -> None:
    for number in range(7):
        hook.create_record(
            "employee", {"first_name": f"Ann{number}", "status": "active", "employee_number": f"E-{number}"}
        )
    paging = hook.profile.listing.paging.model_copy(update={"size": 3})
    hook.profile.__dict__["listing"] = hook.profile.listing.model_copy(update={"paging": paging})
    assert len(list(hook.list_records("employee"))) == 7
    assert customerp_server.requests()["requests"]["GET /api/v1/employees"] == 3
    assert [row["first_name"] for row in hook.list_records("employee", filters={"employee_number": "E-4"})] == ["Ann4"]


def test_only_what_changed_since(hook: CustomERPHook) -> None:
    hook.create_record("customer", {"name": "A"})
    now = datetime.now(UTC)
    assert len(list(hook.list_records("customer", since=now - timedelta(minutes=1)))) == 1
    assert list(hook.list_records("customer", since=now + timedelta(minutes=1))) == []


def test_a_refusal_has_the_erps_words_per_field_and_no_value(hook: CustomERPHook) -> None:
    with pytest.raises(RecordError) as error:
        hook.create_record("contact", {"first_name": "Anna", "email": "anna-at-home"})
    assert set(error.value.fields) == {"last_name", "email"}
    assert "anna-at-home" not in str(error.value)
    assert "HTTP 422" in str(error.value)


def test_a_record_that_is_not_there(hook: CustomERPHook) -> None:
    with pytest.raises(RecordMissing, match="project 4711 is not there"):
        hook.get_record("project", "4711")


def test_a_wrong_token_is_the_connections_fault(customerp_server: Any, connect: Callable[..., str]) -> None:
    connect("customerp", host=customerp_server.url, password="wr0ng")
    good, said = CustomERPHook().test_connection()
    assert not good
    assert "401" in said
    assert "wr0ng" not in said
    with pytest.raises(ConfigurationError):
        CustomERPHook().get_record("customer", "1")
    connect("customerp", host=customerp_server.url)
    with pytest.raises(ConfigurationError, match="auth 'bearer' needs the token as password"):
        CustomERPHook().get_record("customer", "1")


def test_connection_says_one_sentence(hook: CustomERPHook, customerp_server: Any) -> None:
    good, said = hook.test_connection()
    assert good
    assert customerp_server.url in said
    assert said.count(".") == customerp_server.url.count(".") + 1
    assert hook.identity() == {"base_url": customerp_server.url, "profile": "default"}


def test_a_lost_answer_to_a_create_is_not_sent_again(hook: CustomERPHook, customerp_server: Any) -> None:
    customerp_server.fault("POST /api/v1/customers", "lost_answer")
    with pytest.raises(UnknownOutcome):
        hook.create_record("customer", {"name": "Once"})
    assert [row["name"] for row in hook.list_records("customer")] == ["Once"]


def test_a_lost_answer_to_a_conditional_update_is_unknown_and_not_somebody_elses_edit(
    hook: CustomERPHook, customerp_server: Any
) -> None:
    made, version = hook.create_record("customer", {"name": "A"})
    customerp_server.fault("PATCH *", "lost_answer")
    with pytest.raises(UnknownOutcome):
        hook.update_record("customer", str(made["id"]), {"name": "B"}, version)
    assert hook.get_record("customer", str(made["id"]))[0]["name"] == "B"


def test_a_blank_answer_to_an_update_is_read_back(hook: CustomERPHook, customerp_server: Any) -> None:
    made, version = hook.create_record("customer", {"name": "A"})
    customerp_server.fault("PATCH *", "blank")
    assert hook.update_record("customer", str(made["id"]), {"name": "B"}, version)[0]["name"] == "B"


@pytest.mark.parametrize("kind", ["reset", "truncate", "status:500", "lost_answer"])
def test_reading_survives_a_hiccup(hook: CustomERPHook, customerp_server: Any, kind: str) -> None:
    hook.create_record("customer", {"name": "A"})
    customerp_server.fault("GET /api/v1/customers", kind)
    assert len(list(hook.list_records("customer"))) == 1


@pytest.mark.parametrize("kind", ["doubled", "blank"])
def test_a_listing_that_is_wrong_is_not_used(hook: CustomERPHook, customerp_server: Any, kind: str) -> None:
    hook.create_record("customer", {"name": "A"})
    customerp_server.fault("GET /api/v1/customers", kind)
    with pytest.raises(FatalError):
        list(hook.list_records("customer"))


def test_a_server_that_stays_down_is_retriable(hook: CustomERPHook, customerp_server: Any) -> None:
    customerp_server.fault("GET *", "status:500", times=50)
    with pytest.raises(RetriableError):
        hook.get_record("customer", "1")
    assert hook.requests_made == hook.attempts


def test_the_limit_is_waited_for(start_customerp: Any, connect: Callable[..., str]) -> None:
    erp = start_customerp(rate_limit=3)
    connect("customerp", host=erp.url, password=erp.token)
    hook = CustomERPHook()
    hook.longest_wait = 1.0  # type: ignore[misc]
    hook.create_record("customer", {"name": "A"})
    for _ in range(2):
        list(hook.list_records("customer"))
    with pytest.raises(RetriableError) as error:
        list(hook.list_records("customer"))
    assert 1 < (error.value.retry_after or 0) <= 10


def test_the_clock_of_a_server_that_is_wrong(hook: CustomERPHook, customerp_server: Any) -> None:
    customerp_server.set_clock(-1800)
    list(hook.list_records("customer"))
    assert hook.clock_offset == pytest.approx(-1800, abs=1.5)


@pytest.mark.parametrize(
    "shown", ["2026-03-01T09:30:00.970Z", "2026-03-01T09:30:00.1234567Z", "2026-03-01T09:30:00+00:00", "7"]
)
def test_a_version_field_goes_back_as_it_came(hook: CustomERPHook, monkeypatch: Any, shown: str) -> None:
    """An ERP that compares texts would call every write stale, and the record would never be written."""
    field = VersionField(kind="field", field="modified_at")
    monkeypatch.setattr(hook, "profile", hook.profile.model_copy(update={"concurrency": field}))
    version = hook._version("customer", {"id": 1, "modified_at": shown})
    sent, _ = hook._to_send("customer", "1", {"name": "x"}, version)
    assert sent == {"name": "x", "modified_at": 7 if shown == "7" else shown}
