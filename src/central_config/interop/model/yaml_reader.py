"""Reading YAML: libyaml's events, composed here.

libyaml knows the grammar and is fast; composing by hand is what gives us the 1.2 core schema, lines
for every name, duplicate detection, and bounds on what anchors may expand to.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias, cast

import yaml
from yaml import CSafeLoader
from yaml.reader import ReaderError

from central_config.core.json import JSON
from central_config.interop.model import yaml_refusals as refusals
from central_config.interop.model.scalars import NotJson, resolve
from central_config.interop.model.terms import MAX_DEPTH, Arrays, ParseError, Reading, Remark
from central_config.interop.model.tree import leaves, too_deep
from central_config.interop.model.yaml_refusals import TAG

_CONTAINER_TAGS: Final = {None, "!", TAG + "map", TAG + "seq"}
_SCALAR_TYPES: Final[dict[str, tuple[type, ...]]] = {
    TAG + "null": (type(None),),
    TAG + "bool": (bool,),
    TAG + "int": (int,),
    TAG + "float": (float, int),
}
_MERGE: Final = "<<"

_Parse: TypeAlias = Callable[[str, type[CSafeLoader]], Iterator[yaml.Event]]
Container: TypeAlias = "dict[str, JSON] | list[JSON]"


class Document(NamedTuple):
    """One document of a file: its content, its first line, and remarks about plain scalars."""

    content: JSON
    line: int
    remarks: list[Remark]


class _Anchored(NamedTuple):
    """What an anchor stands for, with its expanded weight and how deep it is nested."""

    value: JSON
    weight: int
    height: int


class _Frame:
    """A map or list that is being read."""

    __slots__ = (
        "anchor", "height", "key", "lines", "merge_line", "merges", "merging", "node", "start",
        "weight_before",
    )  # fmt: skip

    def __init__(self, node: Container, anchor: str | None, start: int, weight_before: int) -> None:
        self.node = node
        self.anchor = anchor
        self.start = start
        self.weight_before = weight_before
        self.height = 0
        self.key: str | None = None  # of a map: the name whose value comes next
        self.lines: dict[str, int] = {}
        self.merging = False  # the value that comes next is that of `<<`
        self.merge_line: int | None = None
        self.merges: list[dict[str, JSON]] = []


def read(text: str, arrays: Arrays) -> Reading:
    """Return what one YAML document holds.

    Raises:
        ParseError: it is no YAML, holds several documents, or means what JSON cannot say.
    """
    composer = Composer(text, arrays)
    document = composer.single()
    if document is None:
        return Reading(())
    return Reading(leaves(document.content, arrays=arrays, lines=composer.lines), document.remarks)


class Composer:
    """Makes JSON values of the events of a file.

    Attributes:
        lines: by `id` of a map, the line of each of its names.
    """

    def __init__(self, text: str, arrays: Arrays = "whole") -> None:
        self.lines: dict[int, dict[str, int]] = {}
        self._text = text
        self._arrays = arrays
        # Without aliases the weight of a document is below twice its length, so this never
        # refuses what is merely large.
        self._max_weight = 10 * len(text) + 1_000_000
        self._reset()

    def _reset(self) -> None:
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._weight = 0
        self._root: JSON = None
        self._remarks: list[Remark] = []

    def single(self) -> Document | None:
        """Return the only document that holds anything, or None if there is none.

        Raises:
            ParseError: see `read`.
        """
        documents = [one for one in self._documents() if one.content is not None]
        if len(documents) > 1:
            raise refusals.several([(one.content, one.line) for one in documents])
        return documents[0] if documents else None

    def _documents(self) -> list[Document]:
        documents: list[Document] = []
        line = 1
        try:
            for event in _events(self._text):
                if isinstance(event, yaml.DocumentStartEvent):
                    line = _line(event)
                    self._reset()
                elif isinstance(event, yaml.DocumentEndEvent):
                    documents.append(Document(self._root, line, self._remarks))
                else:
                    self._take(event)
        except ReaderError as error:
            raise refusals.unreadable(error, self._text) from None
        except yaml.MarkedYAMLError as error:
            raise refusals.malformed(error, self._text) from None
        except UnicodeEncodeError:
            raise ParseError("The text holds half a surrogate pair.") from None
        return documents

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._open({}, event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._open([], event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)

    # -- scalars

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        text = cast("str", event.value)
        frame = self._stack[-1] if self._stack else None
        self._grow(len(text) + 1, event)
        if frame is not None and frame.key is None and isinstance(frame.node, dict):
            self._name(frame, frame.node, text, event)
            return
        value = self._value(text, event)
        self._anchor(event.anchor, _Anchored(value, len(text) + 1, 0))
        self._add(value, 0)

    def _name(
        self, frame: _Frame, node: dict[str, JSON], text: str, event: yaml.ScalarEvent
    ) -> None:
        line = _line(event)
        plain = not event.style and event.tag is None
        if plain and text == _MERGE:
            if frame.merge_line is not None:
                raise ParseError("`<<` occurs twice in one map; give it a list.", line)
            frame.key, frame.merging, frame.merge_line = text, True, line
            return
        if text in node:
            raise ParseError(
                f"`{text[:100]}` occurs twice in one map, on lines {frame.lines[text]} and {line}.",
                line,
            )
        frame.key = text
        frame.lines[text] = line
        if plain and len(text) <= 3:  # noqa: PLR2004 - the longest of the ambiguous words is `yes`
            self._remark(text, line, what="The name is kept as text.")
        self._anchor(event.anchor, _Anchored(text, len(text) + 1, 0))

    def _value(self, text: str, event: yaml.ScalarEvent) -> JSON:
        if event.tag is None:
            return text if event.style else self._remark(text, _line(event), what="")
        if event.tag in {"!", TAG + "str"}:
            return text
        types = _SCALAR_TYPES.get(event.tag)
        if types is None:
            raise refusals.tag(event.tag, _line(event))
        value = self._remark(text, _line(event), what="")
        if type(value) not in types:
            name = event.tag.removeprefix(TAG)
            raise ParseError(f"What is tagged `!!{name}` is none.", _line(event))
        return float(value) if event.tag == TAG + "float" and isinstance(value, int) else value

    def _remark(self, text: str, line: int, *, what: str) -> JSON:
        """Resolve a plain scalar and remember it where the YAML versions disagree."""
        try:
            scalar = resolve(text)
        except NotJson as error:
            raise ParseError(str(error), line) from None
        if scalar.code is not None and (not what or scalar.code == "yaml-ambiguous-word"):
            kept = "text" if isinstance(scalar.value, str) else "a number"
            outcome = what or f"kept as {kept}; quote it, or write the value that is meant."
            detail = f"{scalar.detail}: {outcome}"
            self._remarks.append(Remark(scalar.code, self._path(), line, detail))
        return scalar.value

    def _path(self) -> tuple[str, ...]:
        """Return the path of the value that is being read, down to what becomes one key."""
        names: list[str] = []
        for frame in self._stack:
            if isinstance(frame.node, dict):
                names.append(frame.key or "")
            elif self._arrays == "whole":
                break
            else:
                names.append(str(len(frame.node)))
        return tuple(names)

    # -- maps, lists, aliases

    def _open(
        self, node: Container, event: yaml.MappingStartEvent | yaml.SequenceStartEvent
    ) -> None:
        line = _line(event)
        if event.tag not in _CONTAINER_TAGS:
            raise refusals.tag(event.tag, line)
        if len(self._stack) >= MAX_DEPTH:
            raise too_deep(line)
        self._refuse_as_name(event)
        before = self._weight
        self._grow(1, event)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._stack.append(_Frame(node, event.anchor, line, before))

    def _close(self) -> None:
        frame = self._stack.pop()
        if isinstance(frame.node, dict):
            for source in frame.merges:
                lines = self.lines.get(id(source), {})
                for name, value in source.items():
                    if name not in frame.node:
                        frame.node[name] = value
                        frame.lines[name] = lines.get(name, frame.start)
            self.lines[id(frame.node)] = frame.lines
        weight = self._weight - frame.weight_before
        self._anchor(frame.anchor, _Anchored(frame.node, weight, frame.height + 1))
        self._add(frame.node, frame.height + 1)

    def _alias(self, event: yaml.AliasEvent) -> None:
        line = _line(event)
        self._refuse_as_name(event)
        name = cast("str", event.anchor)
        if name not in self._anchors:
            raise ParseError(f"`*{name}` refers to an anchor that is not defined above it.", line)
        target = self._anchors[name]
        if target is None:
            raise ParseError(f"`*{name}` stands inside what it refers to.", line)
        if len(self._stack) + target.height > MAX_DEPTH:
            raise too_deep(line)
        self._grow(target.weight, event)
        self._add(target.value, target.height)

    def _add(self, value: JSON, height: int) -> None:
        if not self._stack:
            self._root = value
            return
        frame = self._stack[-1]
        frame.height = max(frame.height, height)
        if isinstance(frame.node, list):
            frame.node.append(value)
            return
        name, frame.key = cast("str", frame.key), None
        if frame.merging:
            frame.merging = False
            frame.merges = _merged(value, frame.merge_line)
        else:
            frame.node[name] = value

    def _grow(self, weight: int, event: yaml.Event) -> None:
        self._weight += weight
        if self._weight > self._max_weight:
            raise ParseError("The aliases expand to far more than the file holds.", _line(event))

    def _anchor(self, name: str | None, anchored: _Anchored) -> None:
        if name is not None:
            self._anchors[name] = anchored

    def _refuse_as_name(self, event: yaml.Event) -> None:
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.key is None and isinstance(frame.node, dict):
            advice = refusals.template_advice(self._text)
            raise ParseError(
                f"A name must be text, not a map, list or alias.{advice}", _line(event)
            )


def _merged(value: JSON, line: int | None) -> list[dict[str, JSON]]:
    sources = value if isinstance(value, list) else [value]
    maps = [source for source in sources if isinstance(source, dict)]
    if len(maps) != len(sources):
        raise ParseError("`<<` merges maps only.", line)
    return maps


def _events(text: str) -> Iterator[yaml.Event]:
    parse = cast("_Parse", yaml.parse)
    return parse(text, CSafeLoader)


def _line(event: yaml.Event) -> int:
    return cast("int", event.start_mark.line) + 1
