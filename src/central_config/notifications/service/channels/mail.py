"""Mail, over SMTP: `smtps://` speaks TLS at once, `smtp://` changes to TLS (STARTTLS).

Without TLS a message and its password go only to this machine itself.
"""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from central_config.core.settings import Settings
from central_config.notifications.model import (
    DeliveryError,
    Notification,
    is_address,
    one_line,
    parse_target,
)

_TIMEOUT = 10.0  # seconds for each answer of the server
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PERMANENT = 500
_PORTS = {"smtp": 587, "smtps": 465}


class Server(NamedTuple):
    """Where mail is handed in. `tls`: from the first byte on; else by STARTTLS."""

    host: str
    port: int
    user: str
    password: str
    tls: bool

    @property
    def here(self) -> bool:
        """Whether it is this machine."""
        return self.host in _LOOPBACK


def parse_server(url: str) -> Server:
    """Return the server that SMTP_URL names.

    Raises:
        DeliveryError: final; it names none.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    else:
        if parts.scheme in _PORTS and host:
            user, password = unquote(parts.username or ""), unquote(parts.password or "")
            number = port or _PORTS[parts.scheme]
            return Server(host, number, user, password, parts.scheme == "smtps")
    raise DeliveryError(
        "SMTP_URL has to be smtp://user:password@host:port, or smtps://", final=True
    )


async def send(message: Notification, settings: Settings) -> None:
    """Send a message to its one recipient.

    Raises:
        DeliveryError: it was not taken.
    """
    if settings.smtp_url is None:
        raise DeliveryError("SMTP_URL is not set", final=True)
    server = parse_server(settings.smtp_url.get_secret_value())
    recipient = parse_target(message.target).address
    sender = settings.mail_from
    if not is_address(sender):
        raise DeliveryError("MAIL_FROM is no address", final=True)
    mail = compose(message, sender, recipient)
    await asyncio.to_thread(_hand_in, server, mail, sender, recipient)


def compose(message: Notification, sender: str, recipient: str) -> EmailMessage:
    """Return the mail. Its id is the message's: who gets it twice sees that it is the same."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = recipient
    mail["Subject"] = one_line(message.subject)
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = f"<{message.id}@{sender.partition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body)
    return mail


def _hand_in(server: Server, mail: EmailMessage, sender: str, recipient: str) -> None:
    """Speak SMTP. What the server says may repeat what it was told: only its codes are kept."""
    try:
        with _connected(server) as smtp:
            _protect(smtp, server)
            if server.user:
                smtp.login(server.user, server.password)
            smtp.send_message(mail, sender, [recipient])
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        words = f"the mail server refuses the recipient ({code})"
        raise DeliveryError(words, final=code >= _PERMANENT) from None
    except smtplib.SMTPAuthenticationError as error:
        words = f"the mail server refuses user or password of SMTP_URL ({error.smtp_code})"
        raise DeliveryError(words) from None
    except smtplib.SMTPResponseException as error:
        words = f"the mail server refuses the message ({error.smtp_code})"
        raise DeliveryError(words, final=error.smtp_code >= _PERMANENT) from None
    except ssl.SSLError as error:
        raise DeliveryError(f"no TLS with the mail server ({error.reason})") from None
    except (OSError, smtplib.SMTPException) as error:
        words = f"the mail server is not reachable ({type(error).__name__})"
        raise DeliveryError(words) from None


def _connected(server: Server) -> smtplib.SMTP:
    if server.tls:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT)


def _protect(smtp: smtplib.SMTP, server: Server) -> None:
    """Change to TLS; go on without only where nobody can listen.

    Raises:
        DeliveryError: the server offers no TLS, which may also be somebody in between.
    """
    smtp.ehlo()
    if server.tls:
        return
    if smtp.has_extn("starttls"):
        # On this machine a certificate proves nothing that the address does not.
        smtp.starttls(context=_unchecked() if server.here else ssl.create_default_context())
        smtp.ehlo()
    elif not server.here:
        raise DeliveryError("the mail server offers no STARTTLS; nothing was sent")


def _unchecked() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
