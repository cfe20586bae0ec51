"""HTTP routes of configuration, by what they are about."""

from fastapi import APIRouter

from central_config.configurations.routes import (
    changes,
    environments,
    history,
    rules,
    values,
)

router = APIRouter()
for _part in (values, changes, history, environments, rules):
    router.include_router(_part.router)
