"""The shape of docker-compose.yaml: no engine is needed to see a misspelt setting, a secret or a missing folder."""

import re
from pathlib import Path

import pytest
import yaml
from airflow.configuration import conf

REPOSITORY = Path(__file__).resolve().parents[2]
TEXT = (REPOSITORY / "docker-compose.yaml").read_text()
EXAMPLE = (REPOSITORY / ".env.example").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
AIRFLOW = {name: service for name, service in SERVICES.items() if name not in {"postgres", "redis"}}
# Options of providers that the image brings and the lock does not.
OF_PROVIDERS = {"CELERY__BROKER_URL", "CELERY__RESULT_BACKEND"}


def test_every_part_of_a_distributed_airflow_is_there():
    commands = {service["command"] for service in AIRFLOW.values()}
    assert commands == {"version", "api-server", "scheduler", "dag-processor", "triggerer", "celery worker"}


@pytest.mark.parametrize("name", AIRFLOW)
def test_every_setting_is_one_that_airflow_knows(name):
    settings = [key for key in AIRFLOW[name]["environment"] if key.startswith("AIRFLOW__")]
    for setting in settings:
        _, section, option = setting.split("__", 2)
        known = conf.configuration_description.get(section.lower(), {}).get("options", {})
        assert option.lower() in known or f"{section}__{option}" in OF_PROVIDERS


@pytest.mark.parametrize("name", AIRFLOW)
def test_the_package_its_mappings_and_dags_are_mounted(name):
    sources = {volume.split(":")[0] for volume in AIRFLOW[name]["volumes"]}
    assert {"./dags", "./plugins", "./include"} <= sources
    assert all((REPOSITORY / source).is_dir() for source in sources if source.startswith("./"))


def test_no_secret_has_a_value_or_a_default():
    for service in SERVICES.values():
        for key, value in (service.get("environment") or {}).items():
            if re.search(r"PASSWORD|SECRET|KEY|_CONN|BROKER|BACKEND|AUTH$", key):
                assert "${" in value
                assert ":-" not in value


def test_the_example_names_every_variable_that_has_no_default_and_fills_in_none():
    required = set(re.findall(r"\$\{(\w+):\?", TEXT))
    assert dict(re.findall(r"^(\w+)=(.*)$", EXAMPLE, re.MULTILINE)) == dict.fromkeys(required, "")
    optional = set(re.findall(r"\$\{(\w+):-", TEXT))
    assert all(name in EXAMPLE for name in optional)


def test_the_celery_that_fails_at_import_is_kept_out():
    assert "celery<5.7" in AIRFLOW["worker"]["build"]["dockerfile_inline"]


def test_airflow_is_the_version_that_the_tests_run():
    (pinned,) = re.findall(r"^apache-airflow==(.+)$", (REPOSITORY / "requirements.txt").read_text(), re.MULTILINE)
    assert f"FROM apache/airflow:{pinned}\n" in AIRFLOW["worker"]["build"]["dockerfile_inline"]


def test_nothing_is_published_beyond_this_host():
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:8080:8080"]
