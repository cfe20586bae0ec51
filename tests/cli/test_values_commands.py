"""Reading and writing values against a running server."""

import os
import subprocess
import sys

import pytest

from central_config.cli.errors import CONFLICT, DIFFERENT, NOT_ALLOWED, NOT_FOUND, REFUSED, USAGE
from tests.cli.conftest import Ccfg
from tests.support.api import Workspace


def test_types_survive_the_way_there_and_back(ccfg: Ccfg) -> None:
    for words, value in (
        (["5"], 5),
        (["-5"], -5),
        (["plain text"], "plain text"),
        (["5", "--type", "string"], "5"),
        (['{"a": [1, null]}'], {"a": [1, None]}),
        (['"q"', "--type", "json"], "q"),
        ([""], ""),
    ):
        assert ccfg("set", "k", *words).code == 0
        assert ccfg("get", "k", "-o", "json").data["value"] == value
    assert ccfg("set", "k", "{", "--type", "json").code == USAGE


def test_raw_is_for_shells(ccfg: Ccfg) -> None:
    ccfg("set", "s", "two words")
    ccfg("set", "n", "5")
    assert ccfg("get", "s", "--raw").out == "two words\n"
    assert ccfg("get", "s").out == '"two words"\n'
    assert ccfg("get", "n", "--raw").out == "5\n"
    assert ccfg("get", "--raw").code == USAGE


def test_from_stdin_and_file(ccfg: Ccfg, tmp_path: "os.PathLike[str]") -> None:
    assert ccfg("set", "cert", "--file", "-", "--type", "string", stdin="a\nb\n").code == 0
    assert ccfg("get", "cert", "-o", "json").data["value"] == "a\nb"
    file = os.path.join(tmp_path, "v.json")  # noqa: PTH118 - PathLike
    with open(file, "w", encoding="utf-8") as out:  # noqa: PTH123
        out.write('{"x": 1}')
    assert ccfg("set", "v", "-f", file).code == 0
    assert ccfg("get", "v", "-o", "json").data["value"] == {"x": 1}
    assert ccfg("set", "v", "1", "-f", file).code == USAGE
    assert ccfg("set", "v").code == USAGE
    assert ccfg("set", "v", "-f", "/nowhere/v").code == REFUSED


def test_nothing_is_overwritten_blindly(ccfg: Ccfg) -> None:
    first = ccfg("set", "k", "1", "-o", "json").data["revision"]
    assert ccfg("set", "k", "2").code == 0
    late = ccfg("set", "k", "3", "--if-revision", str(first))
    assert late.code == CONFLICT
    assert "revision-conflict" in late.err
    assert ccfg("set", "k", "3", "--create").code == CONFLICT
    assert ccfg("set", "k", "3", "--force").code == 0
    assert ccfg("set", "k", "3", "--force", "--create").code == USAGE
    assert "nothing changed" in ccfg("set", "k", "3").err
    assert ccfg("set", "new", "1", "--create").code == 0


def test_a_key_that_shows_its_parents_value_again_can_be_set(ccfg: Ccfg) -> None:
    ccfg("set", "k", "base", "-e", "base")
    ccfg("set", "k", "prod")
    assert ccfg("rm", "k").code == 0
    assert ccfg("get", "k", "--raw").out == "base\n"
    assert ccfg("set", "k", "again").code == 0
    assert ccfg("rm", "k", "--force").code == 0
    assert ccfg("rm", "nowhere").code == NOT_FOUND


def test_lists(ccfg: Ccfg) -> None:
    ccfg("set", "db/host", "h", "-e", "base", "--description", "Where it is")
    ccfg("set", "db/port", "5432")
    ccfg("set", "web/on", "true")
    assert [each["key"] for each in ccfg("ls", "-o", "json").data] == [
        "db/host",
        "db/port",
        "web/on",
    ]
    assert [each["key"] for each in ccfg("ls", "db/", "--own", "-o", "json").data] == ["db/port"]
    assert ccfg("status", "web/on", "deprecated", "-m", "going").code == 0
    assert [i["key"] for i in ccfg("ls", "--status", "deprecated", "-o", "json").data] == ["web/on"]
    assert "deprecated" in ccfg("get", "web/on").err
    table = ccfg("ls")
    assert table.out.splitlines()[0].split() == [
        "KEY", "VALUE", "STATUS", "FROM", "REVISION", "UPDATED", "BY",
    ]  # fmt: skip
    tree = ccfg("tree")
    assert "├── db" in tree.out
    assert "port = 5432" in tree.out
    everything = ccfg("get")
    assert "db/host" in everything.out
    assert "at revision" in everything.err
    assert ccfg("get", "--prefix", "db/", "-o", "json").data["values"] == {
        "db/host": "h",
        "db/port": 5432,
    }
    assert ccfg("get", "--prefix", "db/", "-o", "yaml").out.startswith("workspace: ")
    found = ccfg("search", "Where it", "-o", "json").data
    assert {each["key"] for each in found} == {"db/host"}


