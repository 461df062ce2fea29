"""The files of a run: each opened again and compared with the run; none beside them can be had."""

import io
import json
import subprocess
import sys
import xml.etree.ElementTree
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import image

import trafficking
from runs import hand_made, hand_made_cells
from trafficking import io as files
from trafficking import results, simulation
from trafficking.dashboard import exports, store
from trafficking.dashboard.runner import Steering
from trafficking.scenario import Scenario


@pytest.fixture(scope="module")
def run() -> simulation.Run:
    """A small cell under steering, left at 150 min."""
    exposure = [{"kind": "constant", "duration": "10 h", "insulin": "10 nM"}]
    scenario = Scenario.from_dict({"name": "short", "receptors": 800, "follow": 50, "exposure": exposure})
    made = simulation.Run(scenario, seed=5)
    made.advance(125.0)
    made.steer(0.25)
    made.advance(150.0)
    return made


@pytest.fixture(scope="module")
def taken(run: simulation.Run) -> exports.Taken:
    return run.result(), (Steering(125.0, "insulin_nM", 10.0, 0.25),), run.so_far()


def fetched(taken: exports.Taken, name: str) -> tuple[bytes, str, str]:
    """A file as it leaves, its media type and its name."""
    shelf = store.add(exports.of_run(lambda: taken))
    try:
        blocks, media_type, filename = store.stream(shelf, name)
        pieces = list(blocks)
    finally:
        store.drop(shelf)
    assert all(len(piece) >= 65_536 for piece in pieces[:-1])
    return b"".join(pieces), media_type, filename


@pytest.mark.parametrize("name", results.ONE_CELL)
def test_each_table_goes_out_as_csv_and_parquet_with_the_bytes_of_a_saved_run(taken: exports.Taken, name: str):
    result = taken[0]
    saved = files.table_files(result)
    for kind, read in (("csv", pd.read_csv), ("parquet", pd.read_parquet)):
        content, _, filename = fetched(taken, f"{name}.{kind}")
        assert content == saved[f"{name}.{kind}"]
        assert filename == f"short-seed5-{name}.{kind}"
        pd.testing.assert_frame_equal(read(io.BytesIO(content)), getattr(result, name), check_dtype=kind == "parquet")


def test_parquet_files_keep_the_unit_and_label_of_each_column(taken: exports.Taken):
    from pyarrow import parquet

    schema = parquet.read_schema(io.BytesIO(fetched(taken, "exposure.parquet")[0]))
    assert schema.field("insulin_nM").metadata == {b"unit": b"nM", b"label": b"Insulin"}


def test_what_is_plotted_is_the_compartments_with_units(taken: exports.Taken):
    plotted = pd.read_csv(io.BytesIO(fetched(taken, exports.PLOTTED)[0]))
    plain = pd.read_csv(io.BytesIO(fetched(taken, "compartments.csv")[0]))
    pd.testing.assert_frame_equal(plain, taken[0].compartments)
    np.testing.assert_array_equal(plotted["Surface (receptors)"], plain["surface"])
    percent = 100.0 * plain["surface"] / taken[0].reference.surface
    np.testing.assert_allclose(plotted["Surface (% of insulin-free surface)"], percent, rtol=1e-12)


def test_the_scenario_that_goes_out_gives_the_same_run_again_moves_by_hand_included(
    taken: exports.Taken, tmp_path: Path
):
    content, media_type, _ = fetched(taken, exports.SCENARIO)
    (tmp_path / "again.toml").write_bytes(content)
    assert media_type == "application/toml"
    assert "at 125.0 min: insulin_nM from 10.0 to 0.25" in content.decode()
    assert f"trafficking {trafficking.__version__}" in content.decode()
    again = files.load_scenario(tmp_path / "again.toml")
    assert again == taken[2].scenario
    result = simulation.simulate(again, seed=5)
    for name in results.ONE_CELL:
        pd.testing.assert_frame_equal(getattr(result, name), getattr(taken[2], name))
    assert result.exposure["insulin_nM"].iloc[-1] == 0.25


def test_the_steering_log_lists_every_move(taken: exports.Taken):
    log = pd.read_csv(io.BytesIO(fetched(taken, exports.STEERING)[0]))
    assert log.to_dict("records") == [{"time_min": 125.0, "name": "insulin_nM", "old": 10.0, "new": 0.25}]


def test_the_whole_run_holds_the_run_folder_and_the_scenario(taken: exports.Taken, tmp_path: Path):
    content, _, filename = fetched(taken, exports.WHOLE)
    assert filename == "short-seed5.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    loaded = files.load_run(folder)
    pd.testing.assert_frame_equal(loaded.counts, taken[2].counts)
    assert files.load_scenario(folder / exports.SCENARIO) == loaded.scenario
    assert json.loads((folder / "run.json").read_text())["seed"] == 5


def test_the_other_future_of_a_run_goes_out_with_it(taken: exports.Taken):
    other = hand_made()
    export = exports.of_run(lambda: taken, lambda: (other, (), other))(exports.WHOLE)
    file = io.BytesIO()
    export.write(file)
    with zipfile.ZipFile(file) as archive:
        table = pd.read_csv(io.BytesIO(archive.read(f"short-seed5/{exports.OTHER}")))
        assert f"short-seed5/{exports.OTHER_STEERING}" in archive.namelist()
    np.testing.assert_array_equal(table["Surface (receptors)"], other.surface)


