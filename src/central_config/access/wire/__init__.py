"""What the HTTP API of this feature takes and gives."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from central_config.access.model import Account, ApiKey, Caller, Role
from central_config.access.service import NewKey, NewUser, SignedIn, UserPatch
from central_config.core.web import Moment, Text

# The name of a workspace in addresses, for an id.
Slugs: TypeAlias = Callable[[UUID], str]

Slug = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_-]*$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SignInBody(_Body):
    """A user name and its password."""

    username: Text = Field(min_length=1, max_length=64, examples=["ada"])
    password: Text = Field(
        min_length=1,
        max_length=256,
        examples=["correct horse battery"],
        json_schema_extra={"format": "password"},
    )


class PasswordBody(_Body):
    """One's own new password, with the present one."""

    current_password: Text = Field(min_length=1, max_length=256, examples=["correct horse battery"])
    new_password: Text = Field(
        max_length=256, description="At least 12 characters", examples=["a longer staple this time"]
    )


class RoleAssignment(_Body):
    """A role, in one workspace or in all."""

    role: Text = Field(max_length=64, examples=["configuration-manager"])
    workspace: Slug | None = Field(
        default=None, description="Slug; absent or null: in every workspace", examples=["shop"]
    )


class RolesBody(_Body):
    """All roles a user shall have."""

    roles: list[RoleAssignment] = Field(max_length=1000)


class UserBody(_Body):
    """A user to create."""

    username: Text = Field(
        min_length=1, max_length=64, description="Kept in lower case", examples=["ada"]
    )
    email: Text = Field(max_length=254, examples=["ada@example.org"])
    password: Text | None = Field(
        default=None,
        max_length=256,
        description="At least 12 characters; when absent one is made up, shown once, and must be "
        "changed at the first sign-in",
        examples=["correct horse battery"],
    )
    display_name: Text = Field(default="", max_length=200, examples=["Ada Lovelace"])

    def new(self) -> NewUser:
        """Return it for the service."""
        return NewUser(self.username, self.email, self.display_name, self.password)


class UserPatchBody(_Body):
    """What to change of a user; what is absent stays."""

    email: Text | None = Field(default=None, max_length=254, examples=["ada@example.org"])
    display_name: Text | None = Field(default=None, max_length=200, examples=["Ada Lovelace"])
    active: bool | None = Field(default=None, description="false ends the user's sessions")
    password: Text | None = Field(
        default=None,
        max_length=256,
        description="A new password, which the user must change at the next sign-in",
    )

    def patch(self) -> UserPatch:
        """Return it for the service."""
        return UserPatch(self.email, self.display_name, self.active, self.password)


class RoleBody(_Body):
    """A role's description and what it allows."""

    description: Text = Field(default="", max_length=500, examples=["Releases on Fridays"])
    permissions: list[Text] = Field(max_length=100, examples=[["config.read", "change.review"]])


class NewRoleBody(RoleBody):
    """A role to create."""

    name: Text = Field(min_length=1, max_length=64, examples=["releaser"])


class KeyBody(_Body):
    """An API key to create, and what it reaches."""

    name: Text = Field(min_length=1, max_length=200, examples=["checkout service"])
    workspace: Slug = Field(description="Slug of the workspace", examples=["shop"])
    environments: list[Slug] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="null: all",
        examples=[["production"]],
    )
    key_prefix: Text = Field(
        default="",
        max_length=512,
        description="Reaches configuration keys that begin with this text",
        examples=["checkout/"],
    )
    access: Literal["read", "write"] = Field(default="read")
    secrets: bool = Field(default=False, description="Delivers secret values in clear")
    expires_at: Moment | None = Field(default=None, examples=["2031-01-01T00:00:00Z"])

    def new(self) -> NewKey:
        """Return it for the service."""
        return NewKey(
            name=self.name,
            workspace=self.workspace,
            access=self.access,
            environments=None if self.environments is None else frozenset(self.environments),
            key_prefix=self.key_prefix,
            secrets=self.secrets,
            expires_at=self.expires_at,
        )


class UserAnswer(BaseModel):
    """A user."""

    username: str = Field(examples=["ada"])
    email: str = Field(examples=["ada@example.org"])
    display_name: str = Field(examples=["Ada Lovelace"])
    active: bool
    must_change_password: bool
    created_at: datetime
    last_login: datetime | None
    roles: list[RoleAssignment]

    @classmethod
    def of(cls, account: Account, slugs: Slugs) -> "UserAnswer":
        """Return the user as the API shows it."""
        return cls(
            username=account.username,
            email=account.email,
            display_name=account.display_name,
            active=account.active,
            must_change_password=account.must_change_password,
            created_at=account.created_at,
            last_login=account.last_login,
            roles=[
                RoleAssignment.model_construct(
                    role=grant.role,
                    workspace=None if grant.workspace_id is None else slugs(grant.workspace_id),
                )
                for grant in account.roles
            ],
        )


