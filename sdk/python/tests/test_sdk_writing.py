"""The API: reads and writes with their conditions, refusals with their classes."""

from collections.abc import Iterator

import pytest
from tests.support.api import ApiProcess, Workspace

from central_config_client import ANY, Client, UnavailableError
from central_config_client.errors import ProblemError
from central_config_client.problems import (
    BY_CODE,
    IdempotencyConflictError,
    InvalidKeyError,
    KeyNotFoundError,
    NotFoundError,
    PermissionDeniedError,
    RevisionConflictError,
    RevisionRequiredError,
)


@pytest.fixture
def client(server: ApiProcess, workspace: Workspace) -> Iterator[Client]:
    with Client(url=server.url, api_key=workspace.key(access="write")) as client:
        yield client


def test_writes_and_reads(client: Client, workspace: Workspace) -> None:
    place = workspace.slug, "staging"
    first = client.put(*place, "app/a b".replace(" ", "-"), {"n": 1}, message="why")
    assert first.changed
    assert first.revision == workspace.revision()
    assert client.read(*place).values == {"app/a-b": {"n": 1}}
    again = client.put(*place, "app/a-b", {"n": 1}, if_revision=ANY)
    assert (again.changed, again.in_review) == (False, False)
    entry = client.read_key(*place, "app/a-b")
    assert (entry.value, entry.revision, entry.origin) == ({"n": 1}, first.revision, "staging")
    second = client.put(*place, "app/a-b", 2, if_revision=entry.revision, description="it")
    assert client.read(*place, at=first.revision, keys=["app/a-b"]).values == {"app/a-b": {"n": 1}}
    assert client.patch(*place, "app/a-b", "deprecated", if_revision=ANY).changed
    assert client.read(*place, prefix="app/", consistent=True).deprecated == {"app/a-b"}
    with pytest.raises(RevisionConflictError) as caught:
        client.delete(*place, "app/a-b", if_revision=first.revision)
    assert second.revision is not None
    assert caught.value.extra["current_revision"] == second.revision + 1
    assert client.delete(*place, "app/a-b", if_revision=ANY, message="gone").changed
    with pytest.raises(KeyNotFoundError):
        client.read_key(*place, "app/a-b")


def test_refusals_have_classes(client: Client, workspace: Workspace, server: ApiProcess) -> None:
    place = workspace.slug, "staging"
    client.put(*place, "a", 1, create=True)
    with pytest.raises(RevisionRequiredError) as caught:
        client.put(*place, "a", 2)
    assert caught.value.status == 428
    assert caught.value.request_id
    assert "current_revision" in caught.value.extra
    with pytest.raises(RevisionConflictError):
        client.put(*place, "a", 2, create=True)
    with pytest.raises(InvalidKeyError):
        client.put(*place, "a//b", 1)
    with pytest.raises(NotFoundError):
        client.read(workspace.slug, "nowhere")
    with pytest.raises(ProblemError) as missing:
        client.request("POST", f"/workspaces/{workspace.slug}/changes", json={"edits": 5})
    assert missing.value.errors[0].pointer.startswith("/")
    with pytest.raises(ValueError, match="JSON"):
        client.put(*place, "a", float("nan"), if_revision=ANY)
    with (
        Client(url=server.url, api_key=workspace.key()) as reader,
        pytest.raises(PermissionDeniedError),
    ):
        reader.put(*place, "b", 1)


def test_many_at_once(client: Client, workspace: Workspace) -> None:
    edits = [
        {"environment": each, "key": "n", "action": "set", "value": each}
        for each in ("base", "prod")
    ]
    options = {"base_revision": workspace.revision(), "idempotency_key": "once"}
    change = client.change(workspace.slug, edits, **options)
    assert client.change(workspace.slug, edits, **options) == change
    assert client.read(workspace.slug, "staging").values == {"n": "base"}
    assert client.read(workspace.slug, "prod").values == {"n": "prod"}
    with pytest.raises(IdempotencyConflictError):
        client.change(workspace.slug, edits[:1], **options)


def test_a_write_that_waits_for_review(server: ApiProcess, protected: Workspace) -> None:
    with Client(url=server.url, api_key=protected.key(access="write")) as client:
        written = client.put(protected.slug, "prod", "a", 1)
        assert (written.in_review, written.revision, written.changed) == (True, None, False)
        listed = client.request("GET", f"{protected.path}/changes", params={"status": "in_review"})
    assert [each["id"] for each in listed["items"]] == [written.change]


def test_nobody_there() -> None:
    with (
        Client(url="http://127.0.0.1:1", api_key="k") as client,
        pytest.raises(UnavailableError, match="ConnectError"),
    ):
        client.read("a", "b")
    assert len(BY_CODE) > 30
