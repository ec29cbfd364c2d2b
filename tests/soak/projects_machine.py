"""Projects and the comments on the register card."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

import trello_settings
from cells import SIDES, Values, plain
from comments import STATUSES, TITLES, Comment, overlaid, read_comment
from edited_records import NUMBER
from engine import PROJECTS
from hypothesis import strategies as st
from hypothesis.stateful import rule
from journal import Written
from lawful_runs import room_rule
from soak_world import SoakWorld
from sync_machine import SyncMachine

ERP_FIELDS = {"manager": "manager_id", "customer": "customer_id"}
REFERRED = {"manager": ("employees", "employee_number"), "customer": ("customers", "number")}
ERP_STATUSES = dict(zip(STATUSES, ("open", "on_hold", "completed", "cancelled"), strict=True))
TOO_LONG = "A history of this project that no comment can hold. " * 320
OURS = trello_settings.INTEGRATION.id


def populate(world: SoakWorld) -> None:
    """Six projects with a comment each, one that is switched off, and somebody's chatter."""
    for first, last in (("Anna", "Berg"), ("Boris", "Chan"), ("Dora", "O'Neil *")):
        world.erp("POST", "/employees", first_name=first, last_name=last, status="active")
    for name in ("Hotel (Sea_View)", "Bakery"):
        world.erp("POST", "/customers", name=name, type="company")
    for number in range(6):
        more = {"manager_id": 1 + number % 3, "customer_id": 1 + number % 2, "description": f"First text {number}"}
        dates = {"start_date": f"2019-01-1{number}", "end_date": f"2039-01-1{number}"}
        world.erp("POST", "/projects", name=f"Project {number}", status="open", **more, **dates)
    off = world.erp("POST", "/projects", name="Switched off", status="open")
    world.erp("DELETE", f"/projects/{off['id']}")
    world.engine.widen()
    world.engine.let_through(PROJECTS)
    assert world.run(PROJECTS).writes() == []


