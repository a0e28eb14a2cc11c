"""`python -m tests.faults.at 2027-03-28T04:59:50Z celery ...`: run one of our processes as if it were that moment; its clock goes on."""

import runpy
import sys
from datetime import datetime

import time_machine


def main() -> None:
    moment, program, *words = sys.argv[1:]
    time_machine.travel(datetime.fromisoformat(moment), tick=True).start()
    sys.argv = [program, *words]
    if program.endswith(".py"):
        runpy.run_path(program, run_name="__main__")
    else:
        runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
