"""Does the master key open what the database holds, and did somebody change the first password?"""

from central_config.access.service.passwords import Passwords
from central_config.core.clock import SystemClock
from central_config.core.db import Database, open_database
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.world import World
from central_config.playbooks.store import questions
from central_config.secrets.model import SealBrokenError
from central_config.secrets.service import Vault, master_key


async def master_key_fits(world: World) -> list[Finding]:
    """Open a data key of the database with the master key."""
    check = "master_key.fits"
    if world.settings.master_key is None or world.settings.database_url is None:
        return [Finding(check, Status.SKIPPED, "MASTER_KEY or DATABASE_URL is not set")]
    try:
        key = master_key(world.settings)
    except SystemExit as refusal:
        return [Finding(check, Status.BAD, str(refusal))]
    database = _open(world)
    try:
        await Vault(database, key, SystemClock()).check()
    except SealBrokenError as error:
        return [Finding(check, Status.BAD, str(error))]
    finally:
        await database.dispose()
    return [Finding(check, Status.OK, "the master key opens what the database holds")]


def _open(world: World) -> Database:
    url = world.settings.require_database_url()
    return open_database(url, world.settings, application="central-config-ops")


async def administrator(world: World) -> list[Finding]:
    """Look at the first administrator; the password in the settings is tried against the hash."""
    check = "administrator.password"
    settings = world.settings
    name = settings.admin_username.strip().lower()
    try:
        rows = await world.rows(questions.ADMINISTRATOR, name)
    except UnreachableError as error:
        return [Finding(check, Status.SKIPPED, f"users cannot be read: {error}")]
    if not rows:
        said = f"there is no user {name}: `central-config bootstrap` was not run, or it has gone"
        return [Finding(check, Status.SKIPPED, said)]
    if not rows[0]["active"]:
        return [Finding(check, Status.OK, f"{name} is deactivated")]
    if rows[0]["must_change_password"]:
        said = f"{name} never changed the generated password: sign in and change it"
        return [Finding(check, Status.WARNING, said)]
    given = settings.admin_password
    if given is not None:
        passwords = Passwords()
        async with passwords.turns:
            same = await passwords.matches(rows[0]["password_hash"], given.get_secret_value())
        if same:
            said = f"ADMIN_PASSWORD of the settings still signs {name} in: `ccfg passwd`"
            return [Finding(check, Status.WARNING, said)]
    return [Finding(check, Status.OK, f"{name} has a password of somebody's own")]
