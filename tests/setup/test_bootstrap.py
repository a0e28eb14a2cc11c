"""Setting up from a bare Python: what goes wrong is said in one sentence, and nothing is done twice."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from healthhub.config.servers import ROOT
from tools import bootstrap

SCRIPT = ROOT / "tools" / "bootstrap.py"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the set-up reads, in an empty directory without an environment."""
    (tmp_path / "tools").mkdir()
    for name in ("tools/bootstrap.py", "tools/uv.txt", "requirements.txt", "requirements-dev.txt", "Makefile"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def run(checkout: Path, wish: str, *, before: str = "0", **environment: str) -> subprocess.CompletedProcess[str]:
    """This function will run the script as `make` does, after `before` has changed the Python it runs on."""
    code = f"import runpy, sys; {before}; sys.argv = ['bootstrap.py', {wish!r}]; runpy.run_path('tools/bootstrap.py', run_name='__main__')"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=checkout, env=os.environ | environment, capture_output=True, text=True, check=False)


def test_an_old_python_can_read_the_script() -> None:
    ast.parse(SCRIPT.read_text(), feature_version=(3, 6))


def test_an_old_python_is_told_what_is_needed(checkout: Path) -> None:
    done = run(checkout, "demo", before="sys.version_info = (3, 9, 2)")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("HealthHub needs Python 3.11 or newer, and this is Python 3.9 (")
    assert done.stderr.count("\n") == 1


def test_a_broken_download_is_one_sentence_and_leaves_no_false_note(checkout: Path) -> None:
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    nowhere = "http://127.0.0.1:9/simple"
    path = f"{Path(uv).parent}:{os.environ['PATH']}"
    done = run(checkout, "install", PATH=path, UV_DEFAULT_INDEX=nowhere, UV_HTTP_RETRIES="0", UV_NO_CACHE="1")
    assert done.returncode == 1
    assert done.stderr.startswith("HealthHub: The packages could not be downloaded and checked")
    assert done.stderr.count("\n") == 1
    assert not (checkout / ".venv" / "healthhub-installed.json").exists()


def test_a_python_without_venv_is_told_which_package_to_install(checkout: Path) -> None:
    done = run(checkout, "install", before="sys.modules['ensurepip'] = None", PATH="/nowhere")
    assert done.returncode == 1
    assert f"apt-get install python{sys.version_info[0]}.{sys.version_info[1]}-venv" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_missing_browser_is_said_before_anything_is_installed(checkout: Path) -> None:
    done = run(checkout, "test", CHROMIUM="no-such-browser", CI="")
    assert done.returncode == 1
    assert "need Chromium" in done.stderr
    assert not (checkout / ".venv").exists()


def test_help_names_the_commands(checkout: Path) -> None:
    done = run(checkout, "help")
    assert done.returncode == 0
    assert "make demo" in done.stdout


def test_pins_carry_hashes_and_no_addresses() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "tools/uv.txt", "tools/node.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert all(" \\" in line for line in text.splitlines() if "==" in line), name


def test_everything_the_product_needs_is_pinned_alike_for_its_tests() -> None:
    runtime, everything = (
        {line.split(" ")[0] for line in (ROOT / name).read_text().splitlines() if "==" in line}
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert runtime < everything


def test_packages_of_the_pages_are_pinned_without_addresses() -> None:
    text = (ROOT / "package-lock.json").read_text()
    assert "://" not in text
    assert '"resolved"' not in text
    packages = json.loads(text)["packages"]
    assert all("integrity" in package for name, package in packages.items() if name)
    wanted = json.loads((ROOT / "package.json").read_text())
    asked = wanted["dependencies"] | wanted["devDependencies"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in asked} == asked


def test_scripts_are_built_again_when_a_source_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "healthhub" / "web"
    (place / "assets" / "lib").mkdir(parents=True)
    for name in ("package.json", "package-lock.json", "tsconfig.json", "tsconfig.worker.json"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name, path in {"ROOT": tmp_path, "ASSETS": place / "assets", "BUILT": place / "built"}.items():
        monkeypatch.setattr(bootstrap, name, path)
    (place / "assets" / "lib" / "one.ts").write_text("export const one = 1;")
    (place / "assets" / "page.ts").write_text('import { one } from "./lib/one"; console.log(one);')
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    bootstrap.build_assets()
    made = place / "built" / "healthhub" / "page.js"
    assert "console.log(1)" in made.read_text()
    before = made.stat().st_mtime_ns
    bootstrap.build_assets()
    assert made.stat().st_mtime_ns == before
    (place / "assets" / "lib" / "one.ts").write_text("export const one = 2;")
    bootstrap.build_assets()
    assert "console.log(2)" in made.read_text()
    assert made.with_suffix(".js.map").exists()
