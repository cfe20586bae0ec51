"""How long answers took: from Prometheus where there is one, else from this machine's API."""

import math
from collections.abc import Sequence
from typing import Any

import httpx2
from prometheus_client.parser import text_string_to_metric_families

_PATIENCE = 10.0  # seconds
_METRIC = "http_request_duration_seconds"
# As the recorded series have it: probes make a service look quick, and long polls wait on purpose.
_NOT_COUNTED = ("/health", "/api/v1/watch/")
_QUERY = (
    "histogram_quantile({share}, sum by (le) (rate(http_request_duration_seconds_bucket"
    '{{job="central-config",route!~"/health.*|/api/v1/watch/.*"}}[{span}])))'
)


class NoAnswerError(Exception):
    """Nobody told how long answers took; the text says why."""


async def from_prometheus(url: str, shares: Sequence[float], span: str) -> list[float | None]:
    """Return percentiles over a span (`7d`), over all routes and instances; None: no traffic.

    Raises:
        NoAnswerError: Prometheus does not answer, or refuses.
    """
    found: list[float | None] = []
    try:
        async with httpx2.AsyncClient(timeout=_PATIENCE, trust_env=False) as client:
            for share in shares:
                # As a parameter, encoded: in an address as it is, braces and quotes are eaten.
                params = {"query": _QUERY.format(share=share, span=span)}
                answer = await client.get(f"{url.rstrip('/')}/api/v1/query", params=params)
                found.append(_value(answer))
    except httpx2.HTTPError as error:
        raise NoAnswerError(f"Prometheus does not answer ({type(error).__name__})") from error
    return found


def _value(answer: httpx2.Response) -> float | None:
    try:
        document: Any = answer.json()
    except ValueError:
        raise NoAnswerError(f"Prometheus answers {answer.status_code}, no JSON") from None
    if answer.is_error or document.get("status") != "success":
        raise NoAnswerError(f"Prometheus refuses: {document.get('error', answer.status_code)}")
    result = document["data"]["result"]
    value = float(result[0]["value"][1]) if result else math.nan
    return None if math.isnan(value) else value


async def histogram(url: str) -> dict[float, float]:
    """Return the observations up to each bound, over all routes, since that process began.

    Raises:
        NoAnswerError: nothing answers there.
    """
    try:
        async with httpx2.AsyncClient(timeout=_PATIENCE, trust_env=False) as client:
            answer = await client.get(url)
            answer.raise_for_status()
    except httpx2.HTTPError as error:
        raise NoAnswerError(f"no metrics on this machine ({type(error).__name__})") from error
    found: dict[float, float] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples if family.name == _METRIC else ():
            if sample.name.endswith("_bucket") and not _left_out(sample.labels["route"]):
                bound = float(sample.labels["le"])
                found[bound] = found.get(bound, 0.0) + sample.value
    return found


def _left_out(route: str) -> bool:
    return route.startswith(_NOT_COUNTED)
