"""Single insulin receptors, simulated one by one: surface, endosomes, lysosome, and lasting insulin.

Importing this package loads nothing heavy; each public name loads its own module on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agents import Receptor, TraffickingModel
    from .exposure import Exposure
    from .io import load_run, load_scenario, save
    from .itinerary import Itinerary
    from .results import Result
    from .scenario import Scenario, ScenarioError
    from .simulation import Run, simulate
    from .verification import verify

__version__ = "0.1.0"

_HOMES = {
    "Scenario": "scenario",
    "ScenarioError": "scenario",
    "Itinerary": "itinerary",
    "Exposure": "exposure",
    "Run": "simulation",
    "Result": "results",
    "simulate": "simulation",
    "load_scenario": "io",
    "save": "io",
    "load_run": "io",
    "TraffickingModel": "agents",
    "Receptor": "agents",
    "verify": "verification",
}

__all__ = [
    "Exposure",
    "Itinerary",
    "Receptor",
    "Result",
    "Run",
    "Scenario",
    "ScenarioError",
    "TraffickingModel",
    "__version__",
    "load_run",
    "load_scenario",
    "save",
    "simulate",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
