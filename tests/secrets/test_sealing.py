"""The form of sealed values, the keys that open them, and what happens when they do not fit."""

import asyncio
import base64
import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from central_config.core.clock import SystemClock
from central_config.core.db import open_database
from central_config.core.ids import new_id
from central_config.core.settings import Settings
from central_config.secrets.model import KEY_BYTES, Cipher, SealBrokenError, seal, unseal
from central_config.secrets.service import Vault, master_key
from tests.secrets.planting import Planted
from tests.secrets.search import canary, execute, found_in
from tests.support.api import ApiProcess, Workspace

WORKSPACE, ENVIRONMENT = new_id(), new_id()
KEY = os.urandom(KEY_BYTES)
OTHER_MASTER_KEY = base64.b64encode(b"another-master-key-of-32-bytes!!").decode()


def test_opens_only_where_it_was_sealed() -> None:
    sealed = Cipher(WORKSPACE, KEY).seal(ENVIRONMENT, "db/password", b'"hunter2"')
    assert Cipher(WORKSPACE, KEY).open(ENVIRONMENT, "db/password", sealed) == b'"hunter2"'
    elsewhere: list[tuple[UUID, bytes, UUID, str]] = [
        (new_id(), KEY, ENVIRONMENT, "db/password"),
        (WORKSPACE, os.urandom(KEY_BYTES), ENVIRONMENT, "db/password"),
        (WORKSPACE, KEY, new_id(), "db/password"),
        (WORKSPACE, KEY, ENVIRONMENT, "db/passwor"),
        (WORKSPACE, KEY, ENVIRONMENT, "db/passwords"),
    ]
    for workspace, key, environment, name in elsewhere:
        with pytest.raises(SealBrokenError):
            Cipher(workspace, key).open(environment, name, sealed)


def test_every_changed_bit_is_noticed() -> None:
    sealed = seal(KEY, b"value", b"place")
    for position in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(SealBrokenError):
            unseal(KEY, bytes(changed), b"place")
    for length in range(len(sealed)):
        with pytest.raises(SealBrokenError):
            unseal(KEY, sealed[:length], b"place")
    with pytest.raises(SealBrokenError):
        unseal(KEY, sealed + b"\0", b"place")


def test_the_same_value_never_looks_the_same() -> None:
    sealed = {seal(KEY, b"value", b"place") for _ in range(20_000)}
    nonces = {each[1:13] for each in sealed}
    assert len(nonces) == len(sealed) == 20_000
    # Bytes that stand still would be no random nonces.
    assert all(len({nonce[index] for nonce in nonces}) > 200 for index in range(12))


def test_nonces_of_stored_values_differ(database_url: str) -> None:
    async def fill() -> list[bytes]:
        database = open_database(database_url, Settings(database_url=database_url))
        workspace = new_id()
        made = "INSERT INTO cc_workspace (id, slug, name, description, revision, oldest_revision, "
        made += "created_at) VALUES (:id, 'w', '', '', 0, 0, now())"
        async with database.begin() as connection:
            await connection.execute(text(made), {"id": workspace})
        ciphers = [
            await Vault(database, b"m" * KEY_BYTES, SystemClock()).cipher(workspace)
            for _ in range(3)
        ]
        sealed = [each.seal(ENVIRONMENT, "k", b"1") for each in ciphers for _ in range(100)]
        assert all(each.open(ENVIRONMENT, "k", one) == b"1" for each in ciphers for one in sealed)
        await database.dispose()
        return sealed

    sealed = asyncio.run(fill())
    assert len({each[1:13] for each in sealed}) == len(sealed)
    assert len(execute(database_url, "SELECT * FROM cc_data_key")) == 1


def test_system_seals_are_bound_to_their_purpose() -> None:
    vault = Vault.__new__(Vault)  # seals of the system need no database
    vault._master = KEY
    sealed = vault.seal_system(b"answer", "idempotency")
    assert vault.open_system(sealed, "idempotency") == b"answer"
    with pytest.raises(SealBrokenError):
        vault.open_system(sealed, "idempotency2")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (None, "MASTER_KEY (or MASTER_KEY_FILE) is not set"),
        ("", "exactly 32 bytes"),
        ("short", "exactly 32 bytes"),
        (base64.b64encode(b"x" * 31).decode(), "exactly 32 bytes"),
        ("not base64, whatever its length is", "exactly 32 bytes"),
    ],
)
def test_a_master_key_that_is_none_is_refused(given: str | None, told: str) -> None:
    with pytest.raises(SystemExit) as refusal:
        master_key(Settings(master_key=given))
    assert told in str(refusal.value)
    assert given is None or len(given) < 10 or given not in str(refusal.value)


