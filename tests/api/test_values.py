"""Reading and writing values over HTTP."""

from tests.support.api import Client, Workspace


def test_inherits_from_the_parent(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "db/host"), "db.internal")
    admin.put(workspace.place("prod", "db/host"), "db.prod")
    assert admin.value(workspace.place("staging", "db/host")) == "db.internal"
    assert admin.value(workspace.place("prod", "db/host")) == "db.prod"
    admin.ok("DELETE", f"/config/{workspace.place('prod', 'db/host')}", headers={"If-Match": "*"})
    assert admin.value(workspace.place("prod", "db/host")) == "db.internal"


def test_reference_follows_the_environment_that_is_read(
    workspace: Workspace, admin: Client
) -> None:
    admin.put(workspace.place("base", "host"), "base.example")
    admin.put(workspace.place("base", "url"), "https://${host}/")
    admin.put(workspace.place("prod", "host"), "prod.example")
    assert admin.value(workspace.place("prod", "url")) == "https://prod.example/"
    assert admin.value(workspace.place("staging", "url")) == "https://base.example/"
