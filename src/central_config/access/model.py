"""Principals and what they may do: decided here, from data already at hand, without I/O."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from central_config.audit.model import SYSTEM, Actor
from central_config.core.problems import Problem

# The catalogue: name -> what it allows. A route declares one of these.
PERMISSIONS: Mapping[str, str] = {
    "workspace.read": "See a workspace, its environments and members",
    "workspace.manage": "Create, change and delete workspaces and environments; compact history",
    "config.read": "Read configuration, history and differences; watch",
    "config.write": "Propose changes, and publish where no approval is required",
    "change.review": "Approve and reject changes of others",
    "schema.manage": "Create, change and delete schema rules",
    "secret.reveal": "See secret values in clear",
    "key.manage": "Create, list and revoke API keys",
    "user.read": "See users and their roles",
    "user.manage": "Create, change and deactivate users; give and take roles",
    "role.manage": "Create, change and delete roles",
    "audit.read": "Read, export and verify the audit log",
    "system.operate": "Run maintenance and see the state of the system",
}

BUILT_IN_ROLES: Mapping[str, tuple[str, frozenset[str]]] = {
    "admin": ("Everything", frozenset(PERMISSIONS)),
    "configuration-manager": (
        "Changes configuration and reviews changes of others",
        frozenset(
            {
                "workspace.read",
                "config.read",
                "config.write",
                "change.review",
                "schema.manage",
                "secret.reveal",
                "key.manage",
            }
        ),
    ),
    "viewer": ("Reads configuration, never secrets", frozenset({"workspace.read", "config.read"})),
    "operator": (
        "Keeps the system running",
        frozenset({"workspace.read", "config.read", "audit.read", "user.read", "system.operate"}),
    ),
    "auditor": (
        "Reads the audit log and who may do what",
        frozenset({"workspace.read", "audit.read", "user.read"}),
    ),
}

# The role whose last active holder is protected.
ADMIN_ROLE = "admin"

_REVEAL = "secret.reveal"

# Two marks a route can declare instead of a permission.
PUBLIC = "public"
SIGNED_IN = "signed-in"

_KEY_PERMISSIONS: Mapping[str, frozenset[str]] = {
    "read": frozenset({"workspace.read", "config.read"}),
    "write": frozenset({"workspace.read", "config.read", "config.write"}),
}


class KeyScope(msgspec.Struct, frozen=True):
    """What an API key reaches.

    `environments` None means all of the workspace; `key_prefix` "" means all keys, else the
    configuration keys that start with it (`app/` or `app/db`: a plain prefix of the text).
    """

    workspace_id: UUID
    environments: frozenset[str] | None
    key_prefix: str
    access: str
    secrets: bool

    def reaches(self, environment: str, key: str) -> bool:
        """Tell whether a configuration lies in the scope."""
        if self.environments is not None and environment not in self.environments:
            return False
        return key.startswith(self.key_prefix)


class Principal(msgspec.Struct, frozen=True):
    """A user or an API key that has proved who it is.

    `kind` is `user`, `api_key`, `system` or `anonymous`. `grants` maps a workspace, or None for
    every workspace, to permissions. `session_id` is the sign-in of a user. `restricted` marks a
    user who must change the password first; it comes with no grants at all, so that a route that
    forgets to look refuses all the same. `owner_id` is who created an API key.
    """

    kind: str
    id: UUID
    name: str
    grants: Mapping[UUID | None, frozenset[str]]
    scope: KeyScope | None = None
    expires_at: datetime | None = None
    session_id: UUID | None = None
    restricted: bool = False
    owner_id: UUID | None = None

    @property
    def responsible(self) -> UUID:
        """The person behind it: the user, or who created the API key."""
        return self.owner_id or self.id

    def can(self, permission: str, workspace_id: UUID | None) -> bool:
        """Tell whether the permission is granted for the workspace, or for the system if None."""
        return permission in self.grants.get(None, frozenset()) or (
            workspace_id is not None and permission in self.grants.get(workspace_id, frozenset())
        )

    def lacks(self, permissions: Iterable[str], workspace_id: UUID | None) -> list[str]:
        """Return those of the permissions that are not granted there, sorted."""
        return sorted(name for name in set(permissions) if not self.can(name, workspace_id))

    def places(self, permission: str) -> frozenset[UUID] | None:
        """Return the workspaces the permission is granted in; None means all of them."""
        if self.can(permission, None):
            return None
        return frozenset(
            place
            for place, permissions in self.grants.items()
            if place is not None and permission in permissions
        )

    def sees(self, workspace_id: UUID) -> bool:
        """Tell whether the workspace may be known to exist."""
        return bool(self.grants.get(None)) or bool(self.grants.get(workspace_id))

    def knows(self, environment: str) -> bool:
        """Tell whether an environment of the workspace may be known to exist."""
        scope = self.scope
        return scope is None or scope.environments is None or environment in scope.environments

    def reaches(self, environment: str, key: str) -> bool:
        """Tell whether a configuration lies in the scope; users reach all of a workspace."""
        return self.scope is None or self.scope.reaches(environment, key)

    def reveals(self, workspace_id: UUID, environment: str, key: str) -> bool:
        """Tell whether a secret is delivered in clear."""
        if self.scope is not None:
            return self.scope.secrets and self.scope.reaches(environment, key)
        return self.can("secret.reveal", workspace_id)

    def without_secrets(self) -> "Principal":
        """Return the same principal with no right to see a secret."""
        grants = {place: granted - {_REVEAL} for place, granted in self.grants.items()}
        scope = None if self.scope is None else msgspec.structs.replace(self.scope, secrets=False)
        return msgspec.structs.replace(self, grants=grants, scope=scope)

    def actor(self, request_id: str = "", client_ip: str = "") -> Actor:
        """Return the principal as the audit log names it."""
        return Actor(self.kind, self.id, self.name, request_id, client_ip)


def key_permissions(scope: KeyScope) -> frozenset[str]:
    """Return what a key of this scope is granted in its workspace."""
    permissions = _KEY_PERMISSIONS[scope.access]
    return permissions | {"secret.reveal"} if scope.secrets else permissions


def key_principal(
    key_id: UUID,
    name: str,
    scope: KeyScope,
    expires_at: datetime | None,
    owner_id: UUID | None = None,
) -> Principal:
    """Return the principal an API key stands for."""
    return Principal(
        kind="api_key",
        id=key_id,
        name=name,
        grants={scope.workspace_id: key_permissions(scope)},
        scope=scope,
        expires_at=expires_at,
        owner_id=owner_id,
    )


class WorkspaceRef(msgspec.Struct, frozen=True):
    """A workspace by its id and its name in addresses."""

    id: UUID
    slug: str


class Caller(msgspec.Struct, frozen=True):
    """The principal of one request, allowed for what the route declared, and where it acts."""

    principal: Principal
    actor: Actor
    workspace: WorkspaceRef | None = None

    @property
    def place(self) -> WorkspaceRef:
        """The workspace of a request whose path names one."""
        if self.workspace is None:
            raise Problem("workspace-not-found", "the request names no workspace")
        return self.workspace

    def require(self, permission: str) -> None:
        """Check a further permission in the request's workspace.

        Raises:
            Problem: `permission-denied`.
        """
        workspace_id = None if self.workspace is None else self.workspace.id
        if not self.principal.can(permission, workspace_id):
            raise Problem("permission-denied", f"this needs the permission {permission}")

    def require_reach(self, environment: str, key: str) -> None:
        """Check that a configuration lies in the scope of the caller's API key.

        Raises:
            Problem: `permission-denied`.
        """
        if not self.principal.reaches(environment, key):
            raise Problem(
                "permission-denied", f"the scope of this API key does not hold {environment}:{key}"
            )

    def reveals(self, environment: str, key: str) -> bool:
        """Tell whether the caller may have a secret in clear, be it delivered or revealed."""
        return self.principal.reveals(self.place.id, environment, key)

    def delivers(self, environment: str, key: str) -> bool:
        """Tell whether reads and watches hand the caller a secret in clear without being asked.

        Only to API keys whose scope says so: applications need their secrets. A person asks for
        each one, and the audit log has it.
        """
        return self.principal.scope is not None and self.reveals(environment, key)

    def without_secrets(self) -> "Caller":
        """Return the same caller with no right to see a secret: for answers a model will read."""
        return msgspec.structs.replace(self, principal=self.principal.without_secrets())


SYSTEM_PRINCIPAL = Principal(
    kind="system", id=UUID(int=0), name=SYSTEM.name, grants={None: frozenset(PERMISSIONS)}
)
# What commands of the operator on the machine itself act as.
SYSTEM_CALLER = Caller(SYSTEM_PRINCIPAL, SYSTEM)


def anonymous_caller(request_id: str, client_ip: str) -> Caller:
    """Return the caller of a public route: somebody who may do nothing else."""
    principal = Principal(kind="anonymous", id=UUID(int=0), name="anonymous", grants={})
    return Caller(principal, Actor("anonymous", None, "anonymous", request_id, client_ip))


class RoleGrant(msgspec.Struct, frozen=True):
    """A role somebody has: in one workspace, or in every one when `workspace_id` is None."""

    role: str
    workspace_id: UUID | None = None


class Account(msgspec.Struct, frozen=True):
    """A user, without the password's hash."""

    id: UUID
    username: str
    email: str
    display_name: str
    active: bool
    must_change_password: bool
    created_at: datetime
    last_login: datetime | None = None
    roles: tuple[RoleGrant, ...] = ()


