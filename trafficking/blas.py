"""One thread for the linear algebra of small matrices.

Two threads of a BLAS on a 7 x 7 matrix wait for each other far longer than they compute: measured 60 to 700 times
slower where another program uses the processors too.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

_lock = threading.Lock()
_inside = 0
_limited: Any = None


@contextmanager
def one_thread() -> Iterator[None]:
    """While any thread of the process is inside, the BLAS libraries use one thread; afterwards as many as before."""
    global _inside, _limited
    with _lock:
        if _inside == 0:
            _limited = _libraries("scipy.linalg" in sys.modules).limit(limits=1, user_api="blas")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _limited.restore_original_limits()
                _limited = None


@lru_cache
def _libraries(with_scipy: bool) -> Any:
    """The BLAS libraries loaded by now; scipy brings one of its own, and is not loaded for this alone."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
