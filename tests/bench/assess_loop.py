"""One worker of part (f): `python -m tests.bench.assess_loop MODEL MOMENT`."""

import sys

import django

django.setup()

from tests.bench import assessing  # noqa: E402 - models need Django set up

if __name__ == "__main__":
    assessing.work(sys.argv[1:])
