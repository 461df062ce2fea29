"""Whether other users can change a folder: judged by its owner and mode, and by those of all folders and links above.

Whoever can write to a folder, or rename one above it, decides what is read from it. On a machine with several users
this is checked before reading anything that can run code.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_MOST_LINKS = 40  # as many as the system itself follows


def fault(folder: Path) -> str | None:
    """Who else can change the contents of a folder, and how to prevent it; None if nobody can, as far as it exists.

    Root is trusted. A folder above it may be open to all if only owners can rename what lies there, as in /tmp.

    Raises:
        OSError: a part of the path cannot be examined.
    """
    if os.name != "posix":  # elsewhere owner and mode say nothing
        return None
    here = Path("/")
    steps = list(reversed((Path.cwd() / folder).parts[1:]))
    links = 0
    while steps:
        step = steps.pop()
        if step == "..":
            here = here.parent
            continue
        entry = here / step
        try:
            status = entry.lstat()
        except (FileNotFoundError, NotADirectoryError):  # the rest will be created private
            return None
        if not _is_trusted(status.st_uid, here):
            return f"{entry} belongs to {_name(status.st_uid)}, who decides what lies in it"
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > _MOST_LINKS:
                return f"{folder} is a link that leads nowhere"
            target = Path(os.readlink(entry))
            here = Path("/") if target.is_absolute() else here
            steps += reversed(target.parts[1:] if target.is_absolute() else target.parts)
            continue
        writers = _writers(entry, status)
        if writers and not (steps and status.st_mode & stat.S_ISVTX):
            return f"{entry} can be written by {writers} (mode {stat.S_IMODE(status.st_mode):o}): chmod go-w {entry}"
        here = entry
    return None


def is_own(status: os.stat_result) -> bool:
    """Whether a file belongs to this user or to root, and nobody else can write to it."""
    others = stat.S_IWGRP | stat.S_IWOTH
    return os.name != "posix" or (status.st_uid in (0, os.geteuid()) and not status.st_mode & others)


def _is_trusted(user: int, folder: Path) -> bool:
    """Whether an entry that belongs to this user is as safe as one's own."""
    if user in (0, os.geteuid()):
        return True
    # Inside a container root may have another number, that of the root folder; in /tmp it could be anybody's.
    shared = folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return not shared and user == os.stat("/").st_uid


def _writers(entry: Path, status: os.stat_result) -> str:
    """Who besides its owner may write a folder, in words."""
    if status.st_mode & stat.S_IWOTH:
        return "everybody"
    return "its group" if status.st_mode & stat.S_IWGRP and not _is_private(entry, status) else ""


def _is_private(entry: Path, status: os.stat_result) -> bool:
    """Whether the group of a folder holds its owner alone, as many systems create one for each user."""
    import grp
    import pwd

    try:
        owner, group = pwd.getpwuid(status.st_uid), grp.getgrgid(status.st_gid)
    except KeyError:
        return False
    alone = owner.pw_gid == group.gr_gid and owner.pw_name == group.gr_name and set(group.gr_mem) <= {owner.pw_name}
    # With an access list, the group bits also apply to everybody named there.
    return alone and not (hasattr(os, "listxattr") and "system.posix_acl_access" in os.listxattr(entry))


def _name(user: int) -> str:
    import pwd

    try:
        return f"{pwd.getpwuid(user).pw_name} (user {user})"
    except KeyError:
        return f"user {user}"
