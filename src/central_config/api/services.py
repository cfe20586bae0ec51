"""Everything that lives as long as the process, built in the order it depends on each other."""

import contextlib
from collections.abc import Iterator
from typing import Any

import structlog

from central_config.access.service import AccessService, Throttle
from central_config.api.assistant import Assistant, Ground
from central_config.api.books import Books, Entry
from central_config.api.clients import ClientAddresses
from central_config.api.counting import Counting
from central_config.api.directory import WorkspaceDirectory
from central_config.api.guard import RequestGuard
from central_config.api.limits import RateLimiter
from central_config.api.plane.callers import KnownCallers
from central_config.api.plane.exchange import Application
from central_config.api.plane.front import DataPlane
from central_config.api.plane.reads import ReadPath
from central_config.api.plane.standing import Standing
from central_config.api.plane.watches import WatchPath
from central_config.api.plane.writes import WritePath
from central_config.assistant.service.uses import Uses
from central_config.audit.service import AuditService
from central_config.audit.service.retention import Retention, SealingRequests
from central_config.backups.service.catalogue import BackupAges, Catalogue
from central_config.configurations.cache import Snapshots
from central_config.configurations.cache.keeper import Keeper
from central_config.configurations.cache.memory import MemoryBound
from central_config.configurations.model.changes import Outcome, Publication
from central_config.configurations.model.counts import ReadCounts
from central_config.configurations.service.changing import Changing
from central_config.configurations.service.compaction import Compaction
from central_config.configurations.service.history import History
from central_config.configurations.service.keys import Keys
from central_config.configurations.service.proposals import Proposals
from central_config.configurations.service.publishing import Publishing
from central_config.configurations.service.reading import Reading
from central_config.configurations.service.rollback import Rollback
from central_config.configurations.service.rules import Rules
from central_config.configurations.service.topologies import Environments
from central_config.configurations.service.writer import Publisher
from central_config.configurations.store.warm import WarmStore
from central_config.core.clock import Clock, SystemClock
from central_config.core.db import lost_connection, open_database, pool_use
from central_config.core.jobs.queue import JobQueue
from central_config.core.listen import NotificationListener
from central_config.core.metrics import (
    ACTIVE_CONFIGURATIONS,
    DATABASE_CONNECTIONS_LIMIT,
    DATABASE_POOL,
)
from central_config.core.settings import Settings
from central_config.core.writer import GroupWriter
from central_config.incidents.service import Tools as IncidentTools
from central_config.incidents.service import parts as incident_services
from central_config.interop.service import Interop
from central_config.notifications.service import Notifications
from central_config.operations.model.certificates import places
from central_config.operations.service.certificates import CertificateWatch
from central_config.operations.service.jobs import Jobs
from central_config.operations.service.measuring import Measuring
from central_config.operations.service.reports import Reports
from central_config.operations.service.schedules import Schedules
from central_config.secrets.model import SealBrokenError
from central_config.secrets.service import Vault, master_key
from central_config.watch.hub import Hub
from central_config.watch.relay import Relay
from central_config.watch.service import Watching
from central_config.workspaces.service import REVISION_CHANNEL, WorkspaceService

log = structlog.get_logger(__name__)

ACCESS_CHANNEL = "cc_access"


