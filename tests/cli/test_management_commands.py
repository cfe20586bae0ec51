"""Workspaces, environments, changes, files, schemas, access and audit against a running server."""

import json
import stat
from pathlib import Path

import pytest

from central_config.cli.errors import CONFLICT, DIFFERENT, NOT_FOUND, REFUSED, USAGE
from tests.cli.conftest import Ccfg
from tests.support.api import ADMIN, ADMIN_PASSWORD, ApiProcess, Workspace


def test_signing_in_and_out(bare: Ccfg, server: ApiProcess) -> None:
    signed = bare(
        "login", server.url, "--username", ADMIN, "--password-stdin", stdin=f"{ADMIN_PASSWORD}\n"
    )
    assert signed.code == 0, signed.err
    me = bare("whoami")
    assert f"{ADMIN} (user)" in me.out
    assert server.url in me.out
    token = json.loads(next(Path().home().rglob("contexts.json")).read_text())["contexts"]
    secret = next(iter(token.values()))["token"]
    assert secret.startswith("ccs_")
    assert secret not in signed.out + signed.err + me.out + bare("context", "list").out
    assert bare("logout").code == 0
    assert bare("logout").code == USAGE
    assert bare("whoami").code == 4
    wrong = bare("login", server.url, "--username", ADMIN, "--password-stdin", stdin="nope\n")
    assert wrong.code == 4
    assert bare("login", server.url, "--username", ADMIN).code == USAGE


