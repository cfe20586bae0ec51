"""Who asks, and whether they may: one decision for every route."""

from http import HTTPStatus

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


class RequestGuard:
    """Checks each request against what its route declares."""

    def __init__(self, access: AccessService, directory: WorkspaceDirectory) -> None:
        self._access = access
        self._directory = directory

    async def check(self, request: Request, permission: str) -> Caller:
        """Return the caller.

        Raises:
            Problem: 401 without valid credentials, 404 for a workspace the caller may not know
                of, 403 for a permission that is missing.
        """
        request_id = str(request.scope.get("request_id", ""))
        client_ip = str(request.scope.get("client_ip", ""))
        if permission == PUBLIC:
            return anonymous_caller(request_id, client_ip)
        principal = await self._principal(request)
        request.scope["principal"] = principal
        self._refuse_restricted(request, principal)
        workspace = await self._workspace(request, principal)
        caller = Caller(principal, principal.actor(request_id, client_ip), workspace)
        if permission != SIGNED_IN:
            caller.require(permission)
        return caller

    async def still_valid(self, request: Request) -> bool:
        """Tell whether the credentials of a long answer still hold for its workspace."""
        try:
            principal = await self._principal(request)
        except Problem as problem:
            return problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        slug = request.path_params.get("workspace")
        if slug is None:
            return True
        found = await self._directory.resolve(str(slug))
        before: Principal = request.scope["principal"]
        return (
            found is not None
            and principal.can("config.read", found.id)
            and principal.scope == before.scope
            and principal.can("secret.reveal", found.id) == before.can("secret.reveal", found.id)
        )

    async def _principal(self, request: Request) -> Principal:
        token = token_of(request.headers.get("authorization"), request.headers.get("x-api-key"))
        if not token:
            raise Problem("authentication-required", "the request has no credentials")
        return await self._access.authenticate(token, str(request.scope.get("client_ip", "")))

    def _refuse_restricted(self, request: Request, principal: Principal) -> None:
        if principal.restricted and request.url.path not in _WHILE_RESTRICTED:
            raise Problem("permission-denied", "choose a new password first (POST /me/password)")

    async def _workspace(self, request: Request, principal: Principal) -> WorkspaceRef | None:
        slug = request.path_params.get("workspace")
        if slug is None:
            return None
        found = await self._directory.resolve(str(slug))
        if found is None or not principal.sees(found.id):
            raise Problem("workspace-not-found", f"there is no workspace {str(slug)[:80]!r}")
        return found
