"""Messages leave the outbox: by every channel, again after a failure, each by itself."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from central_config.core.db import Database, transaction
from central_config.core.settings import Settings
from central_config.notifications import store
from central_config.notifications.model import Message, Notification
from central_config.notifications.service import Deliverer, post
from tests.monitoring.sinks import serving
from tests.notifications.sinks import SECRET, SLACK_PATH, Sink, Sinks, TlsMailSink, make_certificate

pytestmark = pytest.mark.anyio


async def write(database: Database, *messages: Message) -> None:
    async with transaction(database) as connection:
        await post(connection, messages)


async def outbox(database: Database) -> dict[str, Notification]:
    async with transaction(database) as connection:
        found = await store.page(connection, {}, None, 1000)
    return {each.target: each for each in found}


async def make_due(database: Database) -> None:
    """Let the time pass that messages wait for."""
    async with transaction(database) as connection:
        await connection.execute(text("UPDATE cc_notification SET next_attempt_at = now()"))


async def waiting_jobs(database: Database) -> list[Any]:
    async with transaction(database) as connection:
        rows = await connection.execute(
            text("SELECT run_after > now() FROM cc_job WHERE kind = 'notifications.deliver'")
        )
        return list(rows.scalars())


async def test_every_channel_delivers(database: Database, told: Settings, sinks: Sinks) -> None:
    await write(
        database,
        Message("slack", "Disk <!channel> full", "97 % & rising", about="INC-1"),
        Message("slack:#ops", "Disk full", "97 %"),
        Message("mail:oncall@example.org", "Disk full: ürgent", "97 %\n.\nlast line"),
        Message("webhook", "Disk full", "97 %", about="INC-1"),
    )
    assert await Deliverer(database, told).deliver() == {"sent": 4, "put_off": 0, "failed": 0}
    assert {each.status for each in (await outbox(database)).values()} == {"sent"}
    slack = {call.body.get("channel"): call.body["text"] for call in sinks.web.to(SLACK_PATH)}
    assert slack[None] == "Disk &lt;!channel&gt; full\n\n97 % &amp; rising"
    assert slack["#ops"] == "Disk full\n\n97 %"
    (hook,) = sinks.web.to("/hook")
    assert hook.is_signed()
    assert not hook.is_signed("another-secret")
    message = (await outbox(database))["webhook"]
    assert hook.body["id"] == hook.headers["idempotency-key"] == str(message.id)
    assert (hook.body["subject"], hook.body["about"]) == ("Disk full", "INC-1")
    (mail,) = sinks.mail.mails
    assert mail.recipients == ["oncall@example.org"]
    assert mail.subject == "Disk full: ürgent"
    assert mail.text.replace("\r\n", "\n").strip() == "97 %\n.\nlast line"
    assert str((await outbox(database))["mail:oncall@example.org"].id) in mail.message["Message-ID"]


async def test_a_refusal_that_passes_is_tried_again(
    database: Database, told: Settings, sinks: Sinks
) -> None:
    await write(database, Message("webhook", "a", "b"))
    deliverer = Deliverer(database, told)
    for attempt, status in enumerate((500, 429, 503), start=1):
        sinks.web.next.append(status)
        assert (await deliverer.deliver())["put_off"] == 1
        assert await deliverer.deliver() == {"sent": 0, "put_off": 0, "failed": 0}  # not yet
        message = (await outbox(database))["webhook"]
        assert (message.status, message.attempts) == ("queued", attempt)
        assert message.error == f"refused with HTTP status {status}"
        await make_due(database)
    assert (await waiting_jobs(database)).count(True) == 3  # each brings the job of its next try
    assert (await deliverer.deliver())["sent"] == 1
    message = (await outbox(database))["webhook"]
    assert (message.status, message.attempts, message.error) == ("sent", 4, None)
    ids = {call.body["id"] for call in sinks.web.calls}
    assert len(ids) == 1


async def test_nobody_there_is_tried_again_and_at_last_given_up(
    database: Database, settings: Settings
) -> None:
    sink = Sink()
    sink.server_close()
    away = Settings(
        **{
            **settings.model_dump(),
            "slack_webhook_url": sink.url + SLACK_PATH,
            "smtp_url": f"smtp://user:hunter22@127.0.0.1:{sink.server_port}",
            "mail_from": "config@example.org",
        }
    )
    await write(database, Message("slack", "a", "b"), Message("mail:a@example.org", "a", "b"))
    deliverer = Deliverer(database, away)
    assert (await deliverer.deliver())["put_off"] == 2
    async with transaction(database) as connection:
        await connection.execute(text("UPDATE cc_notification SET attempts = 19"))
    await make_due(database)
    assert (await deliverer.deliver())["failed"] == 2
    for message in (await outbox(database)).values():
        assert "not reachable" in str(message.error)
        assert "hunter22" not in str(message.error)
        assert "slack-token" not in str(message.error)


async def test_a_wrong_one_fails_alone(database: Database, told: Settings, sinks: Sinks) -> None:
    sinks.mail.refused.add("nobody@example.org")
    sinks.mail.busy.add("later@example.org")
    wanted = ["nobody@example.org", "later@example.org", "lead@example.org"]
    await write(
        database,
        *(Message(f"mail:{each}", "a", "b") for each in wanted),
        Message("webhook", "a", "b"),
    )
    sinks.web.next.append(404)
    tally = await Deliverer(database, told).deliver()
    assert tally == {"sent": 1, "put_off": 1, "failed": 2}
    found = await outbox(database)
    assert found["mail:nobody@example.org"].error == "the mail server refuses the recipient (550)"
    assert found["mail:nobody@example.org"].status == "failed"
    assert found["mail:later@example.org"].status == "queued"
    assert found["mail:lead@example.org"].status == "sent"
    assert found["webhook"].error == "refused with HTTP status 404"


async def test_redirects_are_not_followed(database: Database, told: Settings, sinks: Sinks) -> None:
    sinks.web.next += [302]
    await write(database, Message("webhook", "a", "b"))
    assert (await Deliverer(database, told).deliver())["failed"] == 1
    assert sinks.web.to("/elsewhere") == []


async def test_what_is_not_set_up_is_said(database: Database, settings: Settings) -> None:
    targets = ("slack", "mail:a@example.org", "webhook")
    await write(database, *(Message(each, "a", "b") for each in targets))
    assert (await Deliverer(database, settings).deliver())["failed"] == 3
    found = await outbox(database)
    assert found["slack"].error == "SLACK_WEBHOOK_URL not set"
    assert found["mail:a@example.org"].error == "SMTP_URL and MAIL_FROM not set"
    assert "NOTIFY_WEBHOOK_URL" in str(found["webhook"].error)


@pytest.mark.parametrize(
    ("setting", "value", "target", "words"),
    [
        ("slack_webhook_url", "http://hooks.example.org/x", "slack", "has to be https://..."),
        ("slack_webhook_url", "nonsense", "slack", "has to be an address"),
        ("notify_webhook_url", "file:///etc/passwd", "webhook", "has to be an address"),
        ("smtp_url", "gopher://example.org", "mail:a@example.org", "SMTP_URL has to be smtp://"),
    ],
)
async def test_addresses_that_are_none(
    database: Database, told: Settings, setting: str, value: str, target: str, words: str
) -> None:
    wrong = Settings(**{**told.model_dump(), setting: value})
    await write(database, Message(target, "a", "b"))
    assert (await Deliverer(database, wrong).deliver())["failed"] == 1
    assert words in str((await outbox(database))[target].error)


async def test_no_header_can_be_added(database: Database, told: Settings, sinks: Sinks) -> None:
    subject = "full\r\nBcc: spy@example.org\r\n\r\nbody\x00\u2028"
    await write(database, Message("mail:a@example.org", subject, "text\r\n.\r\nRCPT TO:<spy@b.c>"))
    assert (await Deliverer(database, told).deliver())["sent"] == 1
    (mail,) = sinks.mail.mails
    assert mail.recipients == ["a@example.org"]
    assert mail.message["Bcc"] is None
    assert mail.subject == "full Bcc: spy@example.org body"


async def test_tls_from_the_first_byte_and_only_to_whom_it_is_proved(
    database: Database, told: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path)
    with serving(sink := TlsMailSink(certificate)):
        secure = Settings(**{**told.model_dump(), "smtp_url": f"smtps://{sink.address}"})
        await write(database, Message("mail:a@example.org", "a", "b"))
        assert (await Deliverer(database, secure).deliver())["put_off"] == 1
        found = (await outbox(database))["mail:a@example.org"]
        assert found.error == "no TLS with the mail server (CERTIFICATE_VERIFY_FAILED)"
        assert sink.mails == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        await make_due(database)
        assert (await Deliverer(database, secure).deliver())["sent"] == 1
        assert len(sink.mails) == 1


async def test_two_workers_send_each_message_once(
    database: Database, told: Settings, sinks: Sinks
) -> None:
    await write(database, *(Message("webhook", f"number {each}", "b") for each in range(30)))
    tallies = await asyncio.gather(*(Deliverer(database, told).deliver() for _ in range(2)))
    assert sum(tally["sent"] for tally in tallies) == 30
    subjects = [call.body["subject"] for call in sinks.web.to("/hook")]
    assert sorted(subjects) == sorted(f"number {each}" for each in range(30))


async def test_a_dedupe_key_is_told_once_for_ever(
    database: Database, told: Settings, sinks: Sinks
) -> None:
    for _ in range(3):
        await write(database, Message("webhook", "a", "b", dedupe_key="one"))
        await Deliverer(database, told).deliver()
    assert len(sinks.web.calls) == 1


async def test_rolled_back_is_not_told(database: Database, told: Settings, sinks: Sinks) -> None:
    async with database.connect() as connection:
        await post(connection, [Message("webhook", "a", "b")])
        await connection.rollback()
    assert await Deliverer(database, told).deliver() == {"sent": 0, "put_off": 0, "failed": 0}
    assert sinks.web.calls == []


async def test_no_secret_is_in_the_log(
    database: Database, told: Settings, sinks: Sinks, capfd: pytest.CaptureFixture[str]
) -> None:
    sinks.web.next += [500, 404]
    await write(database, Message("slack", "a", "b"), Message("webhook", "a", "b"))
    await Deliverer(database, told).deliver()
    said = "".join(capfd.readouterr())
    assert "notification put off" in said or "notification given up" in said
    for secret in (SECRET, "slack-token"):
        assert secret not in said
