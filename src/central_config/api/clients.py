"""Where a request comes from."""

import ipaddress
from collections.abc import MutableMapping
from typing import Any

from central_config.core.settings import Settings

Scope = MutableMapping[str, Any]


class ClientAddresses:
    """Tells the address of clients; forwarded ones count only from proxies we trust."""

    def __init__(self, settings: Settings) -> None:
        self._proxies = [
            ipaddress.ip_network(each.strip())
            for each in settings.trusted_proxies.split(",")
            if each.strip()
        ]

    def of(self, scope: Scope, forwarded: str) -> str:
        """Return the client's address, given X-Forwarded-For (or "")."""
        address = str((scope.get("client") or ("",))[0])
        if not forwarded or not self._proxies:
            return address
        for hop in reversed([each.strip() for each in forwarded.split(",") if each.strip()]):
            if not self._trusted(address):
                break
            address = hop
        return address

    def _trusted(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._proxies)
