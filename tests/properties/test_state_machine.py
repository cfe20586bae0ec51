"""The real services against a naive model of the domain, through random histories."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from central_config.api.services import Services
from central_config.configurations.model.changes import Condition
from central_config.configurations.service.changing import Changing
from central_config.configurations.service.compaction import Compaction
from central_config.configurations.service.keys import Keys
from central_config.configurations.service.proposals import Proposals
from central_config.configurations.service.publishing import Publishing
from central_config.configurations.service.rollback import Goal, Rollback
from central_config.configurations.service.topologies import Environments
from central_config.core.problems import Problem
from central_config.core.settings import Settings
from central_config.secrets.model import MASK
from central_config.watch.hub import Watcher
from central_config.workspaces.model import Environment
from tests.properties.naive import REFERENCE, RefusedError, Wanted, World
from tests.properties.rig import Mirror, Rig, internals, texts, versions, wishes_of
from tests.properties.wishes import EFFORT, ago, conditions, edits, keys, replicas, slugs

FAULTS = {"reference-unresolved", "reference-cycle", "reference-type"}


class Machine(RuleBasedStateMachine):
    """What people do to a workspace, on two replicas; the second lags until it is told."""

    def __init__(self, rig: Rig, runner: asyncio.Runner) -> None:
        super().__init__()
        self.run = runner.run
        self.rig = rig
        self.world = World()
        self.drafts: list[tuple[UUID, int, list[Wanted]]] = []
        self.watched: dict[str, tuple[Watcher, Mirror]] = {}
        self.run(self.rig.open())

    @initialize()
    def furnish(self) -> None:
        for slug, parent in (("base", None), ("mid", "base"), ("leaf", "mid"), ("side", "base")):
            self.create(0, slug, parent)

    def teardown(self) -> None:
        try:
            self.all_agree()
        finally:
            self.run(self.rig.close())

    def home(self, edit: Wanted) -> Wanted:
        return edit._replace(home=self.world.now.homes.get(edit.environment, 0))

    def both(self, told: Callable[[], Any], asked: Coroutine[Any, Any, Any]) -> Any:
        """Do the same to the model and to the services; both must agree, or refuse alike."""
        before = self.world.revision
        expected, refusal, answer = None, None, None
        try:
            expected = told()
        except RefusedError as error:
            refusal = error.code
        try:
            answer = self.run(asked)
            got = None
        except Problem as problem:
            got = REFERENCE if problem.code in FAULTS else problem.code
        assert got == refusal, f"the services say {got or 'yes'}, the model {refusal or 'yes'}"
        if refusal is not None:
            assert self.world.revision == before
        elif isinstance(expected, bool):
            changed = getattr(answer, "changed", expected)
            assert changed == expected
            assert getattr(answer, "revision", self.world.revision) == self.world.revision
        return answer if refusal is None else None

    # -- what people do ------------------------------------------------------------------------

    @rule(replica=replicas, edit=edits, kind=conditions, back=ago)
    def write_one(self, replica: int, edit: Wanted, kind: str, back: int) -> None:
        self.write(replica, [edit], kind, back)

    @rule(replica=replicas, chosen=st.lists(edits, min_size=2, max_size=6))
    def write_at_once(self, replica: int, chosen: list[Wanted]) -> None:
        """Several people in one moment: the writer takes them into one transaction."""
        publishing = self.rig.part(replica, Publishing)

        async def all_of_them() -> list[Any]:
            writes = (
                publishing.write(
                    self.rig.admin, wishes_of([each]), message="m", condition=Condition()
                )
                for each in chosen
            )
            return await asyncio.gather(*writes, return_exceptions=True)

        answers = self.run(all_of_them())
        for each, answer in zip(chosen, answers, strict=True):
            self.both(lambda each=each: self.world.publish([self.home(each)]), _given(answer))

    @rule(
        replica=replicas,
        chosen=st.lists(edits, min_size=2, max_size=5, unique_by=lambda e: (e.environment, e.key)),
        kind=conditions,
        back=ago,
    )
    def write_many(self, replica: int, chosen: list[Wanted], kind: str, back: int) -> None:
        self.write(replica, chosen, kind, back)

    def write(self, replica: int, chosen: Sequence[Wanted], kind: str, back: int) -> None:
        chosen = [self.home(edit) for edit in chosen]
        # The last revision that counts, and the one before it: the border of a conflict.
        last = max(
            self.world.now.touched(each.environment, each.key)
            if each.environment in self.world.now.parents
            else 0
            for each in chosen
        )
        how: dict[str, Any] = {
            "any": {},
            "just": {"since": last, "required": True},
            "late": {"since": max(0, last - 1), "required": True},
            "right": {"since": self.world.revision, "required": True},
            "stale": {"since": max(0, self.world.revision - back), "required": True},
            "absent": {"absent": True, "required": True},
            "blind": {"required": True},
            "future": {"since": self.world.revision + 1},
        }[kind]
        self.both(
            lambda: self.world.publish(chosen, **how),
            self.rig.part(replica, Publishing).write(
                self.rig.admin, wishes_of(chosen), message="m", condition=Condition(**how)
            ),
        )

    @rule(replica=replicas, chosen=st.lists(edits, min_size=1, max_size=3), back=ago)
    def draft(self, replica: int, chosen: list[Wanted], back: int) -> None:
        chosen = [self.home(edit) for edit in {(e.environment, e.key): e for e in chosen}.values()]
        if any(edit.environment not in self.world.now.parents for edit in chosen):
            return
        base = max(0, self.world.revision - back)
        self.run(self.rig.catch_up(replica))
        made = self.run(
            self.rig.part(replica, Changing).draft(self.rig.admin, wishes_of(chosen), "m", base)
        )
        self.drafts.append((made.id, base, chosen))

    @precondition(lambda self: self.drafts)
    @rule(replica=replicas, data=st.data(), rebase=st.booleans())
    def publish(self, replica: int, data: st.DataObject, *, rebase: bool) -> None:
        position = data.draw(st.integers(0, len(self.drafts) - 1))
        change_id, base, chosen = self.drafts[position]
        proposals = self.rig.part(replica, Proposals)
        if rebase:
            base = self.run(proposals.rebase(self.rig.admin, change_id)).base_revision
            assert base == self.world.revision
            self.drafts[position] = (change_id, base, chosen)
        done = self.both(
            lambda: self.world.publish(chosen, since=base, draft=True),
            proposals.publish(self.rig.admin, change_id),
        )
        if done is not None:
            del self.drafts[position]

    @rule(replica=replicas, slug=slugs, back=ago, prefix=st.sampled_from(("", "", "c/", "a")))
    def roll_back(self, replica: int, slug: str, back: int, prefix: str) -> None:
        to = max(0, self.world.revision - back)
        self.both(
            lambda: self.world.roll_back(slug, to, prefix),
            self.rig.part(replica, Rollback).roll_back(
                self.rig.admin, slug, Goal(to, prefix=prefix)
            ),
        )

    @rule(
        replica=replicas,
        how=st.sampled_from(("create", "create", "move", "move", "delete")),
        slug=slugs,
        parent=st.none() | slugs,
    )
    def arrange(self, replica: int, how: str, slug: str, parent: str | None) -> None:
        if how == "create":
            self.create(replica, slug, parent)
        elif how == "move":
            self.both(
                lambda: self.world.move(slug, parent),
                self.rig.part(replica, Environments).update(
                    self.rig.admin, slug, {"parent": parent}
                ),
            )
        else:
            self.delete(replica, slug)

    def create(self, replica: int, slug: str, parent: str | None) -> None:
        self.both(
            lambda: self.world.create(slug, parent),
            self.rig.part(replica, Environments).create(
                self.rig.admin,
                Environment(UUID(int=0), slug, None, requires_approval=False),
                parent,
            ),
        )

    def delete(self, replica: int, slug: str) -> None:
        self.both(
            lambda: self.world.delete(slug),
            self.rig.part(replica, Environments).delete(self.rig.admin, slug),
        )
        # A replica that has not heard of it yet would take a write for the environment that was.
        self.run(self.rig.catch_up(1))

    @rule(replica=replicas, key=keys)
    def make_secret(self, replica: int, key: str) -> None:
        self.both(
            lambda: self.world.make_secret(key),
            self.rig.part(replica, Keys).make_secret(self.rig.admin, key),
        )

    @rule(replica=replicas, back=st.integers(4, 30))
    def compact(self, replica: int, back: int) -> None:
        before = max(0, self.world.revision - back)
        self.both(
            lambda: self.world.compact(before),
            self.rig.part(replica, Compaction).compact(self.rig.admin, before),
        )

    # -- what operators and clients do ---------------------------------------------------------

    @rule(replica=replicas)
    def restart(self, replica: int) -> None:
        self.run(self.rig.restart(replica))
        if replica == 0:
            self.watched = {
                slug: (self.resumed(0, slug, mirror), mirror)
                for slug, (_, mirror) in self.watched.items()
            }

    def resumed(self, replica: int, slug: str, mirror: Mirror) -> Watcher:
        watcher, backlog = self.run(self.rig.watch(replica, self.rig.app, slug, mirror.revision))
        for heard in backlog:
            mirror.hear(heard)
        return watcher

    @rule()
    def second_replica_catches_up(self) -> None:
        self.run(self.rig.catch_up(1))
        self.agrees(1)

    @rule(slug=slugs)
    def consistent_read_of_a_lagging_replica(self, slug: str) -> None:
        if slug in self.world.now.parents:
            found = self.run(self.rig.read(1, self.rig.app, slug, consistent=True))
            assert found["revision"] == self.world.revision
            assert texts(found["values"]) == texts(self.expected(slug))

    @rule(replica=replicas, back=ago)
    def look_back(self, replica: int, back: int) -> None:
        self.run(self.rig.catch_up(replica))
        self.past_agrees(replica, max(0, self.world.revision - back))

    @rule(replica=replicas, slug=slugs, back=ago)
    def resume_a_watch(self, replica: int, slug: str, back: int) -> None:
        if slug not in self.world.now.parents:
            return
        self.run(self.rig.catch_up(replica))
        since = max(0, self.world.revision - back)
        then = self.world.past[since]
        known = then.served(slug, set()) if slug in then.parents else {}
        mirror = Mirror(since, {key: value for key, (value, _, _) in known.items()})
        self.rig.unwatch(replica, self.resumed(replica, slug, mirror))
        assert texts(mirror.values) == texts(self.expected(slug))
        watcher, backlog = self.run(self.rig.watch(replica, self.rig.viewer, slug, since))
        self.rig.unwatch(replica, watcher)
        seen = Mirror(since, {})
        for heard in backlog:
            seen.hear(heard)
            for key in self.world.secrets & set(seen.values):
                assert seen.values[key] == MASK, "a secret was shown"

    # -- what must hold after each step --------------------------------------------------------

    @invariant()
    def first_replica_agrees(self) -> None:
        self.run(self.rig.catch_up(0))
        self.agrees(0)
        self.events_alone_tell_everything()

    def agrees(self, replica: int) -> None:
        state = self.run(self.rig.state(replica))
        assert state.revision == self.world.revision
        assert {each.slug for each in state.topology.by_id.values()} == set(self.world.now.parents)
        cells = self.world.now.cells
        assert versions(state) == {
            (slug, key): (held.status, held.version, held.revision)
            for slug in cells
            for key, held in cells[slug].items()
        }
        for slug in self.world.now.parents:
            self.environment_agrees(replica, slug)
        assert internals(state) == internals(self.run(self.rig.cold()))

    def environment_agrees(self, replica: int, slug: str, **how: Any) -> None:
        revision = how.get("at", self.world.revision)
        picture = self.world.past[revision]
        served = picture.served(slug, self.world.secrets)
        secret = sorted(key for key, (_, _, hidden) in served.items() if hidden)
        found = self.run(self.rig.read(replica, self.rig.app, slug, **how))
        assert texts(found["values"]) == texts({k: v for k, (v, _, _) in served.items()})
        assert found["deprecated"] == [k for k, (_, s, _) in served.items() if s == "deprecated"]
        assert found["revision"] == revision
        shown = self.run(self.rig.read(replica, self.rig.viewer, slug, **how))
        assert shown["masked"] == secret
        assert all(shown["values"][key] == MASK for key in secret)

    def events_alone_tell_everything(self) -> None:
        for slug in list(self.watched):
            watcher, mirror = self.watched[slug]
            for heard in watcher.take():
                mirror.hear(heard)
            if not watcher.open:
                self.rig.unwatch(0, self.watched.pop(slug)[0])
            else:
                assert slug in self.world.now.parents
                assert texts(mirror.values) == texts(self.expected(slug))
        for slug in set(self.world.now.parents) - set(self.watched):
            watcher, backlog = self.run(self.rig.watch(0, self.rig.app, slug, None))
            mirror = Mirror(0, {})
            for heard in backlog:
                mirror.hear(heard)
            self.watched[slug] = (watcher, mirror)

    def expected(self, slug: str) -> dict[str, Any]:
        served = self.world.now.served(slug, set())
        return {key: value for key, (value, _, _) in served.items()}

    def past_agrees(self, replica: int, revision: int) -> None:
        picture = self.world.past[revision]
        for slug in picture.parents:
            if revision >= self.world.oldest:
                self.environment_agrees(replica, slug, at=revision)
                continue
            with pytest.raises(Problem) as refused:
                self.run(self.rig.read(replica, self.rig.app, slug, at=revision))
            assert refused.value.code == "revision-compacted"
            assert refused.value.extra["oldest_revision"] == self.world.oldest

    def all_agree(self) -> None:
        for replica in (0, 1):
            self.run(self.rig.catch_up(replica))
            self.agrees(replica)
        for revision in range(1, self.world.revision + 1):
            self.past_agrees(revision % 2, revision)
        assert self.run(self.rig.audit_is_whole())


async def _given(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


@pytest.mark.timeout(420)  # a failure is made small, which Hypothesis does for five minutes
def test_the_services_do_what_the_model_does(database_url: str, settings: Settings) -> None:
    del database_url
    alone = settings.model_copy(update={"redis_url": None, "database_pool_size": 3})
    processes: list[Services] = []
    with asyncio.Runner() as runner:
        try:
            run_state_machine_as_test(
                lambda: Machine(Rig(alone, processes), runner),
                settings=hypothesis_settings(EFFORT, max_examples=15, stateful_step_count=25),
            )
        finally:
            for services in processes:
                runner.run(services.stop())
