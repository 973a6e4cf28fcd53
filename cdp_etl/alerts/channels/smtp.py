"""A receiver by e-mail, over SMTP."""

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Literal

from pydantic import SecretStr

from cdp_etl.alerts.channels.base import ANSWER_SECONDS
from cdp_etl.alerts.errors import DeliveryError
from cdp_etl.alerts.message import Message

_REFUSED_FOR_EVER = frozenset(range(500, 600))
_NEVER_PASSES = (smtplib.SMTPNotSupportedError, ssl.SSLCertVerificationError)

Encryption = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in at the server."""

    user: str
    password: SecretStr


@dataclass(frozen=True, slots=True)
class SmtpReceiver:
    """Sends one message to all addresses.

    Attributes:
        host: The server.
        port: Its port.
        encryption: starttls (asked for, and refused without), tls from the first byte on, or none.
        sender: The address in From.
        recipients: The addresses in To.
        login: None where the server asks for none.
    """

    host: str
    port: int
    encryption: Encryption
    sender: str
    recipients: Sequence[str]
    login: Login | None

    @property
    def name(self) -> str:
        """Its kind."""
        return "smtp"

    def send(self, message: Message) -> None:
        """Send the message.

        Raises:
            DeliveryError: it was not taken, or not by all.
        """
        try:
            with self._connected() as server:
                if self.encryption == "starttls":
                    server.starttls(context=ssl.create_default_context())
                if self.login is not None:
                    server.login(self.login.user, self.login.password.get_secret_value())
                refused = server.send_message(self._email(message))
        except (OSError, smtplib.SMTPException) as error:
            codes = _codes(error)
            fact = ", ".join([type(error).__name__, *(str(code) for code in codes)])
            raise DeliveryError(
                f"smtp: {self.host}:{self.port} did not take it ({fact}).",
                is_transient=not isinstance(error, _NEVER_PASSES) and not codes & _REFUSED_FOR_EVER,
            ) from None
        if refused:
            raise DeliveryError(
                f"smtp: {self.host} refused {len(refused)} of {len(self.recipients)} recipients.",
                is_transient=False,
            )

    def _connected(self) -> smtplib.SMTP:
        if self.encryption == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=ANSWER_SECONDS, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=ANSWER_SECONDS)

    def _email(self, message: Message) -> EmailMessage:
        email = EmailMessage()
        email["Subject"] = message.subject
        email["From"] = self.sender
        email["To"] = ", ".join(self.recipients)
        email["Date"] = formatdate()
        email["Message-ID"] = make_msgid()
        email["Auto-Submitted"] = "auto-generated"  # so that out-of-office replies stay away (RFC 3834)
        email.set_content(message.text)
        return email


def _codes(error: Exception) -> frozenset[int]:
    """Give the server's answers, without their texts: those hold addresses. Greylisting answers with 4xx."""
    match error:
        case smtplib.SMTPResponseException():
            return frozenset({error.smtp_code})
        case smtplib.SMTPRecipientsRefused():
            return frozenset(code for code, _ in error.recipients.values())
    return frozenset()
