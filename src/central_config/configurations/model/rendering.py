"""Answers as bytes: values are encoded once, when written, and joined here."""

from collections.abc import Iterable, Iterator

from central_config.configurations.model.cells import DEPRECATED, Served, Site
from central_config.configurations.model.state import WorkspaceState
from central_config.core.json import encode
from central_config.secrets.model import MASK
from central_config.workspaces.model import Environment

MASKED_BODY = encode(MASK)


def shown(served: Served, *, reveal: bool) -> bytes:
    """Return the encoded value, or the mask for a secret that is not to be seen."""
    return served.body if reveal or not served.secret else MASKED_BODY


def head(workspace: str, environment: str, revision: int) -> bytes:
    """Return the beginning of an environment's answer; `environment_body` is the rest."""
    return b'{"workspace":%b,"environment":%b,"revision":%d,' % (
        encode(workspace),
        encode(environment),
        revision,
    )


def environment_body(entries: Iterable[tuple[str, Served]], *, reveal: bool) -> bytes:
    """Return the values of an environment, and which keys are deprecated or masked."""
    members: list[bytes] = []
    deprecated: list[str] = []
    masked: list[str] = []
    for key, served in entries:
        members.append(b"%b:%b" % (encode(key), shown(served, reveal=reveal)))
        if served.cell.status == DEPRECATED:
            deprecated.append(key)
        if served.secret and not reveal:
            masked.append(key)
    return b'"values":{%b},"deprecated":%b,"masked":%b}' % (
        b",".join(members),
        encode(deprecated),
        encode(masked),
    )


def key_body(
    key: str, environment: str, served: Served, origin: str, revision: int, *, reveal: bool
) -> bytes:
    """Return the answer for one key; `revision` is what a conditional write of it needs."""
    masked = served.secret and not reveal
    return (
        b'{"key":%b,"environment":%b,"value":%b,"revision":%d,"version":%d,"status":%b,'
        b'"origin":%b,"secret":%b,"masked":%b}'
    ) % (
        encode(key),
        encode(environment),
        shown(served, reveal=reveal),
        revision,
        served.cell.version,
        encode(served.cell.status),
        encode(origin),
        encode(served.secret),
        encode(masked),
    )


class Renderer:
    """Renders environments and keeps what was rendered until the environment changes."""

    # Different prefixes asked of one workspace; each keeps a whole answer in memory.
    _KEPT = 64

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], tuple[WorkspaceState, int, bytes]] = {}

    def body(
        self, state: WorkspaceState, environment: Environment, prefix: str, *, reveal: bool
    ) -> bytes:
        """Return the values of an environment below a prefix; from memory if nothing changed."""
        modified = state.modified[environment.id]
        place = (state.workspace_id, environment.id, prefix, reveal)
        kept = self._kept.get(place)
        if kept is not None and kept[0] is state and kept[1] == modified:
            return kept[2]
        body = environment_body(state.entries(environment.id, prefix), reveal=reveal)
        self._kept.pop(place, None)
        while len(self._kept) >= self._KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[place] = (state, modified, body)
        return body


def some(
    state: WorkspaceState, environment: Environment, keys: Iterable[str]
) -> Iterator[tuple[str, Served]]:
    """Yield what an environment serves of the named keys; what it does not serve is left out."""
    for key in keys:
        served = state.served(Site(environment.id, key))
        if served is not None:
            yield key, served
