"""Brings the company into a real database, through the services that serve it afterwards.

Its months pass in a second: the clock of the services is set to the moment of each publication.
Only revisions take their time from the database, which nobody can set; theirs is put right after.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import delete, func, insert, text

from bench.ai import company as data
from central_config.access.model import (
    BUILT_IN_ROLES,
    SYSTEM_CALLER,
    Caller,
    Principal,
    RoleGrant,
    WorkspaceRef,
)
from central_config.access.service import AccessService
from central_config.access.service.users import NewUser
from central_config.api.services import Services
from central_config.assistant.service.synonyms import Synonyms
from central_config.assistant.tables.uses import cc_key_use, cc_use_counting
from central_config.configurations.model.changes import Condition, Outcome
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service.changing import Changing
from central_config.configurations.service.edits import Wish
from central_config.configurations.service.publishing import Publishing
from central_config.configurations.service.topologies import Environments
from central_config.core.db import transaction
from central_config.core.ids import new_id
from central_config.workspaces.model import Environment
from central_config.workspaces.service import WorkspaceService

_ROLE = "configuration-manager"
_SET_BACK = (
    text("UPDATE cc_revision SET published_at = :at WHERE revision >= :revision"),
    text("UPDATE cc_change SET published_at = :at WHERE revision >= :revision"),
)
_READ_OFTEN = 1000  # how often an application read a key, where all that counts is that it did


class Moment:
    """A clock that stands where it is set."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """Return the moment it was set to."""
        return self.at


class Loaded(msgspec.Struct, frozen=True):
    """The company in the database: where it is, who asks, and when."""

    workspace: WorkspaceRef
    asker: Caller
    now: datetime


async def load(services: Services, clock: Moment) -> Loaded:
    """Bring the company into an empty database; the clock stands at its present afterwards."""
    company = data.company()
    clock.at = company.founded
    await services.by_type[AccessService].bootstrap()
    people = await _people(services, company)
    place = await _workspace(services, company)
    callers = {name: _at(caller, place) for name, caller in people.items()}
    asker = callers[company.users[0]]
    await _history(services, clock, callers, company)
    await _say(services, asker, company)
    clock.at = company.now
    await _count_reads(services, await services.snapshots.fresh(place.id))
    return Loaded(place, asker, company.now)


async def _people(services: Services, company: data.Company) -> Mapping[str, Caller]:
    users = services.by_type[AccessService].users
    permissions = BUILT_IN_ROLES[_ROLE][1]
    found: dict[str, Caller] = {}
    for name in company.users:
        made, _ = await users.create(SYSTEM_CALLER, NewUser(name, f"{name}@kestrel.example"))
        await users.set_roles(SYSTEM_CALLER, name, [RoleGrant(_ROLE)])
        principal = Principal(kind="user", id=made.id, name=name, grants={None: permissions})
        found[name] = Caller(principal, principal.actor())
    return found


async def _workspace(services: Services, company: data.Company) -> WorkspaceRef:
    made = await services.by_type[WorkspaceService].create(
        SYSTEM_CALLER, company.workspace, company.name, ""
    )
    place = WorkspaceRef(made.id, made.slug)
    environments = services.by_type[Environments]
    for each in company.environments:
        wanted = Environment(
            id=new_id(),
            slug=each.slug,
            parent_id=None,
            requires_approval=False,
        )
        await environments.create(_at(SYSTEM_CALLER, place), wanted, each.parent)
    return place


def _at(caller: Caller, place: WorkspaceRef) -> Caller:
    return msgspec.structs.replace(caller, workspace=place)


async def _history(
    services: Services, clock: Moment, callers: Mapping[str, Caller], company: data.Company
) -> None:
    """Publish what was published, each at its moment; then leave what was only drafted."""
    moments = {0: company.founded}
    for publication in data.changes():
        clock.at = publication.at
        revision = await _publish(services, callers[publication.by], publication)
        moments[revision] = publication.at
    changing: Changing = services.by_type[Changing]
    for draft in company.drafts:
        clock.at = draft.at
        wishes = _wishes(draft.edits)
        await changing.draft(callers[draft.by], wishes, draft.message, None)
    await _set_back(services, moments)


async def _say(services: Services, caller: Caller, company: data.Company) -> None:
    """Save the words the company has of its own."""
    synonyms: Synonyms = services.by_type[Synonyms]
    for said, words in company.synonyms.items():
        await synonyms.save(caller, said, words)


async def _publish(services: Services, caller: Caller, publication: data.Publication) -> int:
    publishing: Publishing = services.by_type[Publishing]
    made = await publishing.write(
        caller,
        _wishes(publication.edits),
        message=publication.message,
        condition=Condition(),
        kind="change",
    )
    if not isinstance(made, Outcome) or not made.changed:
        raise ValueError(f"{publication.message} of {publication.at} changed nothing")
    return made.revision


async def _set_back(services: Services, moments: Mapping[int, datetime]) -> None:
    """Give each revision, and those up to the next one named, its moment."""
    rows = [{"revision": revision, "at": at} for revision, at in sorted(moments.items())]
    async with transaction(services.database) as connection:
        for statement in _SET_BACK:
            await connection.execute(statement, rows)


def _wishes(edits: Sequence[data.Edit]) -> list[Wish]:
    return [Wish(**msgspec.structs.asdict(edit)) for edit in edits]


async def _count_reads(services: Services, state: WorkspaceState) -> None:
    """Write what was read into the tables: a service writes down only what is read now."""
    reads = data.reads()
    rows = [
        row
        for environment in state.topology.by_id.values()
        for row in _reads_of(state, environment.id, reads, reads.last[environment.slug])
    ]
    async with transaction(services.database) as connection:
        # The service may have begun to count already: from now on, as far as it knows.
        await connection.execute(delete(cc_use_counting))
        counting = {"id": 1, "began_at": reads.since, "flushed_at": func.now()}
        await connection.execute(insert(cc_use_counting).values(counting))
        await connection.execute(insert(cc_key_use), rows)


def _reads_of(
    state: WorkspaceState,
    environment_id: UUID,
    reads: data.Reads,
    last: Mapping[str, datetime | None],
) -> list[dict[str, object]]:
    moments = {key: last.get(key, reads.otherwise) for key, _ in state.entries(environment_id, "")}
    return [
        {
            "environment_id": environment_id,
            "part": False,
            "name": key,
            "reads": _READ_OFTEN,
            "first_read_at": reads.since,
            "last_read_at": moment,
        }
        for key, moment in moments.items()
        if moment is not None
    ]
