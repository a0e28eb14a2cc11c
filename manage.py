#!/usr/bin/env python
"""Django's command line."""

import os
import secrets
import sys

from django.conf import settings
from django.core.management import execute_from_command_line

# They read files and artefacts only, so they run where no database and no secret is set.
FILES_ONLY = ("evaluate_risk", "evaluate_models", "train_risk")
NOWHERE = {"HEALTHHUB_MODE": "test", "DATABASE_URL": "postgres://nobody@localhost/nothing", "REDIS_URL": "redis://localhost"}

if __name__ == "__main__":
    command = sys.argv[1:2]
    if command == ["check_vectors"]:
        # Arithmetic only: it needs not even the models of the database.
        settings.configure(INSTALLED_APPS=["healthhub.config"])
    else:
        if command and command[0] in FILES_ONLY and "--from-database" not in sys.argv and "DATABASE_URL" not in os.environ:
            os.environ.update(NOWHERE | {"SECRET_KEY": secrets.token_urlsafe(50)})
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthhub.config.settings")
    execute_from_command_line(sys.argv)
