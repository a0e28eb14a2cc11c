"""E-mail through Django. The Message-ID is made of the notice id: mail programs show a repeat once.

Mail lies open on its way and on the lock screen, so it says that something waits, not what, unless she chose `details`.
"""

import smtplib
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage

from notifications.transports import Address, Letter, TransportError
from notifications.transports.plain import discreet

NEVER_AGAIN = 500  # SMTP answers from here on are final


def send(letter: Letter, address: Address) -> str:
    """This function will send one mail to her own address."""
    title, body = (letter.title, letter.body) if address.get("details") else discreet(letter)
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    mail = EmailMessage(
        subject=" ".join(title.split()),
        body=f"{body}\n\n{letter.url}\n",
        to=[letter.email],
        headers={
            "Message-ID": f"<{letter.notice_id}@{domain}>",
            "Auto-Submitted": "auto-generated",
            "X-HealthHub-Notice": str(letter.notice_id),
        },
    )
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        code, answer = next(iter(error.recipients.values()))
        raise TransportError(f"The mail server refused the address: {code} {answer!r}", permanent=code >= NEVER_AGAIN) from error
    except (smtplib.SMTPException, OSError) as error:
        raise TransportError(f"The mail server did not take it: {error}") from error
    return f"handed to the mail server for {letter.email.rpartition('@')[2]}"
