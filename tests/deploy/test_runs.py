"""What the pods run is the program as it is: its commands, settings, ports, times and limits."""

import re

import pytest
from fastapi.routing import APIRoute

from central_config.api.health import router
from central_config.api.server import STOP_WITHIN
from central_config.cli.main import SERVER_COMMANDS, build
from central_config.core.settings import FILE_SUFFIX, Settings
from central_config.worker.running import _POOL as JOB_POOL
from central_config.worker.workshop import Timing
from tests.deploy.chart import (
    CASES,
    Document,
    containers,
    every_case,
    has,
    helm,
    literals,
    one,
    ours,
    pods,
    render,
    rendered,
)

SETTINGS = {each.upper() for each in Settings.model_fields}
# Of the programs in the image, not of ours.
OTHERS = {"HOME", "REDISCLI_AUTH"}


@every_case
def test_arguments_are_commands(case: str) -> None:
    asked = set()
    for _, _, pod in pods(rendered(case)):
        for container in ours(pod):
            words = container["args"]
            assert "command" not in container  # the image's entry point is the program
            build(words).parse_args(words, print_error=False, exit_on_error=False)
            asked.add(words[0])
    assert asked == {each.name for each in SERVER_COMMANDS} - {"serve"}


@every_case
def test_variables_are_settings(case: str) -> None:
    for name, _, pod in pods(rendered(case)):
        for container in ours(pod):
            names = [each["name"] for each in container["env"]]
            assert len(set(names)) == len(names), name
            unknown = {each.removesuffix(FILE_SUFFIX) for each in names} - SETTINGS - OTHERS
            assert unknown == set(), name


@every_case
def test_settings_accept_the_values(case: str) -> None:
    for _, _, pod in pods(rendered(case)):
        for container in ours(pod):
            plain = {k.lower(): v for k, v in literals(container).items() if k in SETTINGS}
            Settings(**plain)


def size(text: str) -> int:
    """Return the bytes of a Kubernetes quantity."""
    number, unit = re.fullmatch(r"(\d+)(Mi|Gi)", text).groups()  # type: ignore[union-attr]
    return int(number) * 1024 ** {"Mi": 2, "Gi": 3}[unit]


@every_case
def test_snapshots_leave_half_of_the_memory(case: str) -> None:
    pod = one(rendered(case), "Deployment", "central-config-api")["spec"]["template"]["spec"]
    container = pod["containers"][0]
    held = int(literals(container)["SNAPSHOT_MEMORY_BYTES"])
    assert held * 2 <= size(container["resources"]["limits"]["memory"])


@every_case
def test_the_api_listens_where_the_ports_are(case: str) -> None:
    pod = one(rendered(case), "Deployment", "central-config-api")["spec"]["template"]["spec"]
    container = pod["containers"][0]
    values = literals(container)
    ports = {each["name"]: str(each["containerPort"]) for each in container["ports"]}
    assert (values["PORT"], values["METRICS_PORT"]) == (ports["http"], ports["metrics"])
    assert values["HOST"] == values["METRICS_HOST"] == "0.0.0.0"  # noqa: S104 - in a pod


def test_probes_ask_what_the_api_answers() -> None:
    answered = {each.path for each in router.routes if isinstance(each, APIRoute)}
    pod = one(rendered("default"), "Deployment", "central-config-api")["spec"]["template"]["spec"]
    container = pod["containers"][0]
    probes = [container[f"{each}Probe"]["httpGet"] for each in ("startup", "liveness", "readiness")]
    asked = [each["path"] for each in probes]
    assert asked == ["/health/live", "/health/live", "/health/ready"]
    assert set(asked) <= answered
    assert {each["port"] for each in probes} == {"http"}


