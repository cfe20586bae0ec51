"""What is published for Kustomize is what the chart says."""

import pytest
import yaml

from tests.deploy.chart import KUBERNETES, SETS, render, text_of


@pytest.mark.parametrize("name", SETS)
def test_manifests_are_fresh(name: str) -> None:
    found = text_of(KUBERNETES / name / "manifests.yaml")
    # Not compared by pytest: its diff of a thousand lines says less than this.
    assert (found == render.manifests(name)) is True, "run: python deploy/kubernetes/render.py"


@pytest.mark.parametrize("name", SETS)
def test_manifests_need_no_helm(name: str) -> None:
    text = text_of(KUBERNETES / name / "manifests.yaml")
    assert "helm.sh" not in text
    documents = list(yaml.safe_load_all(text))
    api = next(each for each in documents if each["metadata"]["name"] == "central-config-api")
    (first,) = api["spec"]["template"]["spec"]["initContainers"]
    assert first["args"] == ["migrate"]


@pytest.mark.parametrize("name", [*SETS, "namespace"])
def test_a_kustomization_names_what_is_there(name: str) -> None:
    folder = KUBERNETES / name
    kustomization = yaml.safe_load(text_of(folder / "kustomization.yaml"))
    for each in kustomization["resources"]:
        assert (folder / each).exists()
    assert kustomization.get("namespace", "central-config") == "central-config"


def test_the_namespace_refuses_what_is_not_restricted() -> None:
    namespace = yaml.safe_load(text_of(KUBERNETES / "namespace" / "namespace.yaml"))
    assert namespace["metadata"]["name"] == "central-config"
    enforced = namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
    assert enforced == "restricted"


def test_the_example_of_a_database_fits_the_production_values() -> None:
    cluster = yaml.safe_load(text_of(KUBERNETES / "examples" / "cloudnativepg.yaml"))
    production = render.values_of("production")
    assert production["secrets"]["databaseUrl"] == {
        "name": f"{cluster['metadata']['name']}-app",
        "key": "uri",
    }
    permitted = cluster["spec"]["postgresql"]["parameters"]["max_connections"]
    assert int(permitted) == production["database"]["maxConnections"]
    (peer,) = production["networkPolicy"]["databaseTo"]
    assert peer["podSelector"]["matchLabels"]["cnpg.io/cluster"] == cluster["metadata"]["name"]