class Role(msgspec.Struct, frozen=True):
    """A named set of permissions; built-in ones belong to the service and cannot be changed."""

    id: UUID
    name: str
    description: str
    built_in: bool
    permissions: frozenset[str]


class ApiKey(msgspec.Struct, frozen=True):
    """An API key as it is shown: `prefix` is the visible beginning of the token, never the rest."""

    id: UUID
    name: str
    prefix: str
    scope: KeyScope
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used: datetime | None = None
    usage_count: int = 0
    # The key this one takes the place of, and the one that takes its place.
    successor_of: UUID | None = None
    successor: UUID | None = None


class Rotation(msgspec.Struct, frozen=True):
    """A key that is being replaced: until `overlap_ends_at` both are good.

    `generation` is the new key's: 2 is the first successor of a key.
    """

    old: ApiKey
    new: ApiKey
    generation: int
    rotated_at: datetime
    overlap_ends_at: datetime

    @property
    def still_used(self) -> bool:
        """Whether somebody has used the old key since it has a successor."""
        return self.old.last_used is not None and self.old.last_used > self.rotated_at


def successor_name(name: str, generation: int) -> str:
    """Return the name of a key's successor: `app`, `app-2`, `app-3`.

    `generation` is that of the key of this name.
    """
    base = name.removesuffix(f"-{generation}") if generation > 1 else name
    ending = f"-{generation + 1}"
    return base[: LONGEST_KEY_NAME - len(ending)] + ending