def test_time_travel(ccfg: Ccfg) -> None:
    first = ccfg("set", "k", "1", "-m", "the first", "-o", "json").data["revision"]
    ccfg("set", "k", "2", "-m", "the second")
    assert ccfg("get", "k", "--at", str(first), "--raw").out == "1\n"
    assert ccfg("get", "k", "--at", "now", "--raw").out == "2\n"
    diff = ccfg("diff", str(first), "--exit-code")
    assert diff.code == DIFFERENT
    assert ["~", "k", "1", "2"] in [line.split() for line in diff.out.splitlines()]
    assert ccfg("diff", "now", "--exit-code").code == 0
    versions = ccfg("history", "k", "-o", "json").data
    assert [each["value"] for each in versions] == [2, 1]
    log = ccfg("log", "-n", "1", "-o", "json").data
    assert [each["message"] for each in log] == ["the second"]
    assert "the first" in ccfg("log", str(first)).out
    assert ccfg("get", "k", "--at", "1000").code != 0
    assert ccfg("get", "k", "--at", "some day").code == USAGE


def test_rolling_back(ccfg: Ccfg) -> None:
    first = ccfg("set", "a", "1", "-o", "json").data["revision"]
    ccfg("set", "a", "2")
    ccfg("set", "b", "1")
    refused = ccfg("rollback", str(first))
    assert refused.code == USAGE
    assert "--yes" in refused.err
    one = ccfg("rollback", str(first), "--key", "a", "--yes", "-m", "back")
    assert one.code == 0, one.err
    assert "a" in one.err
    assert ccfg("get", "-o", "json").data["values"] == {"a": 1, "b": 1}
    assert ccfg("rollback", str(first), "-y").code == 0
    assert ccfg("get", "-o", "json").data["values"] == {"a": 1}


def test_explaining(ccfg: Ccfg) -> None:
    ccfg("set", "host", "db.internal", "-e", "base", "-m", "moved")
    ccfg("set", "host", "db.prod", "-m", "own one")
    ccfg("set", "url", "postgres://${host}:5432", "-e", "base")
    picture = ccfg("explain", "host").out
    assert "prod:host = db.prod" in picture
    assert "supplied by prod: db.prod (active)" in picture
    assert "overrides base: db.internal (active)" in picture
    assert "moved" in picture
    led = ccfg("explain", "url").out
    assert "prod:url = postgres://db.prod:5432" in led
    assert "${host} -> prod:host = db.prod (from prod)" in led
    assert ccfg("explain", "nowhere").code == NOT_FOUND


def test_secrets_are_not_shown(
    ccfg: Ccfg, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ccfg("set", "pw", "--secret", "-f", "-", stdin="hunter2\n").code == 0
    warned = ccfg("set", "pw2", "hunter2", "--secret")
    assert "shell's history" in warned.err
    assert "hunter2" not in warned.err
    ccfg("set", "pw", "hunter3", "--secret")
    for words in (["ls"], ["history", "pw"], ["explain", "pw"], ["tree"], ["log", "2"]):
        assert "hunter" not in ccfg(*words).out
    assert ccfg("reveal", "pw").code == USAGE
    assert ccfg("reveal", "pw", "--reason", "looking", "--raw").out == "hunter3\n"
    monkeypatch.setenv("CENTRAL_CONFIG_TOKEN", workspace.key())
    masked = ccfg("get", "pw", "--raw")
    assert (masked.code, masked.out) == (NOT_ALLOWED, "")
    assert "(secret)" in ccfg("get").out
    assert ccfg("reveal", "pw", "--reason", "x").code == NOT_ALLOWED


def test_refusals_say_everything(ccfg: Ccfg) -> None:
    refused = ccfg("set", "k", "${nowhere}")
    assert refused.code == REFUSED
    assert refused.out == ""
    assert "code reference-unresolved" in refused.err
    assert "request id" in refused.err
    assert "/value:" in refused.err
    document = ccfg("set", "k", "${nowhere}", "-o", "json")
    assert '"code": "reference-unresolved"' in document.err
    assert ccfg("get", "k").code == NOT_FOUND
    assert ccfg("get", "k", "-e", "nowhere").code == NOT_FOUND
    assert ccfg("get", "k", "-w", "nowhere").code == NOT_FOUND


def test_evil_values_do_not_reach_the_terminal(ccfg: Ccfg) -> None:
    ccfg("set", "evil", "-f", "-", "--type", "string", stdin="a\x1b]0;x\x07\u202eb")
    for words in (["ls"], ["get"], ["history", "evil"], ["explain", "evil"], ["tree"]):
        out = ccfg(*words).out
        assert "\x1b" not in out
        assert "\x07" not in out
        assert "\u202e" not in out


@pytest.mark.usefixtures("home")
def test_nobody_there(monkeypatch: pytest.MonkeyPatch, bare: Ccfg) -> None:
    monkeypatch.setenv("CENTRAL_CONFIG_URL", "http://127.0.0.1:9")
    assert bare("get", "-w", "w", "-e", "e").code == 3
    assert bare("get", "-e", "e").code == USAGE
    assert bare("nonsense").code == USAGE
    assert bare("get", "--nonsense").code == USAGE


def test_not_signed_in(ccfg: Ccfg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CENTRAL_CONFIG_TOKEN")
    refused = ccfg("get")
    assert refused.code == NOT_ALLOWED
    assert "ccfg login" in refused.err


def test_a_reader_that_has_seen_enough(ccfg: Ccfg) -> None:
    for number in range(3):
        ccfg("set", f"k{number}", "x" * 100_000)
    command = f"{sys.executable} -m central_config get -o json | head -c 10"
    done = subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", command], capture_output=True, check=False, timeout=30
    )
    assert (done.returncode, done.stderr.count(b"Error")) == (0, 0), done.stderr
