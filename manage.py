#!/usr/bin/env python
"""Django's command line."""

import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    if sys.argv[1:2] == ["check_vectors"]:
        # Arithmetic only: it runs where no database and no secret is set.
        settings.configure(INSTALLED_APPS=["healthhub.config"])
    else:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthhub.config.settings")
    execute_from_command_line(sys.argv)
