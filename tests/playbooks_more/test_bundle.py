"""Secrets are planted everywhere; the unpacked bundle holds none of them, in no form."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from central_config.core.settings import Settings
from central_config.playbooks.service.bundle.parts import masked
from central_config.playbooks.service.bundle.redaction import Redactor, mask_address, passwords_of
from tests.support.api import ApiProcess, Workspace

pytestmark = pytest.mark.timeout(90)

MASTER = "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk="
PLANTED = {
    "backup": "back up/passphrase+with=signs&more",
    "s3": "S3SecretSecretSecret/abc+def",
    "smtp": "sm:tp@pass/word",
    "slack": "https://hooks.slack.example/services/T000/B000/slackSlackSlack",
    "webhook": "signing-secret-of-webhooks",
    "alerts": "alerts-token-0123456789",
    "log": "a-password-in-a-log-line",
    "header": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.c2ln",
    "value": "value-of-a-configuration-4711",
    "secret": "secret-of-a-configuration-4712",
}


def forms(secret: str) -> Iterator[str]:
    """Yield what somebody would search for."""
    data = secret.encode()
    yield from (secret, quote(secret, safe=""), quote(secret), quote_plus(secret), data.hex())
    yield json.dumps(secret)[1:-1]
    for before in (b"", b"u", b"us", b"use"):
        # Whole groups only: the ends depend on what stands beside it.
        encoded = base64.b64encode(before + data).decode().rstrip("=")
        begin = -(-len(before) * 4 // 3)
        yield encoded[begin + 1 : -2]


def log_lines(tokens: list[str]) -> list[str]:
    """Return lines in which secrets stand in every place they were ever seen in."""
    password, header = PLANTED["log"], PLANTED["header"]
    basic = base64.b64encode(f"admin:{password}".encode()).decode()
    lines = [
        {"message": "request", "route": "/api/v1/config/{ws}", "path": "/config/shop/prod/db/host"},
        {"message": "refused", "error": f"password={password} for user=admin"},
        {"message": "refused", "error": f"Authorization: Bearer {header}"},
        {"message": "refused", "error": f"Authorization: Basic {basic}"},
        {"message": "away", "error": f"cannot connect to redis://:{password}@cache:6379/0"},
        {"message": "away", "reason": f"postgresql://u:{quote(password, safe='')}@db/x"},
        {"message": "odd", "error": f'{{"password": "{password}"}}'},
        {"message": "odd", "exception": f"Traceback\n  token='{tokens[0]}'"},
        {"message": "odd", "error": f"settings: {PLANTED['backup']} {PLANTED['smtp']}"},
        {"message": "odd", "error": f"key was {base64.b64encode(tokens[0].encode()).decode()}"},
        {"message": "odd", "error": f"next=%2F%3Ftoken%3D{quote(tokens[1], safe='')}%26x%3D1"},
        {"message": "odd", "error": f"x-api-key: {tokens[0]}"},
        {"message": "stranger", "unknown_field": PLANTED["value"], "details": PLANTED["secret"]},
    ]
    text = [json.dumps(each) for each in lines]
    text += [
        f"ERROR:  duplicate key value violates \"x\" ('{PLANTED['secret']}')",
        f"DETAIL:  Key (key)=(db/password) and {PLANTED['value']} already exists.",
        f"STATEMENT:  SELECT '{PLANTED['value']}'",
        f"\tcontinued {PLANTED['value']}",
        f"-----BEGIN PRIVATE KEY----- {PLANTED['secret']}",
    ]
    return text


@pytest.fixture
def tokens(server: ApiProcess, workspace: Workspace) -> list[str]:
    """Plant values, and return tokens that open them."""
    workspace.admin.put(workspace.place("base", "db/host"), PLANTED["value"])
    workspace.admin.put(workspace.place("base", "db/password"), PLANTED["secret"], secret=True)
    session = server.sign_in()
    session.close()
    assert session.token is not None
    key = workspace.key(secrets=True)
    reader = server.with_token(key)
    assert reader.value(workspace.place("base", "db/password")) == PLANTED["secret"]
    reader.close()
    return [key, session.token]


def variables(server: ApiProcess) -> dict[str, str]:
    """Return the environment of an operator, with secrets in every setting that may hold one."""
    return {
        **server.environment,
        "BACKUP_REPOSITORY": "/nonexistent/repository",
        "BACKUP_PASSPHRASE": PLANTED["backup"],
        "BACKUP_S3_KEY": "S3KEYID",
        "BACKUP_S3_SECRET": PLANTED["s3"],
        "SMTP_URL": f"smtp://mailer:{quote(PLANTED['smtp'], safe='')}@mail.example:587",
        "SLACK_WEBHOOK_URL": PLANTED["slack"],
        "NOTIFY_WEBHOOK_SECRET": PLANTED["webhook"],
        "ALERTS_TOKEN": PLANTED["alerts"],
        "DATA_DIR": os.devnull + "-none",
    }


def bundle(
    environment: dict[str, str], place: Path, *more: str
) -> subprocess.CompletedProcess[str]:
    """Run the command as an operator does."""
    return subprocess.run(
        [sys.executable, "-m", "central_config", "support-bundle", *more],
        env=environment,
        cwd=place,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def unpacked(path: Path, place: Path) -> dict[str, str]:
    with tarfile.open(path) as archive:
        archive.extractall(place, filter="data")
    return {
        str(each.relative_to(place / "support-bundle")): each.read_text()
        for each in place.rglob("*")
        if each.is_file()
    }


def test_nothing_that_was_planted_is_in_it(
    server: ApiProcess, tokens: list[str], workspace: Workspace, tmp_path: Path
) -> None:
    log = tmp_path / "service.log"
    log.write_text("\n".join(log_lines(tokens)) + "\n")
    path = tmp_path / "bundle.tar.gz"
    made = bundle(variables(server), tmp_path, "--output", str(path), "--log", str(log))
    assert made.returncode == 0, made.stderr
    assert path.stat().st_mode & 0o777 == 0o600
    files = unpacked(path, tmp_path / "out")
    everything = "\n".join(files.values()) + made.stdout + made.stderr

    secrets = [*PLANTED.values(), MASTER, *tokens, server.environment["ADMIN_PASSWORD"]]
    secrets += passwords_of(server.environment["DATABASE_URL"])
    assert all(secrets)
    assert len(secrets) > len(PLANTED) + 4
    found = [secret for secret in secrets for form in forms(secret) if form in everything]
    assert found == []
    for key in ("db/host", "db/password", "db%2Fhost"):
        assert key not in everything
    # And yet it is of use.
    assert (
        json.loads(files["schema.json"])["revision"] == json.loads(files["schema.json"])["needed"]
    )
    settings = json.loads(files["settings.json"])
    assert settings["BACKUP_PASSPHRASE"] == settings["MASTER_KEY"] == "******"
    assert settings["SMTP_URL"] == "smtp://mailer:******@mail.example:587"
    assert settings["SLACK_WEBHOOK_URL"] == "******"
    assert "central_config_snapshot_age_seconds" in files["metrics.txt"]
    assert {each["check"] for each in json.loads(files["diagnosis.json"])} > {"api.live"}
    assert "cc_configuration" in files["tables.json"]
    kept = [line for name in files if name.startswith("logs/") for line in files[name].splitlines()]
    assert any("duplicate key value violates" in line for line in kept)
    assert any('"route":"/api/v1/config/{ws}"' in line for line in kept)
    check_manifest(files)
    # Only when asked for, and then names only.
    named = tmp_path / "named.tar.gz"
    arguments = ("--output", str(named), "--with-key-names", "--log", str(log))
    assert bundle(variables(server), tmp_path, *arguments).returncode == 0
    files = unpacked(named, tmp_path / "named")
    rows = json.loads(files["keys.json"])
    mine = [row["key"] for row in rows if row["workspace"] == workspace.slug]
    assert mine == ["db/host", "db/password"]
    everything = "\n".join(files.values())
    assert [secret for secret in secrets for form in forms(secret) if form in everything] == []


def check_manifest(files: dict[str, str]) -> None:
    manifest = json.loads(files["manifest.json"])
    assert {each["name"] for each in manifest["files"]} == set(files) - {"manifest.json"}
    for each in manifest["files"]:
        assert hashlib.sha256(files[each["name"]].encode()).hexdigest() == each["sha256"]


def test_it_is_made_when_nothing_answers(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": "postgresql://u:planted-password@127.0.0.1:9/x",
        "MASTER_KEY": MASTER,
        "PORT": "9",
        "METRICS_PORT": "9",
        "DATA_DIR": str(tmp_path / "none"),
    }
    path = tmp_path / "bundle.tar.gz"
    made = bundle(environment, tmp_path, "--output", str(path), "-o", "json")
    assert made.returncode == 0, made.stderr
    files = unpacked(path, tmp_path / "out")
    assert files["jobs.json"].startswith("not to be had")
    assert "planted-password" not in "".join(files.values())
    assert {each["name"] for each in json.loads(made.stdout)["files"]} == set(files) - {
        "manifest.json"
    }
    again = bundle(environment, tmp_path, "--output", str(path))
    assert again.returncode == 2
    assert "exists" in again.stderr


@pytest.mark.parametrize("secret", [*PLANTED.values(), "ünïcödé-secret", 'with"quotes\\'])
def test_a_known_secret_is_masked_in_every_form(secret: str) -> None:
    redactor = Redactor([secret])
    for form in forms(secret):
        for text in (form, f"before {form} after", f"x={form}&y=1", json.dumps({"a": form})):
            cleaned = redactor.clean(text)
            assert secret not in cleaned
            assert not redactor.holds_known(cleaned)
    for before in ("", "u", "us", "user:"):
        text = base64.b64encode(f"{before}{secret}:more".encode()).decode()
        assert "******" in redactor.clean(f"got {text}"), before


@pytest.mark.parametrize(
    "text",
    [
        "95 of 100 requests took at most 3.5 ms since its start",
        "central_config_snapshot_age_seconds 0.25",
        "the master key opens what the database holds",
        '{"check": "database.connections", "facts": {"limit": 97}}',
        "https://docs.central-config.com/how-to/back-up",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor(["some-secret"]).clean(text) == text


def test_addresses_keep_what_is_of_use() -> None:
    assert mask_address("postgresql://u:p@db:5432/x?sslmode=require") == (
        "postgresql://u:******@db:5432/x?sslmode=require"
    )
    assert mask_address("postgresql:///x?host=/run&user=u&password=p") == (
        "postgresql:///x?host=/run&user=u&password=******"
    )


def test_every_secret_setting_is_masked() -> None:
    """Also one that somebody adds tomorrow."""
    names = [
        name for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)
    ]
    assert len(names) >= 10
    given: dict[str, Any] = {name: f"planted-in-{name}-0123456789" for name in names}
    shown = masked(Settings(**given))
    leaked = [name for name in names if given[name] in str(shown) and "url" not in name]
    assert leaked == []
