"""A restore takes the live database's place, or changes nothing and says why."""

import asyncio

import asyncpg
import pytest

from central_config.backups.model.errors import BackupFailedError, BackupRefusedError
from central_config.backups.model.restores import Plan, Restored
from central_config.backups.service import switching
from central_config.backups.service.loading import address_of
from central_config.backups.service.portable import Portable
from central_config.backups.service.restoring import Order, Restoring
from central_config.core.clock import SystemClock
from central_config.core.db import connect_arguments
from central_config.core.settings import Settings
from tests.backups.conftest import databases, name_of
from tests.support.servers import drop_database


async def scalar(url: str, statement: str) -> object:
    """Return the one value of a statement."""
    connection = await asyncpg.connect(**connect_arguments(url))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def test_a_session_we_may_not_end_stops_it(
    portable: Portable, restoring: Restoring, backed_up: Settings, admin_url: str
) -> None:
    """A superuser's exporter stays connected: nothing is changed, and it says who it is."""
    backup = asyncio.run(portable.create())
    url = backed_up.require_database_url()

    async def restore_while_watched(maintenance: str | None) -> Restored:
        exporter = await asyncpg.connect(
            **connect_arguments(admin_url), server_settings={"application_name": "an-exporter"}
        )
        try:
            mine = Restoring(backed_up, SystemClock(), maintenance)
            done = await mine.restore(portable, backup.label, Order("a test"))
        finally:
            exporter.terminate()
        assert isinstance(done, Restored)
        return done

    with pytest.raises(BackupFailedError, match=r"nothing was changed: 1 sessions.*an-exporter"):
        asyncio.run(restore_while_watched(None))
    assert databases(restoring) == [restoring.name]
    assert asyncio.run(scalar(url, "SELECT count(*) FROM cc_restoration")) == 0

    # The superuser of one machine ends it, and the switch is done.
    done = asyncio.run(restore_while_watched(address_of(admin_url, "postgres")))
    assert databases(restoring) == sorted([restoring.name, done.plan.aside])


def test_settings_and_grants_come_along(
    portable: Portable, restoring: Restoring, backed_up: Settings, admin_url: str
) -> None:
    url, name = backed_up.require_database_url(), name_of(backed_up)
    role = f"reader_{name}"
    maintenance = address_of(admin_url, "postgres")
    for statement in (
        f"CREATE ROLE {role} LOGIN",
        f"ALTER DATABASE {name} SET search_path TO public, pg_catalog",
        f"ALTER DATABASE {name} SET application_name TO 'it''s a \\ name'",
        f"ALTER DATABASE {name} CONNECTION LIMIT 77",
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {name} TO {role}",
    ):
        asyncio.run(scalar(maintenance, statement))
    asyncio.run(scalar(url, f"GRANT SELECT ON cc_workspace TO {role}"))
    asked = (
        "SELECT datconnlimit || ' ' || datacl::text || ' ' ||"
        " (SELECT string_agg(setting, ',' ORDER BY setting)"
        " FROM pg_db_role_setting s, unnest(s.setconfig) AS setting WHERE s.setdatabase = d.oid)"
        " FROM pg_database AS d WHERE datname = current_database()"
    )
    before = asyncio.run(scalar(url, asked))
    backup = asyncio.run(portable.create())
    done = asyncio.run(restoring.restore(portable, backup.label, Order("a test")))
    assert isinstance(done, Restored)
    assert done.left_to_do == ()
    assert asyncio.run(scalar(url, asked)) == before
    has = f"SELECT has_table_privilege('{role}', 'cc_workspace', 'SELECT')"
    assert asyncio.run(scalar(url, has)) is True
    owned = f"DROP OWNED BY {role}"
    asyncio.run(scalar(admin_url, owned))
    asyncio.run(scalar(maintenance, f"ALTER DATABASE {done.plan.aside} ALLOW_CONNECTIONS true"))
    asyncio.run(scalar(address_of(admin_url, done.plan.aside), owned))
    asyncio.run(scalar(maintenance, f"DROP ROLE {role}"))


