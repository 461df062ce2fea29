"""A module imports only from lower floors: from rates up to the page, never back."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "trafficking"

FLOORS = {
    "toml": -2,
    "units": 0,
    "faults": -1,
    "printing": -2,
    "ownership": 0,
    "titles": 1,
    "stream": 0,
    "identity": 0,
    "equality": 0,
    "kernel": 1,
    "itinerary": 1,
    "exposure": 1,
    "quantities": 1,
    "compiled": 1,
    "blas": 1,
    "propagator": 1,
    "folders": 1,
    "figures": 1,
    "cells": 1,
    "seeds": 1,
    "physiology": 1,
    "interventions": 1,
    "consequences": 1,
    "clocks": 2,
    "slots": 2,
    "births": 2,
    "crowd": 2,
    "tally": 2,
    "master_equation": 2,
    "window": 2,
    "library": 2,
    "forms": 2,
    "cell_forms": 2,
    "treatments": 2,
    "factors": 2,
    "half_times": 2,
    "terminal": 2,
    "options": 3,
    "preparing": 3,
    "limits": 2,
    "grid": 2,
    "series": 2,
    "targets": 2,
    "scenario": 3,
    "constants": 3,
    "named_constants": 4,
    "synthesis": 3,
    "counts": 3,
    "windows": 3,
    "medium": 3,
    "moves": 3,
    "meals": 2,
    "signals": 2,
    "plasma": 3,
    "clinic": 3,
    "checkups": 4,
    "body_forms": 4,
    "receptors": 4,
    "chronicle": 4,
    "biography": 5,
    "record": 4,
    "results": 4,
    "run_tables": 4,
    "snapshot": 3,
    "saved_layout": 4.5,
    "starting": 4,
    "timetable": 4,
    "simulation": 6,
    "arguments": 6,
    "replicates": 7,
    "io": 5,
    "plots": 5,
    "binding": 4,
    "dishes": 5,
    "body_files": 6,
    "organs": 5,
    "body_coupling": 5,
    "response": 5,
    "dose_curves": 7,
    "sensing": 3,
    "agents": 7,
    "scenario_text": 6,
    "label_assays": 7,
    "assays": 8,
    "body": 7,
    "warming": 8,
    "readouts": 8,
    "bands": 8,
    "trial": 8,
    "trial_plots": 9,
    "trial_commands": 10,
    "wear_grid": 8,
    "causes": 7,
    "cytometry": 6,
    "lives": 6,
    "moments": 7,
    "report": 6,
    "readings": 7,
    "sketches": 6,
    "stopped": 7,
    "completion": 8,
    "verification": 8,
    "evidence_plots": 8,
    "coupling_error": 8,
    "body_report": 9,
    "stage_report": 9,
    "person": 9,
    "body_plots": 8,
    "organ_plots": 7,
    "intervention_plots": 9,
    "model_comparison": 8,
    "validation": 8,
    "evidence_commands": 9,
    "body_commands": 10,
    "clinic_commands": 10,
    "organ_commands": 10,
    "intervention_commands": 10,
    "bench_commands": 9,
    "dashboard": 10,
    "__main__": 11,
    "__init__": 10,
}


def imported(source: str, package: str) -> set[str]:
    """The modules of `trafficking` that a source of the given package imports, wherever in the file it does."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base]).strip(".")
            targets = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        parts = [target.split(".") for target in targets]
        found |= {part[1] for part in parts if part[0] == "trafficking" and len(part) > 1}
    return found & (FLOORS.keys() | {path.stem for path in PACKAGE.glob("*.py")})


def faults(module: str, source: str, package: str) -> list[str]:
    floor = FLOORS[module]
    return [
        f"{module} (floor {floor}) imports {other} (floor {FLOORS[other]})"
        for other in sorted(imported(source, package))
        if FLOORS[other] >= floor and not (module == other == "dashboard")
    ]


def test_every_module_has_a_floor():
    modules = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()
    }
    assert modules - FLOORS.keys() == set()


def test_modules_import_only_from_lower_floors():
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE).parts
        if inside == ("__init__.py",):  # it names what lies above it, and loads that on first use
            continue
        module = inside[0].removesuffix(".py")
        found += faults(module, path.read_text(), ".".join(["trafficking", *inside[:-1]]))
    assert found == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("kernel", "from trafficking.receptors import Receptors"),
        ("kernel", "from . import itinerary"),
        ("results", "def late():\n    import trafficking.io"),
        ("verification", "from .dashboard import runner"),
    ],
)
def test_an_import_from_the_same_or_a_higher_floor_is_found(module: str, source: str):
    assert len(faults(module, source, "trafficking")) == 1


def test_an_import_within_the_dashboard_or_from_below_is_allowed():
    source = (
        "from . import words\nfrom .runner import Runner\nfrom trafficking.simulation import Run\nfrom .. import units"
    )
    assert faults("dashboard", source, "trafficking.dashboard") == []


def test_importing_the_package_loads_nothing_heavy():
    heavy = (
        "{'numpy', 'pandas', 'numba', 'scipy', 'mesa', 'solara', 'pydantic', 'pint', 'matplotlib', 'pyarrow', 'typer'}"
    )
    program = f"import sys, trafficking; sys.exit(' '.join(sorted({heavy} & sys.modules.keys())) or 0)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
