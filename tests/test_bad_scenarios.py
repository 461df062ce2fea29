"""Every wrong scenario is refused with one line per fault: where, what was given, what is allowed, what was meant."""

import copy
import math
import tomllib

import pytest

from trafficking.scenario import Scenario, ScenarioError, override

NAN, INF = math.nan, math.inf
MISSING = object()
A_NUMBER_OF_CELLS = "a whole number from 1 to 100,000 is needed, or a table such as { number = 1000, size_cv = 0.3 }"
A_SPREAD = "a number of at least 0, at most 3, is needed"

SOUND = {
    "name": "test",
    "exposure": [
        {"kind": "constant", "duration": "1 h", "insulin": "0 nM"},
        {"kind": "constant", "duration": "24 h", "insulin": "10 nM"},
    ],
}
OWN = {
    "name": "own",
    "receptors": 1000,
    "exposure": SOUND["exposure"],
    "itinerary": {
        "states": [
            {"name": "surface", "compartment": "membrane"},
            {"name": "early_endosome_free", "compartment": "early_endosome"},
            {"name": "gone", "compartment": "out"},
        ],
        "transitions": [
            {"name": "in", "source": "surface", "target": "early_endosome_free", "law": "constant", "rate": "0.1 /min"},
            {"name": "back", "source": "early_endosome_free", "target": "surface", "law": "constant", "rate": "6 /h"},
            {"name": "end", "source": "early_endosome_free", "target": "gone", "law": "constant", "rate": "0.01 /min"},
            {"name": "make", "law": "synthesis", "target": "surface"},
        ],
    },
}


def changed(tables, changes):
    """A copy of `tables` with the values at the paths ("exposure.1.insulin") of `changes` put in their place."""
    tables = copy.deepcopy(tables)
    for path, value in changes.items():
        *way, last = (int(step) if step.isdecimal() else step for step in path.split("."))
        here = tables
        for step in way:
            here = here.setdefault(step, {}) if isinstance(here, dict) else here[step]
        if value is MISSING:
            del here[last]
        else:
            here[last] = value
    return tables


def refused(tables):
    with pytest.raises(ScenarioError) as refusal:
        Scenario.from_dict(tables)
    return list(refusal.value.lines)


