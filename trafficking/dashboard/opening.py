"""Opens the browser at an address that may hold the token, which no list of processes may show.

What a browser is started with, every user of the machine can read. So where the address holds a secret the browser is
given a file instead, in a folder that only its owner may enter, which leads on to the address.
"""

from __future__ import annotations

import html
import os
import shutil
import tempfile
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

READ_WITHIN_S = 60.0  # for the browser to start and to read the file
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>trafficking</title>
<meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0; url={url}"></head>
<body><p><a href="{url}">To the dashboard</a></p></body></html>
"""


def begin(url: str) -> Callable[[], None]:
    """Opens `url` in a browser, without waiting for it.

    Returns:
        What removes the file that leads there, which otherwise goes after `READ_WITHIN_S`.

    Raises:
        OSError: that file cannot be written; no browser is opened.
    """
    if not urlsplit(url).query:
        Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        return lambda: None
    folder = Path(tempfile.mkdtemp(prefix="trafficking-"))  # for its owner alone

    def forget() -> None:
        shutil.rmtree(folder, ignore_errors=True)

    def lead(page: Path) -> None:
        webbrowser.open(page.as_uri())
        time.sleep(READ_WITHIN_S)
        forget()

    try:
        Thread(target=lead, args=(_leading_to(url, folder),), daemon=True).start()
    except BaseException:
        forget()
        raise
    return forget


def _leading_to(url: str, folder: Path) -> Path:
    page = folder / "open.html"
    with os.fdopen(os.open(page, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(_PAGE.format(url=html.escape(url)))
    return page
