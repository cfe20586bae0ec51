"""Certificates in files and on a real TLS server: good, ending, ended, early, wrong, unreadable."""

import json
import math
import socket
import time
from collections.abc import Sequence
from pathlib import Path

import httpx2
import pytest

from central_config.cli.main import main
from central_config.core.clock import SystemClock
from central_config.core.settings import Settings
from central_config.operations.model.certificates import Looked, Place, places
from central_config.operations.service.certificates import look
from tests.support.api import ApiProcess
from tests.upkeep.certificates import DAY, NOW, Issued, issue, served

ROOT = issue("Test Root", ca=True, days=3650)
MIDDLE = issue("Test Middle", ROOT, ca=True, days=365)


def file(place: Path, *chain: Issued) -> str:
    path = place / "chain.pem"
    path.write_bytes(b"".join(each.pem() for each in chain))
    return str(path)


async def one(where: str, *, trust: bool = True, patience: float = 5) -> Looked:
    wanted = [Place("site", where)]
    return (await look(wanted, SystemClock(), trust=trust, patience=patience))[0]


@pytest.mark.anyio
async def test_a_good_file(tmp_path: Path) -> None:
    own = issue("site", MIDDLE, hosts=("config.example.org", "192.0.2.7"))
    found = await one(file(tmp_path, own, MIDDLE, ROOT))
    assert (found.problems, found.remarks, found.days_left) == ((), (), 89)
    assert found.certificates[0].subject == "CN=site"
    assert found.certificates[0].names == ("config.example.org", "192.0.2.7")
    assert found.certificates[1].issuer == "CN=Test Root"
    assert found.ends == own.certificate.not_valid_after_utc


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("chain", "words"),
    [
        ([issue("site", ROOT, days=20.5)], "ends in 20 days"),
        ([issue("site", ROOT, days=-1, since=-9)], "expired on"),
        ([issue("site", ROOT, since=2)], "not valid before"),
        ([issue("site", MIDDLE), ROOT], "certificate 1 was not issued by the one behind it"),
        ([issue("site", MIDDLE), ROOT, MIDDLE], "certificate 1 was not issued"),
        ([issue("site", issue("m", ROOT, ca=True)), MIDDLE], "was not issued"),
    ],
)
async def test_what_is_wrong_with_a_file(
    tmp_path: Path, chain: Sequence[Issued], words: str
) -> None:
    found = await one(file(tmp_path, *chain))
    assert any(words in each for each in found.problems), found.problems


@pytest.mark.anyio
async def test_the_first_end_of_a_chain_counts_but_not_a_roots(tmp_path: Path) -> None:
    middle = issue("ending", ROOT, ca=True, days=5)
    found = await one(file(tmp_path, issue("site", middle), middle))
    assert found.days_left in (4, 5)
    assert found.problems[0].startswith("CN=ending: ends in")
    old = issue("Old Root", ca=True, days=5)
    assert (await one(file(tmp_path, issue("site", old), old))).problems == ()


@pytest.mark.anyio
async def test_self_signed_is_told_and_no_problem(tmp_path: Path) -> None:
    own = issue("alone")
    found = await one(file(tmp_path, own))
    assert found.problems == ()
    assert "self-signed" in found.remarks[0]
    with served(tmp_path, own) as where:
        shown = await one(where)
        assert (shown.problems, shown.ends) == ((), found.ends)
        assert "self-signed" in shown.remarks[0]


@pytest.mark.anyio
@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nx\n", b"x" * 2**21])
async def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "wrong.pem"
    if content is not None:
        path.write_bytes(content)
    found = await one(str(path))
    assert not found.reached
    assert found.ends is None
    assert "No such file" in found.problems[0] or "no certificate" in found.problems[0]


@pytest.mark.anyio
async def test_servers_are_asked_as_clients_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = issue("site", MIDDLE)
    (tmp_path / "root.pem").write_bytes(ROOT.pem())
    with served(tmp_path, own, MIDDLE) as where:
        found = await one(where)
        assert found.days_left == 89
        assert "clients refuse it" in found.problems[0]
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))
        assert (await one(where)).problems == ()
    with served(tmp_path, own) as where:  # without its middle
        assert "unable to get local issuer" in (await one(where)).problems[0]
    with served(tmp_path, issue("site", ROOT, hosts=("other.example.org",))) as where:
        assert "127.0.0.1" in (await one(where)).problems[0]
    with served(tmp_path, issue("site", ROOT, days=-1, since=-9)) as where:
        (problem,) = (await one(where)).problems
        assert "expired on" in problem
    ended = issue("ended", ROOT, ca=True, days=-1, since=-9)
    with served(tmp_path, issue("site", ended), ended) as where:  # an issuer's has expired
        assert (await one(where)).problems == ("clients refuse it: certificate has expired",)


@pytest.mark.anyio
async def test_who_does_not_answer_is_waited_for_in_bounds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = f"127.0.0.1:{silent.getsockname()[1]}"
        begin = time.monotonic()
        found = await one(where, patience=0.5)
        assert time.monotonic() - begin < 3
        assert found.problems == ("no answer in time",)
    found = await one(where)
    assert not found.reached
    assert "refused" in found.problems[0].lower() or "Connect" in found.problems[0]


def test_what_the_setting_may_hold() -> None:
    assert [each.endpoint for each in places("a=/x.pem, b=host:443,c=[::1]:8443")] == [
        None,
        ("host", 443),
        ("::1", 8443),
    ]
    assert places("") == []
    assert Settings(certificates="a=/x.pem, b=host:443").certificates
    for wrong in ("a", "a=", "=b", "a=b=c", "a=b;c d"):
        with pytest.raises(ValueError, match="certificates"):
            Settings(certificates=wrong)


def test_the_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    good = file(tmp_path, issue("site", ROOT))
    assert main(["certificates", f"site={good}"]) == 0
    assert "good" in capfd.readouterr().out
    assert main(["certificates", f"site={good}", "--days", "120"]) == 1
    assert main(["certificates", good, "-o", "json"]) == 0
    capfd.readouterr()
    assert main(["certificates", good, "away=127.0.0.1:1", "-o", "json"]) == 1
    (first, second) = json.loads(capfd.readouterr().out)
    assert (first["days_left"], second["reached"]) == (89, False)
    assert main(["certificates"]) == 3
    assert "nothing was checked" in capfd.readouterr().err
    assert main(["certificates", "=x"]) == 2


def test_the_metric(template_url: str, redis_url: str, tmp_path: Path) -> None:
    from tests.support.servers import cloned_database

    own = issue("site", ROOT, days=40)
    name = "central_config_certificate_expiry_timestamp_seconds"
    with cloned_database(template_url) as url, served(tmp_path, own) as where:
        named = f"file={file(tmp_path, own)},server={where},away=127.0.0.1:1"
        api = ApiProcess(url, redis_url, tmp_path / "log", {"CERTIFICATES": named})
        api.start()
        try:
            until = time.monotonic() + 20
            while True:
                text = httpx2.get(f"http://127.0.0.1:{api.metrics_port}/metrics").text
                lines = [line for line in text.splitlines() if line.startswith(name)]
                found = {line.split('"')[1]: float(line.split()[-1]) for line in lines}
                if found.get("server", 0) > 0 and found["file"] > 0:
                    break
                assert time.monotonic() < until, lines
                time.sleep(0.2)
        finally:
            assert api.stop() == 0
    ends = (NOW + 40 * DAY).timestamp()
    assert abs(found["file"] - ends) < 2
    assert found["server"] == found["file"]
    assert math.isnan(found["away"])  # never read: NaN, which no rule takes for a time