def test_what_fails_after_the_exchange_is_exchanged_back(
    portable: Portable,
    restoring: Restoring,
    backed_up: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def nothing(_url: str, _settings: Settings) -> None:
        """Answer as a database does that is not the restored one."""

    backup = asyncio.run(portable.create())
    oid = "SELECT oid::bigint FROM pg_database WHERE datname = current_database()"
    url = backed_up.require_database_url()
    before = asyncio.run(scalar(url, oid))
    monkeypatch.setattr(switching, "answers_as", nothing)
    with pytest.raises(BackupFailedError, match="exchanged back, nothing has changed"):
        asyncio.run(restoring.restore(portable, backup.label, Order("a test")))
    assert asyncio.run(scalar(url, oid)) == before
    assert databases(restoring) == [restoring.name]


def test_a_lost_database_comes_back(
    portable: Portable, restoring: Restoring, backed_up: Settings, template_url: str
) -> None:
    """Nobody can be asked what was seen: revisions move far."""
    url, name = backed_up.require_database_url(), name_of(backed_up)
    asyncio.run(
        scalar(
            url,
            "INSERT INTO cc_workspace (id, slug, name, description, revision, oldest_revision,"
            " created_at) VALUES (gen_random_uuid(), 'lost', '', '', 5, 0, now())",
        )
    )
    backup = asyncio.run(portable.create())
    maintenance = address_of(template_url, "postgres")
    asyncio.run(drop_database(maintenance, name))
    plan = asyncio.run(restoring.restore(portable, backup.label))
    assert isinstance(plan, Plan)
    assert not plan.live
    assert [each.fate for each in plan.workspaces] == ["new"]
    assert (plan.secrets_open, plan.secrets) == (True, "there are none to open")
    done = asyncio.run(restoring.restore(portable, backup.label, Order("lost")))
    assert isinstance(done, Restored)
    assert asyncio.run(scalar(url, "SELECT revision FROM cc_workspace")) == 1_000_005
    with pytest.raises(BackupRefusedError, match="no restore has replaced"):
        asyncio.run(restoring.undo())


def test_what_waited_at_the_moment_of_the_backup_is_not_done_again(
    portable: Portable, restoring: Restoring, backed_up: Settings
) -> None:
    """Messages are given up; an open incident counts those as told whose time is over."""
    url = backed_up.require_database_url()
    for statement in (
        (
            "INSERT INTO cc_notification (id, channel, target, subject, body, about, status,"
            " attempts, next_attempt_at, created_at)"
            " SELECT gen_random_uuid(), 'slack', 'slack', '', '', '', s, 0, now(), now()"
            " FROM unnest(ARRAY['queued', 'sent']) AS s"
        ),
        (
            "INSERT INTO cc_incident SELECT * FROM jsonb_populate_recordset(NULL::cc_incident,"
            " (SELECT jsonb_agg((SELECT jsonb_object_agg(column_name, '') FROM"
            " information_schema.columns WHERE table_name = 'cc_incident' AND data_type = 'text')"
            " || jsonb_build_object('id', id, 'severity', 'P0', 'status', status,"
            " 'alert_group', NULL, 'widespread', true, 'customer_facing', true,"
            " 'business_critical', true, 'detected_at', now(),"
            " 'opened_at', now() - interval '31 min', 'resolved_at', resolved)) FROM"
            " (VALUES ('INC-1', 'investigating', NULL), ('INC-2', 'resolved', now()))"
            " AS v (id, status, resolved)))"
        ),
        "DELETE FROM cc_escalation_step",
        (
            "INSERT INTO cc_escalation_step (role, name, after_minutes, condition, targets)"
            " VALUES ('soon', '', 30, 'critical', '[]'), ('late', '', 600, 'any', '[]')"
        ),
    ):
        asyncio.run(scalar(url, statement))
    backup = asyncio.run(portable.create())
    asyncio.run(restoring.restore(portable, backup.label, Order("a test")))

    messages = "SELECT string_agg(status || ' ' || coalesce(error, ''), ';' ORDER BY status)"
    found = str(asyncio.run(scalar(url, f"{messages} FROM cc_notification")))
    assert found.startswith("failed the database was restored")
    assert found.endswith(";sent ")
    told = "SELECT string_agg(incident_id || ' ' || role, ';' ORDER BY role)"
    found = asyncio.run(scalar(url, f"{told} FROM cc_escalation_notice"))
    assert found == "INC-1 !unacknowledged;INC-1 soon"
    said = "SELECT string_agg(incident_id || ' ' || kind || ' ' || text, ';')"
    found = str(asyncio.run(scalar(url, f"{said} FROM cc_incident_entry")))
    assert found.startswith("INC-1 note the database was restored")
    assert "INC-2" not in found


def test_a_restore_that_was_killed_is_tidied_up_by_the_next(
    portable: Portable, restoring: Restoring, backed_up: Settings, template_url: str
) -> None:
    """What was revoked since the backup is not forgotten because nobody could be asked."""
    url, name = backed_up.require_database_url(), name_of(backed_up)
    asyncio.run(
        scalar(
            url,
            "INSERT INTO cc_workspace (id, slug, name, description, revision, oldest_revision,"
            " created_at) VALUES (gen_random_uuid(), 'kept', '', '', 5, 0, now())",
        )
    )
    backup = asyncio.run(portable.create())
    maintenance = address_of(template_url, "postgres")
    left = f"{name}_restored_20200101_000000"
    asyncio.run(scalar(maintenance, f"CREATE DATABASE {left}"))
    asyncio.run(scalar(maintenance, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
    done = asyncio.run(restoring.restore(portable, backup.label, Order("a test")))
    assert isinstance(done, Restored)
    assert done.plan.live
    assert asyncio.run(scalar(url, "SELECT revision FROM cc_workspace")) == 1_005
    assert left not in databases(restoring)


def test_two_do_not_restore_at_once(restoring: Restoring) -> None:
    async def both() -> None:
        async with restoring._server(), restoring._server():
            pass

    with pytest.raises(BackupRefusedError, match="another restore"):
        asyncio.run(both())


def test_a_lost_database_comes_back_by_a_superuser(
    portable: Portable, backed_up: Settings, admin_url: str
) -> None:
    """As where `serve` runs the database: the service's own role owns it again."""
    url, name = backed_up.require_database_url(), name_of(backed_up)
    backup = asyncio.run(portable.create())
    maintenance = address_of(admin_url, "postgres")
    asyncio.run(drop_database(maintenance, name))
    mine = Restoring(backed_up, SystemClock(), maintenance)
    done = asyncio.run(mine.restore(portable, backup.label, Order("lost")))
    assert isinstance(done, Restored)
    owner = "SELECT pg_get_userbyid(datdba) = current_user FROM pg_database WHERE datname = '{}'"
    assert asyncio.run(scalar(url, owner.format(name))) is True
