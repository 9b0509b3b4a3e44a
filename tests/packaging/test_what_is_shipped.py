"""What a checkout holds: lists that parse, versions that are pinned, nothing of one machine."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LISTS = ("deploy/system-packages.txt", "deploy/test-packages.txt")
REGISTRY = re.compile(
    r"(index-url|extra-index|find-links|trusted-host|https?://[^\s\"']*(pypi|artifact|nexus))", re.IGNORECASE
)
MACHINE_PATH = re.compile(r"(?<![\w.])/(work|root|home/\w+|mnt|Users)/[\w.-]+")
TEXT = (".py", ".md", ".toml", ".txt", ".sh", ".cfg", ".html", ".po", ".conf", ".yaml", ".yml", "")


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout.split("\0")
    return [ROOT / name for name in listed if name]


def texts() -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(ROOT)), path.read_text(encoding="utf-8", errors="replace"))
        for path in tracked()
        if path.suffix in TEXT and path.is_file() and path != Path(__file__)
    ]


def names(file: str) -> list[str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return [name for line in lines if (name := line.partition("#")[0].strip())]


def pins() -> dict[str, Version]:
    pinned = {}
    for line in names("constraints.txt"):
        requirement = Requirement(line)
        (only,) = requirement.specifier
        assert only.operator == "==", f"{line}: a constraint is one version"
        pinned[canonicalize_name(requirement.name)] = Version(only.version)
    return pinned


@pytest.mark.parametrize("file", LISTS)
def test_a_package_list_holds_one_debian_name_a_line_and_says_why(file: str) -> None:
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            assert re.fullmatch(r"[a-z0-9][a-z0-9.+-]+ +# .+", line), line
    assert len(names(file)) == len(set(names(file))) > 0


@pytest.mark.parametrize("file", LISTS)
def test_every_package_of_the_lists_is_installed_where_the_tests_run(file: str) -> None:
    query = ["dpkg-query", "-W", "-f=${Package} ${Status}\n", *names(file)]
    answer = subprocess.run(query, capture_output=True, text=True, check=False)
    installed = {
        line.split()[0] for line in answer.stdout.splitlines() if line.endswith("install ok installed")
    }
    missing = [name for name in names(file) if name.partition(":")[0] not in installed]
    assert not missing, f"apt-get install {' '.join(missing)}"


def wanted() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [one for group in project["optional-dependencies"].values() for one in group]
    return [Requirement(text) for text in (*project["dependencies"], *extras)]


def needed() -> set[str]:
    """Every distribution that ours need here, directly or not."""
    seen: set[str] = set()
    waiting = [(requirement.name, frozenset(requirement.extras)) for requirement in wanted()]
    while waiting:
        name, extras = waiting.pop()
        if (key := canonicalize_name(name)) in seen and not extras:
            continue
        seen.add(key)
        for text in requires(name) or ():
            requirement = Requirement(text)
            marks = [{"extra": extra} for extra in extras or {""}]
            marker = requirement.marker
            applies = marker is None or any(marker.evaluate(mark) for mark in marks)
            if applies and canonicalize_name(requirement.name) not in seen:
                waiting.append((requirement.name, frozenset(requirement.extras)))
    return seen


def test_every_package_we_need_directly_or_not_is_pinned() -> None:
    assert sorted(needed() - set(pins())) == []


def test_what_is_installed_is_what_is_pinned() -> None:
    pinned = pins()
    differing = {
        name: (version, str(pinned[name]))
        for name in sorted(needed())
        if Version(version := distribution(name).version) != pinned[name]
    }
    assert differing == {}


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    found = [
        f"{name}: {hit[0]}"
        for name, text in texts()
        for pattern in (REGISTRY, MACHINE_PATH)
        if (hit := pattern.search(text))
    ]
    assert found == []


def test_no_unfinished_places_are_left_in_the_code() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    code = [(n, t) for n, t in texts() if n.endswith(".py") and not n.startswith("tests/")]
    assert [name for name, text in code if marks.search(text)] == []


def test_the_licence_stands_in_the_checkout_and_in_the_project_file() -> None:
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in licence
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "Apache-2.0"
    assert project["license-files"] == ["LICENSE"]


def test_the_command_is_installed_and_starts() -> None:
    command = Path(sys.executable).with_name("postline")
    ran = subprocess.run([command, "--help"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "check-config" in ran.stdout


@pytest.mark.parametrize("target", ["setup", "demo", "test", "check", "interop", "storm", "bench"])
def test_make_has_the_targets_of_the_contract(target: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_scripts_can_be_run() -> None:
    scripts = [path for path in tracked() if path.suffix == ".sh"]
    assert scripts
    assert [str(path) for path in scripts if not path.stat().st_mode & 0o111] == []


@pytest.mark.parametrize("example", ["postline.toml", "accounts.toml"])
def test_the_examples_are_in_order(example: str) -> None:
    from gateway.config import parse
    from gateway.store.provisioning import read_accounts

    text = (ROOT / "deploy/examples" / example).read_text(encoding="utf-8")
    if example == "postline.toml":
        assert parse(text).line
    else:
        (account,) = read_accounts(tomllib.loads(text)["account"])
        assert account.users
        assert account.lists
