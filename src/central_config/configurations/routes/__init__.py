"""HTTP routes of configuration, by what they are about."""

from fastapi import APIRouter

from central_config.configurations.routes import (
    changes,
    environments,
    history,
    past,
    rules,
    values,
)

router = APIRouter()
for _part in (values, changes, history, past, environments, rules):
    router.include_router(_part.router)
