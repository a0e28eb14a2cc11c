"""Who may speak at the MQTT broker: Mosquitto's password and access files, made from the living device tokens.

A device signs in with its token's id and secret, and the access file ties every topic to the name that signed in, so that no
device can speak as another. The broker refuses who is not in the file; the gateway asks for the token besides at each message.
"""

import os
import tempfile
from pathlib import Path

from django.db.models import Q

from healthhub.lib.refused import Invalid
from healthhub.people import secrets
from healthhub.people.models import DeviceToken

GATEWAY = "healthhub-gateway"
SHORTEST = 20
ACCESS = f"""# Written by HealthHub; changes are lost.
user {GATEWAY}
topic read healthhub/+/readings
topic write healthhub/+/fates
topic readwrite healthhub/+/limits
topic readwrite healthhub/status

pattern write healthhub/%u/readings
pattern read healthhub/%u/fates
pattern read healthhub/%u/limits
pattern read healthhub/status
"""


def write(directory: Path, *, gateway_password: str) -> bool:
    """This function will write `passwords` and `access` into the directory, and tell whether anything in them is new.

    Each file is whole at every moment. The broker reads them again on SIGHUP. The gateway's password has 20 characters at least:
    raises Invalid (`weak_password`). Raises OSError where the directory cannot be written.
    """
    if len(gateway_password) < SHORTEST:
        raise Invalid(f"The gateway's password needs {SHORTEST} characters.", code="weak_password", field="MQTT_PASSWORD")
    living = DeviceToken.objects.filter(Q(may_write=True) | Q(may_read=True), revoked_at=None).exclude(mqtt_password="")
    lines = [f"{token_id}:{proof}" for token_id, proof in living.order_by("id").values_list("id", "mqtt_password")]
    # The same password gives the same line, or the files would look new each time.
    salt = secrets.digest(f"{GATEWAY}:{gateway_password}")[:12]
    lines.insert(0, f"{GATEWAY}:{secrets.mosquitto_hash(gateway_password, salt=salt)}")
    fresh = [_replace(directory / "access", ACCESS), _replace(directory / "passwords", "\n".join(lines) + "\n")]
    return any(fresh)


def _replace(path: Path, text: str) -> bool:
    if path.exists() and path.read_text() == text:
        return False
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(name).chmod(0o644)  # the broker runs as somebody else; who may enter the directory is the operator's to say
    Path(name).replace(path)
    return True
