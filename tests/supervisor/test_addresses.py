"""A second service on the same port is refused before anything is started."""

import socket
from pathlib import Path

import pytest

from central_config.core.settings import Settings
from central_config.supervisor.serve import REFUSED, serve


def test_a_port_in_use_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        settings = Settings(port=port, metrics_port=0, data_dir=tmp_path / "data")
        assert serve(settings) == REFUSED
    assert f"127.0.0.1:{port} already" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()
