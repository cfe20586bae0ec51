"""Who asks, and whether they may: one decision for every route."""

from http import HTTPStatus
from uuid import UUID

from fastapi import Request

from central_config.access.model import (
    PUBLIC,
    SIGNED_IN,
    Caller,
    Principal,
    WorkspaceRef,
    anonymous_caller,
)
from central_config.access.service import AccessService
from central_config.api.directory import WorkspaceDirectory
from central_config.api.limits import RateLimiter
from central_config.core.problems import Problem

_BEARER = "bearer "
# All somebody may do who must choose a new password first.
_WHILE_RESTRICTED = frozenset({"/api/v1/me", "/api/v1/me/password", "/api/v1/sessions/current"})


def token_of(authorization: str | None, api_key: str | None) -> str | None:
    """Return the credential the two headers hold: a session or an API key.

    Raises:
        Problem: `malformed-header` for an Authorization of another scheme.
    """
    if authorization is None:
        return api_key
    if not authorization.lower().startswith(_BEARER):
        raise Problem("malformed-header", "Authorization must be `Bearer` and a token")
    return authorization[len(_BEARER) :].strip()


def _token(request: Request) -> str:
    token = token_of(request.headers.get("authorization"), request.headers.get("x-api-key"))
    if not token:
        raise Problem("authentication-required", "the request has no credentials")
    return token


class RequestGuard:
    """Checks each request against what its route declares."""

    def __init__(
        self, access: AccessService, directory: WorkspaceDirectory, limiter: RateLimiter
    ) -> None:
        self._access = access
        self._directory = directory
        self._limiter = limiter

    async def check(self, request: Request, permission: str) -> Caller:
        """Return the caller.

        Raises:
            Problem: 401 without valid credentials, 404 for a workspace the caller may not know
                of, 403 for a permission that is missing, 429 beyond the credential's rate.
        """
        request_id = str(request.scope.get("request_id", ""))
        client_ip = str(request.scope.get("client_ip", ""))
        if permission == PUBLIC:
            return anonymous_caller(request_id, client_ip)
        principal = await self._principal(request)
        request.scope["principal"] = principal
        self._limiter.check(principal)
        self._refuse_restricted(request, principal)
        workspace = await self._workspace(request, principal)
        caller = Caller(principal, principal.actor(request_id, client_ip), workspace)
        if permission != SIGNED_IN:
            caller.require(permission)
        return caller

    async def still_valid(self, request: Request) -> bool:
        """Tell whether the credentials of a long answer still hold for its workspace."""
        try:
            token = _token(request)
        except Problem:
            return False
        slug = request.path_params.get("workspace")
        return await self.holds(
            token,
            None if slug is None else str(slug),
            request.scope["principal"],
            str(request.scope.get("client_ip", "")),
        )

    async def holds(
        self, token: str, workspace: str | None, before: Principal, client_ip: str
    ) -> bool:
        """Tell whether a credential still allows reading as it did for `before`."""
        try:
            principal = await self._access.authenticate(token, client_ip)
        except Problem as problem:
            return problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if workspace is None:
            return True
        found = await self._directory.resolve(workspace)
        return (
            found is not None
            and principal.can("config.read", found.id)
            and principal.scope == before.scope
            and principal.can("secret.reveal", found.id) == before.can("secret.reveal", found.id)
        )

    async def _principal(self, request: Request) -> Principal:
        client_ip = str(request.scope.get("client_ip", ""))
        return await self._access.authenticate(_token(request), client_ip)

    def _refuse_restricted(self, request: Request, principal: Principal) -> None:
        if principal.restricted and request.url.path not in _WHILE_RESTRICTED:
            raise Problem("permission-denied", "choose a new password first (POST /me/password)")

    async def _workspace(self, request: Request, principal: Principal) -> WorkspaceRef | None:
        slug = request.path_params.get("workspace")
        return None if slug is None else await self._seen(principal, str(slug))

    async def within(self, caller: Caller, workspace: str | UUID) -> Caller:
        """Return a caller in a workspace that the request names elsewhere than in its address.

        Raises:
            Problem: `workspace-not-found`.
        """
        found = await self._seen(caller.principal, workspace)
        return Caller(caller.principal, caller.actor, found)

    async def _seen(self, principal: Principal, workspace: str | UUID) -> WorkspaceRef:
        found = await self._directory.resolve(workspace)
        if found is None or not principal.sees(found.id):
            raise Problem("workspace-not-found", f"there is no workspace {str(workspace)[:80]!r}")
        return found
