"""From a bare Python to a running command: makes .venv, installs the pinned requirements, builds words and scripts, hands over.

Standard library only, and the whole file must parse on Python 3.6, so that an old Python gets a sentence and no traceback.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "HealthHub needs Python 3.11 or newer, and this is Python %d.%d (%s). Install a newer one, or name it: make demo PYTHON=/path/to/it"
        % (sys.version_info[0], sys.version_info[1], sys.executable)
    )

import configparser
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NOTE = VENV / "healthhub-installed.json"
LOCALE = ROOT / "healthhub" / "web" / "locale"
ASSETS, BUILT = ROOT / "healthhub" / "web" / "assets", ROOT / "healthhub" / "web" / "built"
OLDEST_NODE = 20
RUNTIME, EVERYTHING = "requirements.txt", "requirements-dev.txt"
LOCK_FLAGS = ["--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
LOCK_FLAGS += ["--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--custom-compile-command", "make lock"]
MODULES = {"demo": "healthhub.config.demo", "check": "tools.check", "tour": "tools.tour", "bench": "tests.bench", "client": "tools.client"}
HELP = """HealthHub
  make demo              start everything with demo people and moving readings on http://127.0.0.1:8000
  make demo PORT=8080    the same on another port
  make demo DATA=path    replay real recordings instead of simulated readings (SPEED=600: times as fast as life)
  make test              the whole test-suite, against the same real servers (ARGS='-k alerts' chooses)
  make check             lint, types, import contracts, migrations, deployment settings, words
  make bench             the benchmarks, printed as ratios
  make evaluate DATA=dir the risk models on the public data they were trained on: figures, comparators, goals
  make tour              the pictures of README.md and docs/tour.md, made anew from the demo (PORT=8000: from the one that runs there)
  make client            openapi.yaml as the API is now, and a typed Python client made of it in build/healthhub_client
  make install           only make the environment
  make lock              pin the requirements again after pyproject.toml changed"""


class Trouble(Exception):
    """Something a person must mend; the text is the one sentence to show."""


def say(text: str) -> None:
    print("-> " + text, flush=True)


def run(command: list[str | Path], trouble: str, path: str = "") -> None:
    """This function will run a command quietly (found on `path`) and end with one sentence when it fails; its output goes to var/log."""
    environment = dict(os.environ, PATH=path) if path else None
    if path:
        command = [shutil.which(str(command[0]), path=path) or command[0], *command[1:]]
    log = ROOT / "var" / "log" / "setup.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        out.write(("$ " + " ".join(map(str, command)) + "\n").encode())
        out.flush()
        done = subprocess.run(list(map(str, command)), stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=str(ROOT), env=environment)
    if done.returncode:
        raise Trouble(trouble + " (exit %d; details at the end of var/log/setup.log)" % done.returncode)


def venv_works() -> bool:
    if not PYTHON.exists():
        return False
    probe = "import sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([str(PYTHON), "-I", "-S", "-c", probe], stderr=subprocess.DEVNULL).returncode == 0


def make_venv(uv: str) -> None:
    """This function will make a fresh .venv, by uv where there is one, and otherwise by Python itself."""
    if VENV.exists():
        shutil.rmtree(VENV)
    say("making .venv with Python %d.%d" % sys.version_info[:2])
    if uv:
        run([uv, "venv", "--quiet", "--python", sys.executable, VENV], "The environment .venv could not be made.")
        return
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        package = "python%d.%d-venv" % sys.version_info[:2]
        raise Trouble(
            "This Python cannot make environments: install its venv package (on Debian or Ubuntu: apt-get install %s)." % package
        ) from None
    run([sys.executable, "-m", "venv", VENV], "The environment .venv could not be made.")


def find_uv() -> str:
    """This function will give the path of uv, or "" when this machine has none."""
    inside = VENV / "bin" / "uv"
    return str(inside) if inside.exists() else shutil.which("uv") or ""


def digest(name: str) -> str:
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def installed() -> dict[str, str]:
    try:
        found = json.loads(NOTE.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def follow_pip_to_its_index() -> None:
    """This function will make uv use the package index that pip is set to (a mirror near by, often): uv reads no pip.conf."""
    # pip asks the machine for the certificates it trusts (a proxy's among them); uv does so only when told.
    os.environ.setdefault("UV_SYSTEM_CERTS", "true")
    if any(os.environ.get(name) for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CONFIG_FILE")):
        return
    places = ["/etc/pip.conf", "~/.pip/pip.conf", "~/.config/pip/pip.conf", os.environ.get("PIP_CONFIG_FILE", "")]
    settings = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        settings.read([os.path.expanduser(place) for place in places if place])
    except configparser.Error:
        return
    index = os.environ.get("PIP_INDEX_URL") or settings.get("global", "index-url", fallback="")
    if index:
        os.environ["UV_DEFAULT_INDEX"] = index.strip()


def install_requirements(which: str) -> None:
    """This function will install the pinned requirements unless the same pins are in place already.

    `requirements-dev.txt` holds everything that `requirements.txt` holds, so having it is having both.
    """
    if not venv_works():
        make_venv(shutil.which("uv") or "")
    if installed().get(which) == digest(which):
        return
    started = time.monotonic()
    follow_pip_to_its_index()
    broken = "The packages could not be downloaded and checked: look at the network or the package index, then try again."
    uv = find_uv()
    if not uv:
        say("installing uv, the installer")
        run(
            [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", ROOT / "tools" / "uv.txt"],
            broken,
        )
        uv = find_uv()
    say("installing the pinned packages of %s (the first time: about 200 MB)" % which)
    NOTE.unlink(missing_ok=True)
    run([uv, "pip", "install", "--quiet", "--python", PYTHON, "--require-hashes", "-r", ROOT / which], broken)
    now = {RUNTIME: digest(RUNTIME)}
    if which == EVERYTHING:
        now[EVERYTHING] = digest(EVERYTHING)
    NOTE.write_text(json.dumps(now))
    say("installed in %.0f s" % (time.monotonic() - started))


def compile_words() -> None:
    """This function will compile each changed catalogue of words (.po) into what Django reads (.mo)."""
    for words in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        made = words.with_suffix(".mo")
        if not made.exists() or made.stat().st_mtime < words.stat().st_mtime:
            command: list[str | Path] = [PYTHON, "-m", "babel.messages.frontend", "compile", "-i", words, "-o", made]
            run(command, "The words in %s could not be compiled." % words.relative_to(ROOT))


def assets_digest() -> str:
    """This function will give one figure for everything that the built files depend on."""
    found = hashlib.sha256()
    settings = [ROOT / name for name in ("package.json", "package-lock.json", "tsconfig.json", "tsconfig.worker.json")]
    for path in [*settings, *sorted(path for path in ASSETS.rglob("*") if path.is_file())]:
        found.update(str(path.relative_to(ROOT)).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def node_path() -> str:
    """This function will give a PATH on which node (20 or newer) and npm are: the machine's own, else those of a wheel in .venv."""
    ours = "%s%s%s" % (PYTHON.parent, os.pathsep, os.environ.get("PATH", os.defpath))
    for path in (os.environ.get("PATH", os.defpath), ours):
        node = shutil.which("node", path=path)
        if node and shutil.which("npm", path=path) and node_is_new_enough(node):
            return path
    say("installing node from a wheel: this machine has none that is %d or newer" % OLDEST_NODE)
    follow_pip_to_its_index()
    wheel: list[str | Path] = [find_uv(), "pip", "install", "--quiet", "--python", PYTHON, "--require-hashes"]
    run([*wheel, "-r", ROOT / "tools" / "node.txt"], "Node, which builds the pages' scripts, could not be downloaded: look at the network.")
    return ours


