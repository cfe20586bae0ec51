"""A web application and a Celery application as plain as can be, run by the real servers."""

import os
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import celery
from celery.signals import worker_ready

worker = celery.Celery("stand_in")
worker.conf.update(
    broker_url=os.getenv("REDIS_URL", "").replace("unix://", "redis+socket://"),
    worker_enable_remote_control=False,
)


@worker.task
def long_job() -> None:
    print("the long job began", flush=True)  # noqa: T201 - the test waits for it
    time.sleep(300)


@worker_ready.connect
def begin(**_: object) -> None:
    long_job.delay()


Message = MutableMapping[str, Any]


async def application(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ready"})
