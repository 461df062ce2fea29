"""Runs made by hand, whose curves are known, for the tests of what is done with runs."""

import numpy as np

from trafficking import results
from trafficking.results import Result
from trafficking.scenario import Scenario


def scenario(**changes) -> Scenario:
    exposure = [
        {"kind": "constant", "duration": "1 h", "insulin": "0 nM"},
        {"kind": "constant", "duration": "2 h", "insulin": "10 nM"},
        {"kind": "washout", "duration": "1 h"},
    ]
    return Scenario.from_dict({"name": "hand_made", "receptors": 1000, "exposure": exposure, **changes})


def hand_made(**changes) -> Result:
    """Surface and early endosome trade places within minutes of insulin, and half of all receptors go with 60 min."""
    experiment = scenario(**changes)
    itinerary = experiment.itinerary
    times = np.arange(0.0, 241.0)
    since = np.clip(times - 60.0, 0.0, 120.0)
    total = 1000.0 * 0.5 ** (since / 60.0)
    inside = 0.6 * (1.0 - 0.5 ** (since / 10.0))
    counts = np.zeros((len(times), len(itinerary.states)), dtype=np.int64)
    place = {name: i for i, name in enumerate(itinerary.state_names)}
    counts[:, place["early_endosome_free"]] = np.round(total * inside)
    counts[:, place["surface_free"]] = np.round(total) - counts[:, place["early_endosome_free"]]
    counts[:, place["degraded"]] = 1000 - np.round(total)
    passages = np.zeros((len(times) - 1, len(itinerary.transitions)), dtype=np.int64)
    arrows = {arrow.name: i for i, arrow in enumerate(itinerary.transitions)}
    for name in ("synthesis", "fast_recycling", "slow_recycling", "sorting_to_recycling", "lysosomal_degradation"):
        passages[:, arrows[name]] = 1
    log = (
        np.array([17, 1 << 56 | 3], dtype=np.uint64),
        np.array([0.5, 1.25]),
        np.array([arrows["association"], arrows["synthesis"]]),
    )
    return results.tables(experiment, 7, 2, times, counts, np.ones(len(times)), passages, log)


def hand_made_cells(number: int = 40, **changes) -> Result:
    """`hand_made` as the sum of cells of 500 to 1,500 receptors, each with the same shares, written down five times."""
    one = hand_made()
    record = ["0 h", "1 h", "90 min", "3 h", "4 h"]
    experiment = scenario(cells={"number": number, "record": record}, **changes)
    names = list(experiment.itinerary.state_names)
    copy_number = np.linspace(500.0, 1500.0, number)
    shares = one.counts[names].to_numpy() / 1000.0
    times = one.counts["time_min"].to_numpy()
    recorded = np.array(experiment.cells.record_min)
    counts = np.round(shares[np.searchsorted(times, recorded), None, :] * copy_number[None, :, None]).astype(np.int64)
    cells = results.CellCounts(recorded, counts, copy_number, np.ones(number))
    total = np.round(shares * copy_number.sum()).astype(np.int64)
    passages = one.events.iloc[:, 3:].to_numpy()
    return results.tables(experiment, 7, 2, times, total, np.ones(len(times)), passages, None, cells)
