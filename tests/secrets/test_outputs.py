"""Nothing a caller without the right to secrets can ask for shows one."""

import base64
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import redis

from tests.secrets.planting import ENVIRONMENTS, Planted
from tests.secrets.refusals import Refusals
from tests.secrets.search import (
    canary,
    check_clean,
    database_dump,
    execute,
    found_in,
    sightings,
    valkey_dump,
)
from tests.secrets.sweep import FORMATS, Sweep, shown
from tests.support.api import Client

READERS = ("admin", "viewer", "key without secrets", "writing key without secrets")


def client_of(planted: Planted, who: str) -> Client:
    """Return a client of somebody to whom secrets must not come out by themselves."""
    if who == "admin":
        return planted.api.sign_in()
    if who == "viewer":
        name = canary("viewer")[-20:]
        body = {"username": name, "email": f"{name}@example.com", "password": "a-long-password-1"}
        planted.admin.ok("POST", "/users", json=body)
        roles = {"roles": [{"role": "viewer", "workspace": planted.workspace.slug}]}
        planted.admin.ok("PUT", f"/users/{name}/roles", json=roles)
        client = planted.api.sign_in(name, "a-long-password-1")
        return _with_own_password(planted, client, name)
    access = "write" if who.startswith("writing") else "read"
    return planted.api.with_token(planted.workspace.key(access=access, secrets=False))


def _with_own_password(planted: Planted, client: Client, name: str) -> Client:
    if not client.ok("GET", "/me").get("must_change_password"):
        return client
    own = {"current_password": "a-long-password-1", "new_password": "another-password-2"}
    client.ok("POST", "/me/password", json=own)
    client.close()
    return planted.api.sign_in(name, "another-password-2")


@pytest.mark.parametrize("who", READERS)
def test_no_read_shows_a_secret(planted: Planted, who: str) -> None:
    client = client_of(planted, who)
    answers = Sweep(planted, client).run(who)
    client.close()
    assert len(answers) > 150
    check_clean(planted.secret, answers)
    assert sightings(planted.open, answers), "the search would not find anything"


def test_imports_do_not_repeat_what_they_hide(planted: Planted) -> None:
    assert len(planted.outputs) >= 2
    check_clean(planted.secret, planted.outputs)


def test_no_refusal_quotes_a_secret(planted: Planted) -> None:
    answers = Refusals(planted).collect()
    let_through = {what for what, answer in answers.items() if answer.status_code < 400}
    assert not {what for what in let_through if not what.startswith(("schema", "import"))}
    assert len(answers) - len(let_through) > 60
    assert [what for what, answer in answers.items() if answer.status_code >= 500] == []
    texts = {what: shown(answer) for what, answer in answers.items()}
    check_clean(planted.secret, texts)


def test_removing_what_a_secret_refers_to_does_not_quote_the_secret(planted: Planted) -> None:
    admin, place = planted.admin, planted.workspace.place
    admin.put(place("base", "target"), 1)
    value = f"{planted.new('around-reference')}${{target}}"
    admin.put(place("base", "refers"), value, secret=True)
    answer = admin.request(
        "DELETE", f"/config/{place('base', 'target')}", headers={"If-Match": "*"}
    )
    assert answer.status_code == 422
    assert found_in(planted.secret, answer.text) == set()


def test_writes_answer_without_the_secret(planted: Planted) -> None:
    """And so does what repeats an answer for an Idempotency-Key."""
    workspace, admin = planted.workspace, planted.admin
    texts: dict[str, str] = {}
    edit = planted.edit("base", "repeated", planted.new("repeated"), secret=True)
    for action in ("draft", "submit", "publish"):
        body = {"edits": [edit], "action": action, "message": "repeated"}
        for turn in (1, 2):
            answer = admin.post(
                f"{workspace.path}/changes", body, headers={"Idempotency-Key": action}
            )
            assert answer.status_code < 300, answer.text
            texts[f"{action} {turn}"] = shown(answer)
    for to in (planted.before_secret, planted.before_secret - 1):
        answer = admin.post(
            f"{workspace.environment('base')}/rollback", {"to": to, "keys": ["late"]}
        )
        assert answer.status_code < 300, answer.text
        texts[f"rollback {to}"] = shown(answer)
    check_clean(planted.secret, texts)
    past = admin.values(workspace.place("base"), at=str(workspace.revision()))
    assert past["late"] == "******"