FAULTS = {
    "a misspelt key": (
        {"recptors": 5},
        "recptors: no such key; did you mean 'receptors'?",
    ),
    "a name from inside the code": (
        {"window_min": 5},
        "window_min: no such key; did you mean 'window'?",
    ),
    "an unknown key": (
        {"zzz": 1},
        "zzz: no such key; allowed are name, title, question, expected, sources, notes, itinerary, "
        "tissue, factors, parameters, maturation, evidence, receptors, cells, resolution, window, record, follow, "
        "reference, start, coupling, response, exposure, treatments, medium, expect",
    ),
    "a misspelt key of a segment": (
        {"exposure.1.insulinn": "5 nM"},
        "exposure[1].insulinn: no such key; did you mean 'insulin'?",
    ),
    "a misspelt kind": (
        {"exposure.1.kind": "constnat"},
        "exposure[1].kind: 'constnat' given; allowed are constant, washout, ramp, pulses, meals, "
        "oscillation, series; did you mean 'constant'?",
    ),
    "a kind that is a number": (
        {"exposure.1.kind": 5},
        "exposure[1].kind: 5 given; allowed are constant, washout, ramp, pulses, meals, oscillation, series",
    ),
    "no kind": (
        {"exposure.1": {"duration": "1 h"}},
        "exposure[1].kind: missing; allowed are constant, meals, oscillation, pulses, ramp, series, washout",
    ),
    "a segment that is text": (
        {"exposure.1": "10 nM"},
        "exposure[1]: '10 nM' given; a table is needed",
    ),
    "a bare number for insulin": (
        {"exposure.1.insulin": 10},
        "exposure[1].insulin: 10 given; text is needed, an insulin concentration with its unit, such as "
        '"10 nM" or "60 uU/mL"',
    ),
    "a truth value for insulin": (
        {"exposure.1.insulin": True},
        "exposure[1].insulin: true given; text is needed, an insulin concentration with its unit, such "
        'as "10 nM" or "60 uU/mL"',
    ),
    "a list for insulin": (
        {"exposure.1.insulin": ["10 nM"]},
        "exposure[1].insulin: ['10 nM'] given; text is needed, an insulin concentration with its unit, "
        'such as "10 nM" or "60 uU/mL"',
    ),
    "minutes for insulin": (
        {"exposure.1.insulin": "10 min"},
        "exposure[1].insulin: '10 min': 'min' is a unit of something else; allowed is an insulin "
        'concentration with its unit, such as "10 nM" or "60 uU/mL"',
    ),
    "nanometres for insulin": (
        {"exposure.1.insulin": "10 nm"},
        "exposure[1].insulin: '10 nm': 'nm' is not a known unit; did you mean 'nM'? Allowed is an insulin "
        'concentration with its unit, such as "10 nM" or "60 uU/mL"',
    ),
    "a misspelt hour": (
        {"exposure.1.duration": "24 hourz"},
        "exposure[1].duration: '24 hourz': 'hourz' is not a known unit; did you mean 'hours'? Allowed is a "
        'duration with its unit, such as "24 h" or "90 min"',
    ),
    "no unit": (
        {"exposure.1.duration": "24"},
        'exposure[1].duration: \'24\' has no unit; allowed is a duration with its unit, such as "24 h" or "90 min"',
    ),
    "a decimal comma": (
        {"exposure.1.insulin": "0,5 nM"},
        "exposure[1].insulin: '0,5 nM' does not begin with a plain number (the decimal mark is a point); "
        'allowed is an insulin concentration with its unit, such as "10 nM" or "60 uU/mL"',
    ),
    "negative insulin": (
        {"exposure.1.insulin": "-1 nM"},
        "exposure[1].insulin: '-1 nM' given; must not be negative",
    ),
    "no duration": (
        {"exposure.1.duration": "0 h"},
        "exposure[1].duration: '0 h' given; must be more than 0",
    ),
    "insulin that is not a number": (
        {"exposure.1.insulin": "nan nM"},
        "exposure[1].insulin: 'nan nM' does not begin with a plain number; allowed is an insulin "
        'concentration with its unit, such as "10 nM" or "60 uU/mL"',
    ),
    "an endless duration": (
        {"exposure.1.duration": "inf h"},
        "exposure[1].duration: 'inf h' does not begin with a plain number; allowed is a duration with "
        'its unit, such as "24 h" or "90 min"',
    ),
    "an ocean of insulin": (
        {"exposure.1.insulin": "1e308 nM"},
        "exposure[1].insulin: '1e308 nM' given; at most 1,000,000 nM is allowed",
    ),
    "longer than the world": (
        {"exposure.1.duration": "1e300 min"},
        "exposure[1].duration: '1e300 min' given; at most 5,970,000 d is allowed",
    ),
    "a segment without insulin": (
        {"exposure.1.insulin": MISSING},
        'exposure[1].insulin: missing; needed is an insulin concentration with its unit, such as "10 nM" or "60 uU/mL"',
    ),
    "no exposure": (
        {"exposure": MISSING},
        "exposure: missing; needed is a list of segments",
    ),
    "an empty exposure": (
        {"exposure": []},
        "exposure: a list of 0 given; at least 1 needed",
    ),
    "an exposure that is a table": (
        {"exposure": {"kind": "constant"}},
        "exposure: a table given; a list is needed",
    ),
    "no name": (
        {"name": MISSING},
        "name: missing; needed is a name of letters, digits, dashes and underscores",
    ),
    "a name that leaves its folder": (
        {"name": "../etc"},
        "name: '../etc' given; 1 to 64 letters, digits, dashes or underscores are needed",
    ),
    "a name of two lines": (
        {"name": "a\nb"},
        "name: 'a\\nb' given; 1 to 64 letters, digits, dashes or underscores are needed",
    ),
    "a name that is a number": (
        {"name": 5},
        "name: 5 given; 1 to 64 letters, digits, dashes or underscores are needed",
    ),
    "a name of 65 letters": (
        {"name": "x" * 65},
        "name: 'xxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxx' given; 1 to 64 letters, "
        "digits, dashes or underscores are needed",
    ),
    "a misspelt tissue": (
        {"tissue": "livr"},
        "tissue: 'livr' given; allowed are culture, 3t3_c2, adipose, htc, liver, muscle, ovary, pancreas; "
        "did you mean 'liver'?",
    ),
    "a tissue that is a number": (
        {"tissue": 3},
        "tissue: 3 given; allowed are culture, 3t3_c2, adipose, htc, liver, muscle, ovary, pancreas",
    ),
    "no receptors": (
        {"receptors": 0},
        "receptors: 0 given; a whole number from 1 to 1,000,000,000,000,000 is needed",
    ),
    "fewer than none": (
        {"receptors": -5},
        "receptors: -5 given; a whole number from 1 to 1,000,000,000,000,000 is needed",
    ),
    "half a receptor": (
        {"receptors": 1.5},
        "receptors: 1.5 given; a whole number from 1 to 1,000,000,000,000,000 is needed",
    ),
    "a whole number written as a fraction": (
        {"receptors": 100000.0},
        "receptors: 100000.0 given; a whole number from 1 to 1,000,000,000,000,000 is needed, such as 100000",
    ),
    "more receptors than atoms": (
        {"receptors": 10**100},
        "receptors: a number of over 60 digits given; a whole number from 1 to 1,000,000,000,000,000 is needed",
    ),
    "true receptors": (
        {"receptors": True},
        "receptors: true given; a whole number from 1 to 1,000,000,000,000,000 is needed",
    ),
    "receptors as text": (
        {"receptors": "100"},
        "receptors: '100' given; a whole number from 1 to 1,000,000,000,000,000 is needed",
    ),
    "receptors that are not a number": (
        {"receptors": NAN},
        "receptors: nan given; a whole number from 1 to 1,000,000,000,000,000 is needed",
    ),
    "endless receptors": (
        {"receptors": INF},
        "receptors: inf given; a whole number from 1 to 1,000,000,000,000,000 is needed",
    ),
    "a billion receptors one by one": (
        {"receptors": 1000000000},
        "receptors: 1,000,000,000 given, one by one about 24 GB of memory; at most 100,000,000 are "
        'allowed, or use resolution = "counts" or "mean" (--resolution counts)',
    ),
    "a billion receptors in one state": (
        {"start.counts": {"surface_free": 1000000000}},
        "start.counts: 1,000,000,000 given, one by one about 24 GB of memory; at most 100,000,000 are "
        'allowed, or use resolution = "counts" or "mean" (--resolution counts)',
    ),
    "a billion receptors in many cells": (
        {"receptors": 10_000, "cells": 100_000},
        "receptors: 10,000 given in each of 100,000 cells, one by one about 24.2 GB of memory; at most 100,000,000 are "
        'allowed, or use resolution = "counts" or "mean" (--resolution counts)',
    ),
    "a billion receptors in one state of many cells": (
        {"receptors": 10, "cells": 100_000, "start": {"counts": {"surface_free": 10_000}}},
        "start.counts: 10,000 given in each of 100,000 cells, one by one about 24.2 GB of memory; at most 100,000,000 "
        'are allowed, or use resolution = "counts" or "mean" (--resolution counts)',
    ),
    "synthesis beyond memory": (
        {"parameters.ksyn": "30 /min"},
        "itinerary: synthesis makes 4.5e+09 receptors in this run, of which about 2.49e+09 live at once, 59.8 GB of "
        "memory; at most 100,000,000 are allowed; lower it, shorten the run, or use resolution = "
        '"counts" or "mean" (--resolution counts)',
    ),
    "synthesis beyond patience": (
        {"cells": 100, "exposure.1.duration": "1000 d", "record": "1 h", "window": "1 h"},
        "itinerary: synthesis makes 1.76e+10 receptors in this run, one by one at least 4.88 h of computing; at most "
        "10,000,000,000 are allowed; lower it, shorten the run, or use resolution = "
        '"counts" or "mean" (--resolution counts)',
    ),
    "no cells": ({"cells": 0}, f"cells: 0 given; {A_NUMBER_OF_CELLS}"),
    "fewer cells than none": ({"cells": -1}, f"cells: -1 given; {A_NUMBER_OF_CELLS}"),
    "half a cell": ({"cells": 1.5}, f"cells: 1.5 given; {A_NUMBER_OF_CELLS}"),
    "true cells": ({"cells": True}, f"cells: true given; {A_NUMBER_OF_CELLS}"),
    "cells in a word": ({"cells": "many"}, f"cells: 'many' given; {A_NUMBER_OF_CELLS}"),
    "a billion cells": ({"cells": 10**9}, f"cells: 1000000000 given; {A_NUMBER_OF_CELLS}"),
    "cells that are a list": ({"cells": [10]}, f"cells: [10] given; {A_NUMBER_OF_CELLS}"),
    "a billion cells in the table": (
        {"cells.number": 10**9},
        "cells.number: 1000000000 given; a whole number from 1 to 100,000 is needed",
    ),
    "a misspelt key of the cells": (
        {"cells.size": 0.3},
        "cells.size: no such key; did you mean 'size_cv'?",
    ),
    "a negative spread": ({"cells.size_cv": -0.1}, f"cells.size_cv: -0.1 given; {A_SPREAD}"),
    "a spread that is not a number": ({"cells.size_cv": NAN}, f"cells.size_cv: nan given; {A_SPREAD}"),
    "an endless spread": ({"cells.synthesis_cv": INF}, f"cells.synthesis_cv: inf given; {A_SPREAD}"),
    "a spread as text": ({"cells.synthesis_cv": "0.3"}, f"cells.synthesis_cv: '0.3' given; {A_SPREAD}"),
    "cells written down after the end": (
        {"cells": {"number": 10, "record": ["0 h", "30 h"]}},
        "cells.record[1]: 30 h given; the run ends at 25 h",
    ),
    "cells written down between the steps": (
        {"cells": {"number": 10, "record": ["90 s"]}},
        "cells.record[0]: 1.5 min given; a whole number of `record` steps of 1 min, or the end of the run, 25 h, is "
        "needed",
    ),
    "cells written down at a bare number": (
        {"cells": {"number": 10, "record": [0, "1 h"]}},
        'cells.record[0]: 0 given; text is needed, a time with its unit, such as "30 min" or "24 h"',
    ),
    "cells written down at one time": (
        {"cells": {"number": 10, "record": "1 h"}},
        "cells.record: '1 h' given; a list is needed",
    ),
    "cells written down too often": (
        {"cells": {"number": 10, "record": ["1 h"] * 1001}},
        "cells.record: a list of 1,001 given; at most 1,000 needed",
    ),
    "too many numbers of single cells": (
        {"cells": {"number": 100_000, "record": [f"{i} min" for i in range(100)]}, "resolution": "counts"},
        "cells.record: 100 times of 100,000 cells and 7 states are 70,000,000 numbers; at most 50,000,000, so give "
        "fewer times, or fewer cells",
    ),
    "rows without a step between": (
        {"record": "0 min"},
        "record: '0 min' given; must be more than 0",
    ),
    "a misspelt resolution": (
        {"resolution": "agent"},
        "resolution: 'agent' given; allowed are agents, counts, mean; did you mean 'agents'?",
    ),
    "a window without length": (
        {"window": "0 min"},
        "window: '0 min' given; must be more than 0",
    ),
    "a window as a number": (
        {"window": 1},
        'window: 1 given; text is needed, a time with its unit, such as "24 h" or "1 min"',
    ),
    "a window too short for a day": (
        {"window": "1e-6 s", "parameters.esat": 0.6},
        "window: 0.000001 s given, for 9e+10 windows; use at least 0.00909 s",
    ),
    "a trillion rows": (
        {"record": "1e-6 s"},
        "record: 0.000001 s given, for 9e+10 rows of 7 states; use at least 0.0636 s",
    ),
    "a negative sample": (
        {"follow": -1},
        "follow: -1 given; a whole number from 0 to 1,000,000 is needed",
    ),
    "a misspelt reference": (
        {"reference": "insulin-free"},
        "reference: 'insulin-free' given; allowed are insulin_free, lean, start; did you mean 'insulin_free'?",
    ),
    "a lean reference without lean insulin": (
        {"reference": "lean"},
        "reference: 'lean' given; cell in culture names no lean insulin; allowed are insulin_free, start",
    ),
    "lean insulin in culture": (
        {"exposure.1.insulin": "lean"},
        "exposure[1].insulin: 'lean' given; cell in culture has no such insulin, write it as a number",
    ),
    "a lean start in culture": (
        {"start.insulin": "lean"},
        "start.insulin: 'lean' given; cell in culture has no such insulin, write it as a number",
    ),
    "a misspelt start": (
        {"start.state": "steay"},
        "start.state: 'steay' given; allowed are steady, insulin_free, surface, counts; did you mean 'steady'?",
    ),
    "a start that is text": (
        {"start": "steady"},
        "start: 'steady' given; a table is needed",
    ),
    "a misspelt state in the counts": (
        {"start.counts": {"surface_fre": 5}},
        "start.counts.surface_fre: no such state; states are surface_free, surface_bound, "
        "early_endosome_bound, early_endosome_free, recycling_endosome, lysosome, degraded; did you mean "
        "'surface_free'?",
    ),
    "a negative count": (
        {"start.counts": {"surface_free": -5}},
        "start.counts.surface_free: -5 given; a whole number from 0 to 1,000,000,000,000,000 is needed",
    ),
    "counts that are a list": (
        {"start.counts": [1, 2]},
        "start.counts: [1, 2] given; a table is needed",
    ),
    "counts announced but missing": (
        {"start.state": "counts"},
        "start.counts: missing; needed are integers per state",
    ),
    "counts and another start": (
        {"start": {"state": "surface", "counts": {"surface_free": 5}}},
        "start.counts: integers per state go with state = 'counts', not with 'surface'",
    ),
    "insulin for a start without any": (
        {"start": {"state": "surface", "insulin": "1 nM"}},
        "start.insulin: only state = 'steady' has an insulin; 'surface' is given",
    ),
    "given counts that are to be drawn": (
        {"start": {"total": "poisson", "counts": {"surface_free": 5}}},
        "start.total: 'poisson' given; integers per state are not drawn, leave it out",
    ),
    "a misspelt switch": (
        {"coupling.sortng": True},
        "coupling.sortng: no such key; did you mean 'sorting'?",
    ),
    "a switch that is a number": (
        {"coupling.sorting": 1},
        "coupling.sorting: 1 given; true or false is needed",
    ),
    "an unknown constant": (
        {"parameters": {"ke00": "0.1 /min"}},
        "parameters.ke00: no such key; allowed are kon, koff, ke0, keB, dkeB, theta50, theta_power, "
        "kdis, kfast, ksort, krr, edis, esat, kL, kc, klys, ksyn, smax, K_A, h, tauM; did you mean 'ke0'?",
    ),
    "a constant without unit": (
        {"parameters": {"ke0": 0.1}},
        'parameters.ke0: 0.1 given; text is needed, a rate constant with its unit, such as "0.012 /min" or "0.7 /h"',
    ),
    "a constant in the wrong unit": (
        {"parameters": {"kon": "0.1 /min"}},
        "parameters.kon: '0.1 /min': '/min' is a unit of something else; allowed is an association rate "
        'constant with its unit, such as "0.06 /nM/min" or "1e6 /M/s"',
    ),
    "a share above one": (
        {"parameters": {"smax": 1.5}},
        "parameters.smax: 1.5 given; a number of at least 0, at most 1, is needed",
    ),
    "an endless constant": (
        {"parameters": {"esat": INF}},
        "parameters.esat: inf given; a number above 0, at most 1e+09, is needed",
    ),
    "a ramp without length": (
        {"exposure.1": {"kind": "ramp", "duration": "1 h", "start": "0 nM", "end": "5 nM"}},
        'exposure[1].over: missing; needed is a time with its unit, such as "24 h" or "1 min"',
    ),
    "pulses wider than their period": (
        {
            "exposure.1": {
                "kind": "pulses",
                "duration": "1 h",
                "base": "0 nM",
                "peak": "5 nM",
                "width": "6 min",
                "period": "5 min",
            }
        },
        "exposure[1].width: 6.0 must be below period, 5.0 (in min)",
    ),
    "a billion pulses": (
        {
            "exposure.1": {
                "kind": "pulses",
                "duration": "1000 d",
                "base": "0 nM",
                "peak": "5 nM",
                "width": "1e-7 min",
                "period": "1e-6 min",
            }
        },
        "exposure[1].period: 1e-06 repeats over 1000000 times in 1440000.0 min",
    ),
    "a million meals": (
        {
            "exposure.1": {
                "kind": "meals",
                "duration": "1000 d",
                "every": "2 min",
                "meal_times": ["1 min"],
                "basal": "0 nM",
                "rise": "5 nM",
                "peak_after": "1 min",
            }
        },
        "exposure: about 1.15e+08 pulse edges, points and (each counted as many) meals; at most "
        "1,000,000 are allowed, and exposure[1] has most of them",
    ),
    "a meal that outlasts the day": (
        {
            "exposure.1": {
                "kind": "meals",
                "duration": "1 d",
                "meal_times": ["8 h"],
                "basal": "0 nM",
                "rise": "5 nM",
                "peak_after": "30 h",
            }
        },
        "exposure[1].peak_after: 30 h given; at most `every`, 24 h",
    ),
    "dinner before lunch": (
        {
            "exposure.1": {
                "kind": "meals",
                "duration": "1 d",
                "meal_times": ["9 h", "8 h"],
                "basal": "0 nM",
                "rise": "5 nM",
                "peak_after": "45 min",
            }
        },
        "exposure[1].meal_times: 480.0 comes after 540.0; times must increase (in min)",
    ),
    "a meal tomorrow": (
        {
            "exposure.1": {
                "kind": "meals",
                "duration": "1 d",
                "meal_times": ["25 h"],
                "basal": "0 nM",
                "rise": "5 nM",
                "peak_after": "45 min",
            }
        },
        "exposure[1].meal_times: 1500.0 must be below every, 1440.0 (in min)",
    ),
    "a clock time": (
        {
            "exposure.1": {
                "kind": "meals",
                "duration": "1 d",
                "meal_times": ["8:00"],
                "basal": "0 nM",
                "rise": "5 nM",
                "peak_after": "45 min",
            }
        },
        "exposure[1].meal_times[0]: '8:00': ':00' is not a known unit; allowed is a duration with its unit, "
        'such as "24 h" or "90 min"',
    ),
    "an oscillation below zero": (
        {
            "exposure.1": {
                "kind": "oscillation",
                "duration": "1 d",
                "mean": "1 nM",
                "amplitude": "5 nM",
                "period": "2 h",
            }
        },
        "exposure[1].amplitude: 5.0 must not exceed mean, 1.0 (in nM)",
    ),
    "a series of unequal columns": (
        {"exposure.1": {"kind": "series", "times": [0, 1, 2], "insulin": [1, 2]}},
        "exposure[1].insulin: 2 values for 3 times",
    ),
    "a series that goes back in time": (
        {"exposure.1": {"kind": "series", "times": [0, 3, 2], "insulin": [1, 2, 3]}},
        "exposure[1].times: 2.0 comes after 3.0; times must increase (in min)",
    ),
    "a series that was never read": (
        {"exposure.1": {"kind": "series", "file": "ogtt.csv"}},
        "exposure[1].file: 'ogtt.csv' given; a scenario opens no files; trafficking.load_scenario reads "
        "it and puts its numbers here",
    ),
    "a series in a wrong unit": (
        {"exposure.1": {"kind": "series", "times": [0, 1], "insulin": [1, 2], "insulin_unit": "mg"}},
        'exposure[1].insulin_unit: \'mg\' given; a unit such as "pM" or "uU/mL" is needed',
    ),
    "a gap in a series": (
        {"exposure.1": {"kind": "series", "times": [0, 1], "insulin": [1, NAN]}},
        "exposure[1].insulin[1]: nan given; a number of at least 0, at most 1e+09, is needed",
    ),
    "a series with negative insulin": (
        {"exposure.1": {"kind": "series", "times": [0, 1], "insulin": [1, -2]}},
        "exposure[1].insulin[1]: -2 given; a number of at least 0, at most 1e+09, is needed",
    ),
    "a series of one moment": (
        {"exposure.1": {"kind": "series", "times": [0], "insulin": [1]}},
        "exposure[1].duration: missing; the last of `times` is at 0.0 min, which is not a duration",
    ),
    "a very long title": (
        {"title": "x" * 5000},
        "title: text of 5000 characters given; at most 200 are allowed",
    ),
    "a title that runs backwards": (
        {"title": "abc\u202edef"},
        "title: contains the invisible character U+202E; plain text is needed",
    ),
    "sources that are no list": (
        {"sources": "Knutson 1983"},
        "sources: 'Knutson 1983' given; a list is needed",
    ),
    "an expectation as text": (
        {"expect": [{"at": "1 h", "surface_percent": "75", "tolerance": 1}]},
        "expect[0].surface_percent: '75' given; a number of at least 0, at most 1e+09, is needed",
    ),
}
FAULTS_OF_AN_ITINERARY = {
    "an itinerary without receptors": (
        {"receptors": MISSING},
        "receptors: missing; needed is the number of receptors of one cell without insulin, R0",
    ),
    "constants of another itinerary": (
        {"parameters": {"ke0": "0.1 /min"}},
        "parameters: these change the itinerary of a tissue; here `itinerary` is given: change it there",
    ),
    "an arrow to nowhere": (
        {"itinerary.transitions.0.target": "early_endosome_fre"},
        "itinerary.transitions[0].target: 'early_endosome_fre' is not a state; states are surface, "
        "early_endosome_free, gone; did you mean 'early_endosome_free'?",
    ),
    "an unknown law": (
        {"itinerary.transitions.0.law": "hill"},
        "itinerary.transitions[0].law: 'hill' given; allowed are constant, first_order_in_ligand, "
        "hill_in_occupancy, saturable_in_load, synthesis",
    ),
    "no law": (
        {"itinerary.transitions.0": {"name": "in"}},
        "itinerary.transitions[0].law: missing; allowed are constant, first_order_in_ligand, "
        "hill_in_occupancy, saturable_in_load, synthesis",
    ),
    "a misspelt compartment": (
        {"itinerary.states.0.compartment": "membrne"},
        "itinerary.states[0].compartment: 'membrne' given; allowed are membrane, early_endosome, "
        "recycling, lysosome, biosynthetic, out; did you mean 'membrane'?",
    ),
    "an arrow to itself": (
        {"itinerary.transitions.0.target": "surface"},
        "itinerary.transitions[0]: source and target are both 'surface'; an arrow must lead elsewhere",
    ),
    "an arrow out of the end": (
        {"itinerary.transitions.1.source": "gone"},
        "itinerary.transitions[1].source: 'gone' is an end (compartment out); nothing leaves it",
    ),
    "two arrows of one name": (
        {"itinerary.transitions.1.name": "in"},
        "itinerary.transitions[1].name: 'in' is used twice; names must differ",
    ),
    "a negative rate": (
        {"itinerary.transitions.0.rate": "-1 /min"},
        "itinerary.transitions[0].rate: '-1 /min' given; must not be negative",
    ),
    "a rate that is not a number": (
        {"itinerary.transitions.0.rate": NAN},
        "itinerary.transitions[0].rate: nan given; text is needed, a rate constant with its unit, such as "
        '"0.012 /min" or "0.7 /h"',
    ),
    "an endless rate": (
        {"itinerary.transitions.0.rate": "1e400 /min"},
        "itinerary.transitions[0].rate: '1e400 /min' is beyond what a float can hold; allowed is a rate constant with "
        'its unit, such as "0.012 /min" or "0.7 /h"',
    ),
    "a rate of the wrong order": (
        {"itinerary.transitions.0.law": "first_order_in_ligand"},
        "itinerary.transitions[0].rate: '0.1 /min': '/min' is a unit of something else; allowed is an "
        'association rate constant with its unit, such as "0.06 /nM/min" or "1e6 /M/s"',
    ),
    "receptors that can never leave": (
        {"itinerary.transitions.2": MISSING},
        "itinerary: no steady state: receptors are made but some can never leave; add a way to an end "
        "(compartment out), or give the start as integers per state and the synthesis as a number",
    ),
    "receptors that are not replaced": (
        {"itinerary.transitions.3": MISSING},
        "start: no steady state: receptors are lost but none are made; add a synthesis arrow, or give "
        "the start as integers per state",
    ),
    "no states": (
        {"itinerary.states": []},
        "itinerary.states: a list of 0 given; at least 1 needed",
    ),
    "rates beyond the random numbers of a receptor": (
        {"itinerary.transitions.0.rate": "1e6 /min"},
        "exposure: 1.5e+03 min at up to 1e+06 transitions per min are more than the random numbers of one receptor "
        'last for; shorten it, or use resolution = "counts" or "mean"',
    ),
    "rates beyond the precision of a clock": (
        {"itinerary.transitions.0.rate": "9e8 /min"},
        "exposure: 1.5e+03 min at up to 9e+08 transitions per min are beyond the precision of a clock; "
        'shorten it, or use resolution = "counts" or "mean"',
    ),
}


