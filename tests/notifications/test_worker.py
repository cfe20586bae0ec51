"""Messages and escalation through real processes: a worker, a scheduler, and their queue."""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import redis
from sqlalchemy import text

from central_config.access.model import SYSTEM_CALLER
from central_config.core.clock import SystemClock
from central_config.core.db import Database, open_database
from central_config.core.jobs import store as jobs
from central_config.core.jobs.queue import JobQueue
from central_config.core.settings import Settings
from central_config.incidents.model.escalation import Step
from central_config.incidents.service import Tools
from central_config.incidents.service.escalation import Escalation
from central_config.incidents.service.incidents import Incidents, New
from central_config.incidents.tasks import ESCALATE
from central_config.notifications.model import Notification
from central_config.notifications.service import Notifications
from central_config.supervisor.environment import child_environment
from central_config.supervisor.valkey import ValkeyServer
from tests.monitoring.sinks import serving
from tests.notifications.sinks import SECRET, SLACK_PATH, Sink, Sinks, open_sinks
from tests.support.servers import cloned_database

# A worker takes many seconds to start where others use the machine, too.
pytestmark = [pytest.mark.anyio, pytest.mark.timeout(180)]

PROGRAM = Path(__file__).parent.parent / "worker" / "program.py"
PATIENCE = 80.0  # seconds


async def wait_for(look: Callable[[], Awaitable[Any]], what: str) -> Any:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := await look():
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"waited in vain for {what}")


class Processes:
    """A queue and a database of this module's, and a worker and a scheduler once they are begun."""

    def __init__(self, settings: Settings, sinks: Sinks, place: Path) -> None:
        self.settings = settings
        self.sinks = sinks
        self._place = place
        self._children: list[subprocess.Popen[bytes]] = []

    def begin(self) -> None:
        """Start both, if they do not run."""
        for what in () if self._children else ("worker", "beat"):
            with (self._place / f"{what}.log").open("ab") as log:
                self._children.append(
                    subprocess.Popen(
                        [sys.executable, str(PROGRAM), what],
                        env=child_environment(self.settings, {}),
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                    )
                )

    def end(self) -> None:
        for child in self._children:
            child.kill()
            child.wait(PATIENCE)
        self._children.clear()

    def logs(self) -> str:
        return "".join(each.read_text() for each in self._place.glob("*.log"))


class Bench:
    """What a test does with them."""

    def __init__(self, processes: Processes, database: Database) -> None:
        self.processes = processes
        self.sinks = processes.sinks
        self.database = database
        self.queue = JobQueue.of(processes.settings)
        tools = Tools(database, self.queue, processes.settings, SystemClock())
        self.incidents, self.escalation = Incidents(tools), Escalation(tools)
        self.notifications = Notifications(database, self.queue, processes.settings, SystemClock())

    async def send(self, target: str) -> list[Notification]:
        return list(await self.notifications.test(SYSTEM_CALLER, target))

    async def until(self, message_id: UUID, status: str) -> Notification:
        async def there() -> Notification | None:
            found = await self.notifications.show(message_id)
            return found if found.status == status else None

        what = f"message {message_id} to be {status}; {self.processes.logs()[-3000:]}"
        return await wait_for(there, what)


