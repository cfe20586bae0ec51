"""Every part is looked at, within seconds, and nobody calls well what nobody saw."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from central_config.core.settings import Settings
from central_config.playbooks.model.findings import Status
from central_config.playbooks.service import probes
from central_config.playbooks.service.probes import certificates, kubernetes, redis
from central_config.playbooks.service.world import World
from central_config.supervisor.valkey import ValkeyServer
from tests.playbooks_more.support import (
    asked_of_kubectl,
    by_check,
    fake_kubectl,
    silence,
    world_of,
)
from tests.playbooks_more.test_plays import Site, certificate
from tests.support.api import ApiProcess, Workspace, free_port
from tests.support.ollama import Canned, serving
from tests.support.running import RunningApi

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

# A look at everything, with what two busy cores add (seconds).
WITHIN = probes.WITHIN + 1.5


@pytest.fixture
def alone(running_api: RunningApi) -> Iterator[ApiProcess]:
    """An API of this test's own: what other tests did to a shared one is none of its business."""
    with running_api() as api:
        yield api


async def test_a_running_service_is_looked_at(alone: ApiProcess) -> None:
    with contextlib.closing(alone.sign_in()) as client:
        workspace = Workspace(client)
        for number in range(30):
            client.put(workspace.place("base", f"k{number}"), number)
    began = time.monotonic()
    found = by_check(await probes.look(world_of(alone)))
    assert time.monotonic() - began < WITHIN
    well = {
        *("api.live", "api.ready", "metrics.reachable", "metrics.errors", "replica.age"),
        *("database.version", "database.writable", "database.connections", "database.locks"),
        *("redis.reachable", "redis.role", "redis.policy", "clock.skew", "jobs.queue"),
    }
    assert {name for name in well if found[name].status is not Status.OK} == set()
    # No beat runs, nothing archives, no AI, no backups, no certificate: never called well.
    assert found["jobs.leader"].status is Status.BAD
    assert found["database.archiver"].status is Status.SKIPPED
    assert found["assistant"].status is Status.SKIPPED
    assert found["backups.configured"].status is Status.WARNING
    # The test server does without fsync, and the probe says so.
    assert found["database.durable"].status is Status.BAD


async def test_names_choose(server: ApiProcess) -> None:
    found = await probes.look(world_of(server), ["clock"])
    assert [each.check for each in found] == ["clock.skew"]


async def test_everything_away() -> None:
    nobody = free_port()
    settings = Settings(
        database_url=f"postgresql://nobody:secret-password@127.0.0.1:{nobody}/none",
        redis_url=f"redis://:secret-password@127.0.0.1:{nobody}/0",
        ai_enabled=True,
        ollama_base_url=f"http://127.0.0.1:{nobody}",
        port=nobody,
        metrics_port=nobody,
        certificates=f"site=127.0.0.1:{nobody}",
    )
    await check_nothing_is_well(settings)


async def test_everything_hangs() -> None:
    with silence() as port:
        settings = Settings(
            database_url=f"postgresql://nobody:secret-password@127.0.0.1:{port}/none",
            redis_url=f"redis://:secret-password@127.0.0.1:{port}/0",
            ai_enabled=True,
            ollama_base_url=f"http://127.0.0.1:{port}",
            port=port,
            metrics_port=port,
            certificates=f"site=127.0.0.1:{port}",
        )
        await check_nothing_is_well(settings)


async def check_nothing_is_well(settings: Settings) -> None:
    began = time.monotonic()
    found = by_check(await probes.look(World(settings)))
    assert time.monotonic() - began < WITHIN
    for name in ("api.live", "database.reachable", "redis.reachable", "assistant.reachable"):
        assert found[name].status is Status.BAD, found[name]
    for name in ("jobs", "clock", "archive", "audit.chain", "certificates.site"):
        assert found[name].status is Status.UNKNOWN, found[name]
    apart = {name for name in found if found[name].status is Status.OK}
    assert {name.split(".")[0] for name in apart} <= {"disk", "processes"}
    assert "secret-password" not in str(found)


async def test_certificates_are_read_as_the_service_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    certificate(tmp_path / "site.pem", 90)
    ending = certificate(tmp_path / "ending.pem", 10)
    site = Site(ending)
    try:
        named = f"relative=site.pem, gone=gone.pem, six=[::1]:1, server=127.0.0.1:{site.port}"
        found = by_check(await certificates.probe(World(Settings(certificates=named))))
    finally:
        site.close()
    assert {name.partition(".")[2]: each.status for name, each in found.items()} == {
        "relative": Status.OK,
        "gone": Status.UNKNOWN,
        "six": Status.UNKNOWN,
        "server": Status.WARNING,
    }
    assert "gone.pem" in found["certificates.gone"].summary


