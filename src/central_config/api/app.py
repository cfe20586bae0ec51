"""Builds the application: services, routes of every feature, the edge around them."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from fastapi import FastAPI
from fastapi.routing import APIRoute

from central_config import __version__
from central_config.access.routes import router as access_routes
from central_config.api.edge import Application, Edge
from central_config.api.guard import RequestGuard
from central_config.api.health import router as health_routes
from central_config.api.idempotency import Idempotency
from central_config.api.mcp_server import mcp_for
from central_config.api.pages import router as problem_pages
from central_config.api.problems import install as install_problems
from central_config.api.services import Services
from central_config.api.tracing import Traced
from central_config.assistant.routes import router as assistant_routes
from central_config.assistant.routes.mcp.endpoint import Mcp
from central_config.assistant.routes.mcp.endpoint import router as mcp_routes
from central_config.audit.routes import router as audit_routes
from central_config.backups.routes import router as backup_routes
from central_config.configurations.routes import router as configuration_routes
from central_config.core.clock import SystemClock
from central_config.core.process import END_STREAMS
from central_config.core.settings import Settings
from central_config.core.tracing import tracer
from central_config.incidents.routes import router as incident_routes
from central_config.interop.routes import router as interop_routes
from central_config.notifications.routes import router as notification_routes
from central_config.operations.routes import router as operation_routes
from central_config.watch.routes import router as watch_routes
from central_config.workspaces.routes import router as workspace_routes

PREFIX = "/api/v1"
# What this process is called in traces.
SERVICE = "central-config-api"


def build_control_plane(services: Services) -> FastAPI:
    """Return the FastAPI application with every route, for services that may not run yet."""
    guard = RequestGuard(services.access, services.directory, services.limiter)
    mcp = mcp_for(services, guard)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        del app
        await services.start()
        with contextlib.suppress(ValueError, RuntimeError):  # not in the main thread: no signals
            asyncio.get_running_loop().add_signal_handler(END_STREAMS, services.hub.close)
        async with mcp.run():
            yield
        await services.stop()
        traces = tracer(services.settings, SERVICE)
        if traces is not None:
            await asyncio.to_thread(traces.close)

    app = FastAPI(
        title="central-config",
        version=__version__,
        summary="Central configuration service",
        lifespan=lifespan,
        docs_url=f"{PREFIX}/docs",
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        generate_unique_id_function=_operation_id,
    )
    app.state.parts = services
    app.state.services = {**services.by_type, Mcp: mcp}
    app.state.guard = guard
    app.state.resolve_workspace = services.directory.resolve
    app.state.forget_workspace = services.directory.forget
    for router in (
        access_routes,
        workspace_routes,
        configuration_routes,
        watch_routes,
        interop_routes,
        audit_routes,
        backup_routes,
        operation_routes,
        notification_routes,
        incident_routes,
        assistant_routes,
    ):
        app.include_router(router, prefix=PREFIX)
    app.include_router(mcp_routes)
    app.include_router(health_routes)
    app.include_router(problem_pages)
    install_problems(app)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


def build(settings: Settings) -> Application:
    """Return the whole ASGI application of one process."""
    services = Services(settings)
    idempotency = Idempotency(
        services.database, services.vault, SystemClock(), services.access.authenticate
    )
    control = Edge(build_control_plane(services), settings, idempotency)
    whole = services.front(control) if settings.data_plane else control
    traces = tracer(settings, SERVICE)
    return whole if traces is None else Traced(whole, traces)
