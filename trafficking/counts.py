"""Receptors without identities: expected numbers (`mean`) and exact random ones (`counts`).

Inside a window all rates are constant, so the expected numbers obey a linear equation, dn/dt = n Q + inflow, and one
matrix exponential carries them to the end of a stretch without any step-size error. The same matrix holds the chances
by which random numbers scatter. Both cost the same for a thousand receptors and for a million.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from trafficking import compiled, propagator
from trafficking.itinerary import Itinerary

_STREAM = 5  # the tag of the random stream of `counts`


class Expectation:
    """The expected receptors of one cell: what `receptors.Receptors` is to single ones.

    counts: (n_states,) expected receptors now; an end holds all that ever arrived.
    """

    def __init__(
        self,
        itinerary: Itinerary,
        start: np.ndarray,
        *,
        copy_number: float,
        saved: Mapping[str, np.ndarray] | None = None,
        **_: object,
    ) -> None:
        self.counts = np.array(start if saved is None else saved["counts"], dtype=float)
        self._carrier = _Carrier(itinerary, copy_number)

    def save(self) -> dict[str, np.ndarray]:
        """Everything that the numbers need to go on, at the end of a window."""
        return {"counts": self.counts.copy()}

    def advance(
        self, rates: np.ndarray, start_min: float, end_min: float, records: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Carries the numbers from `start_min` to `end_min` under frozen `rates`.

        Args:
            rates: (n_transitions,), as `Itinerary.rates`.
            records: times in (start_min, end_min] at which counts are wanted, rising.

        Returns:
            (len(records) + 1, n_transitions) expected passages up to each record, and after the last one; and
            (len(records), n_states) the counts at each record.
        """

        def carry(transition: np.ndarray, made: np.ndarray) -> None:
            self.counts = self.counts @ transition + made

        return self._carrier.carry(self, carry, rates, start_min, end_min, records)


class Numbers:
    """Exact random numbers of receptors in each state, without identities: the resolution `counts`.

    At the end of each stretch the receptors of a state scatter over all states by the transition matrix (a
    multinomial), and the receptors made meanwhile arrive as independent Poisson numbers, those that died within the
    stretch among the degraded. A transition matrix forgets the path: passages are expectations, given the counts at
    the start of each stretch.

    counts: (n_states,) receptors now; an end holds all that ever arrived.
    """

    def __init__(
        self,
        itinerary: Itinerary,
        start: np.ndarray,
        *,
        copy_number: int,
        seed: int,
        replicate: int = 0,
        saved: Mapping[str, np.ndarray] | None = None,
        **_: object,
    ) -> None:
        """Draws the starting cell at time 0, or takes up one that was `saved` by `save`.

        Args:
            start: (n_states,) integers, taken as they are, or floats: proportions times a whole total.
            copy_number: R0 of the cell; scales synthesis.
        """
        words = np.random.SeedSequence((seed, replicate, _STREAM)).generate_state(2, np.uint64)
        self._generator = np.random.Generator(np.random.Philox(key=words))
        self._carrier = _Carrier(itinerary, copy_number)
        if saved is not None:
            self.counts = saved["counts"].copy()
            self._generator.bit_generator.state = _philox_state(saved["stream"])
            return
        total = round(float(start.sum()))
        drawn = total > 0 and not np.issubdtype(start.dtype, np.integer)
        self.counts = self._generator.multinomial(total, start / start.sum()) if drawn else start.astype(np.int64)

    def save(self) -> dict[str, np.ndarray]:
        """Everything that the numbers need to go on, at the end of a window."""
        state = self._generator.bit_generator.state
        parts = (state["state"]["counter"], state["state"]["key"], state["buffer"])
        rest = np.array([state["buffer_pos"], state["has_uint32"], state["uinteger"]], dtype=np.uint64)
        return {"counts": self.counts.copy(), "stream": np.concatenate([*parts, rest])}

    def advance(
        self, rates: np.ndarray, start_min: float, end_min: float, records: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Carries the numbers through a window; see `Expectation.advance`. Passages are expectations."""

        def carry(transition: np.ndarray, made: np.ndarray) -> None:
            scattered = self._generator.multinomial(self.counts, transition).sum(axis=0)
            self.counts = scattered + self._generator.poisson(np.maximum(made, 0.0))

        return self._carrier.carry(self, carry, rates, start_min, end_min, records)


def _philox_state(saved: np.ndarray) -> dict[str, Any]:
    """numpy's own form of the state of a Philox generator, from the 13 words that `Numbers.save` keeps."""
    position, has_uint32, uinteger = saved[10:].tolist()
    return {
        "bit_generator": "Philox",
        "state": {"counter": saved[:4], "key": saved[4:6]},
        "buffer": saved[6:10],
        "buffer_pos": position,
        "has_uint32": has_uint32,
        "uinteger": uinteger,
    }


class _Carrier:
    """What `Expectation` and `Numbers` share: stretches between records, their propagators and expected passages."""

    def __init__(self, itinerary: Itinerary, copy_number: float) -> None:
        compiled.keep(propagator.ENTRIES, propagator.__file__)
        self._itinerary = itinerary
        self._copy_number = copy_number
        self._known: OrderedDict[tuple[bytes, float], tuple[np.ndarray, np.ndarray]] = OrderedDict()

    def carry(
        self,
        numbers: Expectation | Numbers,
        carry: Callable[[np.ndarray, np.ndarray], None],
        rates: np.ndarray,
        start_min: float,
        end_min: float,
        records: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Calls `carry` for each stretch with (n_states, n_states) transition probabilities and the (n_states,)
        expected receptors that were made in it, by the state they end in; returns what `advance` does."""
        stops = [*records.tolist(), end_min]
        passages = np.zeros((len(stops), len(rates)))
        counts = np.zeros((len(stops), len(self._itinerary.states)), dtype=numbers.counts.dtype)
        inner = self._itinerary.sources
        n = len(self._itinerary.states)
        now = start_min
        for row, stop in enumerate(stops):
            if stop > now:
                transition, integral = self._propagator(rates, stop - now)
                present = numbers.counts @ integral[:n, :n] + self._copy_number * integral[n, :n]
                passages[row] = rates * np.append(present, self._copy_number * (stop - now))[inner]
                carry(transition[:n, :n], self._copy_number * transition[n, :n])
            counts[row] = numbers.counts
            now = stop
        return passages, counts[:-1]

    def _propagator(self, rates: np.ndarray, lasting_min: float) -> tuple[np.ndarray, np.ndarray]:
        """exp of the generator over the stretch and its integral; the last row is R0, from which synthesis flows."""
        key = (rates.tobytes(), lasting_min)
        if key not in self._known:
            n = len(self._itinerary.states)
            matrix = np.zeros((n + 1, n + 1))
            propagator.fill(rates, self._itinerary.sources, self._itinerary.targets, matrix)
            self._known[key] = propagator.propagate(matrix, lasting_min)
            if len(self._known) > 64:
                self._known.popitem(last=False)
        return self._known[key]
