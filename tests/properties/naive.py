"""The domain as plainly as it can be said: whole copies, no caches, everything worked out anew.

Written from the words of the domain, not from the service, and slow on purpose.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

REFERENCE = "reference"


class RefusedError(Exception):
    """The domain says no; `code` is the problem's, or `reference` for any fault of references."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Held(NamedTuple):
    """What an environment itself holds for a key; status `removed` is a memory of it."""

    value: Any
    status: str
    version: int
    revision: int


class Wanted(NamedTuple):
    """An edit. `home` is which incarnation of the environment it was meant for."""

    environment: str
    home: int
    key: str
    action: str
    value: Any = None
    status: str | None = None
    secret: bool = False


@dataclass
class Picture:
    """Everything at one revision."""

    parents: dict[str, str | None] = field(default_factory=dict)
    homes: dict[str, int] = field(default_factory=dict)
    cells: dict[str, dict[str, Held]] = field(default_factory=dict)

    def copy(self) -> "Picture":
        cells = {environment: dict(held) for environment, held in self.cells.items()}
        return Picture(dict(self.parents), dict(self.homes), cells)

    def line(self, environment: str | None) -> Iterator[str]:
        while environment is not None:
            yield environment
            environment = self.parents[environment]

    def supplier(self, environment: str, key: str) -> Held | None:
        for place in self.line(environment):
            held = self.cells[place].get(key)
            if held is not None and held.status != "removed":
                return None if held.status == "archived" else held
        return None

    def touched(self, environment: str, key: str) -> int:
        last = 0
        for place in self.line(environment):
            held = self.cells[place].get(key)
            if held is not None:
                last = max(last, held.revision)
                if held.status != "removed":
                    break
        return last

    def resolve(
        self, environment: str, key: str, secrets: set[str], trail: tuple[Any, ...] = ()
    ) -> tuple[Any, str, bool] | None:
        held = self.supplier(environment, key)
        if held is None:
            return None
        if (environment, key) in trail:
            raise RefusedError(REFERENCE)
        secret = [key in secrets]

        def follow(inner: str) -> Any:
            place, target = environment, inner
            if inner.startswith("env:"):
                place, target = inner[4:].split("/", 1)
            if place not in self.parents:
                raise RefusedError(REFERENCE)
            found = self.resolve(place, target, secrets, (*trail, (environment, key)))
            if found is None:
                raise RefusedError(REFERENCE)
            secret.append(found[2])
            return found[0]

        return expand(held.value, follow), held.status, any(secret)

    def served(self, environment: str, secrets: set[str]) -> dict[str, tuple[Any, str, bool]]:
        keys = {key for place in self.line(environment) for key in self.cells[place]}
        found = {key: self.resolve(environment, key, secrets) for key in sorted(keys)}
        return {key: served for key, served in found.items() if served is not None}

    def check(self) -> None:
        for environment in self.parents:
            self.served(environment, set())


def expand(value: Any, follow: Any) -> Any:
    """Return the value with its references followed."""
    if isinstance(value, list):
        return [expand(each, follow) for each in value]
    if isinstance(value, dict):
        return {name: expand(each, follow) for name, each in value.items()}
    return expand_text(value, follow) if isinstance(value, str) else value


def expand_text(text: str, follow: Any) -> Any:
    written, rest = "", text
    while "${" in rest:
        before, _, after = rest.partition("${")
        if before.endswith("$"):
            written, rest = written + before[:-1] + "${", after
            continue
        inner, _, rest = after.partition("}")
        found = follow(inner)
        if not (written or before or rest):
            return found
        if found is None or isinstance(found, list | dict):
            raise RefusedError(REFERENCE)
        written += before + (found if isinstance(found, str) else json.dumps(found))
    return written + rest


