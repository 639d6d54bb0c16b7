"""The compose file is whole: what it names is there. `make compose-check` runs it."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def text() -> str:
    return (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def compose(text: str) -> dict:
    return yaml.safe_load(text)


def test_the_parts_are_there(compose: dict) -> None:
    parts = {"postgres", "redis", "home-owner", "migrate", "api-server", "scheduler", "dag-processor", "triggerer", "worker"}
    assert set(compose["services"]) == parts


def test_whatever_a_service_waits_for_is_a_service(compose: dict) -> None:
    waited = {name for service in compose["services"].values() for name in service.get("depends_on", {})}
    assert waited == {"postgres", "redis", "migrate", "home-owner", "api-server"}
    assert waited <= set(compose["services"])


def test_a_service_that_is_waited_for_as_healthy_says_when_it_is(compose: dict) -> None:
    services = compose["services"]
    awaited = [
        name
        for service in services.values()
        for name, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_healthy"
    ]
    assert sorted(set(awaited)) == ["api-server", "postgres", "redis"]
    assert all("healthcheck" in services[name] for name in awaited)


def test_secrets_come_from_the_environment_and_are_described(text: str) -> None:
    named = set(re.findall(r"\$\{(\w+)", text))
    assert named == {"FERNET_KEY", "JWT_SECRET", "POSTGRES_PASSWORD", "ADMIN_PASSWORD", "COMPANY_FOLDER"}
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert all(name in example for name in named)
    assert re.findall(r"(?:PASSWORD|SECRET|FERNET_KEY)\w*: (?!\$\{|/)\S+", text) == []


def test_what_the_image_copies_is_in_the_project(text: str) -> None:
    copied = [word for line in re.findall(r"COPY --chown=\S+ (.+) /opt", text) for word in line.split()]
    assert sorted(copied) == ["README.md", "dags", "include", "plugins", "pyproject.toml", "requirements-compose.txt", "requirements.txt"]
    assert all((ROOT / name).exists() for name in copied)


def test_volumes_and_configs_that_are_used_are_declared(compose: dict) -> None:
    mounted = [volume.split(":")[0] for service in compose["services"].values() for volume in service.get("volumes", [])]
    used = {volume for volume in mounted if re.fullmatch(r"[a-z]+", volume)}
    assert used == set(compose["volumes"]) == {"home", "postgres"}
    assert set(compose["configs"]) == {"passwords.json", "warehouse.sql"}
    assert {config["source"] for service in compose["services"].values() for config in service.get("configs", [])} == set(
        compose["configs"]
    )


def test_what_the_image_adds_fits_what_is_tested() -> None:
    """Both lock files name the same version of whatever is in both."""
    locks = [
        dict(re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==(\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in ("requirements.txt", "requirements-compose.txt")
    ]
    both = locks[0].keys() & locks[1].keys()
    assert len(both) > 50
    assert {name: locks[1][name] for name in both} == {name: locks[0][name] for name in both}
    assert "celery" in locks[1]
