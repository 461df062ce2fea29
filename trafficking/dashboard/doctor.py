"""What the dashboard needs of this installation and this machine, checked one by one."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from trafficking import compiled

from . import kept_runs, launcher

Check = tuple[str, bool, str]


def checks() -> list[Check]:
    """Name, verdict and detail of everything that is looked at; the detail of a failure says what to do."""
    return [*_versions(), _front_end(), *_extensions(), _port(), *_folders()]


def compiled_code() -> Check:
    """Whether kept code can be read, and whether what this process compiled could be kept."""
    name, folder = "compiled code", compiled.base_folder()
    if _refused(folder):
        return name, False, "not kept where others could change it"
    found, number, size = compiled.damaged()
    if found:
        (path, why), more = found[0], f" and {len(found) - 1} more" if len(found) > 1 else ""
        return name, False, f"{path}: {why}{more}; it is compiled when needed, or now: trafficking doctor --warm-up"
    if why := compiled.unkept():
        return name, False, why
    return name, True, f"{number} files, {size / 1e6:.1f} MB" if number else f"none yet in {folder}; made when needed"


def _versions() -> Iterator[Check]:
    yield "Python", sys.version_info >= (3, 11), f"{sys.version.split()[0]} (3.11 or newer)"
    for line in metadata.requires("trafficking") or []:
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            found = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            yield wanted.name, False, f"not installed; pip install '{wanted.name}{wanted.specifier}'"
            continue
        fits = wanted.specifier.contains(found, prereleases=True)
        advice = "" if fits else f"; pip install '{wanted.name}{wanted.specifier}'"
        yield wanted.name, fits, f"{found} ({wanted.specifier or 'any'}){advice}"


def _front_end() -> Check:
    """Solara's page names its own files; each must be among the vendored ones."""
    name = "front-end files"
    page = metadata.distribution("solara-server").locate_file("solara/server/templates/solara.html.j2")
    text = Path(str(page)).read_text(encoding="utf-8").replace("{{ipywidget_major_version}}", "8")
    wanted = [
        launcher.CDN_FOLDER / path
        for path in re.findall(r'"\{\{cdn\}\}/([^"]+)"', text)
        # the template also has the Vue 3 page and the unminified one, which are not served
        if "vuetify3" not in path and not path.endswith("-app8.js")
    ]
    for sheet in [path for path in wanted if path.name == "fonts.css" and path.is_file()]:
        wanted += [sheet.parent / font for font in re.findall(r"url\(([^)?#]+\.woff2)", sheet.read_text("utf-8"))]
    missing = [path.relative_to(launcher.CDN_FOLDER).as_posix() for path in wanted if not path.is_file()]
    if missing or not wanted:
        return name, False, f"missing: {', '.join(missing) or 'all'}; install trafficking again"
    return (
        name,
        True,
        f"{len(wanted)} files, {sum(path.stat().st_size for path in wanted) / 1e6:.1f} MB, no other host needed",
    )


def _extensions() -> Iterator[Check]:
    from jupyter_core.paths import jupyter_path

    for name in launcher.EXTENSIONS:
        package = name.split("/")[0]
        found = [folder for folder in jupyter_path("nbextensions") if (Path(folder) / f"{name}.js").is_file()]
        detail = found[0] if found else f"not found; reinstall the package that brings {package}"
        yield f"widgets: {package}", bool(found), detail


def _port() -> Check:
    name = "port"
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", launcher.PREFERRED_PORT))
        except OSError:
            busy = f"{launcher.PREFERRED_PORT} is busy"
        else:
            return name, True, f"{launcher.PREFERRED_PORT} is free"
    try:
        with socket.create_server(("127.0.0.1", 0)) as other:
            return name, True, f"{busy}; the dashboard would take another, such as {other.getsockname()[1]}"
    except OSError as fault:
        return name, False, f"{busy}, and no other can be had: {fault.strerror or fault}"


def _folders() -> Iterator[Check]:
    cache = compiled.base_folder()
    name, fits, detail = _writable("folder for compiled code", cache, "set TRAFFICKING_CACHE_DIR to a folder that is")
    refused = _refused(cache)
    yield name, fits and not refused, refused or detail
    name, fits, detail = _writable("folder of the page's runs", kept_runs.folder(), "set TRAFFICKING_RUNS_DIR to one")
    number, size = kept_runs.held()
    yield name, fits, f"{detail} ({number} kept, {size / 1e6:.0f} MB)" if fits else detail
    yield _writable("folder for runs", Path.cwd(), "go to a folder that is, or name one with --out")


def _refused(cache: Path) -> str:
    try:
        return compiled.refused(cache / "kernel") or ""
    except OSError as fault:
        return f"{cache}: {fault.strerror}"


def _writable(name: str, folder: Path, advice: str) -> Check:
    nearest = next(path for path in [folder, *folder.parents] if path.exists())
    fits = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    return name, fits, str(folder) if fits else f"{folder} is not writable; {advice}"
