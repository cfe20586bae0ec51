"""What would be asked of a cluster: tests of arguments only.

No API server is to be had here. A stand-in answers as kubectl does and writes down what it was
asked; that the arguments are right is known from kubectl's own reference, not from these tests.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

STAND_IN = """#!{python}
import json, pathlib, sys
place = pathlib.Path({place!r})
words = sys.argv[1:]
with (place / "asked").open("a") as file:
    file.write(json.dumps(words) + "\\n")
answers = json.loads((place / "answers").read_text())
text = " ".join(words[2:])
for start, answer in answers.items():
    if text.startswith(start):
        print(answer if isinstance(answer, str) else json.dumps(answer))
        sys.exit(0)
if words[2] == "get":
    print(json.dumps({{"items": []}}))
elif "ops diagnose" in text:
    print(json.dumps({{"findings": []}}))
"""

Run = Callable[..., tuple[int, dict[str, Any], list[list[str]]]]


def deployment(ready: int, *, revision: int = 7) -> dict[str, Any]:
    mark = {"deployment.kubernetes.io/revision": str(revision)}
    return {
        "metadata": {"name": "central-config-api", "generation": 9, "annotations": mark},
        "spec": {"replicas": 3},
        "status": {"readyReplicas": ready},
    }


def replica_set(revision: int, created: str) -> dict[str, Any]:
    mark = {"deployment.kubernetes.io/revision": str(revision)}
    return {"metadata": {"annotations": mark, "creationTimestamp": created}}


def autoscaler(current: int, most: int) -> dict[str, Any]:
    return {
        "metadata": {"name": "central-config-hpa"},
        "spec": {"minReplicas": 3, "maxReplicas": most},
        "status": {"currentReplicas": current, "desiredReplicas": current},
    }


def items(*things: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(things)}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    program = tmp_path / "kubectl"
    program.write_text(STAND_IN.format(python=sys.executable, place=str(tmp_path)))
    program.chmod(0o755)

    def ops(*words: str, **answers: Any) -> tuple[int, dict[str, Any], list[list[str]]]:
        if "answers" in answers:
            (tmp_path / "answers").write_text(json.dumps(answers["answers"]))
        (tmp_path / "asked").unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "central_config", "ops", *words, "-o", "json"],
            env={
                "PATH": f"{tmp_path}:{os.environ['PATH']}",
                "HOME": str(tmp_path),
                "XDG_STATE_HOME": str(tmp_path / "state"),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=55,
        )
        assert "Traceback" not in done.stderr, done.stderr
        asked_file = tmp_path / "asked"
        lines = asked_file.read_text().splitlines() if asked_file.exists() else []
        asked = [json.loads(line) for line in lines]
        return done.returncode, json.loads(done.stdout) if done.stdout else {}, asked

    return ops


def calls(found: dict[str, Any]) -> list[list[str]]:
    return [
        each["call"]["words"]
        for each in found["plan"]["steps"]
        if each["call"]["kind"] == "kubectl"
    ]


NOTHING_READY = {
    "get deployments": items(deployment(0)),
    "get replicasets": items(
        replica_set(6, "2020-01-01T00:00:00Z"), replica_set(7, "2999-01-01T00:00:00Z")
    ),
    "get hpa": items(autoscaler(3, 10)),
}


def test_behind_a_fresh_release_that_is_not_ready_the_one_before_comes_back(
    run: Run, tmp_path: Path
) -> None:
    plan = tmp_path / "plan"
    words = ("run", "system-down", "--target", "kubernetes", "--namespace", "elsewhere")
    code, found, asked = run(*words, "--save", str(plan), answers=NOTHING_READY)
    assert code == 1
    undo = ["rollout", "undo", "deployment/central-config-api", "--to-revision=6"]
    assert calls(found) == [undo]
    assert found["plan"]["preconditions"] == {
        "deployment/central-config-api": {"revision": 7, "generation": 9}
    }
    assert all(each[:2] == ["-n", "elsewhere"] for each in asked)
    assert all(each[2] in {"get", "exec", "config"} for each in asked), "a dry run only looks"

    # Without the typed name nothing happens; with it, exactly this, and what is not ready by the
    # end is not fixed.
    code, _, asked = run("apply", str(plan), "--yes")
    assert (code, [each[2] for each in asked]) == (2, ["config"])
    # Another cluster has the same namespace.
    other = {**NOTHING_READY, "config view": "https://other.example.com:6443"}
    code, _, asked = run("apply", str(plan), "--yes", answers=other)
    assert (code, [each[2] for each in asked]) == (2, ["config"])
    confirmed = ("--confirm", "central-config-api", "--reason", "a test", "--patience", "0")
    code, found, asked = run("apply", str(plan), *confirmed, answers=NOTHING_READY)
    assert code == 1
    assert [each[2:] for each in asked if each[2] not in {"get", "exec", "config"}] == [undo]
    assert "ops-journal.jsonl" in found["run"]["recorded"]
    # Somebody rolled something out since.
    moved = {**NOTHING_READY, "get deployments": items(deployment(0, revision=8))}
    code, _, asked = run("apply", str(plan), *confirmed, answers=moved)
    assert code == 2
    assert all(each[2] in {"get", "exec", "config"} for each in asked)


def test_an_old_release_is_restarted_pod_by_pod_and_the_autoscaler_gets_room(run: Run) -> None:
    answers = {
        **NOTHING_READY,
        "get replicasets": items(replica_set(7, "2020-01-01T00:00:00Z")),
        "get hpa": items(autoscaler(10, 10)),
    }
    code, found, _ = run("run", "system-down", "--target", "kubernetes", answers=answers)
    assert code == 1
    patch = ["patch", "hpa", "central-config-hpa", "--type=merge", "-p"]
    assert calls(found) == [
        ["rollout", "restart", "deployment/central-config-api"],
        [*patch, '{"spec":{"maxReplicas":12}}'],
    ]


def test_the_database_is_asked_as_its_superuser_with_errors_on(run: Run) -> None:
    sleeper = {"pid": 41, "session": "41:1:2", "application": "stray", "seconds": 900}
    head = (
        "exec postgres-0 -c postgresql -- psql -U postgres -d central_config -X -v ON_ERROR_STOP=1"
    )
    start = f"{head} -Atc SELECT coalesce(json_agg(each), '[]') FROM ( SELECT"  # noqa: S608
    answers = {
        f"{start} current_setting": [{"most": 100, "reserved": 3, "taken": 20}],
        f"{start} coalesce(nullif": [],
        f"{start} a.pid": [sleeper],
    }
    words = ("run", "database-connections", "--target", "kubernetes")
    code, found, asked = run(*words, answers=answers)
    assert code == 1, found
    ended = calls(found)
    assert len(ended) == 1
    assert ended[0][: len(head.split())] == head.split()
    assert "pg_terminate_backend" in ended[0][-1]
    assert "ARRAY['41:1:2']" in ended[0][-1]
    assert "state LIKE 'idle in transaction%'" in ended[0][-1]
    assert "backend_type = 'client backend'" in ended[0][-1]
    assert not any("-it" in each or "-ti" in each for each in asked)
    assert found["plan"]["preconditions"] == {"session 41:1:2": "stray"}


def test_a_full_volume_grows(run: Run) -> None:
    claim = {
        "metadata": {"name": "data-postgres-0"},
        "spec": {"resources": {"requests": {"storage": "20Gi"}}},
    }
    answers = {
        "exec postgres-0 -c postgresql -- df": (
            "Filesystem 1024-blocks Used Available Capacity Mounted on\n"
            "/dev/vdb 20971520 20866662 104858 100% /var/lib/postgresql"
        ),
        "get persistentvolumeclaims": items(claim),
    }
    code, found, _ = run("run", "disk-full", "--target", "kubernetes", answers=answers)
    assert code == 1
    assert calls(found) == [
        [
            "patch",
            "pvc",
            "data-postgres-0",
            "--type=merge",
            "-p",
            '{"spec":{"resources":{"requests":{"storage":"31Gi"}}}}',
        ]
    ]


def test_a_lost_redis_is_restarted_and_never_flushed(run: Run) -> None:
    inside = {"findings": [{"check": "redis.reachable", "status": "bad", "summary": "gone"}]}
    answers = {"exec deploy/central-config-api": inside}
    code, found, _ = run("run", "redis-lost", "--target", "kubernetes", answers=answers)
    assert code == 1
    assert calls(found) == [["rollout", "restart", "statefulset/redis"]]


def test_without_kubectl_nobody_knows(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "central_config", "ops", "run", "slow", "--target", "kubernetes"],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=55,
    )
    assert done.returncode == 3, done.stdout
    assert "kubectl" in done.stdout