class ProjectsMachine(SyncMachine):
    """People amend, delete, damage and repair comments, switch projects off and write new ones."""

    pair = PROJECTS
    editable = tuple(TITLES.values())
    kinds = ("plain", "plain", "plain", "empty", "odd", "lines", "long")
    listings: ClassVar = {"customerp": ("GET /api/v1/projects",), "trello": ("GET /1/cards/{id}/actions",)}
    writes: ClassVar = {
        "customerp": ("PATCH /api/v1/projects/{id}", "POST /api/v1/projects"),
        "trello": ("PUT /1/actions/{id}", "POST /1/cards/{id}/actions/comments", "PUT /1/actions/{id}"),
    }

    def __init__(self) -> None:
        super().__init__()
        self.intact: dict[str, str] = {}
        """Comments that somebody has damaged: what they said before."""
        self.born: dict[str, str] = {}
        """Names of projects that were born in Trello, by comment."""
        self.excused: Counter[str] = Counter()
        """Comments that may be posted again since somebody deleted one, or since the token has moved."""
        self.created.update(one.number for one in self.comments() if one.canonical)
        self.ahead = 0

    # -- what the records are ---------------------------------------------------------------------------------------

    @property
    def card(self) -> str:
        """The register card."""
        return str(self.world.engine.summary["register_card"]["id"])

    def comments(self) -> list[Comment]:
        """All comments on the card."""
        rows = self.world.rows("trello", "SELECT * FROM actions WHERE type = 'commentCard' ORDER BY id")
        for row in rows:
            if row["id"] in self.intact:
                row["data"] = json.dumps({**json.loads(row["data"]), "text": self.intact[row["id"]]})
        return [self._read(row) for row in rows]

    def _read(self, row: dict[str, Any]) -> Comment:
        return read_comment(row, self.resolve)

    def resolve(self, name: str, text: str) -> str:
        """Whom somebody means: a number, or the name of just one."""
        table, number = REFERRED[name]
        rows = self.world.rows("customerp", f"SELECT * FROM {table}")
        found = [one[number] for one in rows if text in (one[number], self.name_of(one))]
        return str(found[0]) if len(found) == 1 else text

    @staticmethod
    def name_of(row: dict[str, Any]) -> str:
        """What an employee or customer is called."""
        return str(row.get("name") or f"{row.get('first_name')} {row.get('last_name')}")

    def shown(self) -> dict[str, dict[str, dict[str, str]]]:
        comments = self.comments()
        trello = {one.id: overlaid(one, comments) for one in comments if one.canonical}
        return {
            "customerp": {
                str(row["id"]): self._of_project(row)
                for row in self.world.rows("customerp", "SELECT * FROM projects WHERE active = 1")
            },
            "trello": trello,
        }

    def _of_project(self, row: dict[str, Any]) -> dict[str, str]:
        shown = {name: plain(row[name]) for name in self.editable if name not in ERP_FIELDS}
        shown["status"] = next(word for word, code in ERP_STATUSES.items() if code == row["status"])
        for name, field in ERP_FIELDS.items():
            table, number = REFERRED[name]
            found = self.world.rows("customerp", f"SELECT * FROM {table} WHERE id = ?", row[field])
            shown[name] = str(found[0][number]) if found else ""
        return shown

    def readable(self, shown: dict[str, dict[str, dict[str, str]]], link: dict[str, Any]) -> list[str]:
        """All of them: what becomes of a property without a line is said by :meth:`values`."""
        return list(self.editable) if all(link[f"{side}_id"] in shown[side] for side in SIDES) else []

    def values(self, shown: dict[str, dict[str, dict[str, str]]], link: dict[str, Any], name: str) -> Values:
        """What a comment has no line of is no news; one that could show a description and does not is behind."""
        here, there = shown["customerp"][link["customerp_id"]][name], shown["trello"][link["trello_id"]].get(name)
        if there is not None:
            return here, there
        base = self.cell(link["customerp_id"], name).base
        behind = name == "description" and fits(here) and self.terms(name).direction != "to_customerp"
        return here, here if not behind else base[1] if base else ""

    def number_of(self, project: str) -> str:
        """The number of an ERP record."""
        return str(self.world.rows("customerp", "SELECT number FROM projects WHERE id = ?", project)[0]["number"])

    def write(self, side: str, record: str, values: dict[str, str]) -> None:
        if side == "trello":
            values = {name: value if fits(value) else value[:90] for name, value in values.items()}
        self._may_rest()
        super().write(side, record, values)

    def _may_rest(self) -> None:
        """What was refused before rests for a while, also when it is mended now."""
        self.dirty |= not all(self.healthy(one["customerp_id"], one["trello_id"]) for one in self.links())

    def edit(self, side: str, record: str, values: dict[str, str]) -> None:
        if side == "customerp":
            self.erp_change(record, **self._fields(values))
        else:
            found = next(one for one in self.comments() if one.id == record)
            self.world.anna("POST", f"/cards/{self.card}/actions/comments", text=self.form(found.number, values))

    def _fields(self, values: dict[str, str]) -> dict[str, Any]:
        return {ERP_FIELDS.get(name, name): self._for_erp(name, value) for name, value in values.items()}

    def _for_erp(self, name: str, value: str) -> Any:
        if name == "status":
            return ERP_STATUSES[value]
        if name in REFERRED and value:
            table, number = REFERRED[name]
            query = f"SELECT id FROM {table} WHERE {number} = ?"
            return self.world.rows("customerp", query, value)[0]["id"]
        return value or None

    def form(self, first: str, values: dict[str, str]) -> str:
        """An amendment, or a new project, as somebody types it."""
        titles = {name: title for title, name in TITLES.items()}
        lines = [first] if first else []
        for name, value in sorted(values.items(), key=lambda one: one[0] == "description"):
            if name == "description" and value:
                lines += [f"{titles[name]}:", value]
            elif name in REFERRED and value:
                lines.append(f"{titles[name]}: {self._reference(name, value)}")
            else:
                lines.append(f"{titles[name]}: " + (re.sub(r"([\\⏎␍])", r"\\\1", value) or "-"))
        return "\n".join(lines)

    def _reference(self, name: str, value: str) -> str:
        """By number, by name, or by both."""
        table, number = REFERRED[name]
        row = self.world.rows("customerp", f"SELECT * FROM {table} WHERE {number} = ?", value)[0]
        called = self.name_of(row)
        self.count += 1
        return (value, f"{called} ({value})", value if "(" in called else called)[self.count % 3]

    def erp_change(self, record: str, **fields: Any) -> None:
        """An ERP user's change, with the version that the ERP wants."""
        version = self.world.rows("customerp", "SELECT version FROM projects WHERE id = ?", record)[0]["version"]
        self.world.erp("PATCH", f"/projects/{record}", version=f'"{version}"', **fields)

    def text(self, name: str, kind: str) -> str:
        if name == "status":
            return STATUSES[self.count % len(STATUSES)]
        if name in REFERRED:
            table, number = REFERRED[name]
            rows = self.world.rows("customerp", f"SELECT {number} AS n FROM {table} ORDER BY id")
            return "" if kind == "empty" else str(rows[self.count % len(rows)]["n"])
        if name in ("start_date", "end_date"):
            year = 2000 if name == "start_date" else 2040
            day = f"{year + self.count // 336 % 30}-{1 + self.count // 28 % 12:02}-{1 + self.count % 28:02}"
            return "" if kind == "empty" else day
        if kind == "empty" and name == "description":
            return ""
        if kind == "odd":
            end = "" if name == "name" else " \r\n\n    second line\n"
            return f"  U\u0308ber · & <b>{self.count}</b> \\*_~~ [x](y) `発票` 🎉 \u00a0x \\{end}"
        if kind == "lines" and name == "description":
            return f"- {self.count}\nStatus: Cancelled\nEnd date: 1999-01-01\n**P-1001 · Other**\n\nDescription: -\n---"
        return f"{self.count} {TOO_LONG}" if kind == "long" and name == "description" else f"{name} {self.count}"

    def takes(self, name: str, side: str, value: str) -> bool:
        return bool(value) or name not in ("name", "status")

    def replaced(self, written: Written) -> Iterator[tuple[str, str, str]]:
        if written.route == "PATCH /api/v1/projects/{id}":
            before, after = self._of_project(written.before), self._of_project(written.before | written.sent)
            yield from ((name, before[name], after[name]) for name in self.editable if before[name] != after[name])
        if written.route == "PUT /1/actions/{id}":
            before, after = self._read(written.before), self._read(as_row(written.answer))
            assert before.canonical, f"a comment that nobody can read is overwritten: {before.text}"
            for name, value in overlaid(before, self.comments(), after.since).items():
                yield name, value, after.values.get(name, value)
        if written.route == "POST /1/cards/{id}/actions/comments":
            yield from ((name, "", value) for name, value in self._read(as_row(written.answer)).values.items())
        if written.route == "POST /api/v1/projects":
            yield from ((name, "", value) for name, value in self._of_project(written.answer).items())

    def source(self, written: Written) -> str:
        if written.route == "POST /api/v1/projects":
            return f"comment {written.sent['trello_id']}"
        posts = written.route == "POST /1/cards/{id}/actions/comments"
        return str(written.sent["text"]).partition(" ")[0].strip("*") if posts else ""

    def healthy(self, customerp_id: str, trello_id: str) -> bool:
        shown = self.shown()
        here, there = shown["customerp"].get(customerp_id), shown["trello"].get(trello_id)
        if trello_id in self.intact or not here or not there:
            return False
        starts, ends = ([one.get(name, "") for one in (here, there)] for name in ("start_date", "end_date"))
        return len(there.get("name", "")) <= 200 and max(starts) <= min(end or "9999" for end in ends)

    # -- what else people do ----------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0, 90, 7200]), system=st.sampled_from(SIDES))
    def a_clock_is_set(self, seconds: int, system: str) -> None:
        """Trello's goes forward only: the order of amendments is that of its dates (contract, section 8)."""
        if system == "trello":
            self.ahead = seconds = self.ahead + seconds
        self.world.control(system, "clock", offset_seconds=seconds)
        self.dirty = self.clock_moved = True

    @room_rule(kind=st.sampled_from(kinds))
    def a_project_is_new(self, kind: str) -> None:
        values = {name: self.fresh(name, kind) for name in self.editable}
        self.world.erp("POST", "/projects", **self._fields(values))
        self.ever["customerp"].update(plain(value) for value in values.values())

    @room_rule(number=NUMBER, kind=st.sampled_from(kinds[:-1]), bad=st.booleans())
    def a_project_is_born_in_trello(self, number: int, kind: str, bad: bool) -> None:
        names = [name for place, name in enumerate(self.editable) if name in ("name", "status") or number >> place & 1]
        values = {name: self.fresh(name, kind) for name in names}
        text = self.form("", values)
        posted = self._say(text.replace("Status: ", "Status: nearly ") if bad else text)
        self.born[posted] = text
        self.ever["trello"].update(plain(value) for value in values.values())

    def _say(self, text: str) -> str:
        return str(self.world.anna("POST", f"/cards/{self.card}/actions/comments", text=text)["id"])

    @rule(number=NUMBER, how=st.sampled_from(["mended", "described anew", "deleted"]))
    def a_born_comment_changes(self, number: int, how: str) -> None:
        """Before ours has taken its place, or after: then it is chatter."""
        standing = [one.id for one in self.comments() if one.id in self.born]
        if not standing:
            return
        chosen = standing[number % len(standing)]
        self.dirty = True
        if how == "deleted":
            self.world.anna("DELETE", f"/actions/{chosen}")
            return
        if how == "described anew":
            head, anew = self.born[chosen].partition("\nDescription:")[0], self.fresh("description")
            self.born[chosen] = f"{head}\nDescription: {anew}"
            self.ever["trello"].add(anew)
            self._describe_before_linked(chosen)
        self.world.anna("PUT", f"/actions/{chosen}", text=self.born[chosen])

    def _describe_before_linked(self, comment: str) -> None:
        """Its project may be there already, without a comment of ours yet: that one will show an edit."""
        linked = {one["customerp_id"] for one in self.links(every=True)}
        for one in self.world.rows("customerp", "SELECT id FROM projects WHERE trello_id = ?", comment):
            if str(one["id"]) not in linked:
                self.cell(str(one["id"]), "description").edited.add("trello")

    @rule(text=st.sampled_from(["Thanks!", "P-1001", "P-1001 is late: look", "Status: what?", "P-9999 · x\nName: y"]))
    def somebody_chats(self, text: str) -> None:
        self._say(text)

    @rule(number=NUMBER, bad=st.sampled_from(["Status: nearly done", "Start date: soon", "Statsu: Open", "Manager:"]))
    def an_amendment_has_a_bad_line(self, number: int, bad: str) -> None:
        """The good lines count (P15)."""
        if link := self.pick(number):
            self.write("trello", link["trello_id"], {"name": self.fresh("name")})
            last = max((one for one in self.comments() if one.author != OURS), key=lambda one: one.id)
            self.world.anna("PUT", f"/actions/{last.id}", text=f"{last.text}\n{bad}")

    @rule(number=NUMBER, name=st.sampled_from(["name", "end_date"]))
    def the_erp_refuses_an_amendment(self, number: int, name: str) -> None:
        """P15: the others go on; any later change of it supersedes it."""
        if link := self.pick(number):
            value = "1990-01-01" if name == "end_date" else f"{self.fresh(name)} {'too long ' * 25}"
            self.write("trello", link["trello_id"], {name: value})
            self.dirty = True

    @rule(number=NUMBER, how=st.sampled_from(["edited", "deleted"]))
    def an_amendment_changes(self, number: int, how: str) -> None:
        """An edited one is a new one; deleting one that is included changes nothing."""
        found = [one for one in self.comments() if one.number and not one.canonical and one.author != OURS]
        if not found:
            return
        chosen = found[number % len(found)]
        self._may_rest()
        for one in self.links(every=True):
            for name in chosen.values:
                self.cell(one["customerp_id"], name).edited.update(SIDES)
        if how == "deleted":
            self.world.anna("DELETE", f"/actions/{chosen.id}")
        else:
            values = {name: self.fresh(name) for name in chosen.values}
            self.world.anna("PUT", f"/actions/{chosen.id}", text=self.form(chosen.number, values))
            self.ever["trello"].update(values.values())

    @rule(number=NUMBER, edited=st.booleans())
    def a_comment_is_deleted(self, number: int, edited: bool) -> None:
        """It is posted again."""
        if link := self.pick(number):
            self._delete(link["trello_id"])
            if edited:
                self.write("customerp", link["customerp_id"], {"name": self.fresh("name")})

    def _delete(self, comment: str) -> None:
        found = next(one for one in self.comments() if one.id == comment)
        self.intact.pop(comment, None)
        self.world.anna("DELETE", f"/actions/{comment}")
        self._excuse(found.number)

    def _excuse(self, number: str) -> None:
        """One more comment of ours may follow for a project."""
        self.spared[number] += 1
        self.excused[number] += 1
        self.dirty = True

    @rule(number=NUMBER, how=st.sampled_from(["alone", "amended", "without its comment"]))
    def a_project_is_switched_off(self, number: int, how: str) -> None:
        if link := self.pick(number):
            if how == "amended":
                self.write("trello", link["trello_id"], {"description": self.fresh("description")})
            self.world.erp("DELETE", f"/projects/{link['customerp_id']}")
            if how == "without its comment":
                self._delete(link["trello_id"])
            self.dirty = True

    @rule(number=NUMBER)
    def a_project_is_switched_on(self, number: int) -> None:
        off = self.world.rows("customerp", "SELECT id FROM projects WHERE active = 0 ORDER BY id")
        if off:
            self.erp_change(str(off[number % len(off)]["id"]), active=True)
            self.dirty = True

    @rule(number=NUMBER)
    def the_token_moves(self, number: int) -> None:
        """Another account wrote a comment: ours is posted anew, and the link moves."""
        if (link := self.pick(number)) and link["trello_id"] not in self.intact:
            query = "UPDATE actions SET id_member_creator = ? WHERE id = ? AND id_member_creator = ?"
            moved = trello_settings.DIMITRA.id, link["trello_id"], OURS
            if self.world.services["trello"].database.run(query, *moved).rowcount:
                self._excuse(self.number_of(link["customerp_id"]))

    @rule(number=NUMBER, how=st.sampled_from(["no last line", "a wrong title", "text below"]))
    def a_comment_is_damaged(self, number: int, how: str) -> None:
        """Somebody with the integration's account spoils it: it is never overwritten, and edits wait."""
        if (link := self.pick(number)) and link["trello_id"] not in self.intact:
            found = next(one for one in self.comments() if one.id == link["trello_id"])
            # A description may have a line that begins like a title: to change that one is an edit, and no damage.
            titles, description, text = found.text.partition("\n\nDescription:")
            damaged = {
                "no last line": found.text.rpartition("\n")[0],
                "a wrong title": titles.replace("\nStatus:", "\nStatsu:", 1) + description + text,
                "text below": f"{found.text}\nThanks!",
            }[how]
            if found.author == OURS and damaged != found.text:
                self.world.trello("PUT", f"/actions/{found.id}", text=damaged)
                self.intact[found.id] = found.text

    @rule()
    def the_comments_are_repaired(self) -> None:
        for comment, text in sorted(self.intact.items()):
            self.world.trello("PUT", f"/actions/{comment}", text=text)
            self.dirty = True
        self.intact.clear()

    # -- laws -------------------------------------------------------------------------------------------------------

    def _laws(self, what: str) -> None:
        super()._laws(what)
        for number, times in Counter(one.number for one in self.comments() if one.author == OURS).items():
            doubles = self.spared[number] - self.excused[number]
            assert times <= 1 + doubles, f"{what}: {number} has {times} comments of ours"

    def mend(self) -> None:
        """Whatever cannot be read or taken is put right, and what the network has doubled is dropped."""
        self.the_comments_are_repaired()
        linked = {one["trello_id"] for one in self.links(every=True)}
        for link in self.links():
            if link["trello_id"] in self.shown()["trello"] and not self.healthy(
                link["customerp_id"], link["trello_id"]
            ):
                values = {name: self.fresh(name) for name in ("name", "start_date", "end_date")}
                self.write("trello", link["trello_id"], values)
        for one in self.comments():
            doubled = [other for other in self.comments() if other.author == OURS and other.number == one.number]
            if one.author == OURS and one.canonical and one.id not in linked and len(doubled) > 1:
                self._delete(one.id)

    def _all_well(self) -> None:
        super()._all_well()
        linked = {one["customerp_id"] for one in self.links(every=True)}
        apart = "SELECT deleted_id AS id FROM tombstone WHERE pair = ? AND side = 'apart'"
        apart_ids = {row["id"] for row in self.world.state(apart, self.pair)}
        lonely = set(self.shown()["customerp"]) - linked - apart_ids
        assert not lonely, f"projects {sorted(lonely)} have no comment in the end"


def as_row(action: dict[str, Any]) -> dict[str, Any]:
    """What the system answers, as it is in its own table."""
    row = {"id": action["id"], "id_member_creator": action["idMemberCreator"], "date": action["date"]}
    return {**row, "data": json.dumps(action["data"])}


def fits(text: str) -> bool:
    """Whether a comment can hold a description."""
    return len(text) < 15_000
