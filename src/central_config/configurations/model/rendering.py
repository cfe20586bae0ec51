"""Answers as bytes: values are encoded once, when written, and joined here."""

from collections.abc import Iterable, Sequence

from central_config.configurations.model.cells import DEPRECATED, Served
from central_config.configurations.model.index import Block, Chunk
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
    return _joined(b"", [_chunk(entries, reveal=reveal)])


def environment_now(
    state: WorkspaceState,
    environment: Environment,
    prefix: str,
    *,
    reveal: bool,
    beginning: bytes = b"",
) -> bytes:
    """Return the whole answer, `beginning` included; renders only what was touched."""
    return _joined(
        beginning,
        [
            _of_block(state, environment, block, reveal=reveal)
            if block.within(prefix)
            else _part_of_block(state, environment, block, prefix, reveal=reveal)
            for block in state.index(environment.id).blocks(prefix)
        ],
    )


def unrendered(
    state: WorkspaceState, environment: Environment, prefix: str, *, reveal: bool
) -> list[Block]:
    """Return the blocks that `environment_now` would have to render."""
    blocks = state.index(environment.id).blocks(prefix)
    return [each for each in blocks if reveal not in each.rendered and each.within(prefix)]


def render_block(
    state: WorkspaceState, environment: Environment, block: Block, *, reveal: bool
) -> None:
    """Render one block ahead of its use."""
    _of_block(state, environment, block, reveal=reveal)


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


def _of_block(
    state: WorkspaceState, environment: Environment, block: Block, *, reveal: bool
) -> Chunk:
    chunk = block.rendered.get(reveal)
    if chunk is None:
        chunk = _chunk(state.some(environment.id, block.keys), reveal=reveal)
        block.rendered[reveal] = chunk
    return chunk


def _part_of_block(
    state: WorkspaceState, environment: Environment, block: Block, prefix: str, *, reveal: bool
) -> Chunk:
    keys = [key for key in block.keys if key.startswith(prefix)]
    return _chunk(state.some(environment.id, keys), reveal=reveal)


def _chunk(entries: Iterable[tuple[str, Served]], *, reveal: bool) -> Chunk:
    members: list[bytes] = []
    deprecated: list[str] = []
    masked: list[str] = []
    for key, served in entries:
        members.append(b"%b:%b" % (encode(key), shown(served, reveal=reveal)))
        if served.cell.status == DEPRECATED:
            deprecated.append(key)
        if served.secret and not reveal:
            masked.append(key)
    return Chunk(b",".join(members), tuple(deprecated), tuple(masked))


def _joined(beginning: bytes, chunks: Sequence[Chunk]) -> bytes:
    # One join, since a large environment takes megabytes.
    parts = [beginning, b'"values":{']
    for chunk in chunks:
        if chunk.members:
            parts += (chunk.members, b",")
    if len(parts) > 2:  # noqa: PLR2004 - the comma after the last
        parts.pop()
    parts += (
        b'},"deprecated":',
        encode([key for chunk in chunks for key in chunk.deprecated]),
        b',"masked":',
        encode([key for chunk in chunks for key in chunk.masked]),
        b"}",
    )
    return b"".join(parts)
