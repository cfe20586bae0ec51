"""nginx: the bytes of an answer as a static file, what a read could cost at the least."""

from collections.abc import Mapping

from typing_extensions import override

from bench.client import Http
from bench.place import fresh
from bench.processes import Child, free_port

_CONFIGURATION = """
daemon off;
worker_processes 1;
pid {data}/nginx.pid;
error_log {data}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000000;
    open_file_cache max=100 inactive=600s;
    client_body_temp_path {data}/body; proxy_temp_path {data}/proxy;
    fastcgi_temp_path {data}/fastcgi; uwsgi_temp_path {data}/uwsgi; scgi_temp_path {data}/scgi;
    default_type application/json;
    server {{ listen 127.0.0.1:{port}; root {data}/files; }}
}}
"""


class Nginx(Child):
    """One worker process, as we have one serving process."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        data = fresh("nginx")
        self.port = free_port()
        (data / "files").mkdir()
        for name, content in files.items():
            (data / "files" / name).write_bytes(content)
        configuration = data / "nginx.conf"
        configuration.write_text(_CONFIGURATION.format(data=data, port=self.port))
        super().__init__(["nginx", "-p", str(data), "-c", str(configuration)], data / "nginx.log")
        self._first = next(iter(files))

    @override
    def is_ready(self) -> bool:
        return Http(self.port).answers(f"/{self._first}")
