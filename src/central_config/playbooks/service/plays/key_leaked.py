"""A key or a session token is known to somebody who should not know it."""

from typing import cast

from central_config.core.json import JSON
from central_config.playbooks.model.findings import Finding, Findings, Status
from central_config.playbooks.model.plans import Draft, OwnCommand, Step
from central_config.playbooks.service.leaks import (
    find_key,
    find_session,
    is_session,
    is_whole,
    shown,
)
from central_config.playbooks.service.playbook import Playbook, Where
from central_config.playbooks.service.plays import steps
from central_config.playbooks.service.probes.looking import Probe, age_text
from central_config.playbooks.service.world import World
from central_config.playbooks.store import questions

TOKEN, REACH, DEEDS, CLOSED = "leak.token", "leak.reach", "leak.deeds", "leak.closed"
_OK, _REFUSED = 200, 401


async def whose(world: World) -> list[Finding]:
    """Say whose it is, what it reaches and what was done with it."""
    if not world.given:
        said = "no token was handed over: give it on standard input, never as an argument"
        return [Finding(TOKEN, Status.UNKNOWN, said)]
    if is_session(world.given):
        return await _session(world)
    row = await find_key(world)
    if row is None:
        said = f"no key begins with {shown(world.given)}: it is not ours, or of another database"
        return [Finding(TOKEN, Status.UNKNOWN, said)]
    over = bool(row["revoked"] or row["expired"])
    facts: dict[str, JSON] = {
        "kind": "key",
        "id": row["id"],
        "name": row["name"],
        "prefix": row["prefix"],
        "workspace": row["workspace"],
        "over": over,
    }
    state = "revoked" if row["revoked"] else "expired" if row["expired"] else "good"
    said = (
        f"{row['prefix']} is the key {row['name']} of workspace {row['workspace']}, made"
        f" {age_text(row['age'])} ago by {row['created_by'] or 'a command'}; it is {state}"
    )
    return [
        Finding(TOKEN, Status.OK if over else Status.BAD, said, facts),
        _reach(row),
        await _deeds(world, row["id"], _used(row)),
    ]


def _used(row: dict[str, JSON]) -> str:
    if row["used_ago"] is None:
        return "it was never used"
    ago = age_text(cast("float", row["used_ago"]))
    return f"it was used {row['usage_count']} times, last {ago} ago"


def _reach(row: dict[str, JSON]) -> Finding:
    environments = row["environments"]
    where = ", ".join(map(str, environments)) if isinstance(environments, list) else "all"
    keys = f"keys beginning with {row['key_prefix']}" if row["key_prefix"] else "all keys"
    secrets = "with secrets in clear" if row["secrets"] else "secrets masked"
    facts: dict[str, JSON] = {
        name: row[name] for name in ("environments", "key_prefix", "access", "secrets")
    }
    said = f"it could {row['access']} {keys} of the environments {where}, {secrets}"
    if row["secrets"]:
        said += ": every secret in its reach must be replaced"
    return Finding(REACH, Status.WARNING if row["secrets"] else Status.OK, said, facts)


async def _deeds(world: World, actor: str, used: str) -> Finding:
    rows = await world.rows(questions.DEEDS, actor)
    facts: dict[str, JSON] = {"deeds": list[JSON](rows)}
    told = ", ".join(f"{each['action']} x{each['count']} from {each['client_ip']}" for each in rows)
    said = f"{used}; in the audit log: {told or 'nothing (reads are not written there)'}"
    return Finding(DEEDS, Status.OK, said, facts)


async def _session(world: World) -> list[Finding]:
    row = await find_session(world)
    if row is None:
        said = "it is no session of ours, or one that has ended"
        return [Finding(TOKEN, Status.OK, said, {"kind": "session", "over": True})]
    facts: dict[str, JSON] = {
        "kind": "session",
        "id": row["id"],
        "name": row["username"],
        "over": False,
    }
    said = (
        f"it is a session of {row['username']}, begun {age_text(row['age'])} ago from"
        f" {row['client_ip']}: it may do all that {row['username']} may"
    )
    deeds = await _deeds(world, row["user_id"], "deeds of the user")
    return [Finding(TOKEN, Status.BAD, said, facts), deeds]