@pytest.fixture(scope="module")
def processes(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with (
        tempfile.TemporaryDirectory(prefix="cc-") as short,
        open_sinks() as sinks,
        ValkeyServer(data_dir=Path(short) / "v") as valkey,
        cloned_database(template_url) as url,
    ):
        settings = Settings(
            **{"database_url": url, "redis_url": valkey.url, **sinks.settings},
            celery_worker_concurrency=2,
        )
        made = Processes(settings, sinks, tmp_path_factory.mktemp("notifications"))
        yield made
        made.end()


@pytest.fixture
async def bench(processes: Processes) -> AsyncIterator[Bench]:
    settings = processes.settings
    database = open_database(settings.require_database_url(), settings)
    made = Bench(processes, database)
    yield made
    await made.queue.close()
    await database.dispose()


async def test_a_flushed_queue_loses_no_message(bench: Bench) -> None:
    bench.processes.end()
    messages = await bench.send("default")
    targets = ["mail:lead@example.org", "mail:oncall@example.org", "slack", "webhook"]
    assert sorted(each.target for each in messages) == targets
    url = bench.processes.settings.redis_url
    assert url is not None
    with redis.Redis.from_url(url.get_secret_value()) as client:
        client.flushall()
    bench.processes.begin()
    for each in messages:
        await bench.until(each.id, "sent")
    hooks = [each for each in bench.sinks.web.to("/hook") if each.body["about"] == "test"]
    assert all(each.is_signed() for each in hooks)
    ids = {str(each.id) for each in messages}
    assert len([each for each in hooks if each.body["id"] in ids]) == 1
    mails = [
        mail.recipients
        for mail in bench.sinks.mail.mails
        if mail.message["Message-ID"].strip("<").partition("@")[0] in ids
    ]
    assert sorted(mails) == [["lead@example.org"], ["oncall@example.org"]]
    said = bench.processes.logs()
    assert "notification sent" in said
    for secret in (SECRET, "slack-token-of-tests"):
        assert secret not in said


async def test_a_sink_that_fails_gets_it_later(bench: Bench) -> None:
    bench.processes.begin()
    bench.sinks.web.next.append(500)
    (message,) = await bench.send("webhook")
    found = await bench.until(message.id, "sent")  # the second attempt comes after five seconds
    calls = [each for each in bench.sinks.web.to("/hook") if each.body["id"] == str(message.id)]
    assert (found.attempts, len(calls)) == (2, 2)


async def test_a_sink_that_was_away_gets_it(bench: Bench) -> None:
    bench.processes.begin()
    port = bench.sinks.web.server_port
    bench.sinks.web.shutdown()
    bench.sinks.web.server_close()
    (message,) = await bench.send("slack")

    async def tried() -> str | None:
        return (await bench.notifications.show(message.id)).error

    assert await wait_for(tried, "a first attempt") == "not reachable (ConnectError)"
    with serving(back := Sink(port)):
        await bench.notifications.retry(SYSTEM_CALLER, message.id)
        await bench.until(message.id, "sent")
        assert len(back.to(SLACK_PATH)) == 1


async def test_time_passes_and_the_next_is_told(bench: Bench) -> None:
    bench.processes.begin()
    step = Step("team-lead", "Team lead", 15, "any", ("mail:team@example.org",))
    await bench.escalation.set_step(SYSTEM_CALLER, step)
    opened = await bench.incidents.open(SYSTEM_CALLER, New(severity="P1", title="Slow"))
    incident = opened.incident.id
    async with bench.database.begin() as connection:
        earlier = "UPDATE cc_incident SET opened_at = opened_at - interval '16 min' WHERE id = :id"
        await connection.execute(text(earlier), {"id": incident})
        # What the schedule does every minute, by four at once.
        ids = [await jobs.enqueue(connection, ESCALATE, {}) for _ in range(4)]
    await bench.queue.dispatch(*ids)

    def mails() -> list[Any]:
        return [mail for mail in bench.sinks.mail.mails if mail.recipients == ["team@example.org"]]

    async def told() -> bool:
        return bool(mails())

    async def over() -> bool:
        async with bench.database.connect() as connection:
            found = [await jobs.find(connection, each) for each in ids]
        return {each and each.status for each in found} == {"done"}

    await wait_for(told, f"the team lead's mail; {bench.processes.logs()[-3000:]}")
    await wait_for(over, "all four to end")
    (mail,) = mails()
    assert mail.subject == "[INCIDENT] Central Configuration - P1 - Slow"
    assert "For: Team lead (15 min, not resolved)" in mail.text
    entries = (await bench.incidents.show(incident)).entries
    texts = [each.text for each in entries if each.kind == "escalated"]
    assert texts[1:] == ["Team lead told (15 min, not resolved): mail:team@example.org"]
