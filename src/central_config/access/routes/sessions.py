"""Signing in and out; who one is."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from central_config.access.model import PUBLIC, SIGNED_IN, Caller
from central_config.access.routes.shared import Access, account_slugs, slugs_of
from central_config.access.wire import MeAnswer, PasswordBody, SessionAnswer, SignInBody
from central_config.core.web import requires

router = APIRouter(tags=["Sign-in"])

Anyone = Annotated[Caller, requires(PUBLIC)]
SignedInCaller = Annotated[Caller, requires(SIGNED_IN)]


@router.post("/sessions", status_code=201, summary="Sign in")
async def create_session(
    body: SignInBody,
    response: Response,
    caller: Anyone,
    access: Access,
    user_agent: Annotated[str, Header()] = "",
) -> SessionAnswer:
    """Begin a session with a user name and a password."""
    signed_in = await access.sessions.sign_in(caller, body.username, body.password, user_agent)
    response.headers["Cache-Control"] = "no-store"
    return SessionAnswer.of(signed_in, await account_slugs(access, [signed_in.account]))


@router.delete("/sessions/current", status_code=204, summary="Sign out")
async def end_session(caller: SignedInCaller, access: Access) -> None:
    """End the session that the request was sent with."""
    await access.sessions.sign_out(caller)


@router.get("/me", summary="Who am I")
async def read_me(caller: SignedInCaller, access: Access) -> MeAnswer:
    """Return who the request comes from and what they may do."""
    account = None
    places = list(caller.principal.grants)
    if caller.principal.kind == "user":
        account = await access.sessions.read_own(caller)
        places.extend(grant.workspace_id for grant in account.roles)
    return MeAnswer.of(caller, account, await slugs_of(access, places))


@router.post("/me/password", status_code=204, summary="Change your password")
async def change_password(body: PasswordBody, caller: SignedInCaller, access: Access) -> None:
    """Set a new password; other sessions of yours end."""
    await access.sessions.change_password(caller, body.current_password, body.new_password)
