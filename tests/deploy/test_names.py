"""The names that the runbook's commands use exist: objects, ports, labels, pods."""

import pytest

from tests.deploy.chart import every_case, has, one, rendered

OBJECTS = [
    ("Deployment", "central-config-api"),
    ("Deployment", "central-config-worker"),
    ("Deployment", "central-config-beat"),
    ("HorizontalPodAutoscaler", "central-config-hpa"),
    ("PodDisruptionBudget", "central-config-api"),
    ("Service", "central-config-service"),
    ("Ingress", "central-config-ingress"),
    ("StatefulSet", "postgres"),
    ("StatefulSet", "redis"),
    ("Service", "postgres"),
    ("Service", "redis"),
]


@pytest.mark.parametrize(("kind", "name"), OBJECTS)
def test_the_defaults_have(kind: str, name: str) -> None:
    assert has(rendered("default"), kind, name)


def test_the_api_has_three_pods_with_the_label_and_the_container() -> None:
    deployment = one(rendered("default"), "Deployment", "central-config-api")
    assert deployment["spec"]["replicas"] == 3
    template = deployment["spec"]["template"]
    assert template["metadata"]["labels"]["app"] == "central-configuration"
    (container,) = template["spec"]["containers"]
    assert container["name"] == "central-config"
    assert container["image"].partition(":")[0] == "central-config"


@every_case
def test_only_the_api_has_its_label(case: str) -> None:
    """The Service sends to it, and `kubectl logs -l app=central-configuration` shows its pods."""
    found = [
        each["metadata"]["name"]
        for each in rendered(case)
        if each.get("spec", {}).get("template", {}).get("metadata", {}).get("labels", {}).get("app")
        == "central-configuration"
    ]
    assert found == ["central-config-api"]


@every_case
def test_the_service_leads_to_the_ports(case: str) -> None:
    service = one(rendered(case), "Service", "central-config-service")
    ports = {each["port"]: each["targetPort"] for each in service["spec"]["ports"]}
    assert ports == {80: "http", 9000: "metrics"}
    pod = one(rendered(case), "Deployment", "central-config-api")["spec"]["template"]["spec"]
    open_ports = {each["name"]: each["containerPort"] for each in pod["containers"][0]["ports"]}
    assert open_ports == {"http": 8000, "metrics": 9000}


@every_case
def test_the_ingress_has_its_certificate(case: str) -> None:
    spec = one(rendered(case), "Ingress", "central-config-ingress")["spec"]
    (tls,) = spec["tls"]
    assert tls["secretName"] == "central-config-tls"
    assert tls["hosts"] == [spec["rules"][0]["host"]]
    backend = spec["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert backend == {"name": "central-config-service", "port": {"name": "http"}}


def test_the_autoscaler_scales_the_api() -> None:
    spec = one(rendered("default"), "HorizontalPodAutoscaler", "central-config-hpa")["spec"]
    assert spec["scaleTargetRef"]["name"] == "central-config-api"
    assert spec["minReplicas"] == 3


def test_ollama_is_there_when_asked_for() -> None:
    documents = rendered("everything")
    deployment = one(documents, "Deployment", "ollama")
    assert deployment["spec"]["template"]["metadata"]["labels"]["app"] == "ollama"
    (port,) = one(documents, "Service", "ollama-service")["spec"]["ports"]
    assert port["port"] == 11434
    assert not has(rendered("default"), "Deployment", "ollama")


def test_postgres_0_has_the_label() -> None:
    template = one(rendered("default"), "StatefulSet", "postgres")["spec"]["template"]
    assert template["metadata"]["labels"]["app"] == "postgresql"


def test_production_brings_no_stores() -> None:
    documents = rendered("production")
    assert [each for each in documents if each["kind"] == "StatefulSet"] == []
    pod = one(documents, "Deployment", "central-config-api")["spec"]["template"]["spec"]
    url = next(each for each in pod["containers"][0]["env"] if each["name"] == "DATABASE_URL")
    assert url["valueFrom"]["secretKeyRef"] == {"name": "central-config-db-app", "key": "uri"}
