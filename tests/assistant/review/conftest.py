"""A running API with the assistant switched on and its engine away, and workspaces to change."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.api import ApiProcess, Client, Workspace


@pytest.fixture
def shop(modelless: ApiProcess) -> Iterator["Shop"]:
    """A fresh workspace with base <- staging, base <- prod."""
    client = modelless.sign_in()
    yield Shop(client)
    client.close()


class Shop(Workspace):
    """A workspace whose changes are reviewed."""

    def __init__(self, admin: Client) -> None:
        super().__init__(admin)

    def serve(self, environment: str, values: dict[str, Any], **more: Any) -> None:
        """Publish values."""
        for key, value in values.items():
            self.admin.put(self.place(environment, key), value, **more)

    def draft(
        self, environment: str, values: dict[str, Any], message: str = "", **more: Any
    ) -> str:
        """Keep a draft that sets values; return its id."""
        edits = [
            {"environment": environment, "key": key, "value": value, **more}
            for key, value in values.items()
        ]
        body = {"message": message, "edits": edits, "action": "draft"}
        return str(self.admin.ok("POST", f"{self.path}/changes", json=body)["id"])

    def review(self, change: str, client: Client | None = None) -> Any:
        """Return the review of a change."""
        return (client or self.admin).ok("GET", f"{self.path}/changes/{change}/review")

    def of_draft(self, environment: str, values: dict[str, Any], message: str = "") -> Any:
        """Return the review of a new draft."""
        return self.review(self.draft(environment, values, message))


def rules(review: Any) -> dict[str, str]:
    """Return the severity of what was found, by rule."""
    return {finding["rule"]: finding["severity"] for finding in review["findings"]}
