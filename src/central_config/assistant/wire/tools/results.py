"""What the tools answer: small, masked, and saying how to get the rest."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, Field

from central_config.assistant.model.showing import LARGEST_ANSWER, NOTICE, Room, say, show
from central_config.configurations.model.cells import Served
from central_config.configurations.model.differences import Difference
from central_config.configurations.service.history import Explanation, Followed, Layer
from central_config.core.json import decode
from central_config.secrets.model import MASK

Item = TypeVar("Item", bound=BaseModel)

CUT = "Characters of the whole value, where only the beginning of its JSON text is shown"
CURSOR = "Pass it as `cursor` for the rest; null: that was all"

# References told of one value.
_MOST_REFERENCES = 20
# Of a value that is one of many in an answer (characters of JSON).
_LONGEST_OF_MANY = 400


class ToolAnswer(BaseModel):
    """What every answer begins with."""

    notice: str = Field(default=NOTICE, description="How to take the rest")
    workspace: str


class Value(BaseModel):
    """A value, or its beginning, or the mask of a secret."""

    value: Any = None
    secret: bool = Field(default=False, description="The value is masked")
    cut: int | None = Field(default=None, description=CUT)


def masked(body: bytes, *, secret: bool, longest: int | None = None) -> dict[str, Any]:
    """Return the members of `Value` for a stored value; absent (b"") is null."""
    if secret:
        return {"value": MASK, "secret": True}
    if not body:
        return {}
    shown = show(decode(body)) if longest is None else show(decode(body), longest)
    return {"value": shown.value, "cut": shown.cut}


def fitting(items: Iterable[Item], characters: int = LARGEST_ANSWER) -> list[Item]:
    """Return the first items that an answer has room for."""
    room = Room(characters)
    found: list[Item] = []
    for each in items:
        if not room.takes(len(each.model_dump_json())):
            break
        found.append(each)
    return found


class Hit(Value):
    """A configuration that holds the words."""

    environment: str
    key: str
    where: str = Field(description="key, description or value: what holds the words")

    @classmethod
    def of(cls, environment: str, key: str, where: str, served: Served) -> "Hit":
        """Return the hit as it is shown."""
        told = masked(served.body, secret=served.secret, longest=_LONGEST_OF_MANY)
        return cls(environment=environment, key=key, where=where, **told)


class Hits(ToolAnswer):
    """What a search found, by key."""

    environments: list[str] = Field(description="All environments there are")
    items: list[Hit]
    next_cursor: str | None = Field(description=CURSOR)


class Config(Value):
    """A configuration as an environment serves it, references resolved."""

    key: str
    status: str = Field(description="active or deprecated")
    origin: str = Field(description="The environment that supplies the value")
    version: int
    revision: int = Field(description="The revision that last changed it")

    @classmethod
    def of(cls, key: str, served: Served, origin: str) -> "Config":
        """Return the configuration as it is shown."""
        cell = served.cell
        return cls(
            key=key,
            status=cell.status,
            origin=origin,
            version=cell.version,
            revision=cell.revision,
            **masked(served.body, secret=served.secret),
        )


class Configs(ToolAnswer):
    """What an environment serves, by key."""

    environment: str
    revision: int = Field(description="The workspace's revision this is true of")
    items: list[Config]
    next_cursor: str | None = Field(description=CURSOR)


class Side(BaseModel):
    """One side of a comparison."""

    environment: str
    revision: int


class Differing(BaseModel):
    """A key that the two sides do not serve alike."""

    key: str
    kind: str = Field(description="added, removed or changed, from left to right")
    before: Value = Field(description="On the left")
    after: Value = Field(description="On the right")

    @classmethod
    def of(cls, found: Difference) -> "Differing":
        """Return the difference as it is shown; a secret on either side masks both."""
        before, after = (
            Value(**({} if side is None else masked(side.body, secret=found.secret)))
            for side in (found.before, found.after)
        )
        return cls(key=found.key, kind=found.kind, before=before, after=after)


class Differences(ToolAnswer):
    """What differs, by key."""

    left: Side
    right: Side
    total: int = Field(description="Keys that differ, shown here or not")
    items: list[Differing]
    next_cursor: str | None = Field(description=CURSOR)


class LayerTold(Value):
    """What one environment itself says of the key, as written."""

    environment: str
    status: str
    supplies: bool = Field(description="Whether this is the one that counts")
    hidden: bool = Field(description="The scope of the API key does not hold this environment")
    revision: int
    published_at: datetime | None
    author: str | None
    message: str | None

    @classmethod
    def of(cls, layer: Layer) -> "LayerTold":
        """Return the layer as it is shown."""
        cell, origin = layer.cell, layer.origin
        told = {} if layer.hidden else masked(cell.body, secret=bool(cell.body) and cell.secret)
        return cls(
            environment=layer.environment,
            status=cell.status,
            supplies=layer.supplies,
            hidden=layer.hidden,
            revision=cell.revision,
            published_at=None if origin is None else origin.published_at,
            author=None if origin is None else say(origin.author),
            message=None if origin is None else say(origin.message),
            **told,
        )


class ReferenceTold(Value):
    """A reference in the value, and what it led to."""

    reference: str
    environment: str
    key: str

    @classmethod
    def of(cls, found: Followed) -> "ReferenceTold":
        """Return the reference as it is shown."""
        told = masked(found.served.body, secret=found.served.secret, longest=_LONGEST_OF_MANY)
        return cls(reference=found.written, environment=found.environment, key=found.key, **told)


class Explained(ToolAnswer, Value):
    """Why an environment serves what it serves for a key."""

    environment: str
    key: str
    description: str
    served: bool
    origin: str | None = Field(description="The environment that supplies the value")
    layers: list[LayerTold] = Field(description="From the environment itself upwards")
    references: list[ReferenceTold]

    @classmethod
    def of(cls, workspace: str, found: Explanation) -> "Explained":
        """Return the explanation as it is shown."""
        served = found.served
        told = {} if served is None else masked(served.body, secret=served.secret)
        return cls(
            workspace=workspace,
            environment=found.environment.slug,
            key=found.key,
            description=say(found.description),
            served=served is not None,
            origin=None if served is None else found.state.topology.slug(served.origin),
            layers=fitting(LayerTold.of(each) for each in found.layers),
            references=[ReferenceTold.of(each) for each in found.references[:_MOST_REFERENCES]],
            **told,
        )