async def tried(world: World) -> list[Finding]:
    """Present the token to the API, as whoever found it would."""
    if not world.given:
        return [Finding(CLOSED, Status.UNKNOWN, "no token was handed over")]
    if not is_whole(world.given):
        row = await find_key(world)
        over = row is not None and bool(row["revoked"] or row["expired"])
        said = (
            f"{shown(world.given)} is {'over' if over else 'good'}; only a whole token can be tried"
        )
        return [Finding(CLOSED, Status.OK if over else Status.BAD, said)]
    answer = await world.http(world.api_url("/api/v1/me"), token=world.given)
    if answer.status == _REFUSED:
        return [Finding(CLOSED, Status.OK, "the API refuses it (401)")]
    if answer.status == _OK:
        return [Finding(CLOSED, Status.BAD, "the API still takes it")]
    said = f"the API answers {answer.status} to it: that tells nothing"
    return [Finding(CLOSED, Status.UNKNOWN, said)]


def local(found: Findings, where: Where) -> Draft:
    """End it at once; then a successor for whoever used it rightly."""
    del where
    facts = found[TOKEN].facts
    if facts.get("over", True):
        return Draft(steps=_afterwards(found) if facts.get("kind") == "key" else ())
    identity, name = str(facts["id"]), str(facts["name"])
    if facts["kind"] == "session":
        step = Step(
            what=f"End the session of {name}",
            call=OwnCommand(("ops", "end-session", identity)),
            effect="The session ends; every replica forgets it within a second, open watches end.",
            blast_radius=f"{name} has to sign in again.",
            undo="none; sign in again",
            check="the API answers 401 to the token",
            destructive=True,
            hits=f"session of {name}",
        )
        return Draft(steps=(step, _password(name)), preconditions={"session": identity})
    prefix = str(facts["prefix"])
    step = Step(
        what=f"Revoke the key {prefix} ({name}) for ever",
        call=OwnCommand(("ops", "revoke-key", identity)),
        effect="Every replica forgets it within a second; its open watches end within five.",
        blast_radius="Whoever uses it rightly is refused until it has another key.",
        undo="none; make another key",
        check="the API answers 401 to the token",
        destructive=True,
        hits=f"key {prefix}",
    )
    return Draft(steps=(step, *_afterwards(found)), preconditions={"key": identity})


def _afterwards(found: Findings) -> tuple[Step, ...]:
    facts, reach = found[TOKEN].facts, found[REACH].facts
    words = ["ccfg key create", f"{facts['name']}-2", f"--workspace {facts['workspace']}"]
    if reach.get("access") == "write":
        words.append("--access write")
    environments = cast("list[JSON]", reach.get("environments") or [])
    words += [f"--env {each}" for each in environments]
    if reach.get("key_prefix"):
        words.append(f"--prefix {reach['key_prefix']}")
    if reach.get("secrets"):
        words.append("--secrets")
    made = [steps.advice("Give whoever uses it rightly another key", " ".join(words))]
    if reach.get("secrets"):
        text = "`ccfg ls` shows what is a secret in its reach; replace each where it comes from"
        made.append(steps.advice("Replace every secret it could read", text))
    return tuple(made)


def _password(name: str) -> Step:
    text = f"`ccfg passwd` as {name}: it ends every other session; then see how the token got out"
    return steps.advice(f"Have {name} change the password", text)


def in_cluster(found: Findings, where: Where) -> Draft:
    """The same command inside a pod; the token goes there on standard input too."""
    del found
    text = (
        f"kubectl -n {where.namespace} exec -i deploy/central-config-api -c central-config -- sh -c"
        " 'central-config ops run key-leaked --save /tmp/plan'; then `ops apply /tmp/plan` there,"
        " the token on standard input again"
    )
    return Draft(steps=(steps.advice("Run this playbook inside a pod", text),))


PLAYBOOK = Playbook(
    name="key-leaked",
    title="A key or a session leaked",
    symptoms=(
        "a token (`cc_...`, `ccs_...`) stands in a repository, a ticket, a log",
        "a key is used from addresses nobody knows",
        "the alert AuthenticationFailureBurst, once somebody got in",
    ),
    alerts=("AuthenticationFailureBurst",),
    probes=(
        Probe("leak", whose, question="Whose is it, what does it reach, what was done with it?"),
        Probe("tried", tried, question="Does the API still take it?"),
    ),
    plan={"local": local, "kubernetes": in_cluster},
    healthy=(CLOSED,),
    notes=(
        (
            "Hand the token over on standard input (`ops run key-leaked < FILE`, or typed without"
            " echo): an argument stands in the process table and in the shell's history. Neither"
            " plan nor journal nor audit log holds it. The first eleven characters are enough to"
            " find a key; only a whole token can be tried."
        ),
        (
            "Commonly seen, wrong because it locks every client out at once: overwriting the"
            " hashes of all old keys. One key leaked, one key ends; ordinary rotation makes the"
            " successor first ([how](../../how-to/api-keys-for-applications.md))."
        ),
    ),
    patience=15.0,
    asks="the leaked token, or the first eleven characters of a key",
)
