"""Schema rules."""

from typing import Annotated

from fastapi import APIRouter

from central_config.access.model import Caller
from central_config.configurations.service.rules import Rules
from central_config.configurations.wire.changes import (
    RuleIn,
    RuleList,
    RuleOut,
    RuleSaved,
    RuleTrial,
    RuleUpdate,
    TrialOut,
    ViolationOut,
)
from central_config.core.json import encode
from central_config.core.web import provided, requires

router = APIRouter(tags=["schema rules"])

Reader = Annotated[Caller, requires("config.read")]
Manager = Annotated[Caller, requires("schema.manage")]
Service = Annotated[Rules, provided(Rules)]


@router.get("/workspaces/{workspace}/schemas")
async def list_rules(caller: Reader, service: Service) -> RuleList:
    """List the schema rules of a workspace."""
    return RuleList(items=[RuleOut.of(rule) for rule in await service.all(caller)])


@router.post("/workspaces/{workspace}/schemas", status_code=201)
async def create_rule(body: RuleIn, caller: Manager, service: Service) -> RuleSaved:
    """Create a rule; one to be enforced must not be broken by any live value."""
    rule, found, count = await service.create(caller, body.rule())
    shown = [ViolationOut.of(each) for each in found]
    return RuleSaved(rule=RuleOut.of(rule), count=count, violations=shown)


@router.post("/workspaces/{workspace}/schemas/check")
async def try_rule(body: RuleTrial, caller: Reader, service: Service) -> TrialOut:
    """Show which live values a rule would break, without keeping it."""
    found, count = await service.try_out(caller, body.pattern, encode(body.schema_).decode())
    return TrialOut(count=count, violations=[ViolationOut.of(each) for each in found])


@router.get("/workspaces/{workspace}/schemas/{name}")
async def get_rule(name: str, caller: Reader, service: Service) -> RuleOut:
    """Show a rule."""
    return RuleOut.of(await service.get(caller, name))


@router.put("/workspaces/{workspace}/schemas/{name}")
async def update_rule(name: str, body: RuleUpdate, caller: Manager, service: Service) -> RuleSaved:
    """Change a rule; switching it to enforce is refused while live values break it."""
    rule, found, count = await service.update(caller, name, body.values())
    shown = [ViolationOut.of(each) for each in found]
    return RuleSaved(rule=RuleOut.of(rule), count=count, violations=shown)


@router.delete("/workspaces/{workspace}/schemas/{name}", status_code=204)
async def delete_rule(name: str, caller: Manager, service: Service) -> None:
    """Delete a rule."""
    await service.delete(caller, name)