def test_users(
    ccfg: Ccfg, server: ApiProcess, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"u{workspace.slug}"
    made = ccfg("user", "create", name, "--email", f"{name}@example.org")
    password = made.out.strip()
    assert made.code == 0
    assert password
    assert password not in made.err
    given = ccfg("user", "roles", name, "--add", f"viewer@{workspace.slug}", "--add", "auditor")
    assert given.code == 0, given.err
    taken = ccfg("user", "roles", name, "--remove", "auditor", "-o", "json")
    assert taken.data == [{"role": "viewer", "workspace": workspace.slug}]
    assert f"viewer@{workspace.slug}" in ccfg("user", "show", name).out
    assert name in ccfg("user", "list").out
    monkeypatch.delenv("CENTRAL_CONFIG_TOKEN")
    first = ccfg("login", server.url, "--username", name, "--password-stdin", stdin=f"{password}\n")
    assert "ccfg passwd" in first.err
    new = "a longer staple this time"
    changed = ccfg("passwd", "--password-stdin", stdin=f"{password}\n{new}\n")
    assert changed.code == 0, changed.err
    assert ccfg("get").code == 0
    assert ccfg("set", "k", "1").code == 4
    assert workspace.admin.token is not None
    monkeypatch.setenv("CENTRAL_CONFIG_TOKEN", workspace.admin.token)
    assert ccfg("user", "deactivate", name, "--yes").code == 0
    assert ccfg("user", "show", name, "-o", "json").data["active"] is False
    assert "configuration-manager" in ccfg("role", "list").out
    assert "change.review" in ccfg("role", "show", "configuration-manager").out


def test_keys(ccfg: Ccfg, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    made = ccfg("key", "create", "checkout", "-e", "prod", "--expires", "90d")
    assert made.code == 0, made.err
    token = made.out.strip()
    assert token.startswith("cc_")
    assert token not in made.err
    listed = ccfg("key", "list", "-w", workspace.slug)
    assert "checkout" in listed.out
    assert token not in listed.out
    key = ccfg("key", "list", "-w", workspace.slug, "-o", "json").data[0]["id"]
    admin = workspace.admin.token or ""
    monkeypatch.setenv("CENTRAL_CONFIG_TOKEN", token)
    assert ccfg("get").code == 0
    assert "read" in ccfg("whoami").out
    assert ccfg("get", "-e", "staging").code == NOT_FOUND
    monkeypatch.setenv("CENTRAL_CONFIG_TOKEN", admin)
    assert ccfg("key", "revoke", key, "--yes").code == 0
    assert ccfg("key", "list", "-w", workspace.slug, "-o", "json").data == []
    assert len(ccfg("key", "list", "-w", workspace.slug, "--all", "-o", "json").data) == 1


def test_workspaces(ccfg: Ccfg, workspace: Workspace) -> None:
    slug = f"x{workspace.slug}"
    assert ccfg("workspace", "create", slug, "--name", "X").code == 0
    assert ccfg("workspace", "create", slug).code == CONFLICT
    assert slug in ccfg("workspace", "list").out
    assert "revision:" in ccfg("workspace", "show", slug).out
    assert ccfg("workspace", "delete", slug).code == USAGE
    assert ccfg("workspace", "delete", slug, "--yes").code == 0
    assert ccfg("workspace", "show", slug).code == NOT_FOUND


def test_environments(ccfg: Ccfg) -> None:
    assert ccfg("env", "create", "eu", "--parent", "prod", "--requires-approval").code == 0
    tree = ccfg("env", "list").out
    assert "├── prod" in tree
    assert "eu  requires approval" in tree
    updated = ccfg("env", "update", "eu", "--no-requires-approval", "--no-parent", "-o", "json")
    assert (updated.data["parent"], updated.data["requires_approval"]) == (None, False)
    assert ccfg("env", "update", "eu").code == USAGE
    assert ccfg("env", "delete", "eu", "--yes").code == 0
    ccfg("set", "k", "1", "-e", "staging")
    compared = ccfg("env", "compare", "staging", "prod@now", "--exit-code")
    assert compared.code == DIFFERENT
    assert ["-", "k", "1"] in [line.split() for line in compared.out.splitlines()]
    assert ccfg("env", "compare", "prod", "prod", "--exit-code").code == 0


def test_changes(ccfg: Ccfg, tmp_path: Path) -> None:
    made = ccfg("change", "create", "a=1", "staging:b=text", "-m", "two", "-o", "json").data
    assert (made["status"], made["edit_count"]) == ("draft", 2)
    assert "a" in ccfg("change", "show", made["id"]).out
    assert ccfg("change", "list", "--status", "open", "-o", "json").data[0]["id"] == made["id"]
    published = ccfg("change", "publish", made["id"])
    assert published.code == 0, published.err
    assert ccfg("get", "b", "-e", "staging", "--raw").out == "text\n"
    assert "published" in ccfg("change", "show", made["id"]).out
    assert ccfg("change", "publish", made["id"]).code == CONFLICT
    file = tmp_path / "edits.yaml"
    file.write_text(
        "message: from a file\nedits:\n- {key: c, value: 3}\n- {key: a, action: remove}\n"
    )
    assert ccfg("change", "create", "-f", str(file), "--publish").code == 0
    assert ccfg("get", "-o", "json").data["values"] == {"c": 3}
    file.write_text("nonsense: 1\n")
    assert ccfg("change", "create", "-f", str(file)).code == USAGE
    assert ccfg("change", "create").code == USAGE
    removed = ccfg("change", "create", "--remove", "c", "--publish")
    assert removed.code == 0
    stale = ccfg("change", "create", "d=1", "-o", "json").data["id"]
    ccfg("set", "d", "2")
    conflict = ccfg("change", "publish", stale)
    assert conflict.code == CONFLICT
    assert "rebase" in conflict.err
    assert "CONFLICT" in ccfg("change", "show", stale).out
    assert ccfg("change", "rebase", stale).code == 0
    assert ccfg("change", "publish", stale).code == 0
    gone = ccfg("change", "create", "e=1", "-o", "json").data["id"]
    assert ccfg("change", "reject", gone, "--comment", "no").code == 0


def test_reviews(ccfg: Ccfg, protected: Workspace, tmp_path: Path) -> None:
    place = ["-w", protected.slug]
    waits = ccfg("set", "k", "1", *place)
    assert waits.code == 0
    assert "waits for review" in waits.err
    change = ccfg("set", "l", "1", *place, "-o", "json").data["id"]
    assert ccfg("change", "approve", change, *place).code == 4
    draft = ccfg("change", "create", "m=1", *place, "-o", "json").data["id"]
    assert ccfg("change", "submit", draft, *place).code == 0
    file = tmp_path / "a.env"
    file.write_text("A=1\n")
    imported = ccfg("import", str(file), "--publish", *place)
    assert imported.code == 0, imported.err
    assert "Waits for review" in imported.err


def test_somebody_else_approves(
    ccfg: Ccfg, protected: Workspace, server: ApiProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = ["-w", protected.slug]
    change = ccfg("set", "k", "1", *place, "-o", "json").data["id"]
    name, password = f"r{protected.slug}", "correct horse battery"
    made = ccfg(
        *("user", "create", name, "--email", f"{name}@example.org", "--password-stdin"),
        stdin=f"{password}\n",
    )
    assert (made.code, made.out) == (0, "")
    role = f"configuration-manager@{protected.slug}"
    assert ccfg("user", "roles", name, "--add", role).code == 0
    reviewer = server.sign_in(name, password)
    monkeypatch.setenv("CENTRAL_CONFIG_TOKEN", reviewer.token or "")
    reviewer.close()
    assert "k" in ccfg("change", "show", change, *place).out
    approved = ccfg("change", "approve", change, "--comment", "looks right", *place)
    assert approved.code == 0, approved.err
    assert f"ccfg change publish {change}" in approved.err
    assert ccfg("change", "publish", change, *place).code == 0
    assert ccfg("get", "k", "--raw", *place).out == "1\n"


def test_files(ccfg: Ccfg, tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("db:\n  host: h\n  port: 5432\nurl: http://${x}\n")
    kept = ccfg("import", str(file), "--prefix", "shop")
    assert kept.code == 0, kept.err
    assert "ccfg change publish" in kept.err
    assert "reference" in kept.err
    assert "shop/db/port" in kept.out
    assert ccfg("get", "-o", "json").data["values"] == {}
    published = ccfg("import", str(file), "--prefix", "shop", "--publish")
    assert "Published as revision" in published.err, published.err
    assert ccfg("get", "shop/url", "--raw").out == "http://${x}\n"
    assert "holds all of it already" in ccfg("import", str(file), "--prefix", "shop").err
    exported = ccfg("export", "--format", "properties", "--prefix", "shop/db/")
    assert "5432" in exported.out
    out = tmp_path / "out.json"
    assert ccfg("export", "--format", "json", "-f", str(out), "--secrets", "reveal").code == 0
    assert json.loads(out.read_text())["shop"]["db"]["port"] == 5432
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    broken = tmp_path / "broken.json"
    broken.write_text('{"a": 1,\n "b": }')
    refused = ccfg("import", str(broken))
    assert refused.code == REFUSED
    assert "import-failed" in refused.err
    assert ccfg("import", "-", stdin="??").code == USAGE
    assert ccfg("import", "-", "--format", "env", stdin="A=1\n").code == 0


def test_many_keys_are_imported_with_progress(ccfg: Ccfg, tmp_path: Path) -> None:
    file = tmp_path / "many.json"
    file.write_text(json.dumps({f"k{number}": number for number in range(5000)}))
    done = ccfg("import", str(file), "--publish", "-o", "json")
    assert done.code == 0, done.err
    assert done.data["entries"] == 5000
    assert len(ccfg("ls", "-o", "json").data) == 5000


def test_schemas(ccfg: Ccfg, tmp_path: Path) -> None:
    ccfg("set", "web/port", "http")
    file = tmp_path / "port.json"
    file.write_text('{"type": "integer"}')
    saved = ccfg("schema", "set", "port", "--pattern", "**/port", "--file", str(file))
    assert saved.code == 0, saved.err
    assert "1 live values break" in saved.err
    checked = ccfg("schema", "check", "port")
    assert checked.code == REFUSED
    assert "web/port" in checked.out
    assert ccfg("schema", "set", "port", "--mode", "enforce").code == REFUSED
    ccfg("set", "web/port", "80")
    assert ccfg("schema", "set", "port", "--mode", "enforce").code == 0
    assert ccfg("set", "web/port", "http").code == REFUSED
    assert ccfg("schema", "check", "--pattern", "web/*", "-f", str(file)).code == 0
    assert "**/port" in ccfg("schema", "list").out
    assert '"integer"' in ccfg("schema", "show", "port").out
    assert ccfg("schema", "rm", "port").code == 0
    assert ccfg("schema", "set", "port", "--mode", "warn").code == USAGE


def test_compaction_asks_for_the_name(ccfg: Ccfg) -> None:
    first = ccfg("set", "k", "1", "-o", "json").data["revision"]
    last = ccfg("set", "k", "2", "-o", "json").data["revision"]
    assert ccfg("compact", "--before", str(last)).code == USAGE
    done = ccfg("compact", "--before", str(last), "--yes")
    assert done.code == 0, done.err
    gone = ccfg("get", "k", "--at", str(first))
    assert gone.code == REFUSED
    assert "revision-compacted" in gone.err


def test_audit(
    ccfg: Ccfg, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ccfg("set", "k", "1")
    place = ["-w", workspace.slug]
    listed = ccfg("audit", "list", *place, "--since", "1h ago", "-o", "json")
    assert listed.code == 0, listed.err
    assert listed.data
    assert ccfg("audit", "list", *place).out
    file = tmp_path / "audit.jsonl"
    assert ccfg("audit", "export", str(file), *place).code == 0
    assert ccfg("audit", "export", str(file), *place).code == REFUSED
    assert [each.name for each in tmp_path.glob(".*partial")] == []
    assert ccfg("audit", "verify", *place).code == 0
    monkeypatch.setenv("CENTRAL_CONFIG_URL", "http://127.0.0.1:9")
    proved = ccfg("audit", "verify", str(file))
    assert proved.code == 0
    assert "intact:" in proved.out
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:-2] + lines[-1:]))
    assert ccfg("audit", "verify", str(file)).code == REFUSED
