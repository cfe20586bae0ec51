"""From what a caller asks for to edits that may be stored: form, size, reach."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from central_config.access.model import Caller
from central_config.configurations.model.cells import (
    MAXIMUM_DEPTH,
    MAXIMUM_VALUE,
    SETTABLE_STATUSES,
    Site,
)
from central_config.configurations.model.changes import (
    ACTIONS,
    MAXIMUM_EDITS,
    SET,
    STATUS,
    Edit,
)
from central_config.configurations.model.keys import check_key
from central_config.configurations.model.references import find_references, has_marks
from central_config.configurations.model.state import WorkspaceState
from central_config.core.json import JSON, deeper_than, encode
from central_config.core.pace import STRIDE, Steps, at_once, unhurried
from central_config.core.problems import FieldError, Problem


class Wish(NamedTuple):
    """An edit as a caller asks for it; `value` counts only where `action` is set."""

    environment: str
    key: str
    action: str
    value: JSON = None
    status: str | None = None
    secret: bool = False
    description: str | None = None


def build_edits(
    caller: Caller, state: WorkspaceState, wishes: Sequence[Wish], *, single: bool = False
) -> tuple[Edit, ...]:
    """Return the edits, each in a known environment, well-formed, within the caller's reach.

    `single`: the request was one edit, not a list of them; places in it are named accordingly.

    Raises:
        Problem: the first wish that is wrong, by its place in the list.
    """
    return at_once(_building(caller, state, wishes, single=single))


async def build_many_edits(
    caller: Caller, state: WorkspaceState, wishes: Sequence[Wish], *, single: bool = False
) -> tuple[Edit, ...]:
    """Do the same, giving way to others where there are many."""
    return await unhurried(_building(caller, state, wishes, single=single))


def _building(
    caller: Caller, state: WorkspaceState, wishes: Sequence[Wish], *, single: bool
) -> Steps[tuple[Edit, ...]]:
    if not wishes:
        raise _wrong("/edits", "a change has at least one edit")
    if len(wishes) > MAXIMUM_EDITS:
        raise _wrong("/edits", f"a change has at most {MAXIMUM_EDITS} edits")
    edits: list[Edit] = []
    seen: set[Site] = set()
    for position, wish in enumerate(wishes):
        if position % STRIDE == STRIDE - 1:
            yield
        pointer = "" if single else f"/edits/{position}"
        edit = _build(caller, state, wish, pointer)
        site = Site(edit.environment_id, edit.key)
        if site in seen:
            raise _wrong(f"{pointer}/key", f"{wish.environment}:{wish.key} is edited twice")
        seen.add(site)
        edits.append(edit)
    return tuple(edits)


def _wrong(pointer: str, detail: str) -> Problem:
    return Problem("invalid-request", detail, errors=[FieldError(pointer, detail)])


def _build(caller: Caller, state: WorkspaceState, wish: Wish, pointer: str) -> Edit:
    if wish.action not in ACTIONS:
        raise _wrong(f"{pointer}/action", "an action is set, remove or status")
    if wish.status is not None and wish.status not in SETTABLE_STATUSES:
        raise _wrong(f"{pointer}/status", "a status is active, deprecated or archived")
    if wish.action == STATUS and wish.status is None:
        raise _wrong(f"{pointer}/status", "say which status")
    environment = state.topology.find(wish.environment)
    check_key(wish.key, f"{pointer}/key")
    caller.require_reach(wish.environment, wish.key)
    body = b""
    if wish.action == SET:
        secret = wish.secret or wish.key in state.secret_keys
        body = _encode(wish, f"{pointer}/value", secret=secret)
        if has_marks(body):
            _check_references(caller, state, wish, secret=secret)
    # Only who sets a value says what the key is.
    secret = wish.secret and wish.action == SET
    return Edit(environment.id, wish.key, wish.action, body, wish.status, secret, wish.description)


def _encode(wish: Wish, pointer: str, *, secret: bool) -> bytes:
    if deeper_than(wish.value, MAXIMUM_DEPTH):
        raise _wrong(pointer, f"a value nests at most {MAXIMUM_DEPTH} deep")
    body = encode(wish.value)
    if len(body) > MAXIMUM_VALUE:
        detail = f"the value of {wish.key} has {len(body)} bytes; at most {MAXIMUM_VALUE}"
        raise Problem("value-too-large", detail, errors=[FieldError(pointer, detail)])
    if secret and body == b'"******"':
        raise _wrong(pointer, "this is the mask of a secret, not a value")
    return body


def _check_references(caller: Caller, state: WorkspaceState, wish: Wish, *, secret: bool) -> None:
    """Refuse malformed references, and ways to read what the caller may not.

    A value made of a secret shows that secret to whoever may read the value, so only somebody who
    may see the secret may refer to it.
    """
    try:
        references = find_references(wish.value)
    except Problem as problem:
        raise unquoted(problem) if secret else problem from None
    for reference in references:
        environment = reference.environment or wish.environment
        if environment not in state.topology.by_slug:
            continue  # refused by name when the value is resolved
        caller.require_reach(environment, reference.key)
        served = state.served(Site(state.topology.by_slug[environment].id, reference.key))
        hidden = served is not None and served.secret
        if hidden and not caller.reveals(environment, reference.key):
            detail = f"{environment}:{reference.key} is a secret you may not see"
            raise Problem("permission-denied", detail)


def unquoted(problem: Problem) -> Problem:
    """Return a refusal of a secret's value without the words it quotes from it."""
    detail = "the secret value holds a reference that is malformed or cannot be resolved"
    return Problem(problem.code, detail, errors=[FieldError("/value", detail)])


def scoped(caller: Caller, environment: str, keys: Iterable[str]) -> list[str]:
    """Return the keys that lie in the caller's scope."""
    return [key for key in keys if caller.principal.reaches(environment, key)]
