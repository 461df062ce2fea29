"""What the command line shows and how it ends: labelled lines, a progress bar, one line per fault, an exit status.

Whatever goes wrong, a user sees a sentence and no traceback; a traceback is for mistakes of this program.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, NoReturn

from trafficking import printing, units
from trafficking.faults import ScenarioError
from trafficking.printing import printable, tell

WRONG_INPUT, FAILED, HUNG_UP, INTERRUPTED, TERMINATED = 2, 1, 129, 130, 143
_BAR_AFTER_S = 0.7  # what is over sooner needs no bar
_LINE_EVERY_S = 10.0  # where standard error is a file
# The pace is that of the last while, known once so much was done in so long; runs slow down where insulin comes.
_MARK_EVERY_S, _PACE_OF_S, _PACE_KNOWN_S, _PACE_KNOWN_SHARE = 0.5, 10.0, 2.0, 0.01


def show(lines: Iterable[tuple[str, str]]) -> None:
    """Prints labelled lines, each as one line however narrow the terminal; bold labels where it has colours."""
    if sys.stdout is None:  # closed by the caller
        return
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    with printing.output():
        for label, text in lines:
            console.print(f"[bold]{escape(label):<11}[/bold] {escape(printable(text))}")


def refuse(fault: BaseException | str, status: int = WRONG_INPUT) -> NoReturn:
    """Ends the program with the lines of a fault on standard error."""
    lines = getattr(fault, "lines", None) or (str(fault) or type(fault).__name__).split("\n")
    for line in lines:
        tell(line)
    raise SystemExit(status)


def reason(fault: OSError) -> str:
    """What the system said, and of which file where it has a name."""
    if fault.strerror is None:
        return str(fault)
    return f"{fault.filename}: {fault.strerror}" if fault.filename else fault.strerror


class Progress:
    """How far a piece of work has come, with its pace and the time left, on standard error; silent if it is short.

    done: how much was done when last told, in the unit of `total`; `said` puts such an amount into words.
    """

    def __init__(self, words: str, total: float, said: Callable[[float], str]) -> None:
        self.done = 0.0
        self._words, self._total, self._said = words, total, said
        self._begun = self._told = time.monotonic()
        self._marks: deque[tuple[float, float]] = deque()  # when how much was done, from when there was something
        self._bar: Any = None
        self._terminal = sys.stderr is not None and sys.stderr.isatty()

    def __call__(self, done: float) -> None:
        self.done = done
        now = time.monotonic()
        if done > 0.0:  # until then code is compiled
            self._mark(now)
        if self._terminal:
            if self._bar is None and now - self._begun > _BAR_AFTER_S:
                self._bar = self._started_bar()
            if self._bar is not None:
                self._bar.update(self._bar.task_ids[0], completed=done, pace=self._pace())
        elif now - self._told > _LINE_EVERY_S:
            self._told = now
            said = [f"{100.0 * done / self._total:.0f} %", *filter(None, [self._pace()])]
            tell(f"{self._words}: {', '.join(said)}")

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _mark(self, now: float) -> None:
        if not self._marks or now - self._marks[-1][0] >= _MARK_EVERY_S:
            self._marks.append((now, self.done))
        while len(self._marks) > 2 and now - self._marks[1][0] >= _PACE_OF_S:
            self._marks.popleft()

    def _pace(self) -> str:
        """The pace of the last while and the time left, in words; nothing before they are known."""
        if not self._marks:
            return ""
        (begun, before), (now, done) = self._marks[0], self._marks[-1]
        if now - begun <= _PACE_KNOWN_S or done - before <= _PACE_KNOWN_SHARE * self._total:
            return ""
        per_s = (done - before) / (now - begun)
        left_min = (self._total - done) / per_s / 60.0
        left = f", {units.friendly(left_min, 'time', 2)} left" if left_min else ""
        return f"{self._said(per_s)} per s{left}"

    def _started_bar(self) -> Any:
        from rich import progress
        from rich.console import Console

        bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.TaskProgressColumn(),
            progress.TextColumn("{task.fields[pace]}"),
            console=Console(file=getattr(sys.stderr, "plain", sys.stderr)),  # a bar is made of control characters
            transient=True,
        )
        bar.add_task(self._words, total=self._total, pace="")
        bar.start()
        return bar


class Stop:
    """Ctrl-C, a terminal that closes, the request to terminate: noted instead of obeyed at once; the third is obeyed.

    status: 0, or the exit status that was asked for.
    """

    def __init__(self, words: str) -> None:
        """words: what is told when it is noted."""
        self.status = self._asked = 0
        self._words = words
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stop:
        if threading.current_thread() is threading.main_thread():
            hang_up = [(signal.SIGHUP, HUNG_UP)] if hasattr(signal, "SIGHUP") else []
            for number, status in ((signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED), *hang_up):
                # A shell lets a job in the background ignore Ctrl-C; so it stays.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, partial(self._note, status))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, status: int, number: int, frame: object) -> None:
        self._asked += 1
        if self._asked > 2:
            raise KeyboardInterrupt
        self.status = self.status or status
        with suppress(OSError):  # a terminal that has closed cannot be told
            tell(self._words if self._asked == 1 else f"{self._words}; a third time aborts at once")


def asked(app: Callable[..., Any]) -> int:
    """Runs the commands of a typer app; what is wrong with the words of the command line becomes one line."""
    try:
        status = app(standalone_mode=False) or 0
        if status == INTERRUPTED:  # typer's own word for Ctrl-C; our refusals leave by SystemExit
            raise KeyboardInterrupt
        return status
    except Exception as fault:
        if isinstance(fault, RuntimeError) and type(fault).__name__ == "Abort":
            # typer raises it for Ctrl-C, and also for a file that ends too early
            if isinstance(fault.__cause__, EOFError):
                raise fault.__cause__ from None
            raise KeyboardInterrupt from None
        # These exceptions have moved between packages from one version of typer to another; all say what is wrong.
        if not hasattr(fault, "format_message"):
            raise
        tell(f"{fault.format_message()} (trafficking --help shows what is allowed)")
        return WRONG_INPUT


def _forget_output() -> None:
    """Python flushes standard output once more at its end; that must not complain of what was said already."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def ended(program: Callable[[], int | None]) -> int:
    """Runs a program to its exit status: 0 done, 1 failed, 2 wrong input, 130 Ctrl-C, 143 told to terminate."""

    def terminate(number: int, frame: object) -> NoReturn:
        raise SystemExit(TERMINATED)

    signal.signal(signal.SIGTERM, terminate)
    try:
        status = program() or 0
        if sys.stdout is not None:
            with printing.output():
                sys.stdout.flush()
        return status
    except SystemExit as over:
        return over.code if isinstance(over.code, int) else FAILED
    except KeyboardInterrupt:
        tell("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        _forget_output()
        return FAILED
    except ScenarioError as fault:
        for line in fault.lines:
            tell(line)
        return WRONG_INPUT
    except FileExistsError as fault:
        tell(reason(fault))
        return WRONG_INPUT
    except MemoryError:
        tell("out of memory; fewer receptors, or --resolution mean, need less")
        return FAILED
    except OSError as fault:
        tell(reason(fault))
        _forget_output()
        return FAILED
