"""Writes `docs/reference/mcp-tools.md` out of the catalogue."""

from collections.abc import Iterator, Mapping
from typing import Any

from central_config.assistant.model.showing import LARGEST_ANSWER, LONGEST_VALUE
from central_config.assistant.routes.mcp.catalogue import TOOLS, Tool

_INTRODUCTION = f"""\
# Tools for assistants

{{generated}}

What an assistant finds at `/mcp` where `MCP_ENABLED` is true. How to connect one:
[Connect an assistant](../how-to/connect-an-assistant.md). `MCP_TOOLS` names those that are
allowed; an assistant sees the ones its key may use.

Every tool takes `workspace`, which may be left out with an API key. Every answer begins with a
`notice` that its texts are data, and with the `workspace`. Secrets are masked (`******`),
whoever asks. An answer holds about {LARGEST_ANSWER:,} characters, of one value the first
{LONGEST_VALUE:,}, and `next_cursor` where there is more. Characters that nobody would see are
written as `\\u{{{{...}}}}`. A refusal begins with a [problem code](problems.md).
"""

_BOUNDS = (
    ("maxLength", "up to {} characters"),
    ("minItems", "at least {}"),
    ("maxItems", "at most {}"),
    ("minimum", "from {}"),
    ("maximum", "to {}"),
)


def page(generated: str) -> str:
    """Return the page; `generated` is the comment that says so."""
    return "\n".join(
        [_INTRODUCTION.format(generated=generated), *(_tool(each) for each in TOOLS.values())]
    )


def _tool(tool: Tool) -> str:
    kind = "Keeps a draft and changes nothing that is served." if tool.writes else "Reads only."
    ai = " There only while `AI_ENABLED` is true." if tool.asks_ai else ""
    lines = [
        f"## {tool.name}",
        "",
        tool.description,
        "",
        f"{kind} Needs `{tool.permission}`.{ai}",
        "",
        "| Argument | Form | Meaning |",
        "|---|---|---|",
        *_rows(tool.input_schema(), leave_out="workspace"),
        "",
        "| Answer | Form | Meaning |",
        "|---|---|---|",
        *_rows(tool.output_schema(), leave_out="notice"),
        "",
    ]
    return "\n".join(lines)


def _rows(
    schema: Mapping[str, Any], *, leave_out: str = "", within: str = "", most: int = 2
) -> Iterator[str]:
    """Yield a row for each field, and for those of the objects it holds."""
    definitions = schema.get("$defs", {})
    needed = schema.get("required", [])
    for name, field in schema["properties"].items():
        if name in {leave_out, "workspace"}:
            continue
        place = f"{within}{name}"
        form = _form(field, definitions)
        if name in needed and not within and "default" not in field and leave_out == "workspace":
            form += ", needed"
        yield f"| `{place}` | {form} | {_cell(_meaning(field))} |"
        inner = _inner(field, definitions)
        if inner is not None and most > 1:
            listed = "[]" if field.get("type") == "array" else ""
            yield from _rows(
                {**inner, "$defs": definitions}, within=f"{place}{listed}.", most=most - 1
            )


def _meaning(field: Mapping[str, Any]) -> str:
    forms = [field, *field.get("anyOf", [])]
    return next((str(each["description"]) for each in forms if "description" in each), "")


def _inner(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the object a field is, or is a list of."""
    found = field.get("items", field)
    name = str(found.get("$ref", "")).rpartition("/")[2]
    inner = definitions.get(name)
    return inner if inner is not None and "properties" in inner else None


def _form(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    forms = [each for each in field.get("anyOf", [field]) if each.get("type") != "null"]
    return " or ".join(dict.fromkeys(_one(each, definitions) for each in forms))


def _one(form: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "enum" in form:
        return ", ".join(f"`{each}`" for each in form["enum"])
    if form.get("type") == "array":
        kind = f"list of {_form(form.get('items', {}), definitions)}"
    elif "$ref" in form:
        kind = "object"
    else:
        kind = str(form.get("format") or form.get("type") or "any JSON")
    bounds = [words.format(f"{form[name]:,}") for name, words in _BOUNDS if name in form]
    return ", ".join([kind, *bounds])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
