"""Kubernetes ConfigMaps: manifests in YAML or JSON."""

import re
from collections.abc import Iterator

from central_config.core.json import JSON
from central_config.interop.model import json_text
from central_config.interop.model.flat import as_text, named, untyped
from central_config.interop.model.terms import (
    Arrays,
    Leaf,
    Notice,
    ParseError,
    Reading,
    Remark,
    Rendered,
    Values,
)
from central_config.interop.model.yaml_reader import Composer
from central_config.interop.model.yaml_writer import dump

MAX_BYTES = 1024 * 1024
"""What Kubernetes accepts as data of one ConfigMap."""

_MAX_NAME = 253
_name = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_namespace = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")


def read(text: str, _arrays: Arrays) -> Reading:
    """Return the entries of `data`. A data key, often a file name, is one segment.

    Raises:
        ParseError: it is no manifest of exactly one ConfigMap.
    """
    manifest, lines = _load(text)
    if not isinstance(manifest, dict) or manifest.get("kind") != "ConfigMap":
        raise ParseError(_other_kind(manifest), 1)
    remarks = [_binary(name) for name in _members(manifest, "binaryData")]
    data = _members(manifest, "data")
    known = lines.get(id(manifest.get("data")), {})
    return Reading(list(_leaves(data, known, remarks)), remarks)


def _load(text: str) -> tuple[JSON, dict[int, dict[str, int]]]:
    if text.lstrip().startswith("{"):
        return json_text.load(text), {}
    composer = Composer(text)
    document = composer.single()
    # Remarks about ambiguous words are of no interest: what is not text in `data` is noted anyway.
    return (None if document is None else document.content), composer.lines


def _other_kind(manifest: JSON) -> str:
    kind = manifest.get("kind") if isinstance(manifest, dict) else None
    if kind == "Secret":
        return "The file is a Secret, not a ConfigMap; enter its values as secrets."
    if kind in {"List", "ConfigMapList"}:
        return "The file is a list of objects; import each ConfigMap by itself."
    return "The file is no manifest of a ConfigMap: `kind` is not `ConfigMap`."


def _members(manifest: dict[str, JSON], name: str) -> dict[str, JSON]:
    members = manifest.get(name)
    if members is None:
        return {}
    if not isinstance(members, dict):
        raise ParseError(f"`{name}` must be a map.")
    return members


def _binary(name: str) -> Remark:
    detail = f"`binaryData` is not imported; `{name[:100]}` is left out."
    return Remark("binary-skipped", (name,), None, detail)


def _leaves(data: dict[str, JSON], lines: dict[str, int], remarks: list[Remark]) -> Iterator[Leaf]:
    for name, value in data.items():
        line = lines.get(name)
        if not isinstance(value, str):
            detail = "Kubernetes takes only text here; it is imported with the type it has."
            remarks.append(Remark("configmap-not-text", (name,), line, detail))
        yield Leaf((name,), value, line, None if line else f"data.{name}")


def render(values: Values, name: str, namespace: str | None) -> Rendered:
    """Return a manifest: dots for slashes in names, every value as text.

    Raises:
        ValueError: the name or the namespace is not one Kubernetes accepts.
    """
    if len(name) > _MAX_NAME or not _name.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a Kubernetes object")
    if namespace is not None and not _namespace.fullmatch(namespace):
        raise ValueError(f"{namespace!r} is no name of a Kubernetes namespace")
    notices = untyped(values)
    data = dict(_data(values, notices))
    metadata: dict[str, JSON] = {"name": name}
    if namespace is not None:
        metadata["namespace"] = namespace
    notices += _size(data)
    manifest: JSON = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    return dump(manifest), notices


def _data(values: Values, notices: list[Notice]) -> Iterator[tuple[str, JSON]]:
    for key, name, value in named(values, lambda key: key.replace("/", "."), notices):
        if len(name) > _MAX_NAME or name in {".", ".."} or name.startswith(".."):
            detail = f"`{key}` is left out: Kubernetes accepts no such name in `data`."
            notices.append(Notice("configmap-skipped", key, None, detail))
        else:
            yield name, as_text(value)


def _size(data: dict[str, JSON]) -> list[Notice]:
    size = sum(len(name) + len(str(text).encode()) for name, text in data.items())
    if size <= MAX_BYTES:
        return []
    detail = f"The data has {size} bytes; Kubernetes accepts {MAX_BYTES}. Export parts by prefix."
    return [Notice("configmap-too-large", None, None, detail)]
