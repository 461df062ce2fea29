"""A run that is saved, stopped, taken up or forked goes on as if nothing had happened."""

import subprocess
import sys

import numpy as np
import pytest

from test_simulation import UNCOUPLED, scenario
from trafficking.agents import TraffickingModel
from trafficking.simulation import Run, simulate
from trafficking.snapshot import Snapshot, SnapshotError

TABLES = ("counts", "events", "exposure", "histories")


def same(one, other) -> bool:
    return all(getattr(one, name).equals(getattr(other, name)) for name in TABLES)


@pytest.mark.parametrize("coupling", [{}, UNCOUPLED])
@pytest.mark.parametrize("resolution", ["agents", "counts", "mean"])
def test_a_resumed_run_is_the_uninterrupted_one(resolution, coupling):
    given = scenario(resolution=resolution, coupling=coupling, record="0.7 min")
    run = Run(given, seed=9)
    for until in (0.0, 44.0, 151.0):
        run.advance(until)
        run = Run.resume(Snapshot.from_bytes(run.snapshot().to_bytes()), threads=1)
    run.advance()
    assert same(run.result(), simulate(given, seed=9))


def test_a_snapshot_resumes_in_a_fresh_process(tmp_path):
    given = scenario(receptors=60_000)
    run = Run(given, seed=2, threads=1)
    run.advance(60.0)
    (tmp_path / "snapshot").write_bytes(run.snapshot().to_bytes())
    script = (
        "import sys; from trafficking.simulation import Run; from trafficking.snapshot import Snapshot\n"
        "run = Run.resume(Snapshot.from_bytes(open(sys.argv[1], 'rb').read()), threads=2); run.advance()\n"
        "open(sys.argv[2], 'wb').write(run.snapshot().to_bytes())"
    )
    arguments = [sys.executable, "-c", script, str(tmp_path / "snapshot"), str(tmp_path / "after")]
    subprocess.run(arguments, check=True)
    run.advance()
    after = Run.resume(Snapshot.from_bytes((tmp_path / "after").read_bytes()))
    assert same(after.result(), run.result())


def test_forks_without_coupling_share_every_receptor_whose_rates_do_not_differ():
    run = Run(scenario(coupling=UNCOUPLED, follow=2_000), seed=4)
    calm, stirred = run.fork(60.0), run.fork(60.0, insulin_nM=100.0)
    for future in (calm, stirred):
        future.advance(63.0)
    assert calm.counts[1] < stirred.counts[1]
    before = len(run.result().histories)
    paths = [future.result().histories.iloc[before:].groupby("receptor") for future in (calm, stirred)]
    states = [{name: table["source"].iloc[0] for name, table in path} for path in paths]
    # A receptor inside has the same rates in both futures: its first step there is the same to the last bit.
    inside = [name for name, state in states[0].items() if state.startswith(("early", "recycling", "lysosome"))]
    assert len(inside) > 50
    for name in inside:
        one, other = (path.get_group(name).iloc[0] for path in paths)
        assert one.equals(other)


def test_a_fork_leaves_its_parent_alone():
    given = scenario()
    run = Run(given, seed=4)
    run.advance(60.0)
    other = run.fork()
    other.steer(1000.0)
    other.advance()
    run.advance()
    assert same(run.result(), simulate(given, seed=4))
    assert same(other.result(), simulate(other.scenario, seed=4))


def test_a_fork_happens_at_the_end_of_a_window_and_not_in_the_past():
    run = Run(scenario(), seed=4)
    run.fork(33.0)
    with pytest.raises(ValueError, match="fork: 20 min given; the run is at 33 min and ends at 210 min"):
        run.fork(20.0)
    with pytest.raises(ValueError, match="fork: 211 min given"):
        run.fork(211.0)
    with pytest.raises(ValueError, match="within a window; the last end of a window before it is 34 min"):
        run.fork(34.5)


def test_the_same_run_gives_the_same_bytes():
    snapshots = []
    for _ in range(2):
        run = Run(scenario(), seed=4)
        run.advance(20.0)
        snapshots.append(run.snapshot().to_bytes())
    assert snapshots[0] == snapshots[1]


def test_damaged_and_foreign_bytes_are_refused():
    run = Run(scenario(receptors=50), seed=1)
    run.advance(10.0)
    data = run.snapshot().to_bytes()
    for bad in (b"", b"PK\x03\x04" + data, data[: len(data) // 2], data[:-1], data + b"\0"):
        with pytest.raises(SnapshotError, match="snapshot|damaged"):
            Snapshot.from_bytes(bad)
    with pytest.raises(SnapshotError, match="written as 'trafficking snapshot 7'"):
        Snapshot.from_bytes(data.replace(b"snapshot 2", b"snapshot 7", 1))
    generator = np.random.default_rng(1)
    for at in generator.integers(0, 8 * len(data), 300):
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << int(at % 8)
        with pytest.raises(SnapshotError):
            Snapshot.from_bytes(bytes(flipped))


def test_mesa_objects_are_not_saved():
    with pytest.raises(TypeError, match="Mesa"):
        TraffickingModel(scenario(receptors=20)).run.snapshot()