def test_figures_are_print_quality_and_say_what_made_them(taken: exports.Taken):
    picture = image.imread(io.BytesIO(fetched(taken, "figure.png")[0]))
    assert picture.shape[1] == 300 * 11, "300 dots per inch on 11 inches"
    plain = len(picture) - int(0.3 * 300)
    assert picture[plain:, :, :3].min() < 0.5, "the caption stands below the figure"
    svg = xml.etree.ElementTree.fromstring(fetched(taken, "figure.svg")[0])
    assert svg.tag.endswith("svg")
    assert svg.get("height") != svg.get("width")
    pdf, media_type, filename = fetched(taken, "figure.pdf")
    assert (pdf[:5], media_type, filename) == (b"%PDF-", "application/pdf", "short-seed5-figure.pdf")


def test_the_caption_names_scenario_seed_and_version(taken: exports.Taken, monkeypatch: pytest.MonkeyPatch):
    said = []
    monkeypatch.setattr(exports.plots, "render", lambda figure, kind, **more: said.append(more) or b"x")
    fetched(taken, "figure.pdf")
    version = trafficking.__version__
    assert said == [{"dpi": 300, "caption": f"Scenario short, steered from 2.08 h on, seed 5, trafficking {version}"}]
    fetched((taken[0], (), taken[2]), "figure.pdf")
    assert said[1]["caption"] == f"Scenario short, seed 5, trafficking {version}"


def test_cells_go_out_where_there_are_several():
    one, many = hand_made(), hand_made_cells()
    assert exports.of_run(lambda: (one, (), one))("cells.csv") is None
    table = pd.read_csv(io.BytesIO(fetched((many, (), many), "cells.csv")[0]))
    assert len(table) == len(many.cells)


def test_there_is_nothing_to_take_before_there_is_a_run():
    find = exports.of_run(lambda: None)
    assert find(exports.WHOLE) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../run.json",
        "..%2frun.json",
        "run.json",
        "/etc/passwd",
        "counts",
        "counts.CSV",
        "counts.csv/",
        "_files",
    ],
)
def test_only_the_files_of_a_run_can_be_asked_for(taken: exports.Taken, name: str):
    asked = []
    find = exports.of_run(lambda: asked.append(name) or taken)
    assert find(name) is None
    assert asked == [], "the run is not even asked"


_STREAMED = """
import sys
import numpy as np, pandas as pd
sys.path.insert(0, {tests!r})
from dataclasses import replace
from runs import hand_made
from trafficking import io
from trafficking.dashboard import exports, store

n = 1_000_000
times = np.arange(n) / 100.0
states = np.array(["surface_free", "early_endosome_free"], dtype=object)[np.arange(n) % 2]
texts = [pd.Series(states, dtype="str"), pd.Series(states[::-1], dtype="str")]
names = pd.Series(np.array(["start-12345"], dtype=object)[np.zeros(n, dtype=int)], dtype="str")
table = pd.DataFrame({{"receptor": names, "time_min": times, "source": texts[0], "target": texts[1]}})
result = replace(hand_made(), histories=table)
small = replace(result, histories=table.iloc[:1000])
def peak(anew=False):
    "Most memory held, MiB; since now, if `anew`."
    if anew:
        open("/proc/self/clear_refs", "w").write("5")
    (line,) = (line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
shelf = store.add(exports.of_run(lambda: (small, (), small)))
sum(map(len, store.stream(shelf, "histories.csv")[0])), sum(map(len, store.stream(shelf, "histories.parquet")[0]))
before = peak(anew=True)
shelf = store.add(exports.of_run(lambda: (result, (), result)))
if {whole}:
    size = sum(map(len, io.table_files(result).values()))
else:
    size = sum(map(len, store.stream(shelf, "histories.csv")[0]))
    assert sum(map(len, store.stream(shelf, "histories.parquet")[0])) > 0
print(size, peak() - before)
"""


@pytest.mark.parametrize("whole", [False, True])
def test_a_table_of_a_million_rows_streams_in_bounded_memory(whole: bool):
    program = _STREAMED.format(tests=str(Path(__file__).parent), whole=whole)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    size, growth = (float(number) for number in done.stdout.split())
    assert size > 50e6
    # The twin that is made in memory as a whole, as a saved run is, shows that the measure can fail.
    assert (growth < 60.0) != whole, f"{growth:.0f} MiB for {size / 1e6:.0f} MB"


def test_few_files_of_a_page_are_on_their_way_at_a_time():
    made = store.Export(lambda file: file.write(b"x" * 600_000) and None, exports.CSV, "x.csv")
    shelf, other = store.add(lambda name: made), store.add(lambda name: made)
    try:
        leaving = [store.stream(shelf, "x.csv") for _ in range(store.MOST_AT_ONCE)]
        with pytest.raises(store.Busy):
            store.stream(shelf, "x.csv")
        assert store.stream(other, "x.csv") is not None
        assert sum(map(len, leaving.pop()[0])) == 600_000  # one that has left, and one whose reader went away
        leaving.pop()
        leaving += [store.stream(shelf, "x.csv") for _ in range(2)]
        with pytest.raises(store.Busy):
            store.stream(shelf, "x.csv")
        del leaving
    finally:
        store.drop(shelf)
        store.drop(other)
    assert store.stream(shelf, "x.csv") is None
    assert not store._leaving


def test_a_file_that_is_not_there_or_fails_takes_no_place():
    def fail(_: object) -> None:
        raise OSError(28, "No space left on device")

    shelf = store.add(lambda name: store.Export(fail, exports.CSV, "x.csv") if name == "x.csv" else None)
    for _ in range(2 * store.MOST_AT_ONCE):
        assert store.stream(shelf, "y.csv") is None
        with pytest.raises(OSError, match="No space"):
            store.stream(shelf, "x.csv")
    store.drop(shelf)
    assert not store._leaving
