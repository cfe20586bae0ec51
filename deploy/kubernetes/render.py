# ruff: noqa: INP001 - a script, not a package
"""Render the chart into deploy/kubernetes, for those who use Kustomize instead of Helm.

`python deploy/kubernetes/render.py` writes; with `--check` it writes nothing and ends with 1 when a
file is not what the chart says. Needs the package helm-python-sdk.

Hooks are Helm's. What is rendered here migrates in front of every API container instead.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python
import yaml

HERE = Path(__file__).parent
CHART = HERE.parent / "helm" / "central-config"
# The sets of values that are published; each lies over the chart's own values.
SETS = {"default": None, "small": "values-small.yaml", "production": "values-production.yaml"}
RELEASE = NAMESPACE = "central-config"
WITHOUT_HELM = {"migrations": {"run": "initContainer"}}
HEAD = "# Rendered by deploy/kubernetes/render.py from deploy/helm/central-config. Do not edit.\n"
HOOK = "helm.sh/hook"

Document = dict[str, Any]


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, and repeats instead of referring back."""

    def ignore_aliases(self, data: object) -> bool:
        """Never refer back: people read and patch this."""
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def values_of(name: str) -> Document:
    """Return what a set says beyond the chart's own values."""
    file = SETS[name]
    return {} if file is None else yaml.safe_load((CHART / file).read_text("utf-8"))


def merged(below: Document, above: Document) -> Document:
    """Return `below` with what `above` says, objects merged, everything else replaced."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        result[key] = merged(old, value) if both else value
    return result


def render(values: Document, *, upgrade: bool = False) -> list[Document]:
    """Return the objects of the chart with these values, in the chart's order.

    Raises:
        helm_python.HelmError: a value the chart refuses, or a fault in a template.
    """
    with helm_python.Chart.load(CHART) as chart:
        files = chart.render(
            values,
            name=RELEASE,
            namespace=NAMESPACE,
            is_install=not upgrade,
            is_upgrade=upgrade,
        )
    manifests = [text for path, text in sorted(files.items()) if path.endswith(".yaml")]
    return [each for text in manifests for each in yaml.safe_load_all(text) if each]


def manifests(name: str) -> str:
    """Return the file of a set."""
    documents = render(merged(values_of(name), WITHOUT_HELM))
    for each in documents:
        _forget_helm(each)
    text = yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, width=110)
    return HEAD + text


def _forget_helm(document: Document) -> None:
    metadata = document["metadata"]
    kept = {k: v for k, v in metadata.get("annotations", {}).items() if not k.startswith(HOOK)}
    metadata.pop("annotations", None)
    if kept:
        metadata["annotations"] = kept
    for labels in _labels(document):
        labels.pop("app.kubernetes.io/managed-by", None)
        labels.pop("helm.sh/chart", None)


def _labels(node: object) -> Iterator[Document]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "labels" and isinstance(value, dict):
                yield value
            else:
                yield from _labels(value)
    elif isinstance(node, list):
        for each in node:
            yield from _labels(each)


def main() -> int:
    """Write or check all sets; return the exit code."""
    stale: list[Path] = []
    for name in SETS:
        path, text = HERE / name / "manifests.yaml", manifests(name)
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(path)
        if "--check" not in sys.argv:
            path.write_text(text, "utf-8")
    for path in stale:
        sys.stdout.write(f"{path}\n")
    return int(bool(stale) and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
