"""Decisions that need no I/O."""

from uuid import UUID

import pytest

from central_config.access.model import (
    BUILT_IN_ROLES,
    PERMISSIONS,
    KeyScope,
    Principal,
    anonymous_caller,
    key_principal,
    parse_token,
    visible_prefix,
)
from central_config.access.service.tokens import new_key_token, new_session_token

SHOP, BANK = UUID(int=1), UUID(int=2)


def principal(**places: list[str]) -> Principal:
    ids = {"shop": SHOP, "bank": BANK, "everywhere": None}
    return Principal(
        "user", UUID(int=9), "ada", {ids[name]: frozenset(held) for name, held in places.items()}
    )


def test_permissions_of_a_place_and_of_all() -> None:
    ada = principal(everywhere=["config.read"], shop=["config.write"])
    assert ada.can("config.read", None)
    assert ada.can("config.read", BANK)
    assert ada.can("config.write", SHOP)
    assert not ada.can("config.write", BANK)
    assert not ada.can("config.write", None)
    assert ada.lacks(["config.write", "config.read", "audit.read"], BANK) == [
        "audit.read",
        "config.write",
    ]
    assert ada.places("config.read") is None
    assert ada.places("config.write") == {SHOP}
    assert ada.places("audit.read") == frozenset()


def test_a_stranger_sees_nothing() -> None:
    stranger = anonymous_caller("r", "192.0.2.1").principal
    assert not stranger.sees(SHOP)
    assert stranger.places("config.read") == frozenset()
    assert stranger.lacks(PERMISSIONS, None) == sorted(PERMISSIONS)


def test_who_leaves_secrets_behind_keeps_the_rest() -> None:
    scope = KeyScope(SHOP, frozenset({"prod"}), "app/", "write", secrets=True)
    key = key_principal(UUID(int=3), "app", scope, None, UUID(int=9)).without_secrets()
    assert not key.reveals(SHOP, "prod", "app/password")
    assert not key.can("secret.reveal", SHOP)
    assert key.can("config.write", SHOP)
    assert (key.reaches("prod", "app/x"), key.reaches("prod", "x")) == (True, False)
    assert key.responsible == UUID(int=9)
    ada = principal(everywhere=["secret.reveal", "audit.read"], shop=["secret.reveal"])
    blind = ada.without_secrets()
    assert not blind.reveals(SHOP, "prod", "app/password")
    assert not blind.can("secret.reveal", None)
    assert blind.can("audit.read", None)
    assert ada.can("secret.reveal", SHOP)


def test_a_key_reveals_only_where_it_says_so() -> None:
    scope = KeyScope(SHOP, frozenset({"prod"}), "app/", "read", secrets=True)
    key = key_principal(UUID(int=3), "app", scope, None)
    assert key.reveals(SHOP, "prod", "app/password")
    assert not key.reveals(SHOP, "prod", "other")
    assert not key.reveals(SHOP, "dev", "app/password")
    assert not key.can("config.write", SHOP)


def test_tokens_are_told_apart() -> None:
    session, key = new_session_token(), new_key_token()
    parsed = parse_token(session), parse_token(key)
    assert [each.kind for each in parsed if each] == ["session", "key"]
    assert visible_prefix(key) == key[:11]
    assert visible_prefix(session) == ""
    assert new_key_token() != new_key_token()


@pytest.mark.parametrize(
    "text",
    ["", "cc_", "ccs_short", "cc_ABCD1234_" + "x" * 43, "ccs_" + "x" * 44, "ccs_" + "é" * 43],
)
def test_what_is_no_token(text: str) -> None:
    assert parse_token(text) is None
    assert visible_prefix(text) == ""


def test_built_in_roles_name_permissions_that_exist() -> None:
    for _, permissions in BUILT_IN_ROLES.values():
        assert permissions <= set(PERMISSIONS)
