"""`manage.py mcp`: a read-only MCP server on stdin and stdout for a patient's own assistant; her device token is in HEALTHHUB_TOKEN."""

import os
from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections
from django.utils import timezone
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

from healthhub.api import assistant
from healthhub.lib.refused import Refused

LOOKS_ONLY = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
INSTRUCTIONS = (
    "Health readings of one patient, for her own assistant. Nothing can be changed here. Values carry their unit; `flags` mark doubtful "
    "readings. A risk is a model's estimate with its interval. None of this is a diagnosis: in an emergency call the emergency number."
)


class Command(BaseCommand):
    help = (
        "Serves one patient's readings, trends, alerts and risk to an assistant over MCP (stdio). HEALTHHUB_TOKEN holds a device token of "
        "hers that may read and not write; revoked, it is refused at the next call. Every call is in her access log."
    )
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's own; stdout is the assistant's

    def handle(self, *args: Any, **options: Any) -> None:
        secret = os.environ.get("HEALTHHUB_TOKEN", "")
        try:
            assistant.viewer(secret, now=timezone.now())
        except Refused as refused:
            raise CommandError(f"{refused.sentence} [{refused.code}]") from refused
        served(secret).run("stdio")


def served(secret: str) -> MCPServer[Any]:
    """This function will give the server with its four tools."""
    server: MCPServer[Any] = MCPServer("healthhub", title="HealthHub", instructions=INSTRUCTIONS, log_level="WARNING")

    async def asked(look: Callable[..., dict[str, Any]], **wanted: Any) -> dict[str, Any]:
        def answer() -> dict[str, Any]:
            close_old_connections()
            return look(secret, now=timezone.now(), **wanted)

        try:
            return await sync_to_async(answer)()
        except Refused as refused:
            where = f" ({refused.field})" if refused.field else ""
            raise ToolError(f"{refused.sentence} [{refused.code}]{where}") from refused

    @server.tool(annotations=LOOKS_ONLY)
    async def readings(kind: str = "", days: int = 30, limit: int = 200) -> dict[str, Any]:
        """Single readings, newest first. `kind`: bp, glucose, cgm, weight, hr, spo2, hba1c ...; empty for all. `days`: 1 to 366."""
        return await asked(assistant.look_readings, kind=kind, days=days, limit=limit)

    @server.tool(annotations=LOOKS_ONLY)
    async def trend(kind: str, days: int = 90) -> dict[str, Any]:
        """Count, lowest, mean and highest of each day, of one kind (for bp also of the lower value)."""
        return await asked(assistant.look_trend, kind=kind, days=days)

    @server.tool(annotations=LOOKS_ONLY)
    async def alerts(days: int = 90, limit: int = 50) -> dict[str, Any]:
        """Alerts of the last days, newest first, in the words that the patient is told."""
        return await asked(assistant.look_alerts, days=days, limit=limit)

    @server.tool(annotations=LOOKS_ONLY)
    async def risk() -> dict[str, Any]:
        """Where she stands with each risk model: value with 90 % interval, band, sentence; or why the model abstains."""
        return await asked(assistant.look_risk)

    return server
