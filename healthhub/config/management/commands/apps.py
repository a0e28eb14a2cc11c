"""`manage.py apps`: which apps (SMART on FHIR) may ask people for their leave to read, and which systems read for an organisation."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from oauth2_provider.models import Application

from healthhub.lib.refused import Refused
from healthhub.people import smart
from healthhub.people.access import parsed_id
from healthhub.people.models import Organisation


class Command(BaseCommand):
    help = "Registers, lists and removes apps that read by SMART on FHIR."

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="what", required=True)
        add = commands.add_parser("add", help="An app that people allow to read. Prints its client id, and its secret once.")
        add.add_argument("name")
        add.add_argument("--redirect", action="append", default=[], help="Where people are led back to (https, or http at this machine).")
        add.add_argument("--confidential", action="store_true", help="The app can keep a secret.")
        system = commands.add_parser("system", help="A system that reads what patients consented to for an organisation.")
        system.add_argument("name")
        system.add_argument("--organisation", required=True, help="Id of the organisation.")
        system.add_argument("--scope", action="append", help="system/*.rs unless told.")
        commands.add_parser("list", help="All apps, with how many may read now.")
        remove = commands.add_parser("remove", help="Forgets an app and ends all that it was allowed.")
        remove.add_argument("client_id")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['what']}")(options)
        except Refused as refused:
            raise CommandError(refused.sentence) from refused

    def _add(self, options: dict[str, Any]) -> None:
        app, secret = smart.register(
            name=options["name"], redirects=options["redirect"], confidential=options["confidential"], now=timezone.now()
        )
        self._tell(app, secret)

    def _system(self, options: dict[str, Any]) -> None:
        organisation = Organisation.objects.filter(id=parsed_id(options["organisation"])).first()
        if organisation is None:
            raise CommandError("There is no such organisation.")
        app, secret = smart.register_system(
            name=options["name"], organisation=organisation, scopes=options["scope"] or ["system/*.rs"], now=timezone.now()
        )
        self._tell(app, secret)

    def _list(self, options: dict[str, Any]) -> None:
        for app, living in smart.registered():
            self.stdout.write(f"{app.client_id}  {living} may read  {app.name}  {app.redirect_uris}")

    def _remove(self, options: dict[str, Any]) -> None:
        self.stdout.write(f"removed {smart.unregister(client_id=options['client_id'], now=timezone.now()).name}")

    def _tell(self, app: Application, secret: str | None) -> None:
        self.stdout.write(f"client_id {app.client_id}")
        if secret:
            self.stdout.write(f"client_secret {secret}")