def node_is_new_enough(node: str) -> bool:
    said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    number = said.lstrip("v").split(".")[0]
    return number.isdigit() and int(number) >= OLDEST_NODE


def prepare_packages(path: str) -> None:
    """This function will install the pinned packages of the pages' scripts, unless they are there."""
    note = ROOT / "node_modules" / "healthhub-installed"
    pins = digest("package-lock.json")
    if note.exists() and note.read_text() == pins:
        return
    run(["npm", "ci"], "The packages of the pages' scripts could not be downloaded: look at the network or the registry.", path=path)
    note.write_text(pins)


def build_assets() -> None:
    """This function will build the pages' scripts (TypeScript) into what the browser loads, when something of them changed."""
    note, now = BUILT / ".digest", assets_digest()
    if note.exists() and note.read_text() == now:
        return
    started = time.monotonic()
    path = node_path()
    prepare_packages(path)
    shutil.rmtree(BUILT, ignore_errors=True)
    run(["npm", "run", "--silent", "build"], "The pages' scripts could not be built.", path=path)
    note.write_text(now)
    say("built the pages' scripts in %.0f s" % (time.monotonic() - started))


def prepare(which: str) -> None:
    """This function will bring the environment up to date; two commands at once wait for each other."""
    with alone():
        install_requirements(which)
        compile_words()
        build_assets()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    (ROOT / "var").mkdir(exist_ok=True)
    with (ROOT / "var" / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def hand_over(*command: str) -> None:
    """This function will turn this process into the command, so that Ctrl-C and exit codes are the command's own."""
    os.chdir(str(ROOT))
    sys.stdout.flush()
    os.execv(str(PYTHON), [str(PYTHON), *command])


def lock() -> None:
    follow_pip_to_its_index()
    uv = find_uv()
    broken = "The requirements could not be resolved."
    say("pinning requirements")
    compile_pins = [uv, "pip", "compile", *LOCK_FLAGS]
    run([*compile_pins, "pyproject.toml", "-o", RUNTIME], broken)
    run([*compile_pins, "pyproject.toml", "--extra", "dev", "-c", RUNTIME, "-o", EVERYTHING], broken)


def look_for_browser() -> None:
    """This function will refuse early when the browser tests could not run; in CI the tests themselves fail instead."""
    chosen = os.environ.get("CHROMIUM") or "chromium"
    if not shutil.which(chosen) and not os.environ.get("CI"):
        raise Trouble(
            "Browser tests need Chromium: install it (on Debian: apt-get install chromium fonts-noto-cjk), or set CHROMIUM to its path."
        )


def main(wish: str, rest: list[str]) -> None:
    if wish == "help":
        print(HELP)
        return
    if wish in ("test", "tour"):
        look_for_browser()
    prepare(RUNTIME if wish == "demo" else EVERYTHING)
    if wish == "install":
        say("ready: .venv has everything")
    elif wish == "lock":
        lock()
    elif wish in MODULES:
        hand_over("-m", MODULES[wish], *rest)
    elif wish == "test":
        hand_over("-m", "pytest", *(rest or ["-n", "2"]))
    elif wish == "evaluate":
        hand_over("manage.py", "evaluate_models", *(rest or ["../shared/data"]))
    else:
        raise Trouble("There is no command %r.\n%s" % (wish, HELP))


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "help", sys.argv[2:])
    except Trouble as trouble:
        sys.exit("HealthHub: %s" % trouble)
    except PermissionError as denied:
        sys.exit(
            "HealthHub: %s cannot be written by this account; was it made by another user, such as root? Remove it or run as that user."
            % denied.filename
        )
    except KeyboardInterrupt:
        sys.exit(130)
