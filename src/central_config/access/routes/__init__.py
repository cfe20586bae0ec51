"""HTTP routes of users, roles, API keys and sign-ins; the application mounts `router`."""

from fastapi import APIRouter

from central_config.access.routes import keys, review, roles, sessions, users

router = APIRouter()
router.include_router(sessions.router)
router.include_router(users.router)
router.include_router(roles.router)
router.include_router(keys.router)
router.include_router(review.router)
