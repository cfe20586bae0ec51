"""Which hosts and pages may speak to `/mcp`.

A page that somebody visits can make their browser send requests to servers only they reach, and a
name that changes its address makes such a server look like the page's own (DNS rebinding). Without
a key such a request gets nowhere; refusing it before it is looked at costs two comparisons.
"""

from central_config.core.problems import Problem

# A name of this machine itself; the port may be any, as tunnels and containers move it.
_HERE = frozenset({"localhost", "127.0.0.1", "[::1]"})
_LONGEST = 100


class Door:
    """Checks the headers Host and Origin.

    Args:
        hosts: comma-separated `host` (any port) or `host:port`, besides those of this machine.
        origins: comma-separated `scheme://host[:port]`; a request without Origin comes from no
            page and is welcome.
    """

    def __init__(self, hosts: str, origins: str) -> None:
        self._hosts = _HERE | _names(hosts)
        self._origins = {each.rstrip("/") for each in _names(origins)}

    def check(self, host: str | None, origin: str | None) -> None:
        """Let a request in.

        Raises:
            Problem: `origin-refused`.
        """
        given = (host or "").lower()
        if given not in self._hosts and _without_port(given) not in self._hosts:
            raise Problem("origin-refused", f"/mcp is not addressed as {given[:_LONGEST]!r} here")
        if origin is not None and origin.lower() not in self._origins:
            raise Problem("origin-refused", f"pages of {origin[:_LONGEST]!r} may not ask here")


def _names(text: str) -> frozenset[str]:
    return frozenset(each.strip().lower() for each in text.split(",") if each.strip())


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host
