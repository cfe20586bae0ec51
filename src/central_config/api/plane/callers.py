"""Who asks, decided without waiting: the guard's checks for what this process knows already."""

import time

from central_config.access.model import Caller, Principal, WorkspaceRef
from central_config.access.service import AccessService
from central_config.api.directory import WorkspaceDirectory
from central_config.api.guard import token_of
from central_config.api.limits import RateLimiter
from central_config.api.plane.exchange import Ask
from central_config.core.problems import Problem


class KnownCallers:
    """Finds callers whose credential and workspace were looked up lately.

    Nobody is refused here: who is not found, or may not, is sent to the control plane, which knows
    how to refuse.
    """

    def __init__(
        self, access: AccessService, directory: WorkspaceDirectory, limiter: RateLimiter
    ) -> None:
        self.access = access
        self.directory = directory
        self.limiter = limiter

    def principal(
        self, authorization: bytes | None, api_key: bytes | None, *, uses: int = 1
    ) -> Principal | None:
        """Return whom the two headers prove to be asking, if that is known.

        `uses`: how often the credential is used by this; 0 when that is counted apart.
        """
        try:
            token = token_of(
                None if authorization is None else authorization.decode(),
                None if api_key is None else api_key.decode(),
            )
        except (Problem, UnicodeDecodeError):
            return None
        principal = None if not token else self.access.known(token, uses=uses)
        return None if principal is None or principal.restricted else principal

    def place(self, principal: Principal, slug: str, permission: str) -> WorkspaceRef | None:
        """Return the workspace, if it is known and the principal has the permission there."""
        found = self.directory.known(slug)
        if found is None or not principal.sees(found.id):
            return None
        return found if principal.can(permission, found.id) else None

    def caller(self, ask: Ask, slug: str, permission: str) -> Caller | None:
        """Return the caller of a request, within its rate; None: let the control plane decide."""
        headers = ask.headers
        given = headers.get(b"authorization"), headers.get(b"x-api-key")
        principal = self.principal(*given, uses=0)
        if principal is None:
            return None
        place = self.place(principal, slug, permission)
        if place is None:
            return None
        meter = self.limiter.meter(principal)
        if meter is not None and not meter.take(time.monotonic()):
            return None
        # Counted last: what is declined is counted by the control plane.
        self.access.count(principal, 1)
        return Caller(principal, principal.actor(ask.request_id, ask.client_ip), place)
