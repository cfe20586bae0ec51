"""A line to PostgreSQL that can go dead: open connections stay open and nothing comes any more."""

import contextlib
import select
import socket
import threading
from urllib.parse import parse_qs, urlsplit


class Line:
    """Hands on between clients on loopback and a server's unix socket.

    After `cut()` what is open is dead, as after a firewall forgot it: no byte comes, no end comes.
    New connections work.
    """

    def __init__(self, url: str) -> None:
        parts, query = urlsplit(url), parse_qs(urlsplit(url).query)
        self._path = f"{query['host'][0]}/.s.PGSQL.{query.get('port', ['5432'])[0]}"
        user, password = parts.username or query["user"][0], parts.password or query["password"][0]
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        port = self._listening.getsockname()[1]
        self.url = f"postgresql://{user}:{password}@127.0.0.1:{port}{parts.path}?sslmode=disable"
        self._dead: list[threading.Event] = []
        self._over = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> int:
        """Let everything that is open go dead; return how many connections that are."""
        for each in self._dead:
            each.set()
        return len(self._dead)

    def close(self) -> None:
        """End it."""
        self._over.set()
        self._listening.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(OSError):
                client, _ = self._listening.accept()
                dead = threading.Event()
                self._dead.append(dead)
                arguments = (client, dead)
                threading.Thread(target=self._carry, args=arguments, daemon=True).start()

    def _carry(self, client: socket.socket, dead: threading.Event) -> None:
        server = socket.socket(socket.AF_UNIX)
        with client, server, contextlib.suppress(OSError):
            server.connect(self._path)
            while not self._over.is_set():
                if dead.is_set():
                    self._over.wait(1)
                    continue
                for each in select.select([client, server], [], [], 0.2)[0]:
                    data = each.recv(65536)
                    if not data:
                        return
                    (server if each is client else client).sendall(data)