@pytest.mark.parametrize(("changes", "line"), FAULTS.values(), ids=FAULTS)
def test_a_wrong_value_is_refused_in_one_plain_line(changes, line):
    assert refused(changed(SOUND, changes)) == [line]


@pytest.mark.parametrize(("changes", "line"), FAULTS_OF_AN_ITINERARY.values(), ids=FAULTS_OF_AN_ITINERARY)
def test_a_wrong_itinerary_is_refused_in_one_plain_line(changes, line):
    assert refused(changed(OWN, changes)) == [line]


def test_the_sound_scenarios_behind_the_wrong_ones_are_accepted():
    assert Scenario.from_dict(SOUND).name == "test"
    assert Scenario.from_dict(OWN).receptors == 1000


def test_every_fault_gets_its_own_line():
    wrong = {
        "recptors": 5,
        "tissue": "livr",
        "exposure.0.insulin": 0,
        "exposure.1.duration": "1 day 2 h",
        "window": "x",
    }
    lines = refused(changed(SOUND, wrong))
    assert [line.partition(":")[0] for line in lines] == [
        "tissue",
        "window",
        "exposure[0].insulin",
        "exposure[1].duration",
        "recptors",
    ]


def test_a_thousand_faults_are_fifty_lines_and_a_number():
    lines = refused(changed(SOUND, {"exposure": [{"kind": "washout"}] * 1000}))
    assert len(lines) == 51
    assert lines[-1] == "... and 950 more faults"