def test_made_secret_is_hidden_from_watches_that_come_back(planted: Planted) -> None:
    """The past is told to a watcher who was away; in it are values from before."""
    key = client_of(planted, "key without secrets")
    texts: dict[str, str] = {}
    for environment in ENVIRONMENTS:
        path = f"/watch/{planted.workspace.place(environment)}"
        for revision in (4, planted.before_secret - 2, planted.before_secret):
            for who, client in (("admin", planted.admin), ("key", key)):
                polled = client.ok("GET", path, params={"revision": revision, "wait": 0})
                texts[f"{who} poll {environment} {revision}"] = str(polled)
        texts[f"stream {environment}"] = stream(key, path, 4)
    key.close()
    check_clean(planted.secret, texts)
    assert sightings(planted.open, {"snapshot": stream(planted.admin, path, None)})


def test_made_secret_is_hidden_from_the_remembered_past(planted: Planted) -> None:
    admin, workspace = planted.admin, planted.workspace
    place = workspace.place("base", "remembered")
    admin.put(place, planted.new("remembered"))
    then = workspace.revision()
    admin.put(place, planted.new("remembered-now"))
    assert admin.value(place, at=str(then)) == planted.secret["remembered"]
    admin.ok("PATCH", f"{workspace.path}/keys/remembered", json={"secret": True})
    assert admin.value(place, at=str(then)) == "******"
    assert admin.value(place, at=str(then + 1)) == "******"
    assert admin.value(place) == "******"


def stream(client: Client, path: str, revision: int | None) -> str:
    """Return what a stream says at once."""
    headers = {"Accept": "text/event-stream"}
    if revision is not None:
        headers["Last-Event-ID"] = str(revision)
    text = ""
    with client.http.stream("GET", path, headers=headers, timeout=0.5) as answer:
        try:
            for chunk in answer.iter_text():
                text += chunk
        except httpx2.ReadTimeout:
            pass
    return text


def test_a_watch_that_is_open_hears_the_mask(planted: Planted) -> None:
    admin, workspace = planted.admin, planted.workspace
    place = workspace.place("staging", "heard")
    admin.put(place, planted.new("heard"), secret=True)
    since = workspace.revision()
    admin.put(place, planted.new("heard-again"))
    polled = admin.ok(
        "GET", f"/watch/{workspace.place('staging')}", params={"revision": since, "wait": 5}
    )
    assert polled["events"][0]["changes"][0]["value"] == "******"
    check_clean(planted.secret, {"poll": str(polled)})


@pytest.mark.parametrize("format_", FORMATS)
def test_exports_reveal_only_on_request(planted: Planted, format_: str) -> None:
    path = f"{planted.workspace.environment('prod')}/export"
    viewer = client_of(planted, "key without secrets")
    refused = viewer.get(path, params={"format": format_, "secrets": "reveal"})
    viewer.close()
    assert refused.status_code == 403
    check_clean(planted.secret, {"refusal": refused.text})
    allowed = planted.admin.get(
        path, params={"format": format_, "secrets": "reveal", "prefix": "db/"}
    )
    assert allowed.status_code == 200
    assert {"text-of-prod", "in-object"} <= found_in(planted.secret, allowed.text)


def test_a_reader_cannot_guess_a_secret_by_trying_rules(planted: Planted) -> None:
    """A rule says of every live value whether it fits: a pattern at a time that spells it out."""
    reader = client_of(planted, "key without secrets")
    counts = []
    for pattern in ("^canary-text-[0-9a-f]+$", "^something else$"):
        body = {"pattern": "db/password", "schema": {"pattern": pattern}}
        answer = reader.post(f"{planted.workspace.path}/schemas/check", body)
        counts.append((answer.status_code, answer.json().get("count")))
    reader.close()
    assert counts[0] == counts[1]


def test_the_database_holds_no_secret_in_clear(planted: Planted) -> None:
    dump = database_dump(planted.api.environment["DATABASE_URL"])
    assert {"table public.cc_version", "table public.cc_change_edit"} <= set(dump)
    check_clean(planted.secret, dump)
    seen = sightings(planted.open, dump)
    assert any(each.startswith("table public.cc_version") for each in seen)


