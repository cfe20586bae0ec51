"""Counting failures: in Valkey, and without it."""

import pytest

from central_config.access.service import Throttle
from central_config.supervisor.valkey import ValkeyServer

pytestmark = pytest.mark.anyio

ADDRESS = "192.0.2.1"


async def exhausted(throttle: Throttle, name: str = "ada", address: str = ADDRESS) -> int | None:
    wait = None
    for _ in range(6):
        wait = await throttle.begin_sign_in(name, address)
    return wait


async def test_processes_count_together_in_valkey(valkey: ValkeyServer) -> None:
    one, other = Throttle(valkey.url, "cc:"), Throttle(valkey.url, "cc:")
    wait = await exhausted(one)
    assert wait is not None
    assert 55 <= wait <= 60
    assert await other.begin_sign_in("ada", ADDRESS) is not None
    assert await other.begin_sign_in("bob", ADDRESS) is None
    assert await other.begin_sign_in("ada", "192.0.2.2") is None
    await other.sign_in_succeeded("ada", ADDRESS)
    assert await one.begin_sign_in("ada", ADDRESS) is None
    for _ in range(20):
        assert await one.token_failed(ADDRESS) is None
    assert await other.token_failed(ADDRESS) is not None
    await one.close()
    await other.close()


async def test_without_valkey_each_process_counts_for_itself(valkey: ValkeyServer) -> None:
    one, other = Throttle(valkey.url), Throttle(valkey.url)
    assert await one.begin_sign_in("ada", ADDRESS) is None
    valkey.stop()
    assert await exhausted(one) is not None
    assert await one.begin_sign_in("bob", ADDRESS) is None
    assert await other.begin_sign_in("ada", ADDRESS) is None
    await one.sign_in_succeeded("ada", ADDRESS)
    assert await one.begin_sign_in("ada", ADDRESS) is None
    await one.close()
    await other.close()


async def test_valkey_is_used_again_when_it_is_back(
    valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("central_config.access.service.throttle._PAUSE", 0.0)
    one, other = Throttle(valkey.url), Throttle(valkey.url)
    await one.begin_sign_in("ada", ADDRESS)
    valkey.stop()
    await one.begin_sign_in("ada", ADDRESS)
    valkey.start()
    assert await exhausted(one) is not None
    assert await other.begin_sign_in("ada", ADDRESS) is not None
    await one.close()
    await other.close()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("unknown", "unknown", True),
    ],
)
async def test_addresses_of_one_customer_count_as_one(one: str, other: str, same: bool) -> None:  # noqa: FBT001
    throttle = Throttle(None)
    await exhausted(throttle, address=one)
    assert (await throttle.begin_sign_in("ada", other) is not None) == same
    await throttle.close()


async def test_the_window_moves() -> None:
    throttle = Throttle(None, per_user="2/second")
    assert await throttle.begin_sign_in("ada", ADDRESS) is None
    assert await throttle.begin_sign_in("ada", ADDRESS) is None
    assert await throttle.begin_sign_in("ada", ADDRESS) == 1
    await throttle.close()
