"""The chart is accepted: by Helm, by its own schema, by Kubernetes' strict schemas."""

import json
from typing import get_args

import kubernetes_validate
import pytest
import yaml
from pydantic import SecretStr

from central_config import __version__
from central_config.core.settings import Settings
from tests.deploy.chart import CASES, CHART, Document, every_case, helm, one, render, rendered
from tests.docs.pages import ROOT

# The oldest release the chart claims, and the newest the validator knows.
KUBERNETES = ("1.30", kubernetes_validate.latest_version())
# Kinds that operators bring; their form is looked at below.
OF_OPERATORS = {"ServiceMonitor", "PrometheusRule"}


@every_case
def test_helm_finds_no_fault(case: str) -> None:
    report = helm.lint(CHART, CASES[case], strict=True, kube_version="v1.30.0")
    assert report["errors"] == []
    assert [each for each in report["messages"] if each["severity"] > 1] == []


@pytest.mark.parametrize("version", KUBERNETES)
@every_case
def test_kubernetes_knows_every_field(case: str, version: str) -> None:
    checked = 0
    for document in rendered(case):
        if document["kind"] not in OF_OPERATORS:
            kubernetes_validate.validate(document, version, strict=True)
            checked += 1
    assert checked > 10


def test_a_wrong_field_is_seen() -> None:
    wrong = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a"},
        "spec": {"prots": []},
    }
    with pytest.raises(kubernetes_validate.ValidationError, match="prots"):
        kubernetes_validate.validate(wrong, KUBERNETES[0], strict=True)


@every_case
def test_objects_are_named_once(case: str) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in rendered(case)]
    assert len(set(names)) == len(names)
    assert {each["metadata"]["namespace"] for each in rendered(case)} == {"central-config"}


def test_monitors_find_the_metrics() -> None:
    documents = rendered("everything")
    monitor = one(documents, "ServiceMonitor", "central-config")["spec"]
    assert set(monitor) == {"jobLabel", "selector", "namespaceSelector", "endpoints"}
    service = one(documents, "Service", "central-config-service")
    labels = service["metadata"]["labels"]
    assert monitor["selector"]["matchLabels"].items() <= labels.items()
    assert labels[monitor["jobLabel"]] == "central-config"
    ports = {each["name"] for each in service["spec"]["ports"]}
    assert {each["port"] for each in monitor["endpoints"]} <= ports


def test_all_rules_arrive_as_they_are() -> None:
    files = {each.stem: each for each in (ROOT / "deploy" / "monitoring" / "rules").glob("*.yaml")}
    assert files
    for name, file in files.items():
        rule = one(rendered("everything"), "PrometheusRule", f"central-config-{name}")
        assert rule["spec"] == yaml.safe_load(file.read_text("utf-8"))
    kept = {
        each["metadata"]["name"].removeprefix("central-config-")
        for each in rendered("production")
        if each["kind"] == "PrometheusRule"
    }
    assert kept == files.keys() - {"backup"}


def test_dashboards_arrive_as_they_are() -> None:
    files = list((ROOT / "deploy" / "monitoring" / "dashboards").glob("*.json"))
    maps = {
        name: text
        for each in rendered("everything")
        if each["kind"] == "ConfigMap"
        for name, text in each["data"].items()
    }
    for file in files:
        assert maps[file.name].strip() == file.read_text("utf-8").strip()


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"apii": {}}, "apii"),
        ({"api": {"replicas": 0}}, "replicas"),
        ({"settings": {"MASTER_KEY": "c2VjcmV0"}}, "MASTER_KEY"),
        ({"settings": {"DATABASE_URL_FILE": "/tmp/x"}}, "DATABASE_URL_FILE"),
        ({"settings": {"DATABASE_POOL_SIZE": "90"}}, "DATABASE_POOL_SIZE"),
        ({"settings": {"RATE_LIMIT_PER_KEY": 5}}, "RATE_LIMIT_PER_KEY"),
        ({"image": {"tag": "latest"}}, "tag"),
        ({"image": {"digest": "sha256:abc"}}, "digest"),
        ({"redis": {"image": "valkey/valkey:latest"}}, "image"),
        ({"redis": {"image": "valkey/valkey"}}, "image"),
        ({"api": {"resources": {"limits": {"memory": None}}}}, "memory"),
        ({"secrets": {"existingSecret": ""}}, "existingSecret"),
    ],
)
def test_the_schema_refuses(values: Document, complaint: str) -> None:
    with pytest.raises(helm.HelmError, match=complaint):
        render.render(values)


def test_no_secret_is_a_plain_setting() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    refused = set(schema["properties"]["settings"]["propertyNames"]["not"]["enum"])
    secrets = {
        name.upper()
        for name, field in Settings.model_fields.items()
        if SecretStr in get_args(field.annotation)
    }
    assert len(secrets) > 5
    assert secrets | {f"{name}_FILE" for name in secrets} <= refused


def test_backups_go_to_a_volume_of_their_own() -> None:
    worker = one(rendered("everything"), "Deployment", "central-config-worker")
    (container,) = worker["spec"]["template"]["spec"]["containers"]
    (place,) = (each["value"] for each in container["env"] if each["name"] == "BACKUP_REPOSITORY")
    (mount,) = (each for each in container["volumeMounts"] if each["mountPath"] == place)
    volumes = {each["name"]: each for each in worker["spec"]["template"]["spec"]["volumes"]}
    claim = volumes[mount["name"]]["persistentVolumeClaim"]["claimName"]
    kept = one(rendered("everything"), "PersistentVolumeClaim", claim)
    assert kept["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert "BACKUP_PASSPHRASE" in {each["name"] for each in container["env"]}
    several = {"backup": {"enabled": True}, "worker": {"replicas": 2}}
    with pytest.raises(helm.HelmError, match="ReadWriteMany"):
        render.render(several)


def test_further_secrets_reach_the_programs() -> None:
    entry = {
        "name": "ADMIN_USERNAME",
        "valueFrom": {"secretKeyRef": {"name": "mine", "key": "user"}},
    }
    documents = render.render({"extraEnvironment": [entry]})
    for name in ("api", "worker", "beat"):
        deployment = one(tuple(documents), "Deployment", f"central-config-{name}")
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert entry in container["env"]


def test_versions_follow_the_program() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    assert chart["appVersion"] == __version__
    assert chart["version"] == __version__
