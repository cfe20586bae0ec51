"""Operating the service over HTTP, for operators."""

from fastapi import APIRouter

from central_config.operations.routes.jobs import router as jobs
from central_config.operations.routes.maintenance import router as maintenance
from central_config.operations.routes.schedules import router as schedules

router = APIRouter(tags=["operations"])
router.include_router(jobs)
router.include_router(schedules)
router.include_router(maintenance)
