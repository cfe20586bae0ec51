"""The chart as tests see it: rendered by Helm's own engine, without a cluster."""

import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT

helm = pytest.importorskip(
    "helm_python",
    reason="NOT TESTED: the chart. Helm's engine is missing; install helm-python-sdk "
    "(it is in requirements-dev.lock: `make setup`)",
)

CHART = ROOT / "deploy" / "helm" / "central-config"
KUBERNETES = ROOT / "deploy" / "kubernetes"
Document = dict[str, Any]


def _script() -> Any:
    spec = importlib.util.spec_from_file_location("deploy_render", KUBERNETES / "render.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


render = _script()
SETS = tuple(render.SETS)
# All that can be switched on at once, to look at every template.
EVERYTHING: Document = {
    "ai": {"enabled": True},
    "ollama": {"enabled": True},
    "backup": {"enabled": True},
    "monitoring": {
        "serviceMonitor": {"enabled": True},
        "prometheusRule": {"enabled": True},
        "dashboards": {"enabled": True},
        "exporters": {"enabled": True},
    },
}
POOLED: Document = {"database": {"pooler": {"enabled": True}}}
CASES: dict[str, Document] = {
    **{each: render.values_of(each) for each in SETS},
    "everything": EVERYTHING,
    "pooled": render.merged(render.values_of("production"), POOLED),
}
every_case = pytest.mark.parametrize("case", CASES)


@cache
def rendered(case: str) -> tuple[Document, ...]:
    """Return the objects of a case; not to be changed."""
    return tuple(render.render(CASES[case]))


def one(documents: tuple[Document, ...], kind: str, name: str) -> Document:
    """Return the object of this kind and name."""
    found = [each for each in documents if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    assert len(found) == 1, f"{kind} {name}: {len(found)} found"
    return found[0]


def has(documents: tuple[Document, ...], kind: str, name: str) -> bool:
    """Tell whether there is such an object."""
    return any((each["kind"], each["metadata"]["name"]) == (kind, name) for each in documents)


def pods(documents: tuple[Document, ...]) -> Iterator[tuple[str, Document, Document]]:
    """Yield name, metadata and specification of every pod template."""
    for each in documents:
        template = each.get("spec", {}).get("template")
        if template is not None:
            yield (
                f"{each['kind']}/{each['metadata']['name']}",
                template["metadata"],
                template["spec"],
            )


def containers(pod: Document) -> list[Document]:
    """Return the containers of a pod, those that run first included."""
    return [*pod.get("initContainers", []), *pod["containers"]]


def ours(pod: Document) -> list[Document]:
    """Return the containers of a pod that run our image."""
    return [each for each in containers(pod) if "/central-config:" in "/" + each["image"]]


def literals(container: Document) -> dict[str, str]:
    """Return the variables of a container whose values stand in the manifest."""
    return {each["name"]: each["value"] for each in container.get("env", []) if "value" in each}


def text_of(path: Path) -> str:
    """Return a file's text."""
    return path.read_text(encoding="utf-8")
