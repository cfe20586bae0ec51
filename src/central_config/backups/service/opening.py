"""Whether the secrets of a restored database can be opened: a backup does not hold its own key."""

from central_config.backups.model.drills import Check
from central_config.backups.store import afterwards
from central_config.core.clock import Clock
from central_config.core.db import Database
from central_config.core.settings import Settings
from central_config.secrets.model import SealBrokenError
from central_config.secrets.service import Vault, master_key

# One secret of each workspace is opened, and no more workspaces than this.
AT_MOST = 100
SECRETS = "secrets"  # the check's name


async def secrets_open(database: Database, settings: Settings, clock: Clock) -> Check:
    """Open a secret of each workspace with the master key this installation has."""
    async with database.connect() as connection:
        sealed = await afterwards.some_sealed(connection, AT_MOST)
    if not sealed:
        return Check(SECRETS, ok=True, words="there are none to open")
    if settings.master_key is None:
        return Check(SECRETS, ok=False, words="not opened: MASTER_KEY is not set here")
    vault = Vault(database, master_key(settings), clock)
    for each in sealed:
        try:
            cipher = await vault.cipher(each.workspace_id)
            cipher.open(each.environment_id, each.key, each.sealed)
        except SealBrokenError as problem:
            words = f"one of workspace {each.workspace_id} does not open: {problem}"
            return Check(SECRETS, ok=False, words=words)
    words = f"one of each of {len(sealed)} workspaces opens with the master key"
    return Check(SECRETS, ok=True, words=words)