@every_case
def test_a_pod_has_the_time_it_needs_to_stop(case: str) -> None:
    """Out of the Service first, then SIGTERM, then what the server allows itself, and a margin."""
    documents = rendered(case)
    api = one(documents, "Deployment", "central-config-api")["spec"]
    pod = api["template"]["spec"]
    drain = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert drain >= 5
    assert pod["terminationGracePeriodSeconds"] >= drain + STOP_WITHIN + 5
    assert api["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    worker = one(documents, "Deployment", "central-config-worker")["spec"]["template"]["spec"]
    assert worker["terminationGracePeriodSeconds"] >= Timing().stop_within + 5


def most_connections(documents: tuple[Document, ...]) -> int:
    """Return what the rendered pods may ask of PostgreSQL, counted from the manifests alone."""
    api = one(documents, "Deployment", "central-config-api")["spec"]
    container = api["template"]["spec"]["containers"][0]
    values = literals(container)
    pool = int(values["DATABASE_POOL_SIZE"]) + int(values["DATABASE_MAX_OVERFLOW"])
    most = api["replicas"]
    if has(documents, "HorizontalPodAutoscaler", "central-config-hpa"):
        scaler = one(documents, "HorizontalPodAutoscaler", "central-config-hpa")
        most = scaler["spec"]["maxReplicas"]
    most += api["strategy"]["rollingUpdate"]["maxSurge"]
    # Pods that end count as well; one at a time, because the next step takes longer than an end.
    drain = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert api["minReadySeconds"] >= drain + STOP_WITHIN
    most += 1
    worker = one(documents, "Deployment", "central-config-worker")["spec"]
    jobs = int(literals(worker["template"]["spec"]["containers"][0])["CELERY_WORKER_CONCURRENCY"])
    beat = one(documents, "Deployment", "central-config-beat")["spec"]
    assert worker["strategy"]["rollingUpdate"]["maxSurge"] == 0
    assert beat["strategy"]["rollingUpdate"]["maxSurge"] == 0
    lane_and_listener = 2
    return (
        most * (pool + lane_and_listener)
        + worker["replicas"] * jobs * sum(JOB_POOL.values())
        + beat["replicas"]
    )


@pytest.mark.parametrize("case", sorted(CASES.keys() - {"pooled"}))
def test_connections_stay_below_what_the_server_permits(case: str) -> None:
    documents = rendered(case)
    api = one(documents, "Deployment", "central-config-api")
    said = api["metadata"]["annotations"]["central-config.com/connections"]
    counted, permitted = (int(each) for each in said.split(" of "))
    jobs_of_an_upgrade, reserved = 4, 13
    assert counted == most_connections(documents) + jobs_of_an_upgrade + reserved
    assert counted <= permitted
    if has(documents, "StatefulSet", "postgres"):
        pod = one(documents, "StatefulSet", "postgres")["spec"]["template"]["spec"]
        assert f"max_connections={permitted}" in pod["containers"][0]["args"]


@pytest.mark.parametrize(
    "values",
    [
        {"database": {"maxConnections": 100}},
        {"database": {"poolSize": 20, "maxOverflow": 30}},
        {"api": {"autoscaling": {"maxReplicas": 12}}},
        {"worker": {"replicas": 4, "concurrency": 8}},
    ],
)
def test_more_connections_are_refused(values: Document) -> None:
    with pytest.raises(helm.HelmError, match="connection budget"):
        render.render(values)


def test_behind_a_pooler() -> None:
    documents = rendered("pooled")
    pod = one(documents, "Deployment", "central-config-api")["spec"]["template"]["spec"]
    names = {each["name"]: each for each in pod["containers"][0]["env"]}
    assert names["DATABASE_STATEMENT_CACHE"]["value"] == "false"
    direct = names["DATABASE_LISTEN_URL"]["valueFrom"]
    job = one(documents, "Job", "central-config-migrate")["spec"]["template"]["spec"]
    migrates = {each["name"]: each for each in job["containers"][0]["env"]}
    assert migrates["DATABASE_URL"]["valueFrom"] == direct


@every_case
def test_the_schema_is_there_before_the_program(case: str) -> None:
    """The database of the chart does not exist before the installation, any other one does."""
    documents = rendered(case)
    hook = one(documents, "Job", "central-config-migrate")["metadata"]["annotations"]
    pod = one(documents, "Deployment", "central-config-api")["spec"]["template"]["spec"]
    first = [each["args"] for each in pod.get("initContainers", [])]
    if has(documents, "StatefulSet", "postgres"):
        assert (hook["helm.sh/hook"], first) == ("pre-upgrade", [["migrate"]])
    else:
        assert (hook["helm.sh/hook"], first) == ("pre-install,pre-upgrade", [])


@every_case
def test_a_hook_needs_nothing_of_the_chart(case: str) -> None:
    """Before an installation there are only the namespace and the Secret."""
    pod = one(rendered(case), "Job", "central-config-migrate")["spec"]["template"]["spec"]
    assert "serviceAccountName" not in pod
    assert [each for each in pod["volumes"] if "emptyDir" not in each] == []
    assert all("configMapKeyRef" not in str(each) for each in containers(pod))
