"""One experiment: cells of one kind, what they are given over time, where they start, and what is written down.

A scenario is complete once it is made: the tissue's constants, its synthesis and its starting insulin are in it as
numbers, so `to_dict` needs no library to be read again. It opens no files; `io` does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property, lru_cache
from itertools import chain, repeat
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, ValidationInfo, field_validator, model_validator

from trafficking import factors as factors_module
from trafficking import grid, library, titles, units
from trafficking.cell_forms import Cells, Coupling, Evidence, Expected, Response, Start, cells_table, on_grid
from trafficking.exposure import Exposure
from trafficking.faults import (
    Faults,
    ScenarioError,
    choice,
    joined,
    listed,
    nearest,
    override,
    shown,
    whole,
    words,
)
from trafficking.forms import INSULIN_KEYS, ItineraryForm, SegmentForm, SeriesForm, itinerary_table, segment_table
from trafficking.itinerary import COUPLINGS, Itinerary
from trafficking.limits import crowded, excesses
from trafficking.master_equation import insulin_free, steady_state
from trafficking.quantities import (
    MOST_MINUTES,
    MOST_NM,
    MOST_RECEPTORS,
    READERS,
    Document,
    Duration,
    Form,
    Name,
    measured,
    replaced,
)
from trafficking.treatments import Medium, Treatment, Treatments, assumed, check_medium, checked, labels, with_twins

__all__ = ["Scenario", "ScenarioError", "override"]

_LABELS = {"insulin_free": "insulin-free", "lean": "lean", "start": "start"}


class Scenario(Document):
    """One experiment on cells of one kind, or on one cell: frozen, validated, complete."""

    name: Name = Field(description="a name of letters, digits, dashes and underscores")
    title: Annotated[str, words(200)] = ""
    question: Annotated[str, words(1000)] = ""
    expected: Annotated[str, words(2000, paragraphs=True)] = ""
    sources: Annotated[tuple[Annotated[str, words(500)], ...], listed(0, 50)] = ()
    notes: Annotated[str, words(10_000, paragraphs=True)] = ""
    drawn: ItineraryForm | None = Field(None, alias="itinerary", description="default: that of the tissue")
    tissue: Name = Field(None, validate_default=True, description="default: culture")
    factors: tuple[Any, ...] = Field((), exclude=True, description="conditions by name, or tables with name and size")
    parameters: dict[str, Any] = Field({}, exclude=True, description="constants of the tissue's itinerary, changed")
    maturation_min: Duration | None = Field(
        None,
        alias="maturation",
        exclude=True,
        description="time from synthesis to the surface, such as 3 h (3T3-L1, PMID 6368559); default: none",
    )
    evidence: Evidence = Field(None, validate_default=True, description="default: that of the tissue")
    receptors: Annotated[int, whole(1, MOST_RECEPTORS)] = Field(
        None, validate_default=True, description="receptors of one cell without insulin, R0; default: the tissue's"
    )
    cells: Cells = Field(default_factory=lambda: Cells.model_validate({}))
    resolution: Annotated[str, choice("agents", "counts", "mean")] = "agents"
    window_min: Duration = Field(  # type: ignore[assignment]  # a number once the scenario is made
        None,
        alias="window",
        description="rates are read again after at most this long; default: as smooth insulin needs, 1 min at most",
    )
    window_filled_in_min: Duration | None = Field(
        None,
        alias="window_filled_in",
        description="written by the program: the shortest window, where none is given",
        json_schema_extra={"readOnly": True},
    )
    record_min: Duration = Field(1.0, alias="record", description="time between rows of the tables")
    follow: Annotated[int, whole(0, 10**6)] = Field(400, description="receptors whose every transition is kept")
    reference: Annotated[str, choice(*_LABELS)] = Field("insulin_free", description="what 100 % is")
    start: Start = Field(default_factory=lambda: Start.model_validate({}))
    coupling: Coupling = Field(default_factory=Coupling)
    response: Response | None = Field(None, description="the signal below the receptor; default: not asked for")
    exposure: Annotated[tuple[SegmentForm, ...], listed(1, 10_000)] = Field(description="a list of segments")
    treatments: Annotated[tuple[Treatment, ...], listed(0, 1000)] = Field((), description="what is done at a time")
    medium: Medium | None = Field(None, description="a finite medium; default: insulin as the exposure says")
    expect: Annotated[tuple[Expected, ...], listed(0, 100)] = ()

    # -- in and out ------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """The complete scenario as tables of texts and numbers; `from_dict` gives an equal one."""
        tables = super().to_dict()
        if not self.treatments:
            del tables["treatments"]
        return tables

    @classmethod
    def _complete_schema(cls, schema: dict[str, Any]) -> None:
        entries = schema["properties"]
        number = {"type": "integer", "minimum": 1, "maximum": 100_000, "description": "the same as `number`"}
        entries["cells"] = {"anyOf": [number, {"$ref": "#/$defs/Cells"}]}
        del schema["$defs"]["Cells"]["properties"]["record"]["default"]  # depends on the length of the run
        entries["tissue"]["examples"] = list(library.tissues())
        entries["parameters"]["additionalProperties"] = False
        entries["parameters"]["properties"] = {
            symbol: READERS[parameter.kind].schema | {"description": parameter.meaning}
            for symbol, parameter in library.parameters().items()
        }

    def changed(self, **tables: Any) -> Self:
        """This scenario with other tables or values in place of its own, as `from_dict` takes them.

        Under another exposure several cells are written down at those of the times given for it that it has too.
        """
        given = self.to_dict() | tables
        if "exposure" not in tables or "cells" in tables or not self.cells.gives_times:
            return self.from_dict(given)
        without = {key: value for key, value in given["cells"].items() if key != "record"}
        made = self.from_dict(given | {"cells": without})
        kept = self.cells.kept(made.duration_min, made.record_min)
        return self.from_dict(given | {"cells": without | {"record": kept}})

    def _remade(self, changes: Mapping[str, Any]) -> Self:
        return self.changed(**changes)

    # -- what it says ----------------------------------------------------------------------------------------------

    @cached_property
    def protocol(self) -> Exposure:
        """Insulin over time."""
        return Exposure(tuple(form.segment() for form in self.exposure))

    @property
    def duration_min(self) -> float:
        return self.protocol.duration_min

    @cached_property
    def itinerary(self) -> Itinerary:
        """The itinerary with its switches applied; where receptors are labelled, with a twin of every state."""
        return with_twins(self.unlabelled) if labels(self.treatments) else self.unlabelled

    @cached_property
    def unlabelled(self) -> Itinerary:
        """The itinerary with its switches applied."""
        if self.drawn is None:
            raise ValueError("a scenario has its itinerary once it is made by from_dict")
        return self._switched(self.drawn.drawn())

    @property
    def start_insulin_nM(self) -> float:
        """The insulin of the steady state the cell starts from (0 where it starts otherwise), nM."""
        start = self.start
        return (start.filled_in_nM if start.insulin_nM is None else start.insulin_nM) or 0.0

    @property
    def start_fractions(self) -> tuple[np.ndarray, float]:
        """Expected receptors per state over R0, (n_states,), and the messenger, at time 0."""
        if self.start.counts is not None:
            counts = [self.start.counts.get(name, 0) for name in self.itinerary.state_names]
            return np.array(counts) / self.receptors, 1.0
        if self.start.state == "surface":
            return np.eye(len(self.itinerary.states))[_first_surface(self.itinerary)], 1.0
        if self.start.state == "insulin_free":
            return self._balance(None)
        return self._balance(self.start_insulin_nM)

    @property
    def reference_label(self) -> str:
        """What 100 % is, in words for an axis."""
        return _LABELS[self.reference]

    @property
    def reference_counts(self) -> np.ndarray:
        """(n_states,) expected receptors of one mean cell in the state that is 100 %."""
        if self.reference == "start":
            return self.start_fractions[0] * self.receptors
        insulin = None if self.reference == "insulin_free" else self.evidence.lean_nM
        return self._balance(insulin)[0] * self.receptors

    def _balance(self, insulin_nM: float | None) -> tuple[np.ndarray, float]:
        fractions, mrna = _balance(self.unlabelled, insulin_nM)
        return np.append(fractions, np.zeros(len(self.itinerary.states) - len(fractions))), mrna

    @property
    def reference_surface(self) -> float:
        """Expected surface receptors of one mean cell in the state that is 100 %."""
        return float(self.reference_counts[self.itinerary.mask("membrane")].sum())

    @property
    def assumptions(self) -> list[str]:
        """The values that are a fit or an assumption and matter, each as 'K_A = 0.1 R0 (fit)'."""
        return [*self.cells.assumed, *assumed(self.treatments), *self.evidence.assumed]

    @cached_property
    def remarks(self) -> list[str]:
        """Sentences on what is allowed but hardly meant: states without a way in or out, series that begin late."""
        itinerary = self.unlabelled
        series = [(i, form.lead()) for i, form in enumerate(self.exposure) if isinstance(form, SeriesForm)]
        late = [f"exposure[{i}]: {lead}" for i, lead in series if lead]
        coarse = grid.remarks(self.protocol, itinerary, self.given_window_min)
        return [*coarse, *late, *itinerary.remarks(self.start_fractions[0][: len(itinerary.states)] > 0.0)]

    @cached_property
    def extrapolated(self) -> list[str]:
        """Sentences on insulin outside the range in which this cell's receptors were measured."""
        levels = {segment.extremes()[1]: None for segment in self.protocol.segments}
        sentences = dict.fromkeys(self.extrapolation(level) for level in levels)
        return [sentence for sentence in sentences if sentence]

    def extrapolation(self, insulin_nM: float | str) -> str:
        """What to say of this insulin if no measurement covers it, else ''."""
        insulin_nM = measured(insulin_nM, "insulin", "insulin_nM")
        known, title = self.evidence.measured_nM, self.evidence.title or self.tissue
        if known is None:
            note = self.evidence.measured_note
            return f"{title}: {note}" if note else ""
        low, high = known
        if insulin_nM == 0.0 or low <= insulin_nM <= high:
            return ""
        given = units.friendly(insulin_nM, "insulin")
        span = units.friendly(low, "insulin")
        if low != high:
            span = f"{low:.3g} to {units.friendly(high, 'insulin')}"
        return f"{title}: {given} is outside what was measured, {span}"

    # -- another like it -------------------------------------------------------------------------------------------

    def steered(self, at_min: float | str, insulin_nM: float | str, until_min: float | str) -> Self:
        """This scenario up to `at_min`, then insulin clamped at `insulin_nM` up to `until_min`; its title says so."""
        at_min, until_min = measured(at_min, "time", "at_min"), measured(until_min, "time", "until_min")
        insulin_nM = measured(insulin_nM, "insulin", "insulin_nM", most=MOST_NM)
        title = titles.steered(self.title or self.name, at_min)
        return self._given(self.protocol.steered(at_min, insulin_nM, until_min), title, alike_until_min=at_min)

    def treated(self, at_min: float | str, treatments: Treatments) -> Self:
        """This scenario up to `at_min`, from then on with these treatments in the place of its own."""
        if not isinstance(treatments, tuple | list) or not all(isinstance(each, Form) for each in treatments):
            raise ValueError(
                f"treatments: {shown(treatments)} given; a list of treatments is needed, such as Drug(...)"
            )
        at_min = measured(at_min, "time", "at_min")
        if treatments == self.treatments:
            return self
        tables = [each.model_dump(by_alias=True, exclude_none=True, mode="json") for each in treatments]
        kept = [each.model_dump(by_alias=True, mode="json") for each in self.expect if each.at_min <= at_min]
        said = {"title": titles.steered(self.title or self.name, at_min), "question": "", "expected": ""}
        return self.from_dict(self.to_dict() | said | {"treatments": tables, "expect": kept})

    def lasting(self, duration_min: float | str) -> Self:
        """This scenario cut at `duration_min`, or held at its last insulin up to it."""
        end, duration_min = self.duration_min, measured(duration_min, "time", "duration", most=MOST_MINUTES, zero=False)
        if duration_min == end:
            return self
        title = titles.lasting(self.title or self.name, duration_min, end)
        if duration_min > end:
            held = self.protocol.steered(end, self.protocol.value(end), duration_min)
            return self._given(held, title, alike_until_min=end)
        cut = self.protocol.steered(duration_min, 0.0, math.nextafter(duration_min, math.inf))
        return self._given(Exposure(cut.segments[:-1]), title, alike_until_min=duration_min)

    def _given(self, protocol: Exposure, title: str, *, alike_until_min: float) -> Self:
        """This scenario under another protocol, without what it asked; `expect` stays as long as both are alike."""
        forms = chain(self.exposure, repeat(None))
        tables = [segment_table(segment, form) for segment, form in zip(protocol.segments, forms, strict=False)]
        given = self.to_dict() | {"exposure": tables}
        given |= {"title": title, "question": "", "expected": ""}
        if self.cells.number > 1:
            given["cells"] |= {"record": self.cells.kept(protocol.duration_min, self.record_min)}
        if self.treatments:
            acting = [treatment.at_min <= protocol.duration_min for treatment in self.treatments]
            given["treatments"] = [table for table, keep in zip(given["treatments"], acting, strict=True) if keep]
        kept = [expected.at_min <= alike_until_min for expected in self.expect]
        given["expect"] = [table for table, keep in zip(given["expect"], kept, strict=True) if keep]
        return self.from_dict(given)

    # -- how it is made --------------------------------------------------------------------------------------------

    @field_validator("tissue", mode="before")
    @classmethod
    def _a_known_tissue(cls, given: Any, info: ValidationInfo) -> str:
        own = info.data.get("drawn", ...) is not None
        if given is None:
            return "own" if own else "culture"
        known = library.tissues()
        if not own and given not in known:
            raise ValueError(f"{shown(given)} given; allowed are {', '.join(known)}{nearest(given, known)}")
        return given

    @field_validator("factors", mode="before")
    @classmethod
    def _known_factors(cls, given: Any, info: ValidationInfo) -> tuple[Any, ...]:
        read = factors_module.chosen(given)
        if read and info.data.get("drawn") is not None:
            raise ValueError("these change the itinerary of a tissue; here `itinerary` is given: change it there")
        return read

    @field_validator("parameters", mode="before")
    @classmethod
    def _known_parameters(cls, given: Any, info: ValidationInfo) -> dict[str, float]:
        if not isinstance(given, Mapping):
            raise ValueError(f"{shown(given)} given; a table is needed")
        if given and info.data.get("drawn") is not None:
            raise ValueError("these change the itinerary of a tissue; here `itinerary` is given: change it there")
        known, read, found = library.parameters(), {}, []
        for symbol, value in given.items():
            if symbol not in known:
                found.append((str(symbol), f"no such key; allowed are {', '.join(known)}{nearest(symbol, known)}"))
                continue
            try:
                read[symbol] = READERS[known[symbol].kind].read(value)
            except ValueError as fault:
                found.append((symbol, str(fault)))
        if found:
            raise Faults(found)
        return read

    @field_validator("evidence", mode="before")
    @classmethod
    def _evidence_of_tissue(cls, given: Any, info: ValidationInfo) -> Any:
        if given is not None:
            return given
        tissue = info.data.get("tissue")
        if tissue not in library.tissues():
            return {"title": tissue or "", "measured_note": "the itinerary is the scenario's own"}
        known = _evidence(library.tissue(tissue), info.data.get("parameters", {}))
        return known if info.data.get("drawn") is None else known | {"assumed": []}

    @field_validator("receptors", mode="before")
    @classmethod
    def _receptors_of_tissue(cls, given: Any, info: ValidationInfo) -> Any:
        if given is not None:
            return given
        tissue = info.data.get("tissue", "culture")
        if tissue not in library.tissues():
            raise ValueError("missing; needed is the number of receptors of one cell without insulin, R0")
        return library.tissue(tissue).receptors.value

    @field_validator("cells", mode="before")
    @classmethod
    def _spelled_out(cls, given: Any) -> Any:
        return cells_table(given)

    @field_validator("start", mode="before")
    @classmethod
    def _named_start(cls, given: Any, info: ValidationInfo) -> Any:
        return _named_insulin(given, info.data.get("evidence"), "", ("insulin",))

    @field_validator("exposure", mode="before")
    @classmethod
    def _named_exposure(cls, given: Any, info: ValidationInfo) -> Any:
        if not isinstance(given, list | tuple):
            return given
        evidence = info.data.get("evidence")
        return [_named_insulin(segment, evidence, f"[{i}]", INSULIN_KEYS) for i, segment in enumerate(given)]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """Fills in what follows from the rest, and checks what no part can see alone."""
        if faults := list(crowded(self.protocol)):
            raise Faults(faults)
        self._fill("drawn", self._solved())
        self._note_conditions()
        self._fill("parameters", {})
        self._check_bench()
        self._fill("start", self.start.completed(self.itinerary, self.protocol.value(0.0)))
        columns = len(self.itinerary.states)
        self._fill("cells", self.cells.timed(self.duration_min, self.record_min, columns))
        if self.reference == "lean" and self.evidence.lean_nM is None:
            cell = self.evidence.title or self.tissue
            allowed = "allowed are insulin_free, start"
            raise Faults([("reference", f"'lean' given; {cell} names no lean insulin; {allowed}")])
        for key in ("start_fractions", "reference_counts"):
            try:
                getattr(self, key)
            except ValueError as fault:
                hint = "; or let 100 % be the start: reference = 'start'" if key == "reference_counts" else ""
                raise Faults([(key.partition("_")[0], f"{fault}{hint}")]) from None
        self._fill_window()
        too_much = excesses(
            self.itinerary,
            self.protocol,
            agents=self.resolution == "agents",
            cells=self.cells.number,
            receptors=self.receptors,
            placed=sum((self.start.counts or {}).values()),
            record_min=self.record_min,
            window_min=self.window_min,
            windows=grid.windows(
                self.protocol, self.unlabelled, self.given_window_min, constant_too=self.medium is not None
            ),
            chosen=self.given_window_min is None,
        )
        if faults := list(too_much):
            raise Faults(faults)
        return self

    def _fill_window(self) -> None:
        """Chooses the window where none is given; one that was filled in before is no more than a note of it."""
        chosen = self.window_min in (None, self.window_filled_in_min)
        self._fill("window_filled_in_min", grid.cut(self.protocol, self.unlabelled).finest_min if chosen else None)
        if chosen:
            self._fill("window_min", self.window_filled_in_min)

    @property
    def given_window_min(self) -> float | None:
        """The window that the file gives, None where one was chosen."""
        return self.window_min if self.window_filled_in_min is None else None

    def _check_bench(self) -> None:
        def recorded(time_min: float) -> float:
            time = on_grid(time_min, self.duration_min, self.record_min)
            return time_min if time is None else time

        try:
            known = checked(
                self.treatments,
                self.unlabelled,
                self.duration_min,
                medium=self.medium is not None,
                on_grid=recorded,
            )
            self._fill("treatments", known)
            _ = self.itinerary
        except Faults as faults:
            raise Faults([(f"treatments{where}", what) for where, what in faults.found]) from None
        except ValueError as fault:
            raise Faults([("treatments", f"a label doubles the itinerary: {fault}")]) from None
        if self.medium is not None:
            check_medium(self.unlabelled, self.protocol, [form.kind for form in self.exposure])

    def _fill(self, field: str, value: Any) -> None:
        object.__setattr__(self, field, value)  # the one time a frozen scenario changes: while it is made

    def _switched(self, itinerary: Itinerary) -> Itinerary:
        return itinerary.without(*(name for name in COUPLINGS if not getattr(self.coupling, name)))

    def _solved(self) -> ItineraryForm:
        """The itinerary with its synthesis as a number: that of the cell at rest, which factors do not change."""
        if self.drawn is None:
            itinerary = library.tissue(self.tissue).itinerary(self.parameters)
            given = "ksyn" in self.parameters
        else:
            itinerary, given = self.drawn.drawn(), self.drawn.gives_synthesis
        if not given:
            try:
                itinerary = itinerary.with_synthesis(insulin_free(self._switched(itinerary))[1])
            except ValueError as fault:
                raise Faults([("itinerary", str(fault))]) from None
        if self.factors:
            draw, by = library.tissue(self.tissue).itinerary, factors_module.multipliers(self.factors)
            itinerary = factors_module.conditioned(itinerary, draw, self._constants, by)
        if self.maturation_min is not None:
            if not len(itinerary.synthesis):
                raise Faults([("maturation", "given; but the itinerary makes no receptors")])
            try:
                itinerary = itinerary.maturing(self.maturation_min)
            except ValueError as fault:
                raise Faults([("maturation", str(fault))]) from None
        return ItineraryForm.model_validate(itinerary_table(itinerary))

    @property
    def signal_law(self) -> Response:
        """The scenario's own `[response]`, or that of a healthy cell."""
        return self.response or Response.model_validate({})

    @property
    def _constants(self) -> dict[str, float]:
        """The constants of the tissue's itinerary, the changed ones among them."""
        return {symbol: value.value for symbol, value in library.tissue(self.tissue).values.items()} | self.parameters

    def _note_conditions(self) -> None:
        """Writes what factors and maturation did into the evidence and the response; they are then used up."""
        said = factors_module.said(self.factors, self._constants, self.tissue) if self.factors else []
        if self.maturation_min is not None:
            source = "t1/2 15 min and 2 h of two steps, 3 h in all in 3T3-L1, PMID 6368559"
            said.append(f"maturation = {units.friendly(self.maturation_min, 'time')} ({source})")
        by = factors_module.multipliers(self.factors)
        signal = {key: by[key] for key in factors_module.SIGNAL if key in by}
        if signal:
            response = self.signal_law
            changes = {key: getattr(response, key) * size for key, size in signal.items()}
            self._fill("response", replaced(response, **changes))
        if said:
            self._fill("evidence", replaced(self.evidence, assumed=(*said, *self.evidence.assumed)))
        self._fill("factors", ())
        self._fill("maturation_min", None)