async def test_redis_that_may_drop_the_queue(tmp_path: Path) -> None:
    valkey = ValkeyServer(data_dir=tmp_path / "valkey")
    valkey.start()
    try:
        world = World(Settings(redis_url=valkey.url))
        assert (await redis.policy(world)).status is Status.OK
        await world.redis("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        assert (await redis.policy(world)).status is Status.BAD
        await world.redis("CONFIG", "SET", "maxmemory", "1")
        found = by_check(await probes.look(world, ["redis"]))
        assert found["redis.memory"].status is Status.BAD
    finally:
        valkey.stop()


@pytest.mark.parametrize(
    ("models", "status"),
    [(["llama3.2:3b"], Status.OK), (["other:latest"], Status.BAD), ([], Status.BAD)],
)
async def test_the_model_is_there_or_not(models: list[str], status: Status) -> None:
    with serving({name: Canned("{}") for name in models}) as engine:
        world = World(Settings(ai_enabled=True, ollama_base_url=engine.url))
        found = by_check(await probes.look(world, ["assistant"]))
        assert found["assistant.model"].status is status


async def test_a_fault_of_one_probe_hides_no_other(server: ApiProcess) -> None:
    async def faulty(_: World) -> list[Any]:
        raise RuntimeError("of the probe")

    chosen = [probes.Probe("faulty", faulty), *probes.ALL]
    found = by_check(await probes.look_with(chosen, world_of(server), probes.WITHIN))
    assert found["faulty"].status is Status.UNKNOWN
    assert found["api.live"].status is Status.OK


# -- Kubernetes: there is no cluster here. What kubectl is asked, and what is made of its answers.


def pod(name: str, *, ready: bool = True, image: str = "a", app: str = "central-configuration",
        restarts: int = 0, waiting: str = "") -> dict[str, Any]:  # fmt: skip
    state = {"waiting": {"reason": waiting}} if waiting else {"running": {}}
    container = {
        "name": "central-config",
        "imageID": f"registry/central-config@sha256:{image * 64}",
        "restartCount": restarts,
        "state": state,
    }
    condition = {"type": "Ready", "status": "True" if ready else "False"}
    return {
        "metadata": {"name": name, "labels": {"app": app}},
        "status": {
            "phase": "Running",
            "conditions": [condition],
            "containerStatuses": [container],
        },
    }


def scaler(current: int) -> dict[str, Any]:
    return {
        "metadata": {"name": "central-config-hpa"},
        "spec": {"minReplicas": 3, "maxReplicas": 5},
        "status": {"currentReplicas": current, "desiredReplicas": current},
    }


def answers(*pods: dict[str, Any], current: int = 3, allowed: int = 1) -> dict[str, Any]:
    budget = {"metadata": {"name": "pdb"}, "status": {"disruptionsAllowed": allowed}}
    return {
        "get pods": {"items": list(pods)},
        "get hpa": {"items": [scaler(current)]},
        "get poddisruptionbudgets": {"items": [budget]},
        "get events": {"items": []},
    }


async def look_at_cluster(directory: Path, told: dict[str, Any]) -> dict[str, Any]:
    world = World(
        Settings(),
        target="kubernetes",
        namespace="here",
        kubectl_argv=fake_kubectl(directory, told),
    )
    return by_check(await kubernetes.probe(world))


async def test_a_cluster_that_is_well(tmp_path: Path) -> None:
    found = await look_at_cluster(tmp_path, answers(pod("api-1"), pod("api-2")))
    assert {each.status for each in found.values()} == {Status.OK}
    asked = asked_of_kubectl(tmp_path)
    assert all(words[:2] == ["-n", "here"] for words in asked)
    assert ["-n", "here", "get", "hpa", "-o", "json"] in asked


async def test_a_pod_that_runs_and_is_not_ready(tmp_path: Path) -> None:
    """`Running` is what a pod in a crash loop is called too."""
    told = answers(
        pod("api-1"),
        pod("api-2", ready=False, waiting="CrashLoopBackOff", restarts=7, image="b"),
        current=5,
        allowed=0,
    )
    found = await look_at_cluster(tmp_path, told)
    assert found["kubernetes.pods"].status is Status.WARNING
    assert "api-2 (CrashLoopBackOff)" in found["kubernetes.pods"].summary
    assert "7 times" in found["kubernetes.pods"].summary
    for name in ("images", "autoscaler", "disruption"):
        assert found[f"kubernetes.{name}"].status is Status.WARNING


async def test_no_pod_is_ready(tmp_path: Path) -> None:
    found = await look_at_cluster(tmp_path, answers(pod("api-1", ready=False)))
    assert found["kubernetes.pods"].status is Status.BAD


async def test_no_cluster_answers(tmp_path: Path) -> None:
    found = await look_at_cluster(tmp_path, {})
    assert {each.status for each in found.values()} == {Status.UNKNOWN}
