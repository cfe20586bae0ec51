"""The service's API, one call after the other."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Self, TypeVar, Unpack

import httpx2

from central_config_client.calls import Call, change, delete, patch, put, read, read_key, request
from central_config_client.errors import UnavailableError
from central_config_client.options import Connection, ConnectionOptions
from central_config_client.transport import answered, arguments, prepared

T = TypeVar("T")
P = ParamSpec("P")


def _method(build: Callable[P, Call[T]]) -> Callable[Concatenate["Client", P], T]:
    @wraps(build)
    def method(self: "Client", *given: P.args, **named: P.kwargs) -> T:
        return self.send(build(*given, **named))

    return method


class Client:
    """Reads and writes; for reading all the time use `Config`.

    Each method is described in `calls`. May be used from many threads.
    """

    read = _method(read)
    read_key = _method(read_key)
    put = _method(put)
    patch = _method(patch)
    delete = _method(delete)
    change = _method(change)
    request = _method(request)

    def __init__(self, **options: Unpack[ConnectionOptions]) -> None:
        self._connection = Connection(**options)
        self._http = httpx2.Client(**arguments(self._connection))

    def send(self, call: Call[T]) -> T:
        """Carry out a call.

        Raises:
            ProblemError: the service refused; of the class of its code.
            UnavailableError: nobody answered. Whether a write was carried out is not known then.
        """
        asked = prepared(self._http, self._connection, call.request)
        try:
            answer = answered(self._http.send(asked))
        except httpx2.RequestError as error:
            raise UnavailableError(f"{type(error).__name__}: {error}") from error
        return call.read(answer)

    def close(self) -> None:
        """Close connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
