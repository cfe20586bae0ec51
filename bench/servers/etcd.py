"""etcd: one member, durable as it comes, and the few messages of its protocol that are needed."""

import base64
import struct
from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from bench.client import Http
from bench.place import fresh
from bench.processes import Child, free_port

RANGE = "/etcdserverpb.KV/Range"
PUT = "/etcdserverpb.KV/Put"
TXN = "/etcdserverpb.KV/Txn"
WATCH = "/etcdserverpb.Watch/Watch"
GRPC_HEADERS = {"content-type": "application/grpc", "te": "trailers"}
_QUOTA = str(8 * 1024**3)  # bytes the history may take


class Etcd(Child):
    """One member on loopback with its data on disk."""

    def __init__(self) -> None:
        self.data = fresh("etcd")
        self.port = free_port()
        here, peer = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{free_port()}"
        argv = ["etcd", "--name", "bench", "--data-dir", str(self.data / "member")]
        argv += ["--listen-client-urls", here, "--advertise-client-urls", here]
        argv += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
        argv += ["--initial-cluster", f"bench={peer}", "--logger", "zap", "--log-level", "error"]
        argv += ["--quota-backend-bytes", _QUOTA]
        super().__init__(argv, self.data / "etcd.log")

    @override
    def is_ready(self) -> bool:
        return Http(self.port).answers("/health")

    def call(self, path: str, body: Mapping[str, Any]) -> Any:
        """Ask the JSON gateway."""
        return Http(self.port).ok("POST", path, dict(body))

    def put(self, key: str, value: str) -> None:
        """Write a key."""
        self.call("/v3/kv/put", {"key": b64(key), "value": b64(value)})

    def revision(self) -> int:
        """Return the present revision: one more for each put."""
        answer = self.call("/v3/kv/range", {"key": b64("none")})
        return int(answer["header"]["revision"])


def b64(text: str) -> str:
    """Return text as the JSON gateway spells bytes."""
    return base64.b64encode(text.encode()).decode()


def frame(message: bytes) -> bytes:
    """Return a message as gRPC sends it: uncompressed, its length in front."""
    return struct.pack(">BI", 0, len(message)) + message


def range_request(key: str) -> bytes:
    """RangeRequest{key}: linearizable unless it says otherwise."""
    return _bytes(1, key.encode())


def put_request(key: str, value: bytes) -> bytes:
    """PutRequest{key, value}."""
    return _bytes(1, key.encode()) + _bytes(2, value)


def txn_request(key: str, value: bytes) -> bytes:
    """TxnRequest: put the key if it exists (version > 0), the cheapest true comparison."""
    # Compare{result: GREATER, target: VERSION, key, version: 0}; zeros are not sent.
    compare = _number(1, 1) + _bytes(3, key.encode())
    put = _bytes(2, put_request(key, value))  # RequestOp{request_put}
    return _bytes(1, compare) + _bytes(2, put)


def watch_request(key: str) -> bytes:
    """WatchRequest{create_request{key}}."""
    return _bytes(1, _bytes(1, key.encode()))


def _number(field: int, value: int) -> bytes:
    return bytes([field << 3]) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