class Token(NamedTuple):
    """A presented token, reduced to what may be kept: `kind` is `session` or `key`."""

    kind: str
    digest: bytes


class Found(NamedTuple):
    """A principal and the subjects whose change ends what is known of it (`user:ID`, `key:ID`)."""

    principal: Principal
    subjects: tuple[str, ...]


_SESSION_TOKEN = re.compile(r"ccs_[A-Za-z0-9_-]{43}")
_KEY_TOKEN = re.compile(r"cc_[a-z0-9]{8}_[A-Za-z0-9_-]{43}")
# Characters of a key's name.
LONGEST_KEY_NAME = 200
KEY_PREFIX_LENGTH = len("cc_") + 8


def token_digest(token: str) -> bytes:
    """Return what is stored of a token. It is 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def parse_token(token: str) -> Token | None:
    """Return the token for a look-up, or None when it cannot be one of ours."""
    if token.startswith("cc_"):
        return Token("key", token_digest(token)) if _KEY_TOKEN.fullmatch(token) else None
    return Token("session", token_digest(token)) if _SESSION_TOKEN.fullmatch(token) else None


def visible_prefix(token: str) -> str:
    """Return the part of an API key that may be logged and shown; "" for anything else."""
    return token[:KEY_PREFIX_LENGTH] if _KEY_TOKEN.fullmatch(token) else ""
