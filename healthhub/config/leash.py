"""Start a command on a leash: it dies when its starter dies, whatever the starter died of.

`python -I -S leash.py STARTER_PID SIGNAL ACCOUNT COMMAND...` asks the kernel for SIGNAL at the death of the starter, becomes
ACCOUNT ("" stays as it is) and turns into COMMAND. A script of its own and not a `preexec_fn`, because code between fork
and exec may deadlock in a process that has threads, as the demo runner and pytest have. Standard library only.
"""

import ctypes
import os
import pwd
import signal
import sys

PR_SET_PDEATHSIG = 1


def become(account: str) -> None:
    """This function will give up root for good and become the named account, without its supplementary groups."""
    person = pwd.getpwnam(account)
    os.setgroups([])
    os.setresgid(person.pw_gid, person.pw_gid, person.pw_gid)
    os.setresuid(person.pw_uid, person.pw_uid, person.pw_uid)
    os.environ.update(HOME="/", USER=account, LOGNAME=account)


def tie(starter: int, signal_number: int) -> None:
    """This function will tie this process to its starter. Must come after `become`: a change of user cuts the tie."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != starter:  # it died before the tie was made, so no signal will ever come
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    starter, signal_number, account, *command = sys.argv[1:]
    if account:
        become(account)
    tie(int(starter), int(signal_number))
    signal.pthread_sigmask(signal.SIG_SETMASK, [])  # a starter that waits for signals blocks them; its children must not
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