def test_the_api_does_not_start_without_a_master_key(database_url: str, tmp_path: Path) -> None:
    environment = ApiProcess(database_url, None, tmp_path / "log").environment
    del environment["MASTER_KEY"]
    ended = subprocess.run(
        [sys.executable, "-m", "central_config", "bootstrap"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert ended.returncode != 0
    assert "MASTER_KEY (or MASTER_KEY_FILE) is not set" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_wrong_master_key(planted: Planted, redis_url: str, tmp_path: Path) -> None:
    """The process refuses to start, and the log says what is wrong."""
    database_url = planted.api.environment["DATABASE_URL"]
    wrong = ApiProcess(database_url, redis_url, tmp_path / "log", {"MASTER_KEY": OTHER_MASTER_KEY})
    try:
        with pytest.raises(AssertionError, match="API ended"):
            wrong.start()
    finally:
        wrong.stop()
    told = "the master key is not the one this workspace's data key was wrapped with"
    assert told in wrong.log.read_text()


def test_a_sealed_value_moved_to_another_key_is_not_shown(planted: Planted) -> None:
    admin, workspace = planted.admin, Workspace(planted.admin)
    texts = {"one": canary("one"), "two": canary("two")}
    for name, value in texts.items():
        admin.put(workspace.place("base", name), value, secret=True)
    then = workspace.revision()
    admin.put(workspace.place("base", "later"), 1)
    key = planted.api.with_token(workspace.key(secrets=True))
    execute(
        planted.api.environment["DATABASE_URL"],
        "UPDATE cc_version AS v SET sealed = o.sealed FROM cc_version AS o, "
        "cc_configuration AS c, cc_configuration AS d WHERE v.configuration_id = c.id "
        "AND o.configuration_id = d.id AND c.key = 'one' AND d.key = 'two' "
        "AND c.workspace_id = d.workspace_id",
    )
    answers = [
        key.get(f"/config/{workspace.place('base', 'one')}", params={"at": str(then)}),
        key.get(f"/config/{workspace.place('base')}", params={"at": str(then)}),
        admin.get(f"{workspace.environment('base')}/history/one"),
    ]
    key.close()
    # The rest of the workspace is served as before; the damaged value is not, nor is a stranger's.
    assert [answer.status_code for answer in answers] == [404, 200, 200]
    assert set(answers[1].json()["values"]) == {"two"}
    assert found_in(texts, answers[0].text + answers[2].text) == set()
    log = planted.api.log.read_text()
    assert "the value does not open at this place with this key" in log
    assert found_in(texts, log) == set()


def test_a_secret_stays_one(planted: Planted) -> None:
    workspace = Workspace(planted.admin)
    admin, place = workspace.admin, workspace.place("base", "once-secret")
    admin.put(place, 1, secret=True)
    path = f"{workspace.path}/keys/once-secret"
    assert admin.request("PATCH", path, json={"secret": False}).status_code == 422
    admin.put(place, 2, secret=False)
    admin.put(workspace.place("prod", "once-secret"), 3)
    admin.ok("PATCH", path, json={"description": "no secret, one might think"})
    change = {
        "edits": [{"environment": "staging", "key": "once-secret", "value": 4}],
        "base_revision": workspace.revision(),
        "action": "publish",
    }
    admin.ok("POST", f"{workspace.path}/changes", json=change)
    admin.ok("DELETE", f"/config/{place}", headers={"If-Match": "*"})
    admin.put(place, 5)
    assert admin.ok("GET", path)["secret"] is True
    for environment in ("base", "staging", "prod"):
        assert admin.value(workspace.place(environment, "once-secret")) == "******"
    revealed = admin.ok("POST", f"{workspace.environment('base')}/reveal/once-secret", json={})
    assert revealed["value"] == 5