# -- the file's tables before they are a scenario ----------------------------------------------------------------------


def _named_insulin(table: Any, evidence: Evidence | None, where: str, keys: tuple[str, ...]) -> Any:
    """`table` with "lean" and "obese" replaced by the tissue's insulin."""
    if not isinstance(table, Mapping) or evidence is None:
        return table
    named = {key: table[key] for key in keys if table.get(key) in ("lean", "obese")}
    found = []
    for key, name in named.items():
        value = evidence.lean_nM if name == "lean" else evidence.obese_nM
        if value is None:
            cell = evidence.title or "this cell"
            found.append((joined(where, key), f"{name!r} given; {cell} has no such insulin, write it as a number"))
        else:
            named[key] = units.text(value, "insulin")
    if found:
        raise Faults(found)
    return {**table, **named}


def _evidence(tissue: library.Tissue, changed: Mapping[str, float]) -> dict[str, Any]:
    table: dict[str, Any] = {
        "title": tissue.title,
        "measured_note": tissue.measured_note,
        "assumed": tissue.assumed(changed),
    }
    if tissue.lean is not None:
        table["lean"] = units.text(tissue.lean.value, "insulin")
    if tissue.obese is not None:
        table["obese"] = units.text(tissue.obese.value, "insulin")
    if tissue.measured_nM is not None:
        table["measured"] = [units.text(level, "insulin") for level in tissue.measured_nM]
    return table


def _first_surface(itinerary: Itinerary) -> int:
    """The state in which a receptor stands at the surface unbound (bound, where there is no other)."""
    surface = np.flatnonzero(itinerary.mask("membrane"))
    return int(min(surface, key=lambda i: (itinerary.states[i].bound, i)))


@lru_cache(maxsize=256)
def _balance(itinerary: Itinerary, insulin_nM: float | None) -> tuple[np.ndarray, float]:
    """The steady state at this insulin, or that of the insulin-free cell; kept, since a steered run asks again."""
    fractions, mrna = (insulin_free(itinerary)[0], 1.0) if insulin_nM is None else steady_state(itinerary, insulin_nM)
    fractions.setflags(write=False)
    return fractions, mrna