class Services:
    """The parts of a running API process."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        url = settings.require_database_url()
        clock = clock or SystemClock()
        self.settings = settings
        self.database = open_database(url, settings, application="central-config-api")
        self.vault = Vault(self.database, master_key(settings), clock)
        self.warm = WarmStore.of(settings, self.vault)
        self.snapshots = Snapshots(self.database, self.vault, self.warm)
        workspaces = WorkspaceService(self.database, clock)
        self.directory = WorkspaceDirectory(workspaces)
        self.access = self._access(clock)
        publisher = Publisher(self.database, self.snapshots, self.vault, clock)
        self.writer: GroupWriter[Publication, Outcome] = GroupWriter(publisher.run, publisher.begin)
        proposals = Proposals(self.database, self.snapshots, self.vault, self.writer, clock)
        publishing = Publishing(self.snapshots, self.writer, proposals)
        reading = Reading(
            self.database, self.snapshots, ReadCounts() if settings.ai_enabled else None
        )
        changing = Changing(self.snapshots, proposals)
        self.hub = Hub()
        for listener in (self.hub.take, self.directory.take, reading.take):
            self.snapshots.listen(listener)
        self.relay = Relay(self.database, self.snapshots)
        self.keepers = list(self._keepers())
        self.listener = self._listener(url)
        self.queue = JobQueue.of(settings)
        self.limiter = RateLimiter(settings.rate_limit_per_key)
        callers = KnownCallers(self.access, self.directory, self.limiter)
        self.reads = ReadPath(callers, self.snapshots, reading)
        self.snapshots.listen(self.reads.take)
        self.access.listen(self.reads.doubt)
        watching = Watching(self.snapshots, reading, self.hub)
        guard = RequestGuard(self.access, self.directory, self.limiter)
        standing = Standing(guard, self.access, self.directory)
        addresses = ClientAddresses(settings)
        self.watches = WatchPath(callers, watching, standing, addresses)
        self.writes = WritePath(callers, publishing, addresses, settings.max_body_bytes)
        self.by_type: dict[type, Any] = {
            type(each): each
            for each in (
                workspaces,
                self.access,
                AuditService(self.database),
                Catalogue(self.database, clock),
                BackupAges(self.database, clock),
                Retention.of(self.database, settings, clock),
                SealingRequests(self.database, self.queue, clock),
                proposals,
                publishing,
                reading,
                changing,
                History(self.database, self.snapshots, self.vault, reading, clock),
                Keys(self.database, self.snapshots, self.vault, publishing, clock),
                Rollback(self.snapshots, reading, publishing),
                Compaction(self.database, self.snapshots, clock),
                Rules(self.database, self.snapshots, clock),
                Environments(workspaces, self.snapshots),
                Uses(self.database, clock),
                watching,
                Jobs(self.database, self.queue, clock),
                Schedules(self.database, clock),
                Reports(self.database, clock),
                Interop(self.database, self.snapshots, reading, changing, clock),
                settings,
                Notifications(self.database, self.queue, settings, clock),
                *incident_services(
                    IncidentTools(self.database, self.queue, settings, clock), self.access
                ),
            )
        }
        self.assistant = Assistant(self._ground(clock)) if settings.ai_enabled else None
        if self.assistant is not None:
            self.by_type |= self.assistant.services
        self.counting = Counting.of(reading.counts, self.reads, watching, self.by_type[Uses])
        self.certificates = CertificateWatch(places(settings.certificates), clock)
        self.books = Books(list(self._entries()))

    def _access(self, clock: Clock) -> AccessService:
        """Return what knows users and keys."""
        settings = self.settings
        redis_url = None if settings.redis_url is None else settings.redis_url.get_secret_value()
        throttle = Throttle(redis_url, settings.cache_key_prefix)
        return AccessService(self.database, clock, settings, throttle, self.directory.resolve)

    def _listener(self, url: str) -> NotificationListener:
        """Return what hears what other processes announce."""
        listen_url = self.settings.database_listen_url
        return NotificationListener(
            url if listen_url is None else listen_url.get_secret_value(),
            {REVISION_CHANNEL: self.relay.hint, ACCESS_CHANNEL: self.access.invalidate},
            self._reconnected,
        )

    def _ground(self, clock: Clock) -> Ground:
        """Return what the assistant works with."""
        return Ground(
            self.settings,
            self.database,
            self.snapshots,
            self.vault,
            self.queue,
            clock,
            self.by_type,
        )

    def _keepers(self) -> Iterator[Keeper | MemoryBound]:
        """Yield what looks after the workspaces in memory."""
        yield MemoryBound(self.snapshots, self.settings.snapshot_memory_bytes, self.hub.watched)
        if self.warm is not None:
            yield Keeper(self.database, self.snapshots, self.warm)

    def front(self, control: Application) -> DataPlane:
        """Return the data plane in front of a control plane that works with these services."""
        return DataPlane(control, self.reads, self.watches, self.writes)

    def _reconnected(self) -> None:
        """What was announced while nobody listened is unknown: look, and trust nothing cached."""
        self.relay.hint()
        self.access.invalidate("")

    async def start(self) -> None:
        """Begin to work; needs a running event loop.

        Raises:
            SealBrokenError: the master key is not the one the database was written with. A
                database that is away is no reason not to start.
        """
        try:
            await self.vault.check()
        except SealBrokenError as error:
            log.critical("cannot start", reason=str(error))
            raise
        except Exception as error:
            if not lost_connection(error):
                raise
        self.writer.start()
        self.relay.start()
        self.listener.start()
        for keeper in self.keepers:
            keeper.start()
        self.books.start()
        if self.assistant is not None:
            self.assistant.start()

    async def stop(self) -> None:
        """Finish what was accepted, end every watch, close connections."""
        self.hub.close()
        self.watches.stop()
        if self.assistant is not None:
            await self.assistant.stop()
        await self.writer.stop()
        await self.books.stop()
        await self.certificates.stop()
        await self.listener.stop()
        await self.relay.stop()
        for keeper in self.keepers:
            await keeper.stop()
        if self.warm is not None:
            await self.warm.close()
        self.reads.flush()
        with contextlib.suppress(Exception):  # the database may be gone; stopping goes on
            if self.counting is not None:
                await self.counting.keep()
        with contextlib.suppress(Exception):
            await self.access.close()
            await self.queue.close()
        await self.database.dispose()

    def _entries(self) -> Iterator[Entry]:
        """Yield what is measured and written down regularly."""
        yield Entry("pool", self._measure_pool)
        yield Entry("jobs, schedulers, audit log", Measuring(self.database).measure)
        yield Entry("ages of backups", self.by_type[BackupAges].look, every=6)
        yield Entry("uses of keys", self.access.flush_usage)
        yield Entry("notifications", self.by_type[Notifications].measure, every=6)
        # Counting all configurations reads an index from end to end: every minute is enough.
        yield Entry("active configurations", self._count_active, every=6)
        if self.counting is not None:
            yield Entry("uses of configurations", self.counting.keep, every=6)
        yield Entry("certificates", self.certificates.keep, every=6)

    async def _measure_pool(self) -> None:
        settings = self.settings
        DATABASE_CONNECTIONS_LIMIT.set(settings.database_pool_size + settings.database_max_overflow)
        used, idle = pool_use(self.database)
        DATABASE_POOL.labels("used").set(used)
        DATABASE_POOL.labels("idle").set(idle)
        self.reads.flush()

    async def _count_active(self) -> None:
        ACTIVE_CONFIGURATIONS.set(await self.snapshots.count_active())
