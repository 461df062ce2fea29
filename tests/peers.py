"""Other simulators on the benchmark's itinerary, one function each, for benchmark.py.

Each function takes the itinerary as `cells.BENCHMARK_RATES`, the receptors that start in M and the minutes to simulate;
it builds the model, which is not timed, and returns what is: a function of the seed that simulates once, with counts
every minute, and returns the receptors in M at the end. It raises what its simulator raises, ImportError if missing.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

Rates = Mapping[str, tuple[str | None, str, float]]
Simulate = Callable[[int], float]
STATES = ("M", "B", "E", "R", "L")


def copasi(rates: Rates, receptors: int, minutes: int, *, half_load: float | None = None) -> Simulate:
    """COPASI's direct method through basico; `half_load` (in R0): E->R is its rate / (1 + E / (half_load R0))."""
    import basico

    model = basico.new_model(name="W", quantity_unit="#", volume_unit="l", time_unit="min")
    for name in STATES:
        basico.add_species(name, initial_concentration=receptors if name == "M" else 0, model=model)
    for name, (source, target, rate) in rates.items():
        scheme = f"{source or ''} -> {'' if target == 'out' else target}"
        if source is None:
            basico.add_reaction(name, scheme, function="Constant flux (irreversible)", model=model)
            numbers = {"v": rate * receptors}
        elif name == "sort" and half_load is not None:
            if basico.get_functions("saturable") is None:  # functions belong to all models
                basico.add_function("saturable", "k * S / (1 + S / K)", mapping={"S": "substrate"})
            basico.add_reaction(name, scheme, function="saturable", model=model)
            numbers = {"k": rate, "K": half_load * receptors}
        else:
            basico.add_reaction(name, scheme, model=model)
            numbers = {"k1": rate}
        for key, value in numbers.items():
            basico.set_reaction_parameters(f"({name}).{key}", value=value, model=model)

    def simulate(seed: int) -> float:
        # It stops silently after a million reactions unless told otherwise.
        rows = basico.run_time_course(
            duration=minutes, intervals=minutes, method="directMethod", max_steps=2 * 10**9, use_initial_values=True,
            use_seed=True, seed=seed, use_numbers=True, model=model,
        )  # fmt: skip
        if len(rows) != minutes + 1:
            raise RuntimeError(f"COPASI stopped after {len(rows) - 1} of {minutes} minutes")
        return float(rows["M"].iloc[-1])

    return simulate


def roadrunner(rates: Rates, receptors: int, minutes: int) -> Simulate:
    """libRoadRunner's Gillespie, the model written in Antimony."""
    import antimony
    import roadrunner

    lines = ["model W", f"substanceOnly species {', '.join(STATES)}", f"M = {receptors}"]
    for name, (source, target, rate) in rates.items():
        law = f"{rate * receptors}" if source is None else f"{rate} * {source}"
        lines.append(f"J_{name}: {source or ''} -> {'' if target == 'out' else target}; {law}")
    lines += [f"{name} = 0" for name in STATES if name != "M"]
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString("\n".join([*lines, "end"])) < 0:
        raise RuntimeError(antimony.getLastError())
    model = roadrunner.RoadRunner(antimony.getSBMLString("W"))
    model.setIntegrator("gillespie")
    model.integrator.variable_step_size = False

    def simulate(seed: int) -> float:
        model.reset()
        model.integrator.seed = seed
        return float(model.simulate(0, minutes, minutes + 1, ["time", *STATES])[-1, 1])

    return simulate


def gillespy2(rates: Rates, receptors: int, minutes: int) -> Simulate:
    """GillesPy2's SSA, compiled from C++; a run starts a process of its own, which is timed with it."""
    import gillespy2
    import SCons

    model = gillespy2.Model(name="W")
    species = {name: gillespy2.Species(name, initial_value=receptors if name == "M" else 0) for name in STATES}
    model.add_species(list(species.values()))
    for name, (source, target, rate) in rates.items():
        k = gillespy2.Parameter(f"k_{name}", expression=rate * receptors if source is None else rate)
        model.add_parameter(k)
        ends = {
            "reactants": {} if source is None else {species[source]: 1},
            "products": {} if target == "out" else {species[target]: 1},
        }
        model.add_reaction(gillespy2.Reaction(name=f"J_{name}", rate=k, **ends))
    model.timespan(gillespy2.TimeSpan.linspace(minutes, minutes + 1))
    # It builds with the SCons of the interpreter behind a virtual environment, where there is none; this one has it.
    with _environment(PYTHONPATH=str(Path(SCons.__file__).parent.parent)):
        solver = gillespy2.SSACSolver(model=model)

    def simulate(seed: int) -> float:
        return float(model.run(solver=solver, seed=seed + 1)["M"][-1])

    return simulate


