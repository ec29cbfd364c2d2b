"""Webhooks in a running Airflow: an edit arrives within seconds though the schedule is months away."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from typing import Any

import pytest
import requests
from live_airflow import CONTACTS, CUSTOMERS, CUSTOMERS_SCHEDULE, NEVER, PROJECTS, LiveAirflow, correct, wait_for
from sqlalchemy import func, select

from customerp_trello.state.tables import delivery
from customerp_trello.webhooks.endpoint import PREFIX
from customerp_trello.webhooks.inbox_trigger import news_asset
from customerp_trello.webhooks.signatures import trello_signature
from demo.processes import members

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

SECRETS = {"trello_default": "sandbox-trello-secret", "customerp_default": "shared-with-the-erp"}
LONGEST = 120
QUIET = 12.0


class HookedAirflow(LiveAirflow):
    """With webhooks in both connections, and no schedule that is due before next year."""

    def __init__(self, home: Any) -> None:
        super().__init__(home)
        for file in self.mappings.glob("*.yaml"):
            file.write_text(file.read_text().replace(CUSTOMERS_SCHEDULE, NEVER))
        correct(self.mappings / f"{CONTACTS}.yaml")

    def address(self, connection: str) -> str:
        return f"http://127.0.0.1:{self.port}{PREFIX}/{connection}"

    def _connections(self, systems: Any) -> Any:
        connections = super()._connections(systems)
        for name, fields in connections.items():
            fields["extra"] |= {"webhook_url": self.address(name), "webhook_secret": SECRETS[name]}
        return connections

    def webhooks(self, command: str, *, without: str = "") -> list[str]:
        """The lines that the command prints, each one's first word; *without* a variable of the environment."""
        arguments = [sys.executable, "-m", "customerp_trello.webhooks", command]
        environment = {name: value for name, value in self.stack.environment.items() if name != without}
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return [line.split()[0] for line in done.stdout.splitlines() if "  " in line]

    def deliveries(self) -> int:
        with self.state.read() as tx:
            return int(tx.execute(select(func.count()).select_from(delivery)).scalar_one())

    def run_types(self, pair: str) -> Counter[str]:
        return Counter(run["run_type"] for run in self.api().dag_runs(pair))

    def events(self, pair: str) -> int:
        """How often the pair's asset was updated."""
        wanted = news_asset(pair).uri
        (asset,) = (one for one in self.api()._pages("/assets", "assets") if one["uri"] == wanted)
        answer = self.api()._send("GET", "/assets/events", query={"asset_id": str(asset["id"])})
        return int(answer["total_entries"])

    def woken_after(self) -> float:
        """Seconds from the last delivery until a run was about to read."""
        with self.state.read() as tx:
            query = select(delivery).where(delivery.c.run != "").order_by(delivery.c.id.desc()).limit(1)
            last = tx.execute(query).one()
        return float((last.taken_at - last.received_at).total_seconds())


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    live = HookedAirflow(tmp_path_factory.mktemp("hooked"))
    with live.stack:
        api = live.api()
        api.wait_for_dags([CUSTOMERS, PROJECTS])
        for pair in (CUSTOMERS, PROJECTS):
            api.set_paused(pair, False)
        for pair in (CUSTOMERS, PROJECTS):
            assert api.wait(pair, api.trigger(pair, {"action": "sync"}), 240).state == "success"
        made = live.webhooks("register")
        workspaces = [one["id"] for one in live.systems().organizations()]
        assert made == ["made"] * (len(workspaces) + 1)
        assert live.webhooks("register") == ["kept"] * len(made)
        subscribe(live)
        yield live
    live.state.close()
    assert members(str(live.stack.layout.home)) == []


def subscribe(live: HookedAirflow) -> None:
    wish = {"url": live.address("customerp_default"), "secret": SECRETS["customerp_default"]}
    headers = {"Authorization": "Bearer sandbox-customerp-token"}
    url = f"{live.stack.systems['customerp']['url']}/api/v1/webhooks"
    assert requests.post(url, json=wish, headers=headers, timeout=10).status_code == 201


def settle(live: HookedAirflow) -> None:
    """Wait until no run is going on and no delivery waits."""

    def quiet() -> bool:
        runs = [run for pair in (CUSTOMERS, PROJECTS) for run in live.api().dag_runs(pair)]
        with live.state.read() as tx:
            left = tx.execute(
                select(func.count()).where(delivery.c.run == "", delivery.c.pair.in_([CUSTOMERS, PROJECTS]))
            )
            return not left.scalar_one() and all(run["state"] in ("success", "failed") for run in runs)

    wait_for(quiet, "the last run's end", LONGEST)


def arrived(live: HookedAirflow, what: str, begun: float, capsys: Any) -> None:
    """Say how long it took. How long it may take depends on what else the machine does."""
    seconds = time.monotonic() - begun
    with capsys.disabled():
        print(f"\n  {what}: {seconds:.1f} s, of which {live.woken_after():.1f} s until the run began to read")


