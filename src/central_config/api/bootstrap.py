"""The first start: roles, the first administrator, and a sample to look at."""

from central_config.access.model import SYSTEM_CALLER, Caller, WorkspaceRef
from central_config.access.service import AccessService
from central_config.api.services import Services
from central_config.configurations.model.changes import SET, Condition
from central_config.configurations.service.edits import Wish
from central_config.configurations.service.publishing import Publishing
from central_config.configurations.service.topologies import Environments
from central_config.core.ids import new_id
from central_config.core.settings import Settings
from central_config.workspaces.model import Environment
from central_config.workspaces.service import WorkspaceService

SAMPLE = "sample"
_ENVIRONMENTS = (("base", None), ("staging", "base"), ("prod", "base"))
_VALUES = (
    ("base", "app/name", "sample shop", "What customers see"),
    ("base", "app/url", "https://${app/host}/", "Follows app/host of each environment"),
    ("base", "app/host", "localhost:8080", "Host name of the shop"),
    ("base", "db/host", "db.internal", "PostgreSQL of the shop"),
    ("base", "db/port", 5432, ""),
    ("base", "db/pool/size", 10, "Connections of one process"),
    ("base", "features/new-checkout", False, "Switches the new checkout on"),
    ("staging", "app/host", "staging.shop.example", None),
    ("staging", "features/new-checkout", True, None),
    ("prod", "app/host", "shop.example", None),
    ("prod", "db/pool/size", 40, None),
)


async def bootstrap(settings: Settings) -> str:
    """Make sure that the service can be used; return what to tell the person who started it."""
    services = Services(settings)
    try:
        services.writer.start()
        access: AccessService = services.access
        first = await access.bootstrap()
        if settings.sample_workspace:
            await _sample(services)
    finally:
        await services.writer.stop()
        await services.database.dispose()
    if first is None:
        return ""
    if first.password is None:
        return f"First administrator: {first.username} (password from ADMIN_PASSWORD)\n"
    return f"First administrator: {first.username}  password: {first.password}\n"


async def _sample(services: Services) -> None:
    workspaces: WorkspaceService = services.by_type[WorkspaceService]
    if await workspaces.find(SAMPLE) is not None:
        return
    made = await workspaces.create(SYSTEM_CALLER, SAMPLE, "Sample", "Something to look at")
    place = WorkspaceRef(made.id, made.slug)
    caller = Caller(SYSTEM_CALLER.principal, SYSTEM_CALLER.actor, place)
    environments: Environments = services.by_type[Environments]
    for slug, parent in _ENVIRONMENTS:
        environment = Environment(new_id(), slug, None, requires_approval=False)
        await environments.create(caller, environment, parent)
    publishing: Publishing = services.by_type[Publishing]
    wishes = [
        Wish(environment, key, SET, value, description=description)
        for environment, key, value, description in _VALUES
    ]
    await publishing.write(caller, wishes, message="First values", condition=Condition())
