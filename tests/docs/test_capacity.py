"""The capacity page is what its command computes, and what was measured is near it and never below."""

from __future__ import annotations

import importlib.util
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def module(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


page = module("write_capacity", REPOSITORY / "docs" / "write_capacity.py")
from benchmarks import capacity, reconcile  # noqa: E402 - the page makes the folder known


def test_page_and_plot_are_what_the_command_writes():
    for name, text in page.pages().items():
        assert (REPOSITORY / "docs" / name).read_text() == text, "run .venv/bin/python docs/write_capacity.py"


def test_the_plot_is_light_and_shows_every_measured_point():
    plot = ET.fromstring(page.plot())
    titles = [one.text for one in plot.iter("{http://www.w3.org/2000/svg}title")]
    assert [title.split(":")[0] for title in titles] == [one.what for one in capacity.MEASURED]
    assert len(page.plot()) < 20_000


@pytest.mark.parametrize("one", [one for one in capacity.MEASURED if one.at_once], ids=lambda one: one.what)
def test_a_measured_load_is_never_quicker_than_the_limit_and_at_most_a_tenth_slower(one):
    assert 1 <= one.seconds / capacity.shortest(one.requests, capacity.MEASURED_ANSWER) < 1.1


@pytest.mark.parametrize(("pair", "measured"), capacity.MEASURED_LISTING.items())
def test_the_requests_of_a_run_without_a_change_are_the_measured_ones(pair, measured):
    records, requests = measured
    company = capacity.Company(**{"customers": 800, "staff_workspaces": 50, pair: records})
    assert capacity.listing(company)[pair] == requests


def test_as_few_requests_as_go_out_at_once_take_one_answer():
    few = capacity.Company(10, 10, 10, 10, 1, 1.0)
    assert sum(capacity.listing(few).values()) <= capacity.PLACES
    assert capacity.run_seconds(few) == capacity.ANSWER
    told = dict(capacity.table(few))
    for what in ("a run of all pairs without a change, at least", "a day's changes, at least"):
        assert told[what].startswith("0.25 seconds"), what


@pytest.mark.parametrize(("records", "seconds", "megabytes"), capacity.MEASURED_RECONCILE)
def test_reconcile_is_computed_to_a_third(records, seconds, megabytes):
    computed = capacity.reconcile(records)
    assert computed == pytest.approx((seconds, megabytes), rel=1 / 3)


MEASURED = [(one.what, f"{one.records:,}", f"{one.requests:,}", f"{one.seconds}") for one in capacity.MEASURED]
MEASURED += [
    (f"{one:,}", f"{seconds} s", f"{megabytes:,} MB") for one, seconds, megabytes in capacity.MEASURED_RECONCILE
]


@pytest.mark.parametrize("figures", MEASURED, ids=lambda figures: figures[0])
def test_the_measured_figures_are_those_of_the_benchmarks(figures):
    lines = (REPOSITORY / "benchmarks" / "README.md").read_text().splitlines()
    # Ten million records are reconciled from disk.
    rows = [[cell.strip().removesuffix(" from disk") for cell in line.split("|")] for line in lines]
    assert [row for row in rows if set(figures) <= set(row)], figures


def test_what_trello_does_not_take_is_said():
    said = capacity.beyond(capacity.Company(customers=900, employees=9000, staff_workspaces=2))
    assert said == [
        "900 customers: a member has 850 workspaces at most",
        "9,000 employees: a workspace has 4,000 members at most",
    ]
    assert capacity.beyond(capacity.Company()) == []


def test_more_records_more_changes_or_slower_answers_never_make_anything_quicker():
    small, large = capacity.Company(projects=5000), capacity.Company(projects=50_000)
    assert capacity.run_seconds(small) < capacity.run_seconds(large) < capacity.run_seconds(large, answer=2.0)
    assert sum(capacity.first_load(small).values()) + 45_000 == sum(capacity.first_load(large).values())
    assert capacity.most_changes(small) > capacity.most_changes(large)


@pytest.mark.parametrize(("seconds", "status"), [(1.0, 0), (100.0, 1)])
def test_a_promise_that_is_not_kept_fails_the_benchmark(monkeypatch, seconds, status):
    figures = {"seconds": 1.0, "median": 1.0, "cpu": 1.0, "peak_mb": 1, "writes": 1}
    measured = {name: dict(figures) for name in reconcile.CONTENDERS}
    measured["ours"]["seconds"] = seconds
    monkeypatch.setattr(reconcile, "measure", lambda *_: measured)
    monkeypatch.setattr(reconcile, "save", lambda *_: None)
    assert reconcile.main((10,)) == status
