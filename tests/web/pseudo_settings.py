"""The settings of the house, with the catalogue of the pseudo-language (tests/web/pseudo.py) in the place of English."""

import os

from healthhub.config.settings import *  # noqa: F403

LOCALE_PATHS = [os.environ["PSEUDO_LOCALE"]]
