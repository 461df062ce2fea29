"""What is installed: the public names, the wheel, and a front-end that needs no other host."""

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
import urllib.request
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import trafficking

ROOT = Path(__file__).parent.parent
CDN = ROOT / "trafficking" / "dashboard" / "static" / "cdn"


@pytest.mark.parametrize("name", [name for name in trafficking.__all__ if name != "__version__"])
def test_every_public_name_is_there(name: str):
    value = getattr(trafficking, name)
    assert value.__module__.startswith("trafficking.")
    assert name in dir(trafficking)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'recptor'"):
        trafficking.recptor  # noqa: B018


def test_the_version_is_the_same_everywhere():
    citation = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.M)
    assert citation is not None
    assert citation.group(1) == trafficking.__version__ == importlib.metadata.version("trafficking")


def test_the_page_asks_for_no_file_that_is_not_vendored(dashboard_url: str):
    with urllib.request.urlopen(dashboard_url, timeout=60) as answer:
        page = answer.read().decode()
    wanted = {path.split("?")[0] for path in re.findall(r"_solara/cdn/([^\"']+)", page)}
    assert {Path(path).name for path in wanted} == {
        "solara-vuetify-app8.min.js",
        "main8.css",
        "fonts.css",
        "require.js",
    }
    fonts = next(CDN / path for path in wanted if path.endswith("fonts.css"))
    wanted |= {
        f"{fonts.parent.relative_to(CDN)}/{name}" for name in re.findall(r"([0-9a-f]+\.woff2)", fonts.read_text())
    }
    assert [path for path in sorted(wanted) if not (CDN / path).is_file()] == []


def test_every_vendored_file_is_wanted_and_has_a_licence():
    origin = (CDN / "ORIGIN.md").read_text()
    packages = [path for path in CDN.glob("*@*") if path.name != "@widgetti"] + list(CDN.glob("@widgetti/*"))
    assert packages
    for package in packages:
        assert package.relative_to(CDN).as_posix() in origin
    assert len(list((CDN / "licences").iterdir())) >= len(packages)


def pinned(python: str) -> dict[str, Version]:
    """The versions of constraints.txt for one Python; anything but a name, a version and a marker is an error."""
    found = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        pin = Requirement(line)
        assert pin.url is None
        if pin.marker is None or pin.marker.evaluate({"python_version": python}):
            (exact,) = pin.specifier
            assert exact.operator == "=="
            assert canonicalize_name(pin.name) not in found, f"{pin.name} is pinned twice for Python {python}"
            found[canonicalize_name(pin.name)] = Version(exact.version)
    return found


@pytest.mark.parametrize(("python", "mesa"), [("3.11", "3.3"), ("3.12", "3.5"), ("3.13", "3.5")])
def test_every_requirement_is_pinned_to_a_version_that_it_allows(python: str, mesa: str):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pins = pinned(python)
    wanted = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    wanted += [each for extra in project["project"]["optional-dependencies"].values() for each in extra]
    for requirement in map(Requirement, wanted):
        name = canonicalize_name(requirement.name)
        assert name in pins, f"{name} has no version in constraints.txt"
        assert pins[name] in requirement.specifier, requirement
    assert f"{pins['mesa'].major}.{pins['mesa'].minor}" == mesa


def test_folders_that_a_run_leaves_do_not_change_how_imports_are_sorted(tmp_path: Path):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__", "assets"))
    (tmp_path / "trafficking").symlink_to(ROOT / "trafficking")
    for helper in (ROOT / "tests").glob("[!t]*.py"):
        (tmp_path / helper.stem / "chronic_insulin-seed1").mkdir(parents=True)
    sorting = [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "I", "--output-format", "concise"]
    done = subprocess.run(sorting, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "All checks passed!")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(build, check=True, stdin=subprocess.DEVNULL)
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_all_that_the_checkout_has(wheel: Path):
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "trafficking").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    scenarios = ROOT / "scenarios"
    wanted |= {f"trafficking/scenarios/{path.relative_to(scenarios).as_posix()}" for path in scenarios.rglob("*.toml")}
    assert wanted - inside == set()


def test_the_wheel_works_in_an_empty_folder(wheel: Path, tmp_path: Path):
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    empty = tmp_path / "empty"
    empty.mkdir()
    program = (
        "import runpy, sys, trafficking; assert trafficking.__file__.startswith(sys.argv.pop(1)), trafficking.__file__;"
        "sys.argv[0] = 'trafficking'; runpy.run_module('trafficking', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(site)!r}); {program}", str(site), "scenarios"],
        cwd=empty,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for scenario in (ROOT / "scenarios").glob("*.toml"):
        assert scenario.stem in done.stdout
    assert list(empty.iterdir()) == []