@pytest.mark.parametrize("given", [[], "chronic_insulin", None, 5, True])
def test_what_is_no_table_at_all_is_refused(given):
    (line,) = refused(given)
    assert line.endswith("given; a table is needed")


PYDANTIC = ("input should", "value error", "extra inputs", "_forbidden", "type=", "pydantic", "union", "field required")
ODD = [None, True, False, 0, -1, 10**30, 1e308, NAN, INF, [], [[]], {}, {"": {}}]
ODD += ["", " ", "x", "1", "nan", "\x00", "5 \u00b5M", "1e999 h"]
KEYS = [*Scenario.json_schema()["properties"], "exposure.0", "exposure.0.kind", "exposure.0.insulin", "start.state"]
KEYS += [
    "cells.number",
    "cells.size_cv",
    "cells.record",
    "start.counts",
    "start.insulin",
    "coupling.sorting",
    "parameters.ke0",
    "evidence.measured",
    "expect.0",
]


@pytest.mark.parametrize("key", KEYS)
def test_no_odd_value_escapes_or_speaks_pydantic(key):
    """An odd value may happen to be allowed; if it is not, it is our words that say so."""
    for value in ODD:
        try:
            Scenario.from_dict(changed({**SOUND, "expect": [{}]} if key == "expect.0" else SOUND, {key: value}))
        except ScenarioError as refusal:
            for line in refusal.lines:
                assert line
                assert "\n" not in line
                assert not [word for word in PYDANTIC if word in line.lower()], line


