"""E-mail channel: one message over SMTP to all recipients."""

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

_PERMANENT_CODES = frozenset(range(500, 600))
_PERMANENT_ERRORS = (smtplib.SMTPNotSupportedError, ssl.SSLCertVerificationError)

Encryption = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class SmtpLogin:
    """Credentials for the SMTP server."""

    user: str
    password: SecretStr


@dataclass(frozen=True, slots=True)
class SmtpChannel:
    """Sends one message to all recipients.

    Attributes:
        host: The server.
        port: Its port.
        encryption: `tls` from the first byte, `none`, or `starttls`, which sends nothing to a server without it.
        sender: Address in the From header.
        recipients: Addresses in the To header.
        login: Credentials; None if the server requires none.
    """

    host: str
    port: int
    encryption: Encryption
    sender: str
    recipients: Sequence[str]
    login: SmtpLogin | None

    @property
    def name(self) -> str:
        """Name of the channel; there is at most one."""
        return "smtp"

    def send(self, message: Message) -> None:
        """Send the message.

        Raises:
            DeliveryError: If the server does not accept the message for all recipients.
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
                f"smtp: {self.host}:{self.port} did not accept the message ({fact}).",
                is_transient=not isinstance(error, _PERMANENT_ERRORS) and not codes & _PERMANENT_CODES,
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
        email["Auto-Submitted"] = "auto-generated"  # suppresses out-of-office replies (RFC 3834)
        email.set_content(message.text)
        return email


def _codes(error: Exception) -> frozenset[int]:
    """Return the status codes of the server's answers, without the texts, which hold addresses.

    A code of 400 to 499, as greylisting answers, is transient.
    """
    match error:
        case smtplib.SMTPResponseException():
            return frozenset({error.smtp_code})
        case smtplib.SMTPRecipientsRefused():
            return frozenset(code for code, _ in error.recipients.values())
    return frozenset()