def test_an_edited_workspace_reaches_the_erp_within_seconds(live, capsys):
    settle(live)
    customer, workspace = next(iter(live.links(CUSTOMERS).items()))
    before, systems = live.run_types(CUSTOMERS), live.systems()
    begun = time.monotonic()
    systems.put(f"/organizations/{workspace}", displayName="Renamed in Trello")
    wait_for(lambda: systems.records("customers")[customer]["name"] == "Renamed in Trello", "the new name", LONGEST)
    arrived(live, "Trello -> CustomERP, a workspace's name", begun, capsys)
    settle(live)
    time.sleep(QUIET)  # our own write is told as well, and wakes nobody
    assert live.run_types(CUSTOMERS) - before == Counter({"asset_triggered": 1})


def test_an_edited_customer_reaches_trello_within_seconds(live, capsys):
    settle(live)
    customer, workspace = list(live.links(CUSTOMERS).items())[1]
    systems = live.systems()
    begun = time.monotonic()
    systems.edit("customers", customer, name="Renamed in the ERP")
    name = {"fields": "displayName"}
    wait_for(
        lambda: systems.get(f"/organizations/{workspace}", **name)["displayName"] == "Renamed in the ERP",
        "the new name",
        LONGEST,
    )
    arrived(live, "CustomERP -> Trello, a customer's name", begun, capsys)


def test_a_comment_reaches_the_erp_within_seconds(live, capsys):
    settle(live)
    systems = live.systems()
    projects = systems.records("projects")
    project = next(projects[one] for one in live.links(PROJECTS) if projects[one]["status"] == "open")
    begun = time.monotonic()
    systems.comment_as_anna(f"{project['number']}\nStatus: On hold")
    wait_for(lambda: systems.records("projects")[project["id"]]["status"] == "on_hold", "the new status", LONGEST)
    arrived(live, "Trello -> CustomERP, a comment on the register card", begun, capsys)


def test_a_burst_of_edits_is_few_runs_and_none_is_lost(live, capsys):
    settle(live)
    systems, links = live.systems(), list(live.links(CUSTOMERS).items())[2:12]
    before = live.run_types(CUSTOMERS)
    begun = time.monotonic()
    for number, (_, workspace) in enumerate(links):
        systems.put(f"/organizations/{workspace}", desc=f"Edit {number}")
        time.sleep(0.15)
    wanted = {customer: f"Edit {number}" for number, (customer, _) in enumerate(links)}

    def all_there() -> bool:
        records = systems.records("customers")
        return all(records[customer]["description"] == text for customer, text in wanted.items())

    wait_for(all_there, "ten edits", LONGEST)
    arrived(live, "Trello -> CustomERP, ten workspaces in a burst", begun, capsys)
    settle(live)
    more = live.run_types(CUSTOMERS) - before
    assert set(more) == {"asset_triggered"}
    assert more.total() <= 3


def test_an_event_that_airflow_lost_is_sent_again(live, capsys):
    """Airflow drops the events of a paused DAG."""
    settle(live)
    customer, workspace = list(live.links(CUSTOMERS).items())[12]
    api, systems, before = live.api(), live.systems(), live.events(CUSTOMERS)
    api.set_paused(CUSTOMERS, True)
    systems.put(f"/organizations/{workspace}", desc="Edited while paused")
    wait_for(lambda: live.events(CUSTOMERS) > before, "the event", LONGEST)
    api.set_paused(CUSTOMERS, False)
    begun = time.monotonic()
    there = "Edited while paused"
    wait_for(lambda: systems.records("customers")[customer]["description"] == there, "the edit", LONGEST)
    arrived(live, "Trello -> CustomERP, after a lost event", begun, capsys)
    assert live.events(CUSTOMERS) > before + 1


def test_a_forged_delivery_gets_401_and_starts_nothing(live):
    settle(live)
    workspace = next(iter(live.links(CUSTOMERS).values()))
    before, runs = live.deliveries(), live.run_types(CUSTOMERS)
    content = {
        "action": {"id": "f" * 24, "type": "updateOrganization", "data": {"organization": {"id": workspace}}},
        "model": {"id": workspace},
    }
    body = json.dumps(content).encode()
    address = live.address("trello_default")
    forged = trello_signature("another secret", body, address)
    elsewhere = trello_signature(SECRETS["trello_default"], body, address + "/")
    for headers in ({}, {"X-Trello-Webhook": forged}, {"X-Trello-Webhook": elsewhere}):
        assert requests.post(address, data=body, headers=headers, timeout=10).status_code == 401
    assert requests.post(live.address("customerp_default"), data=body, timeout=10).status_code == 401
    assert requests.post(live.address("another"), data=body, timeout=10).status_code == 404
    assert requests.post(address, data=b"x" * 600_000, timeout=10).status_code == 413
    assert requests.get(address, timeout=10).status_code == 405
    time.sleep(QUIET)
    assert (live.deliveries(), live.run_types(CUSTOMERS)) == (before, runs)


def test_webhooks_can_be_listed_and_removed_by_a_connection_in_airflows_database(live):
    listed = live.webhooks("list")
    assert set(listed) == {"active"}
    variable = "AIRFLOW_CONN_TRELLO_DEFAULT"
    connection = live.stack.environment[variable]
    live.stack.run_airflow("connections", "add", "trello_default", "--conn-json", connection)
    assert live.webhooks("list", without=variable) == listed
    assert live.webhooks("remove") == ["removed"] * len(listed)
    assert live.webhooks("list") == []