def test_a_very_deep_value_is_refused():
    deep = []
    for _ in range(500):
        deep = [deep]
    (line,) = refused(changed(SOUND, {"title": deep}))
    assert line == "title: [[[...]]] given; text is needed"


# -- values replaced from the command line -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "text", "where", "value"),
    [
        ("exposure.1.insulin", "5 nM", ("exposure", 1, "insulin"), "5 nM"),
        ("exposure[1].insulin", "5 nM", ("exposure", 1, "insulin"), "5 nM"),
        ("receptors", "500", ("receptors",), 500),
        ("receptors", "1e3", ("receptors",), 1000.0),
        ("coupling.sorting", "false", ("coupling", "sorting"), False),
        ("parameters.ke0", "0.02 /min", ("parameters", "ke0"), "0.02 /min"),
        ("parameters.smax", "0.5", ("parameters", "smax"), 0.5),
        ("title", "2024-01-01", ("title",), "2024-01-01"),
        ("title", '"quoted"', ("title",), "quoted"),
        ("title", "5\nname = 3", ("title",), "5\nname = 3"),
        ("sources", '["a", "b"]', ("sources",), ["a", "b"]),
        ("title", "[" * 20_000, ("title",), "[" * 20_000),
    ],
)
def test_a_value_can_be_replaced_by_its_path(path, text, where, value):
    here = override(SOUND, path, text)
    for step in where:
        here = here[step]
    assert here == value
    assert type(here) is type(value)


def test_replacing_leaves_the_tables_themselves_alone():
    before = copy.deepcopy(SOUND)
    override(SOUND, "exposure.1.insulin", "5 nM")
    assert SOUND == before


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("exposure.2.insulin", "exposure[2]: no such position; exposure has positions 0 to 1"),
        ("exposure.first.insulin", "exposure.first: no such position; exposure has positions 0 to 1"),
        ("name.first", "name.first: no such key; name is 'test', not a table"),
        ("", "'': names no key"),
        ("..", "'..': names no key"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(path, line):
    with pytest.raises(ScenarioError) as refusal:
        override(SOUND, path, "1")
    assert refusal.value.lines == (line,)


def test_a_misspelt_path_is_caught_when_the_scenario_is_made():
    assert refused(override(SOUND, "exposre.1.insulin", "5 nM")) == ["exposre: no such key; did you mean 'exposure'?"]


def test_toml_and_the_tables_say_the_same():
    text = 'name = "test"\n[[exposure]]\nkind = "washout"\nduration = "1 h"\nfor = 3\n'
    assert refused(tomllib.loads(text)) == ["exposure[0].for: no such key; allowed are kind, duration"]
