"""What `central-config serve` tells the person in front of it."""

from pathlib import Path

from central_config.core.settings import Settings
from central_config.supervisor.plan import reachable


def banner(settings: Settings, data_dir: Path, answers: str, *, ready: bool) -> str:
    """Return the addresses, the data directory and what the first start had to say, if anything."""
    api = _address(settings.host, settings.port)
    lines = [
        "central-config is ready" if ready else "central-config is not ready yet; see the log",
        f"  API      {api}/api/v1",
        f"  Docs     {api}/api/v1/docs",
    ]
    if settings.metrics_port:
        lines.append(f"  Metrics  {_address(settings.metrics_host, settings.metrics_port)}/metrics")
    lines.append(f"  Data     {data_dir}")
    if answers.strip():
        lines += ["", answers.strip(), ""]
    return "\n".join([*lines, "Ctrl-C stops everything."])


def _address(host: str, port: int) -> str:
    host = reachable(host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