def nfsim(rates: Rates, receptors: int, minutes: int) -> Simulate:
    """NFsim as PyBioNetGen ships it: an object per receptor. A run starts a process of its own, timed with it."""
    import bionetgen

    system = {"linux": "linux", "darwin": "mac", "win32": "win"}[sys.platform]
    home = Path(bionetgen.__file__).parent / f"bng-{system}"
    folder = tempfile.TemporaryDirectory()
    place = Path(folder.name)  # as long as `simulate` holds the folder
    rules = []
    for source, target, rate in rates.values():
        left = "0" if source is None else f"R(s~{source})"
        right = "0" if target == "out" else f"R(s~{target})"
        end = " DeleteMolecules" if target == "out" else ""
        rules.append(f"{left} -> {right} {rate * receptors if source is None else rate}{end}")
    blocks = {
        "molecule types": [f"R(s~{'~'.join(STATES)})"],
        "seed species": [f"R(s~M) {receptors}"],
        "observables": [f"Molecules {name} R(s~{name})" for name in STATES],
        "reaction rules": rules,
    }
    text = "\n".join(f"begin {block}\n" + "\n".join(lines) + f"\nend {block}" for block, lines in blocks.items())
    (place / "W.bngl").write_text(f"begin model\n{text}\nend model\nwriteXML()\n")
    _quietly(["perl", str(home / "BNG2.pl"), "W.bngl"], place)

    def simulate(seed: int) -> float:
        command = [str(home / "bin" / "NFsim"), "-xml", "W.xml", "-sim", str(minutes), "-oSteps", str(minutes)]
        _quietly([*command, "-gml", str(10 * receptors), "-seed", str(seed + 1), "-o", "W.gdat"], Path(folder.name))
        names, *rows = (line.split() for line in (place / "W.gdat").read_text().splitlines())
        if len(rows) != minutes + 1:
            raise RuntimeError(f"NFsim wrote {len(rows)} rows, not {minutes + 1}")
        return float(rows[-1][[name for name in names if name != "#"].index("M")])

    return simulate


def _quietly(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} ended with {done.returncode}: {done.stdout[-200:]}{done.stderr}")


@contextmanager
def _environment(**changes: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def mesa_objects(rates: Rates, receptors: int, minutes: int, *, as_taught: bool = False) -> Simulate:
    """One Mesa object per receptor and a step of 1 min, as such models are usually written: one move per step.

    as_taught: agents act in random order and a DataCollector counts them, as in Mesa's own tutorial; else with as
        little work as Mesa allows.
    """
    import mesa

    ways = _step_chances(rates)
    moves = {name: list(zip(np.cumsum(list(to.values())).tolist(), to, strict=True)) for name, to in ways.items()}

    class Receptor(mesa.Agent):
        def __init__(self, model: mesa.Model) -> None:
            super().__init__(model)
            self.state = "M"

        def step(self) -> None:
            chance = self.random.random()
            for bound, target in moves[self.state]:
                if chance < bound:
                    self.state = target
                    if target == "out":
                        self.remove()
                    return

    def in_state(name: str) -> Callable[[mesa.Model], int]:
        return lambda model: sum(receptor.state == name for receptor in model.agents)

    def simulate(seed: int) -> float:
        model = mesa.Model(rng=seed)
        Receptor.create_agents(model, receptors)
        collector = mesa.DataCollector(model_reporters={name: in_state(name) for name in STATES})
        counts: dict[str, int] = {}
        for _ in range(minutes):
            (model.agents.shuffle_do if as_taught else model.agents.do)("step")
            Receptor.create_agents(model, int(model.rng.poisson(_made(rates, receptors))))
            if as_taught:
                collector.collect(model)
            else:
                counts = Counter(receptor.state for receptor in model.agents)
        return counts["M"] if counts else collector.model_vars["M"][-1]

    return simulate


def numpy_steps(rates: Rates, receptors: int, minutes: int) -> Simulate:
    """All receptors in one NumPy array and a step of 1 min: one move per step, as in `mesa_objects`."""
    names = [*STATES, "out"]
    ways = _step_chances(rates)
    widest = max(len(to) for to in ways.values())
    bounds, targets = np.full((len(names), widest), 2.0), np.zeros((len(names), widest + 1), dtype=np.int8)
    for i, name in enumerate(names):
        to = ways.get(name, {})
        bounds[i, : len(to)] = np.cumsum(list(to.values()))
        targets[i] = i  # past the last bound a receptor stays
        targets[i, : len(to)] = [names.index(target) for target in to]

    def simulate(seed: int) -> float:
        generator = np.random.default_rng(seed)
        states = np.zeros(receptors, dtype=np.int8)
        for _ in range(minutes):
            way = (generator.random(len(states))[:, None] >= bounds[states]).sum(axis=1)
            states = targets[states, way]
            made = np.zeros(generator.poisson(_made(rates, receptors)), dtype=np.int8)
            states = np.concatenate([states[states != len(STATES)], made])
            counts = np.bincount(states, minlength=len(names))
        return float(counts[0])

    return simulate


def _step_chances(rates: Rates) -> dict[str, dict[str, float]]:
    """The chance of each move in one step of 1 min, by state: 1 - exp(-total rate), shared as the rates are."""
    chances: dict[str, dict[str, float]] = {}
    for state in STATES:
        out = {target: rate for source, target, rate in rates.values() if source == state}
        total = sum(out.values())
        chances[state] = {target: -math.expm1(-total) * rate / total for target, rate in out.items()}
    return chances


def _made(rates: Rates, receptors: int) -> float:
    """Receptors made per minute."""
    return sum(rate * receptors for source, _, rate in rates.values() if source is None)