def test_valkey_holds_no_secret(planted: Planted, redis_url: str) -> None:
    sign = canary("valkey")
    client = redis.Redis.from_url(redis_url)
    client.set(f"test:{sign}", sign, ex=60)
    dump = valkey_dump(redis_url)
    client.delete(f"test:{sign}")
    client.close()
    assert sightings({"sign": sign}, dump), "the search would not find anything"
    check_clean(planted.secret, dump)


def test_logs_and_metrics_hold_no_secret(planted: Planted) -> None:
    admin, place = planted.admin, planted.workspace.place
    refused = planted.new("logged")
    admin.request("PUT", f"/config/{place('base', 'x')}", json={"value": refused, "message": "\0"})
    for key in ("db/password", "late"):
        admin.ok("POST", f"{planted.workspace.environment('base')}/reveal/{key}", json={})
    metrics = httpx2.get(f"http://127.0.0.1:{planted.api.metrics_port}/metrics", timeout=10).text
    assert "http_requests_total" in metrics
    log = planted.api.log.read_text()
    assert planted.workspace.slug in log
    check_clean(planted.secret, {"log": log, "metrics": metrics})


def test_database_log_holds_no_secret(planted: Planted, template_url: str) -> None:
    """PostgreSQL writes statements that failed; their parameters must stay out."""
    sockets = Path(parse_qs(urlsplit(template_url).query)["host"][0])
    log = sockets.parents[1] / "log" / "postgres.log"
    if not log.exists():
        pytest.skip("the server's log is elsewhere")
    check_clean(planted.secret, {"log": log.read_text(errors="replace")})


def test_who_may_see_a_secret_sees_it(planted: Planted) -> None:
    """The control: the same search finds the same texts where they may come out."""
    admin, workspace = planted.admin, planted.workspace
    shown_once = admin.post(
        f"{workspace.environment('prod')}/reveal/db/password", {"reason": "the control"}
    )
    assert found_in(planted.secret, shown_once.text) == {"text-of-prod"}
    told = admin.ok("GET", "/audit", params={"workspace": workspace.slug, "action": "secret."})
    event = next(e for e in told["items"] if e["details"].get("reason") == "the control")
    assert event["action"] == "secret.revealed"
    assert event["target"] == "prod:db/password"
    key = planted.api.with_token(workspace.key(secrets=True))
    seen = found_in(planted.secret, key.get(f"/config/{workspace.place('prod')}").text)
    key.close()
    expected = {"text-of-prod", "in-object", "in-list", "imported", "in-address", "late-of-prod"}
    assert expected <= seen


def test_a_viewer_cannot_reveal(planted: Planted) -> None:
    for who in ("viewer", "writing key without secrets"):
        client = client_of(planted, who)
        for key in ("db/password", "db/url", "late"):
            answer = client.post(f"{planted.workspace.environment('prod')}/reveal/{key}")
            assert answer.status_code == 403
            assert found_in(planted.secret, answer.text) == set()
        client.close()


def test_a_writer_cannot_take_a_secret_out_by_reference(planted: Planted) -> None:
    writer = client_of(planted, "writing key without secrets")
    place = planted.workspace.place("base", "stolen")
    for value in ("${db/password}", {"x": ["${env:prod/db/password}"]}, "${db/url}"):
        answer = writer.request("PUT", f"/config/{place}", json={"value": value})
        assert answer.status_code == 403, answer.text
    writer.close()


def test_the_search_finds_what_is_hidden_in_other_forms() -> None:
    planted = {"it": canary("it")}
    text = planted["it"].encode()
    for hidden in (
        text.decode(),
        text.hex(),
        text.decode().upper(),
        base64.b64encode(b"x" + text + b"yz").decode(),
        base64.urlsafe_b64encode(b"xy" + text + b"z").decode(),
        text[::-1].decode(),
    ):
        assert found_in(planted, f"before {hidden} after") == {"it"}, hidden
    assert found_in(planted, canary("it")) == set()


def test_every_old_version_of_a_key_made_secret_is_sealed(planted: Planted) -> None:
    rows = execute(
        planted.api.environment["DATABASE_URL"],
        "SELECT c.key, v.version, v.body IS NULL AND v.sealed IS NOT NULL AS shut "
        "FROM cc_version AS v JOIN cc_configuration AS c ON c.id = v.configuration_id "
        "WHERE c.key IN ('late', 'late-by-write', 'late-removed') AND v.action = 'set'",
    )
    assert len(rows) >= 6
    assert [(row["key"], row["version"]) for row in rows if not row["shut"]] == []
