"""A long poll ends when its credentials do."""

import threading
import time
from typing import Any

import pytest

from tests.support.api import ApiProcess, Workspace


def _revoke_last_key(workspace: Workspace) -> None:
    keys = workspace.admin.ok("GET", "/keys", params={"workspace": workspace.slug})["items"]
    workspace.admin.ok("DELETE", f"/keys/{keys[0]['id']}")


@pytest.mark.parametrize("published", [True, False])
def test_a_revoked_key_hears_nothing_more(
    server: ApiProcess, workspace: Workspace, *, published: bool
) -> None:
    workspace.admin.put(workspace.place("base", "a"), 0)
    client = server.with_token(workspace.key())
    answers: list[Any] = []
    params = {"revision": workspace.revision(), "wait": 20}

    def poll() -> None:
        answers.append(client.get(f"/watch/{workspace.place('base')}", params=params))

    waiting = threading.Thread(target=poll)
    waiting.start()
    time.sleep(0.5)
    began = time.monotonic()
    _revoke_last_key(workspace)
    if published:
        workspace.admin.put(workspace.place("base", "a"), "too late")
    waiting.join()
    client.close()
    # Refused; as one of too many, where other tests have come with wrong tokens just before.
    assert answers[0].status_code in {401, 429}
    assert "too late" not in answers[0].text
    assert time.monotonic() - began < 6


def test_a_long_poll_answers_what_happens_after_a_while(
    server: ApiProcess, workspace: Workspace
) -> None:
    client = server.with_token(workspace.key())
    revision = workspace.revision()
    later = threading.Timer(4.5, workspace.admin.put, [workspace.place("base", "a"), 1])
    later.start()
    found = client.ok(
        "GET", f"/watch/{workspace.place('base')}", params={"revision": revision, "wait": 10}
    )
    later.join()
    client.close()
    assert found["revision"] == revision + 1
    assert found["events"][0]["changes"][0]["value"] == 1
