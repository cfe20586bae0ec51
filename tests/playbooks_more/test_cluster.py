"""In Kubernetes: which words kubectl is given, and what is made of its answers. No cluster here."""

import base64
from pathlib import Path
from typing import Any

import pytest

from central_config.core.settings import Settings
from central_config.playbooks.model.findings import Findings, Status
from central_config.playbooks.model.plans import Draft, Kubectl
from central_config.playbooks.service import planning
from central_config.playbooks.service.catalogue import find
from central_config.playbooks.service.world import World
from tests.playbooks_more.support import asked_of_kubectl, fake_kubectl
from tests.playbooks_more.test_plays import certificate
from tests.playbooks_more.test_probes import pod

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


async def planned(name: str, place: Path, told: dict[str, Any]) -> tuple[Findings, Draft]:
    world = World(
        Settings(), target="kubernetes", namespace="here", kubectl_argv=fake_kubectl(place, told)
    )
    playbook = find(name)
    found = await planning.diagnose(world, playbook)
    return Findings(found), planning.draft(world, playbook, found)


def calls(draft: Draft) -> list[tuple[str, ...]]:
    return [each.call.words for each in draft.steps if isinstance(each.call, Kubectl)]


def metrics(age: float) -> str:
    return f"central_config_snapshot_age_seconds {age}\n"


def raw(name: str) -> str:
    return f"get --raw /api/v1/namespaces/here/pods/{name}:9000/proxy/metrics"


async def test_only_the_stale_pod_is_replaced(tmp_path: Path) -> None:
    told: dict[str, Any] = {
        "get pods": {"items": [pod("api-1"), pod("api-2")]},
        raw("api-1"): metrics(0.3),
        raw("api-2"): metrics(45.0),
    }
    found, draft = await planned("replica-stale", tmp_path, told)
    assert found["replica.age"].status is Status.BAD
    assert calls(draft) == [("delete", "pod", "api-2", "--wait=false")]
    assert draft.steps[0].hits == "pod api-2"


async def test_all_pods_stale_is_the_databases_fault(tmp_path: Path) -> None:
    told: dict[str, Any] = {
        "get pods": {"items": [pod("api-1"), pod("api-2")]},
        raw("api-1"): metrics(45.0),
        raw("api-2"): metrics(46.0),
    }
    _, draft = await planned("replica-stale", tmp_path, told)
    assert calls(draft) == []
    assert draft.steps[0].is_advice


async def test_a_pod_that_does_not_tell_is_not_well(tmp_path: Path) -> None:
    told: dict[str, Any] = {
        "get pods": {"items": [pod("api-1"), pod("api-2")]},
        raw("api-1"): metrics(0.3),
    }
    found, draft = await planned("replica-stale", tmp_path, told)
    assert found["replica.age"].status is Status.UNKNOWN
    assert draft.steps == ()


async def test_the_engine_is_asked_in_its_own_pod(tmp_path: Path) -> None:
    told: dict[str, Any] = {
        "get pods -l app=ollama": {"items": [pod("ollama-1", app="ollama")]},
        "exec deploy/ollama -- ollama list": "NAME ID SIZE\nother:latest 1 2\n",
    }
    found, draft = await planned("ai-engine", tmp_path, told)
    assert found["assistant.reachable"].status is Status.OK
    assert found["assistant.model"].status is Status.BAD
    words = calls(draft)[0]
    assert words[:5] == ("exec", "deploy/ollama", "--", "sh", "-c")
    assert "ollama pull llama3.2:3b" in words[5]


async def test_an_engine_without_ready_pod_is_restarted(tmp_path: Path) -> None:
    told = {"get pods": {"items": [pod("ollama-1", app="ollama", ready=False)]}}
    _, draft = await planned("ai-engine", tmp_path, told)
    assert calls(draft) == [("rollout", "restart", "deployment/ollama")]


def secret(days: float, place: Path) -> dict[str, Any]:
    text = certificate(place / "made.pem", days).read_bytes()
    return {"data": {"tls.crt": base64.b64encode(text).decode()}}


async def test_people_renew_the_same_secret(tmp_path: Path) -> None:
    told = {"get secret central-config-tls": secret(10, tmp_path)}
    found, draft = await planned("certificate-expiring", tmp_path, told)
    assert found["certificates.soonest"].status is Status.WARNING
    assert draft.steps[0].is_advice
    text = str(getattr(draft.steps[0].call, "text", ""))
    assert "create secret tls central-config-tls " in text
    assert "ingress" not in text.lower()


async def test_cert_manager_is_asked(tmp_path: Path) -> None:
    told = {
        "get secret central-config-tls": secret(-1, tmp_path),
        "get certificate central-config-tls": "certificate.cert-manager.io/central-config-tls",
    }
    found, draft = await planned("certificate-expiring", tmp_path, told)
    assert found["certificates.soonest"].status is Status.BAD
    words = ("patch", "certificate", "central-config-tls", "--subresource=status")
    assert [each[:4] for each in calls(draft)] == [words]


async def test_a_certificate_that_is_good_needs_nothing(tmp_path: Path) -> None:
    told = {"get secret central-config-tls": secret(60, tmp_path)}
    found, draft = await planned("certificate-expiring", tmp_path, told)
    assert found["certificates.soonest"].status is Status.OK
    assert draft.steps == ()


async def test_a_pod_looks_for_us(tmp_path: Path) -> None:
    finding = {"check": "audit.chain", "status": "bad", "summary": "it did not hold", "facts": {}}
    told = {"exec deploy/central-config-api": {"findings": [finding]}}
    found, draft = await planned("audit-chain-broken", tmp_path, told)
    assert found["audit.chain"].status is Status.BAD
    assert "seen from a pod" in found["audit.chain"].summary
    assert all(each.is_advice for each in draft.steps)
    command = ["sh", "-c", "central-config ops diagnose -o json || true"]
    assert asked_of_kubectl(tmp_path)[0][-3:] == command
