"""Files in and out: drafts to look at, notices, progress, exports that come back the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from central_config.interop.model.formats import parse
from central_config.interop.model.terms import Format
from tests.support.api import Client, Workspace

SAMPLES = Path(__file__).parents[2] / "samples"
TEXT = {"Content-Type": "text/plain"}
BIG = ["spring-shop/application.yml", "helm-shop/values.yaml"]


def bring_in(
    admin: Client, workspace: Workspace, text: str, environment: str = "base", **params: Any
) -> Any:
    params.setdefault("format", "yaml")
    path = f"{workspace.environment(environment)}/import"
    return admin.ok("POST", path, content=text.encode(), headers=TEXT, params=params)


def publish(admin: Client, workspace: Workspace, imported: Any) -> Any:
    path = f"{workspace.path}/changes/{imported['change']['id']}/publish"
    return admin.ok("POST", path, json={})


@pytest.mark.parametrize("name", BIG)
def test_sample_from_file_to_values_and_again(
    workspace: Workspace, admin: Client, name: str
) -> None:
    text = (SAMPLES / name).read_text("utf-8")
    entries = {entry.key: entry.value for entry in parse(text, Format.YAML).entries}
    imported = bring_in(admin, workspace, text)
    assert imported["change"]["status"] == "draft"
    assert imported["change"]["kind"] == "import"
    assert imported["entries"] == imported["diff_total"] == len(entries) >= 200
    assert {each["kind"] for each in imported["diff"]} == {"added"}
    codes = {each["code"] for each in imported["notices"]}
    assert "reference-escaped" in codes
    assert all(each["line"] for each in imported["notices"])
    secrets = {each["key"] for each in imported["diff"] if each["secret"]}
    assert secrets
    assert all(each["after"] == "******" for each in imported["diff"] if each["secret"])
    assert admin.values(workspace.place("base")) == {}
    publish(admin, workspace, imported)
    served = admin.ok("GET", f"/config/{workspace.place('prod')}")
    assert set(served["values"]) == set(entries)
    assert set(served["masked"]) == secrets
    for key, value in entries.items():
        if key not in secrets and "$${" not in json.dumps(value):
            assert served["values"][key] == value, key
    again = bring_in(admin, workspace, text)
    assert (again["change"], again["unchanged"], again["diff"]) == (None, len(entries), [])


def test_placeholders_of_the_file_are_served_as_they_stand(
    workspace: Workspace, admin: Client
) -> None:
    publish(admin, workspace, bring_in(admin, workspace, "a: x ${DB_HOST:localhost} y\n"))
    assert admin.value(workspace.place("base", "a")) == "x ${DB_HOST:localhost} y"


def test_references_can_be_kept(workspace: Workspace, admin: Client) -> None:
    text = "host: h\nurl: http://${host}/\n"
    publish(admin, workspace, bring_in(admin, workspace, text, references="keep"))
    assert admin.value(workspace.place("base", "url")) == "http://h/"


def test_merge_and_replace(workspace: Workspace, admin: Client) -> None:
    publish(admin, workspace, bring_in(admin, workspace, "a: 1\nb: 2\n", prefix="app"))
    admin.put(workspace.place("base", "outside"), 1)
    merged = bring_in(admin, workspace, "b: 3\nc: 4\n", prefix="app")
    assert {each["key"]: each["kind"] for each in merged["diff"]} == {
        "app/b": "changed", "app/c": "added",
    }  # fmt: skip
    publish(admin, workspace, merged)
    replaced = bring_in(admin, workspace, "c: 4\n", prefix="app", mode="replace")
    assert {each["key"]: each["kind"] for each in replaced["diff"]} == {
        "app/a": "removed", "app/b": "removed",
    }  # fmt: skip
    assert replaced["unchanged"] == 1
    publish(admin, workspace, replaced)
    assert admin.values(workspace.place("base")) == {"app/c": 4, "outside": 1}


def test_import_over_an_inherited_value_overrides_it(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "a"), 1)
    publish(admin, workspace, bring_in(admin, workspace, "a: 2\n", "prod"))
    assert admin.value(workspace.place("prod", "a")) == 2
    assert admin.value(workspace.place("base", "a")) == 1


def test_secrets_are_found_and_sealed(workspace: Workspace, admin: Client) -> None:
    text = (
        "db:\n  password: hunter2\n  password-min-length: 12\n  url: postgres://me:hunter2@host/x\n"
        "github: ghp_" + "a" * 36 + "\n"
    )
    imported = bring_in(admin, workspace, text)
    assert "hunter2" not in json.dumps(imported)
    found = {each["key"]: each["secret"] for each in imported["diff"]}
    assert found == {
        "db/password": True, "db/password-min-length": False, "db/url": True, "github": True,
    }  # fmt: skip
    publish(admin, workspace, imported)
    values = admin.values(workspace.place("base"))
    assert values == {
        "db/password": "******", "db/password-min-length": 12, "db/url": "******",
        "github": "******",
    }  # fmt: skip


def test_progress_is_told_line_by_line(workspace: Workspace, admin: Client) -> None:
    text = "".join(f"k{number}=v{number}\n" for number in range(4500))
    answer = admin.request(
        "POST",
        f"{workspace.environment('base')}/import",
        content=text.encode(),
        headers={**TEXT, "Accept": "application/x-ndjson"},
        params={"format": "env"},
    )
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [each["done"] for each in lines[:-1]] == [2000, 4000, 4500]
    assert {each["total"] for each in lines[:-1]} == {4500}
    result = lines[-1]["result"]
    assert (result["diff_total"], len(result["diff"])) == (4500, 1000)
    publish(admin, workspace, result)
    assert len(admin.values(workspace.place("base"))) == 4500


def test_failure_is_the_last_line(workspace: Workspace, admin: Client) -> None:
    answer = admin.request(
        "POST",
        f"{workspace.environment('base')}/import",
        content=b"a: [1\nb: 2\n",
        headers={**TEXT, "Accept": "application/x-ndjson"},
        params={"format": "yaml"},
    )
    problem = json.loads(answer.text.splitlines()[-1])["problem"]
    assert (problem["code"], problem["status"]) == ("import-failed", 422)
    assert "line" in problem["detail"]


@pytest.mark.parametrize("format_", ["yaml", "json", "toml"])
@pytest.mark.parametrize("name", BIG)
def test_export_comes_back_the_same(
    workspace: Workspace, admin: Client, name: str, format_: str
) -> None:
    publish(admin, workspace, bring_in(admin, workspace, (SAMPLES / name).read_text("utf-8")))
    path = f"{workspace.environment('base')}/export"
    params = {"format": format_, "secrets": "reveal"}
    answer = admin.get(path, params=params)
    assert answer.status_code == 200
    assert int(answer.headers["config-revision"]) == workspace.revision()
    again = bring_in(admin, workspace, answer.text, format=format_)
    assert (again["change"], again["diff"]) == (None, [])
    events = admin.ok("GET", "/audit", params={"workspace": workspace.slug, "limit": 1})["items"]
    assert events[0]["action"] == "secret.exported"


@pytest.mark.parametrize("format_", ["env", "properties", "ini", "configmap"])
def test_flat_formats_hold_every_text(workspace: Workspace, admin: Client, format_: str) -> None:
    values = {"APP_HOST": "h", "APP_TEXT": "two words, one = sign # and $ more", "APP_PORT": "80"}
    for key, value in values.items():
        admin.put(workspace.place("base", key), value)
    answer = admin.get(f"{workspace.environment('prod')}/export", params={"format": format_})
    assert answer.status_code == 200
    for place in ("staging",):
        imported = bring_in(admin, workspace, answer.text, place, format=format_)
        publish(admin, workspace, imported)
        served = admin.values(workspace.place(place))
        assert {key: str(served[key]) for key in values} == values


def test_export_masks_or_omits_secrets(workspace: Workspace, admin: Client, viewer: Client) -> None:
    admin.put(workspace.place("base", "p"), "hunter2", secret=True)
    revision = admin.put(workspace.place("base", "a"), 1)["revision"]
    admin.put(workspace.place("base", "a"), 2)
    path = f"{workspace.environment('prod')}/export"
    for client in (admin, viewer):
        masked = client.get(path, params={"format": "json"})
        assert masked.json() == {"a": 2, "p": "******"}
        omitted = client.get(path, params={"format": "json", "secrets": "omit"})
        assert omitted.json() == {"a": 2}
    then = admin.get(path, params={"format": "json", "at": revision, "prefix": "a"})
    assert then.json() == {"a": 1}
    assert admin.get(path, params={"format": "json", "secrets": "reveal"}).json()["p"] == "hunter2"
