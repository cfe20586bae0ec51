"""The outbox over HTTP, for operators."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from central_config.access.model import Caller
from central_config.core.web import (
    DEFAULT_LIMIT,
    Cursor,
    Limit,
    Text,
    decode_cursor,
    encode_cursor,
    provided,
    requires,
)
from central_config.notifications.service import Notifications
from central_config.notifications.wire import (
    ChannelName,
    NotificationOut,
    NotificationPage,
    NotificationStatus,
    TestAnswer,
    TestBody,
)

router = APIRouter(prefix="/notifications", tags=["Notifications"])

Operator = Annotated[Caller, requires("system.operate")]
Service = Annotated[Notifications, provided(Notifications)]


@router.get("", summary="List notifications")
async def list_notifications(
    _caller: Operator,
    service: Service,
    status: NotificationStatus | None = None,
    channel: ChannelName | None = None,
    about: Annotated[Text | None, Query(description="e.g. the id of an incident")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> NotificationPage:
    """List messages that were or will be sent, newest first."""
    given = {"status": status, "channel": channel, "about": about}
    conditions = {name: value for name, value in given.items() if value is not None}
    position = decode_cursor(cursor, UUID)
    found = await service.page(conditions, None if position is None else position[0], limit)
    return NotificationPage(
        items=[NotificationOut.of(each) for each in found],
        next_cursor=encode_cursor([str(found[-1].id)]) if len(found) == limit else None,
    )


@router.post("/test", status_code=202, summary="Send a test message")
async def test_notification(body: TestBody, caller: Operator, service: Service) -> TestAnswer:
    """Send a message that says it is a test to everybody the target stands for."""
    written = await service.test(caller, body.target)
    return TestAnswer(items=[NotificationOut.of(each) for each in written])


@router.get("/{notification}", summary="Show a notification")
async def get_notification(
    notification: UUID, _caller: Operator, service: Service
) -> NotificationOut:
    """Show a message and how far it got."""
    return NotificationOut.of(await service.show(notification))


@router.post("/{notification}/retry", summary="Send a notification again")
async def retry_notification(
    notification: UUID, caller: Operator, service: Service
) -> NotificationOut:
    """Try a message again that failed, or at once one that waits."""
    return NotificationOut.of(await service.retry(caller, notification))