class World:
    """A workspace with all its past."""

    def __init__(self) -> None:
        self.revision = 0
        self.oldest = 0
        self.now = Picture()
        self.past: dict[int, Picture] = {0: Picture()}
        self.secrets: set[str] = set()
        self.born = 0

    def take(self, picture: Picture) -> None:
        """Make a picture the next revision, if everything in it resolves."""
        picture.check()
        self.revision += 1
        self.now = self.past[self.revision] = picture

    def publish(
        self,
        edits: Sequence[Wanted],
        *,
        since: int | None = None,
        absent: bool = False,
        required: bool = False,
        draft: bool = False,
    ) -> bool:
        """Publish edits; return whether that made a revision."""
        for edit in edits:
            if self.now.homes.get(edit.environment) != edit.home:
                raise RefusedError("environment-not-found")
        self._condition(edits, since, absent=absent, required=required, draft=draft)
        secrets = self.secrets | {
            edit.key for edit in edits if edit.secret and edit.action == "set"
        }
        picture, changed = self.now.copy(), False
        for edit in edits:
            held = self._held(edit, secrets)
            if held is not None:
                picture.cells[edit.environment][edit.key] = held
                changed = True
        if changed:
            self.take(picture)
            self.secrets = secrets
        elif draft:
            raise RefusedError("wrong-state")
        return changed

    def _condition(
        self,
        edits: Sequence[Wanted],
        since: int | None,
        *,
        absent: bool,
        required: bool,
        draft: bool,
    ) -> None:
        for edit in edits:
            held = self.now.cells[edit.environment].get(edit.key)
            served = self.now.supplier(edit.environment, edit.key) is not None
            # An archived value is there too.
            served = served or (held is not None and held.status != "removed")
            if absent and served:
                raise RefusedError("revision-conflict")
            if required and served and since is None:
                raise RefusedError("revision-required")
        last = max(self.now.touched(edit.environment, edit.key) for edit in edits)
        if since is not None and since > self.revision:
            raise RefusedError("revision-conflict")
        if since is not None and last > since:
            raise RefusedError("change-conflict" if draft else "revision-conflict")

    def _held(self, edit: Wanted, secrets: set[str]) -> Held | None:
        old = self.now.cells[edit.environment].get(edit.key)
        version = 1 if old is None else old.version + 1
        own = old if old is not None and old.status != "removed" else None
        if edit.action == "set":
            again = "active" if own is None or own.status == "archived" else own.status
            new = Held(edit.value, edit.status or again, version, self.revision + 1)
        elif own is None:
            raise RefusedError("key-not-found")
        elif edit.action == "remove":
            new = Held(None, "removed", version, self.revision + 1)
        else:
            new = Held(own.value, edit.status or "active", version, self.revision + 1)
        # Nobody learns what a secret is by writing what it may be.
        guess = edit.action == "set" and edit.key in secrets
        if own is not None and not guess and _same(own, new):
            return None
        return new

    def make_secret(self, key: str) -> None:
        """Make a key a secret in all environments and all of its past."""
        if key in self.secrets:
            return
        edits = [
            Wanted(slug, self.now.homes[slug], key, "set", held.value, held.status, secret=True)
            for slug in self.now.parents
            if (held := self.now.cells[slug].get(key)) is not None and held.status != "removed"
        ]
        if edits:
            self.publish(edits)
        else:
            self.take(self.now.copy())
        self.secrets.add(key)

    def roll_back(self, environment: str, to: int, prefix: str) -> bool:
        """Make an environment hold what it held at a revision."""
        if environment not in self.now.parents:
            raise RefusedError("environment-not-found")
        then = self.at(to)
        if environment not in then.parents:
            raise RefusedError("environment-not-found")
        new, old = self.now.cells[environment], then.cells[environment]
        edits: list[Wanted] = []
        for key in sorted(set(new) | set(old)):
            if key.startswith(prefix) and not _alike(new.get(key), old.get(key)):
                home, held = self.now.homes[environment], old.get(key)
                if held is None or held.status == "removed":
                    edits.append(Wanted(environment, home, key, "remove"))
                else:
                    edits.append(Wanted(environment, home, key, "set", held.value, held.status))
        return bool(edits) and self.publish(edits)

    def at(self, revision: int) -> Picture:
        """Return the past."""
        if revision < self.oldest:
            raise RefusedError("revision-compacted")
        return self.past[revision]

    def compact(self, before: int) -> None:
        """Forget the past before a revision."""
        self.at(before)
        self.oldest = before

    def create(self, environment: str, parent: str | None) -> None:
        """Create an environment."""
        if environment in self.now.parents:
            raise RefusedError("already-exists")
        if parent is not None and parent not in self.now.parents:
            raise RefusedError("invalid-request")
        picture = self.now.copy()
        self.born += 1
        picture.parents[environment] = parent
        picture.homes[environment] = self.born
        picture.cells[environment] = {}
        self.take(picture)

    def move(self, environment: str, parent: str | None) -> bool:
        """Give an environment another parent; return whether that made a revision."""
        if environment not in self.now.parents:
            raise RefusedError("environment-not-found")
        if parent is not None and (
            parent not in self.now.parents or environment in self.now.line(parent)
        ):
            raise RefusedError("invalid-request")
        if self.now.parents[environment] == parent:
            return False
        picture = self.now.copy()
        picture.parents[environment] = parent
        self.take(picture)
        return True

    def delete(self, environment: str) -> None:
        """Delete an environment nobody inherits from or refers to."""
        if environment not in self.now.parents:
            raise RefusedError("environment-not-found")
        if environment in self.now.parents.values():
            raise RefusedError("in-use")
        picture = self.now.copy()
        for part in (picture.parents, picture.homes, picture.cells):
            del part[environment]
        try:
            self.take(picture)
        except RefusedError:
            raise RefusedError("in-use") from None


def _same(own: Held, new: Held) -> bool:
    return json.dumps(own.value) == json.dumps(new.value) and own.status == new.status


def _alike(new: Held | None, old: Held | None) -> bool:
    absent = {side: held is None or held.status == "removed" for side, held in ((0, new), (1, old))}
    if absent[0] or absent[1]:
        return absent[0] and absent[1]
    return new is not None and old is not None and _same(old, new)
