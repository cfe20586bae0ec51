"""Signing in, telling who asks, and administering users, roles and API keys.

`AccessService` is the door: `authenticate` on every request; `sessions`, `users`, `roles` and
`keys` for what their names say. A change goes through `change.Tools.change`, which adds its audit
events and announcements to the same transaction.
"""

from collections.abc import Callable

from central_config.access.model import Principal
from central_config.access.service.authentication import Authenticator
from central_config.access.service.bootstrap import FirstAdmin, bootstrap
from central_config.access.service.change import Tools
from central_config.access.service.keys import Keys, NewKey, ResolveWorkspace
from central_config.access.service.passwords import Passwords
from central_config.access.service.review import AccessReviews
from central_config.access.service.roles import Roles
from central_config.access.service.rotation import KeyRotation
from central_config.access.service.sessions import Sessions, SignedIn
from central_config.access.service.throttle import Throttle
from central_config.access.service.users import NewUser, UserPatch, Users
from central_config.access.store.sessions import purge as purge_sessions
from central_config.core.clock import Clock
from central_config.core.db import Database
from central_config.core.settings import Settings

__all__ = [
    "AccessService",
    "FirstAdmin",
    "NewKey",
    "NewUser",
    "ResolveWorkspace",
    "SignedIn",
    "Throttle",
    "UserPatch",
    "purge_sessions",
]


class AccessService:
    """All of the feature, for one process.

    Args:
        database: the pool.
        clock: the time; also decides when what is cached is too old.
        settings: `admin_username`, `admin_password` and `session_lifetime` are read.
        throttle: counts failures; see `Throttle.of`.
        resolve_workspace: finds a workspace by slug or id (workspaces lie above this feature).
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: Settings,
        throttle: Throttle,
        resolve_workspace: ResolveWorkspace,
    ) -> None:
        self._throttle = throttle
        self._authenticator = Authenticator(database, clock, throttle)
        self._passwords = Passwords()
        self._tools = Tools(database, clock, settings, self._authenticator.cache.forget)
        self.sessions = Sessions(self._tools, self._passwords, throttle)
        self.users = Users(self._tools, self._passwords)
        self.roles = Roles(self._tools)
        self.keys = Keys(self._tools, resolve_workspace)
        self.rotation = KeyRotation(self._tools, self.keys)
        self.reviews = AccessReviews(self._tools)

    async def bootstrap(self) -> FirstAdmin | None:
        """Bring permissions and built-in roles up to date; create the first administrator."""
        return await bootstrap(self._tools, self._passwords)

    async def authenticate(self, token: str, client_ip: str) -> Principal:
        """Return who presents the token.

        Raises:
            Problem: `invalid-credentials`, `too-many-requests`, `not-ready`.
        """
        return await self._authenticator.authenticate(token, client_ip)

    def known(self, token: str, *, uses: int = 1) -> Principal | None:
        """Return who presents the token if that needs no waiting; None: ask `authenticate`.

        `uses`: how many uses of the credential this is; 0 when they are counted apart.
        """
        return self._authenticator.known(token, uses=uses)

    async def learn(self, token: str) -> Principal | None:
        """Look up who presents the token, so that `known` can tell; refuses and counts nothing.

        Raises:
            Problem: `not-ready`.
        """
        return await self._authenticator.learn(token)

    def count(self, principal: Principal, times: int) -> None:
        """Note uses of a credential that was found without counting."""
        self._authenticator.count(principal, times)

    def listen(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with the subject of each change of access; it must not wait."""
        self._authenticator.cache.listen(listener)

    def invalidate(self, subject: str) -> None:
        """Forget what depends on a subject: the payload of a NOTIFY on `cc_access`.

        `key:ID`, `session:ID` and `user:ID` forget one; anything else, like "" after the listening
        connection was lost, forgets all.
        """
        self._authenticator.cache.forget(subject)

    async def flush_usage(self) -> None:
        """Write how often keys were used; to be called every few seconds and at the end."""
        await self._authenticator.flush_usage()

    async def close(self) -> None:
        """Write what was counted and close what this service opened; the pool is not its own."""
        try:
            await self.flush_usage()
        finally:
            await self._authenticator.cache.close()
            await self._throttle.close()
