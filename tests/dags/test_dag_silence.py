"""Secrets and personal data are in no log line, URL or XCom, whatever is logged and whatever a system answers."""

from __future__ import annotations

import json
import re
import sqlite3

import pytest
from four_dags import CONTACTS, CUSTOMERS, EMPLOYEES, PROJECTS

PERSONAL = {
    "customerp": (
        "SELECT email, phone, mobile_phone, trim(coalesce(first_name, '') || ' ' || last_name), notes, bio"
        " FROM contacts",
        "SELECT work_email, work_phone, mobile_phone, trim(first_name || ' ' || coalesce(last_name, '')), bio"
        " FROM employees",
        "SELECT email, phone, description FROM customers",
        "SELECT description FROM projects",
    ),
    "trello": (
        "SELECT email, full_name, bio FROM members",
        "SELECT desc FROM organizations",
        "SELECT json_extract(data, '$.text') FROM actions WHERE type = 'commentCard'",
    ),
}
"""What the systems' own tables hold of people, and their free texts."""

SHOWN = re.compile("(Description|Status|Start date|End date):")
"""How lines of a comment begin that the log may show as well."""

WRITTEN = {
    "email": "silent.sam@nowhere.example",
    "phone": "+49 151 98765432",
    "text": "Silent text that nobody reads aloud",
}


@pytest.fixture
def request_lines(company):
    """Every URL that a system was asked for, as it saw it."""
    lines = []

    def listen(service):
        count = service.count

        def heard(incoming, status):
            lines.append(f"{incoming.method} {incoming.url_path} {json.dumps(incoming.query, ensure_ascii=False)}")
            return count(incoming, status)

        service.count = heard

    for server in (company.box.customerp, company.box.trello):
        listen(server.service)
    return lines


def told_by(file, queries):
    """The texts of a database that nobody may see: whole if short, else their beginnings, line by line."""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        found = {str(value) for query in queries for row in database.execute(query) for value in row if value}
    lines = {line.strip() for text in found for line in text.splitlines()}
    return {line[:40] for line in lines if len(line) > 8 and not SHOWN.match(line)}


@pytest.mark.timeout(900)
def test_a_run_tells_no_secret_and_nothing_about_people(company, request_lines):
    box, systems = company.box, company.systems
    told = [company.load_unheld(pair)[0].results for pair in (CUSTOMERS, EMPLOYEES, PROJECTS, CONTACTS)]

    # Edits on both sides, conflicts, and writes that a system refuses with the values in its answer.
    links, projects, contacts = company.links(CUSTOMERS), company.links(PROJECTS), company.links(CONTACTS)
    one, two = sorted(links)[-2:]
    everything = " ".join(WRITTEN.values())
    systems.edit("customers", one, description=f"{WRITTEN['text']} one, {WRITTEN['email']}")
    systems.put(f"/organizations/{links[one]}", desc=f"{WRITTEN['text']} another, {WRITTEN['phone']}")
    systems.put(f"/organizations/{links[two]}", desc=everything, website="https://nowhere.example/sam")
    systems.edit("contacts", min(contacts), first_name="Silent", last_name="Sam", bio=everything)
    systems.edit("employees", min(company.links(EMPLOYEES)), work_email=WRITTEN["email"], last_name="Sam")
    number = systems.records("projects")[min(projects)]["number"]
    systems.comment_as_anna(f"{number}\nStart date: 2026-06-01\nEnd date: 2026-05-01\nDescription: {everything}")
    systems.comment_as_anna(f"{number}\nStatus: {WRITTEN['text']}\nEnd date: {WRITTEN['phone']}")
    systems.comment_as_anna(
        f"New project: {WRITTEN['text']}\nStatus: Open\nManager: Silent Sam\nDescription: {everything}"
    )
    systems.comment_as_anna(f"{WRITTEN['email']} · {WRITTEN['text']}\nStatus: Open")
    systems.fault("PUT /1/organizations/*", "status:500")
    for pair in (CUSTOMERS, EMPLOYEES, PROJECTS, CONTACTS):
        done, _ = company.run(pair)
        told.append(done.results)

    secrets = {box.customerp.token, box.trello.key, box.trello.token, *WRITTEN.values(), "Silent Sam", "98765432"}
    for server, queries in ((box.customerp, PERSONAL["customerp"]), (box.trello, PERSONAL["trello"])):
        secrets |= told_by(server.database, queries)
    assert len(secrets) > 100
    log = company.tester.log.read_text(encoding="utf-8", errors="replace").splitlines()
    assert any("GET /1/members/me" in line for line in log), "urllib3 tells of each request at this level"
    assert any("HTTP 422" in line for line in log), "a system refused a write, with its values in the answer"
    assert len(request_lines) > 100
    for request in ("GET /api/v1/contacts ", "PUT /1/organizations/"):
        assert any(line.startswith(request) for line in request_lines), "both systems are listened to"
    # The messenger of dag.test() tells of a secret that is to be masked; that of a deployed Airflow leaves it out.
    log = [line for line in log if "msg=MaskSecret(" not in line]
    xcoms = json.dumps(told, ensure_ascii=False, indent=1).splitlines()
    found = [
        f"{place}: {secret!r} in {line[:300]}"
        for place, lines in (("log", log), ("URL", request_lines), ("XCom", xcoms))
        for line in lines
        for secret in secrets
        if secret.casefold() in line.casefold()
    ]
    assert not found, f"{len(found)} times, first:\n" + "\n".join(found[:40])
