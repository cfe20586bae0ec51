"""Sums up access lines: who asks most, and who is refused."""

from collections import Counter
from collections.abc import Iterable

from central_config.core.json import JSON, decode

# What a refused token, and a refused sign-in, write into the log.
_REFUSALS = ("authentication failed", "invalid credentials")
_ACCESS = "request"


def summarize(lines: Iterable[str], most: int = 10) -> dict[str, JSON]:
    """Return the addresses with most requests and most refusals, and how requests ended.

    Lines that are no JSON objects are counted and left out (`kubectl logs --prefix` adds words).
    """
    requests: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    strange = 0
    for line in lines:
        found = _read(line)
        if found is None:
            strange += bool(line.strip())
            continue
        address, message = str(found.get("client_ip", "unknown")), str(found.get("message", ""))
        if message == _ACCESS:
            requests[address] += 1
            statuses[str(found.get("status", "unknown"))] += 1
        elif any(each in message for each in _REFUSALS):
            refused[address] += 1
            reasons[message] += 1
    return {
        "requests": sum(requests.values()),
        "refusals": sum(refused.values()),
        "not_read": strange,
        "by_status": dict(sorted(statuses.items())),
        "refusals_by_reason": dict(reasons.most_common()),
        "most_requests": _rows(requests, most),
        "most_refusals": _rows(refused, most),
    }


def _rows(counted: Counter[str], most: int) -> list[JSON]:
    return [{"client_ip": name, "count": count} for name, count in counted.most_common(most)]


def _read(line: str) -> dict[str, JSON] | None:
    begin = line.find("{")
    try:
        found = decode(line[begin:]) if begin >= 0 else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