class NewUserAnswer(UserAnswer):
    """A user that was just created."""

    initial_password: str | None = Field(
        description="The password that was made up; shown this once. null when one was given"
    )


class UsersAnswer(BaseModel):
    """Some of the users."""

    items: list[UserAnswer]
    next_cursor: str | None


class SessionAnswer(BaseModel):
    """A session that has begun."""

    token: str = Field(description="To be sent as `Authorization: Bearer`; shown this once")
    expires_at: datetime
    user: UserAnswer

    @classmethod
    def of(cls, signed_in: SignedIn, slugs: Slugs) -> "SessionAnswer":
        """Return the session as the API shows it."""
        return cls(
            token=signed_in.token,
            expires_at=signed_in.expires_at,
            user=UserAnswer.of(signed_in.account, slugs),
        )


class GrantAnswer(BaseModel):
    """What one may do in a workspace, or in every one."""

    workspace: str | None = Field(description="Slug; null: in every workspace")
    permissions: list[str]


class KeyScopeAnswer(BaseModel):
    """What an API key reaches."""

    workspace: str
    environments: list[str] | None
    key_prefix: str
    access: Literal["read", "write"]
    secrets: bool


class MeAnswer(BaseModel):
    """Who asks, and what they may do."""

    kind: Literal["user", "api_key", "system"]
    name: str
    expires_at: datetime | None = Field(description="When the session or the key ends")
    must_change_password: bool = Field(
        description="While true, nothing but changing the password is allowed"
    )
    grants: list[GrantAnswer]
    user: UserAnswer | None = Field(description="null for an API key")
    scope: KeyScopeAnswer | None = Field(description="null for a user")

    @classmethod
    def of(cls, caller: Caller, account: Account | None, slugs: Slugs) -> "MeAnswer":
        """Return the caller as the API shows it."""
        principal = caller.principal
        scope = principal.scope
        answers = [
            GrantAnswer(
                workspace=None if place is None else slugs(place), permissions=sorted(permissions)
            )
            for place, permissions in principal.grants.items()
        ]
        return cls.model_validate(
            {
                "kind": principal.kind,
                "name": principal.name,
                "expires_at": principal.expires_at,
                "must_change_password": principal.restricted,
                "grants": sorted(answers, key=lambda each: each.workspace or ""),
                "user": None if account is None else UserAnswer.of(account, slugs),
                "scope": scope
                and {
                    "workspace": slugs(scope.workspace_id),
                    "environments": _sorted(scope.environments),
                    "key_prefix": scope.key_prefix,
                    "access": scope.access,
                    "secrets": scope.secrets,
                },
            }
        )


class RoleAnswer(BaseModel):
    """A role."""

    name: str
    description: str
    built_in: bool = Field(description="true: belongs to the service, cannot be changed")
    permissions: list[str]

    @classmethod
    def of(cls, role: Role) -> "RoleAnswer":
        """Return the role as the API shows it."""
        return cls(
            name=role.name,
            description=role.description,
            built_in=role.built_in,
            permissions=sorted(role.permissions),
        )


class RolesAnswer(BaseModel):
    """Some of the roles."""

    items: list[RoleAnswer]
    next_cursor: str | None


class PermissionAnswer(BaseModel):
    """A permission and what it allows."""

    name: str = Field(examples=["config.read"])
    description: str


class PermissionsAnswer(BaseModel):
    """All permissions."""

    items: list[PermissionAnswer]
    next_cursor: None = None


class KeyAnswer(KeyScopeAnswer):
    """An API key, without its token."""

    id: UUID
    name: str
    prefix: str = Field(description="How the token begins", examples=["cc_k3v9q2xa"])
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used: datetime | None = Field(description="Written every few seconds")
    usage_count: int
    successor_of: UUID | None = Field(description="The key whose place this one takes")
    successor: UUID | None = Field(description="The key that takes the place of this one")

    @classmethod
    def of(cls, key: ApiKey, slugs: Slugs) -> "KeyAnswer":
        """Return the key as the API shows it."""
        return cls.model_validate(_key_members(key, slugs))


class NewKeyAnswer(KeyAnswer):
    """An API key that was just created."""

    token: str = Field(description="To be sent as `Authorization: Bearer`; shown this once")

    @classmethod
    def made(cls, key: ApiKey, token: str, slugs: Slugs) -> "NewKeyAnswer":
        """Return the key with its token."""
        return cls.model_validate({**_key_members(key, slugs), "token": token})


class KeysAnswer(BaseModel):
    """Some of the API keys."""

    items: list[KeyAnswer]
    next_cursor: str | None


def _key_members(key: ApiKey, slugs: Slugs) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "workspace": slugs(key.scope.workspace_id),
        "environments": _sorted(key.scope.environments),
        "key_prefix": key.scope.key_prefix,
        "access": key.scope.access,
        "secrets": key.scope.secrets,
        "created_by": key.created_by,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used": key.last_used,
        "usage_count": key.usage_count,
        "successor_of": key.successor_of,
        "successor": key.successor,
    }


def _sorted(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)
