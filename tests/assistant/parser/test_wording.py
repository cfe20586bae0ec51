"""Plans in plain sentences."""

import msgspec
import pytest

from central_config.assistant.model.plans import Plan, unsupported
from central_config.assistant.model.wording import sentence


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        (
            {"intent": "find", "key": "app/db/host", "environments": ["prod"]},
            "Show configurations in prod of the key app/db/host.",
        ),
        ({"intent": "find", "secret": True, "count": True}, "Count secrets in every environment."),
        (
            {"intent": "find", "words": ["db", "host"], "environments": ["dev", "qa", "prod"]},
            "Show configurations in dev, qa and prod of keys that hold “db” and “host”.",
        ),
        (
            {"intent": "find", "value": "5432", "status": "deprecated", "own": True},
            ("Show deprecated configurations in every environment whose value is “5432”"
            " set there itself."),
        ),
        (
            {"intent": "find", "value": "x", "value_is": "contains", "author": "alice"},
            ("Show configurations in every environment whose value contains “x”"
            " last changed by alice."),
        ),
        (
            {
                "intent": "changes", "prefix": "payments/", "author": "bob", "action": "remove",
                "since": "2026-11-01T00:00:00Z", "until": "2026-11-02T09:30:00Z",
            },
            ("Show removals in every environment of keys that begin with payments/ by bob"
            " from 2026-11-01 00:00 UTC until 2026-11-02 09:30 UTC."),
        ),
        (
            {"intent": "changes", "key": "log/level", "limit": 1, "newest": False},
            ("Show changes in every environment of the key log/level the oldest first"
            " and only one."),
        ),
        (
            {"intent": "changes", "since": "2026-11-01T00:00:00Z", "limit": 5},
            "Show changes in every environment since 2026-11-01 00:00 UTC and at most 5.",
        ),
        (
            {"intent": "find", "until": "2026-11-01T00:00:00Z"},
            "Show configurations in every environment last changed before 2026-11-01 00:00 UTC.",
        ),
        (
            {
                "intent": "changes",
                "since": "2026-11-23T12:00:00+02:00", "until": "2026-11-24T00:30:15.5Z",
            },
            ("Show changes in every environment"
            " from 2026-11-23 10:00 UTC until 2026-11-24 00:30:15 UTC."),
        ),
        (
            {"intent": "changes", "since": "yesterday"},
            "Show changes in every environment since yesterday.",
        ),
        (
            {"intent": "compare", "environments": ["staging", "prod"]},
            "Show what differs between staging and prod.",
        ),
        (
            {"intent": "compare", "environments": ["staging", "prod"], "kinds": ["added"]},
            "Show what is in prod only, comparing staging with prod.",
        ),
        (
            {"intent": "compare", "environments": ["a", "b"], "kinds": ["changed", "removed"]},
            "Show what is different or in a only, comparing a with b.",
        ),
        (
            {"intent": "explain", "environments": ["prod"], "key": "cache/ttl"},
            "Explain where cache/ttl gets its value from in prod.",
        ),
        (
            {"intent": "stale", "days": 1, "environments": ["prod"], "secret": False},
            "Show configurations in prod that were not read for 1 day that are not secret.",
        ),
        (
            {"intent": "stale", "days": 90, "idle": "changed", "own": False},
            ("Show configurations in every environment that were not changed for 90 days"
            " inherited from above."),
        ),
    ],
)  # fmt: skip
def test_a_plan_is_one_sentence(plan: dict, text: str) -> None:
    assert sentence(msgspec.convert(plan, Plan)) == text


def test_a_refusal_says_why() -> None:
    told = {sentence(unsupported(reason)) for reason in ("write", "unclear", "outside")}

    assert len(told) == 3
    assert all(text.startswith("Nothing: ") for text in told)
