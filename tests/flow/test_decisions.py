"""What people are asked and what their answers bring about, from the evidence in the form to both systems."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from engine import CUSTOMERS, EMPLOYEES, erp_edit

from customerp_trello.errors import FormError
from customerp_trello.flow import plan_evidence
from customerp_trello.flow.answers import LEAVE, LET
from customerp_trello.flow.decisions import carry_out, form_of, has_questions, questions
from customerp_trello.flow.plan_evidence import SHOWN
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state.conflicts import ANSWERED, Conflict, conflicts, record_conflict
from customerp_trello.state.history import history_of_run
from customerp_trello.state.plans import APPLIED, APPROVED, HELD, REFUSED, get_plan, plans
from customerp_trello.state.questions import get_question

DAY = timedelta(hours=24)


@pytest.fixture
def settled(customers_loaded):
    yield customers_loaded
    customers_loaded.mappings.clear()
    customers_loaded.widen()
    for digest in plans_held(customers_loaded, CUSTOMERS):
        customers_loaded.run(CUSTOMERS, action="let_through", plan=digest)
    assert customers_loaded.run(CUSTOMERS).writes() == []


def plans_held(engine, pair):
    with engine.store.read() as tx:
        return [one.digest for one in plans(tx, pair, status=HELD)][:1]


def tighten(engine, pair=CUSTOMERS):
    tight = engine.mapping(pair).guard.model_copy(update={"update_count": 0, "update_share": 0.0})
    engine.mappings[pair] = engine.mapping(pair).model_copy(update={"guard": tight})


def let_a_person_decide(engine, pair, name):
    found = engine.mapping(pair)
    properties = [p.model_copy(update={"conflict": "manual"}) if p.name == name else p for p in found.properties]
    engine.mappings[pair] = found.model_copy(update={"properties": tuple(properties)})


def ask(engine, run="asked"):
    """The questions that are due, each with its form."""
    ids = questions(engine.store, run, DAY)
    return [(one, form_of(engine.store, engine.folder, one, DAY)) for one in ids]


def conf(wish):
    return wish["conf"] if wish else None


def workspace(link):
    return TrelloHook().get_organization(link["trello_id"])


def rename(engine, name, *, fresh=True):
    link = engine.fresh_link(CUSTOMERS) if fresh else engine.links(CUSTOMERS).query("status == 'linked'").iloc[-1]
    erp_edit("customer", link["customerp_id"], name=name)
    return link


def test_a_held_plan_is_let_through_by_the_person_who_answers(settled):
    link = rename(settled, "Held for a person")
    tighten(settled)
    assert not has_questions(settled.store, CUSTOMERS)
    held = settled.run(CUSTOMERS)
    digest = held.steps["reconcile"]["digest"]
    assert has_questions(settled.store, CUSTOMERS)
    ((question, form),) = ask(settled, "first")
    assert not has_questions(settled.store, CUSTOMERS)
    assert form.options == (LET, LEAVE)
    for said in (
        digest,
        "1 updates in trello",
        "Held for a person",
        f"pair/{CUSTOMERS}/run/{held.run.id}",
        "24 hours nothing is written",
    ):
        assert said in form.subject + form.body
    wish = carry_out(settled.store, question, LET, "eva")
    assert wish == {"dag_id": CUSTOMERS, "run_id": f"decision__{question}__first",
                    "conf": {"action": "let_through", "plan": digest}}  # fmt: skip
    assert carry_out(settled.store, question, LET, "eva") == wish  # a retry
    with settled.store.read() as tx:
        plan = get_plan(tx, held.run.id)
        assert (plan.status, plan.approved_by) == (APPROVED, "eva")
        told = history_of_run(tx, held.run.id)
        assert told[["operation", "cause", "actor"]].values.tolist() == [["answer", LET, "eva"]]
    ran = settled.run(CUSTOMERS, **wish["conf"])
    assert ran.writes() == [("trello", "update", "name", "Held for a person")]
    assert "let through by eva" in ran.steps["guard"]["verdict"]
    assert workspace(link)["displayName"] == "Held for a person"
    with settled.store.read() as tx:
        assert get_plan(tx, held.run.id).status == APPLIED


def test_a_held_plan_is_shown_as_lists_that_count_each_change_once_and_begin_with_what_is_written(settled):
    rename(settled, "![x](https://evil.example/a.png) `of` <b>code</b> | cell")
    tighten(settled)
    held = settled.run(CUSTOMERS)
    counts = get_plan_of(settled, held).counts
    ((question, form),) = ask(settled, "evidence")
    lines = form.body.splitlines()
    asked_for = {words: int(number) for number, words in re.findall(r"^- (\d+) x (.+)$", form.body, re.MULTILINE)}
    assert asked_for["update in Trello"] == counts["trello.update"] == 1
    assert sum(asked_for.values()) == sum(number for name, number in counts.items() if "." not in name)
    heads = [line for line in lines if line.startswith("- **")]
    assert heads[0].startswith("- **update** in Trello: ")
    assert "edited in customerp" in heads[0]
    assert len(heads) == min(SHOWN, sum(asked_for.values()))
    written = lines[lines.index(heads[0]) + 1]
    assert written.startswith("  - Name: `")
    assert written.count("`") == 4
    assert written.endswith(" to `![x](https://evil.example/a.png) 'of' <b>code</b> | cell`")
    assert not [line for line in lines if line.startswith("    ")], "a block of code loses its lines in Airflow's UI"
    settled.run(CUSTOMERS, **carry_out(settled.store, question, LET, "eva")["conf"])


def get_plan_of(engine, ran):
    with engine.store.read() as tx:
        return get_plan(tx, ran.run.id)


def test_a_plan_that_asks_for_more_by_now_is_held_again_and_asked_again(settled):
    rename(settled, "First of two")
    tighten(settled)
    settled.run(CUSTOMERS)
    ((question, _),) = ask(settled, "second")
    wish = carry_out(settled.store, question, LET, "eva")
    rename(settled, "Second of two")
    with pytest.raises(FormError, match=r"was let through, but by now the plan is [0-9a-f]{16} and asks for more"):
        settled.run(CUSTOMERS, **wish["conf"])
    ((again, form),) = ask(settled, "third")
    assert "2 updates in trello" in form.body
    ran = settled.run(CUSTOMERS, **carry_out(settled.store, again, LET, "eva")["conf"])
    assert sorted(write[3] for write in ran.writes()) == ["First of two", "Second of two"]


def test_a_held_plan_is_asked_about_though_its_storage_refuses_to_be_read(settled, monkeypatch):
    rename(settled, "Held out of sight", fresh=False)
    tighten(settled)
    settled.run(CUSTOMERS)

    def refuses(*_):
        raise PermissionError("s3cret: AccessDenied")

    monkeypatch.setattr(plan_evidence, "read_frame", refuses)
    ((question, form),) = ask(settled, "out of sight")
    assert "since the storage of the plan cannot be read" in form.body
    assert "s3cret" not in form.body
    assert form.options == (LET, LEAVE)
    wish = carry_out(settled.store, question, LET, "eva")
    assert settled.run(CUSTOMERS, **wish["conf"]).writes() == [("trello", "update", "name", "Held out of sight")]


def test_who_leaves_it_and_who_says_nothing_write_nothing(settled):
    rename(settled, "Left alone")
    tighten(settled)
    held = settled.run(CUSTOMERS)
    ((question, _),) = ask(settled, "fourth")
    assert carry_out(settled.store, question, LEAVE, "") is None  # the time was over
    with settled.store.read() as tx:
        assert get_question(tx, question).answer == ""
    assert carry_out(settled.store, question, LEAVE, "eva") is None
    with settled.store.read() as tx:
        assert get_plan(tx, held.run.id).status == HELD
        assert (get_question(tx, question).answer, get_question(tx, question).answered_by) == (LEAVE, "eva")
        assert history_of_run(tx, held.run.id)["cause"].tolist() == [LEAVE]
    assert "the guard holds plan" in settled.run(CUSTOMERS).held
    assert ask(settled, "fifth") == []  # the same plan is not asked about again at once


def test_what_was_let_through_is_asked_about_no_more_though_it_was_held_twice(settled):
    rename(settled, "Held twice", fresh=False)
    tighten(settled)
    settled.run(CUSTOMERS)
    again = settled.run(CUSTOMERS)
    ((question, _),) = ask(settled, "twice")
    wish = carry_out(settled.store, question, LET, "eva")
    assert wish["conf"]["plan"] == again.steps["reconcile"]["digest"]
    assert not has_questions(settled.store, CUSTOMERS), "neither before nor while the run of the answer writes"
    assert settled.run(CUSTOMERS, **wish["conf"]).writes() == [("trello", "update", "name", "Held twice")]


def test_an_undo_that_is_left_alone_is_over(settled):
    rename(settled, "To be taken back", fresh=False)
    done = settled.run(CUSTOMERS)
    tighten(settled)
    held = settled.run(CUSTOMERS, action="undo", run=done.run.id)
    ((question, _),) = ask(settled, "undone")
    assert carry_out(settled.store, question, LEAVE, "eva") is None
    with settled.store.read() as tx:
        assert get_plan(tx, held.run.id).status == REFUSED


def test_what_was_decided_elsewhere_needs_no_answer(settled):
    rename(settled, "Decided elsewhere")
    tighten(settled)
    held = settled.run(CUSTOMERS)
    ((question, _),) = ask(settled, "sixth")
    settled.run(CUSTOMERS, action="let_through", plan=held.steps["reconcile"]["digest"])
    assert form_of(settled.store, settled.folder, question, DAY).options == (LEAVE,)
    assert carry_out(settled.store, question, LET, "eva") is None


@pytest.mark.parametrize(("answer", "winner"), [("CustomERP", "ERP name"), ("Trello", "Trello name")])
def test_a_conflict_is_settled_by_a_persons_answer(settled, answer, winner):
    let_a_person_decide(settled, CUSTOMERS, "name")
    link = rename(settled, "ERP name")
    TrelloHook().update_organization(link["trello_id"], displayName="Trello name")
    assert settled.run(CUSTOMERS).writes() == []
    ((question, form),) = ask(settled, f"conflict {answer}")
    assert form.options == ("CustomERP", "Trello", LEAVE)
    assert form.subject.endswith(f"whose Name shall hold, for CustomERP {link['customerp_id']}?")
    for said in (
        "`ERP name`",
        "`Trello name`",
        f"`{link['c.name']}`",
        link["trello_id"],
        "UTC",
        "when they last agreed",
    ):
        assert said in form.body
    wish = carry_out(settled.store, question, answer, "eva")
    assert conf(wish) == {"action": "sync"}
    with settled.store.read() as tx:
        (answered,) = conflicts(tx, CUSTOMERS, status=ANSWERED)
        assert (answered.answer, answered.answered_by) == (answer.lower(), "eva")
    settled.run(CUSTOMERS, **wish["conf"])
    assert workspace(link)["displayName"] == winner
    assert CustomERPHook().get_record("customer", link["customerp_id"])[0]["name"] == winner


def test_what_people_write_into_a_record_stays_text_in_the_form(settled):
    let_a_person_decide(settled, CUSTOMERS, "name")
    evil = "![x](https://evil.example/a.png) `code` | cell <script>alert(1)</script> {{ var.value.secret }}"
    link = rename(settled, evil)
    TrelloHook().update_organization(link["trello_id"], displayName="[click](javascript:alert(1))")
    settled.run(CUSTOMERS)
    ((question, form),) = ask(settled, "evil")
    row = next(line for line in form.body.splitlines() if line.startswith("| now |"))
    # Two cells, each one span of code: nothing in them is a link, an image, a tag or the end of the cell.
    assert row.count("`") == 4
    assert row.replace("\\|", "").count("|") == 4
    assert "![x](https://evil.example/a.png) 'code' \\| cell <script>" in row
    carry_out(settled.store, question, "Trello", "eva")
    settled.run(CUSTOMERS)


def test_many_conflicts_of_one_undo_are_one_question(settled):
    links = [rename(settled, f"Many {number}") for number in range(4)]
    run_id = settled.run(CUSTOMERS).run.id
    undone = settled.run(CUSTOMERS, action="undo", run=run_id)
    asked = ask(settled, "undo")
    assert len(asked) == len(links)  # few: one by one
    for question, form in asked:
        assert "undone" in form.body
        carry_out(settled.store, question, "CustomERP", "eva")
    with settled.store.read() as tx:
        assert len(conflicts(tx, CUSTOMERS, status=ANSWERED, run=undone.run.id)) == len(links)
    ran = settled.run(CUSTOMERS)
    assert sorted(write[3] for write in ran.writes()) == [f"Many {number}" for number in range(4)]


def test_a_form_tells_nothing_about_people(engine):
    held = engine.run(EMPLOYEES)
    values = ("Silent Sam", "Silent Sam", "Silent Sammy", "Silent Samuel")
    with engine.store.begin() as tx:
        record_conflict(tx, EMPLOYEES, held.run.id, Conflict(7, "full_name", *values))
    bodies = [form.subject + form.body for _, form in ask(engine, "people")]
    assert len(bodies) == 2
    people = CustomERPHook().list_records("employee")
    names = ("last_name", "work_email", "bio")
    told = {text for one in people for name in names if len(text := one.get(name) or "") > 4}
    assert len(told) > 10
    assert not [text for body in bodies for text in (*told, "Silent") if text in body]


def test_an_answer_counts_for_the_values_that_the_form_showed(settled):
    let_a_person_decide(settled, CUSTOMERS, "name")
    link = rename(settled, "ERP says A")
    TrelloHook().update_organization(link["trello_id"], displayName="Trello says B")
    settled.run(CUSTOMERS)
    ((question, form),) = ask(settled, "asked about B")
    assert "Trello says B" in form.body
    TrelloHook().update_organization(link["trello_id"], displayName="Trello says C")
    settled.run(CUSTOMERS)
    assert carry_out(settled.store, question, "CustomERP", "eva") is None
    assert settled.run(CUSTOMERS).writes() == []
    assert workspace(link)["displayName"] == "Trello says C"
    ((again, form),) = ask(settled, "asked about C")
    assert "Trello says C" in form.body
    wish = carry_out(settled.store, again, "CustomERP", "eva")
    assert settled.run(CUSTOMERS, **conf(wish)).writes() == [("trello", "update", "name", "ERP says A")]


@pytest.mark.parametrize("way", ["answered", "triggered"])
def test_letting_a_confined_plan_through_does_that_much_and_no_more(settled, way):
    wanted, other = rename(settled, f"Wanted {way}"), rename(settled, f"Not asked for {way}")
    tighten(settled)
    held = settled.run(CUSTOMERS, keys=(wanted["customerp_id"],))
    digest = held.steps["reconcile"]["digest"]
    wish = {"action": "let_through", "plan": digest}
    if way == "answered":
        ((question, _),) = ask(settled, "asked about a part")
        wish = conf(carry_out(settled.store, question, LET, "eva"))
    assert settled.run(CUSTOMERS, **wish).writes() == [("trello", "update", "name", f"Wanted {way}")]
    assert workspace(other)["displayName"] != f"Not asked for {way}"
    settled.mappings.clear()
    settled.widen()
    assert settled.run(CUSTOMERS).writes() == [("trello", "update", "name", f"Not asked for {way}")]
