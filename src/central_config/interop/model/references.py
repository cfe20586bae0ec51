"""`${...}` in imported text: a reference here, a placeholder where it came from."""

from central_config.core.json import JSON


def escape(value: JSON) -> tuple[JSON, int]:
    """Return the value with every `${` written as `$${`, and how many there were.

    Text at any depth is treated, names of members are not: only text can hold references.
    `$${` in the file becomes `$$${`, which reads back as the `$${` it was.
    """
    if isinstance(value, str):
        count = value.count("${")
        return (value.replace("${", "$${"), count) if count else (value, 0)
    if isinstance(value, list):
        pairs = [escape(item) for item in value]
        return [item for item, _ in pairs], sum(count for _, count in pairs)
    if isinstance(value, dict):
        members = {name: escape(item) for name, item in value.items()}
        total = sum(count for _, count in members.values())
        return {name: item for name, (item, _) in members.items()}, total
    return value, 0
