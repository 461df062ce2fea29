"""Whether a folder can be changed by somebody else: by its owner, by its mode, and by the folders and links on its way.

Whoever may write a folder, or rename one above it, decides what is read from it. On a machine with several users that
is checked before anything is read that can run code.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_MOST_LINKS = 40  # as many as the system itself follows


def fault(folder: Path) -> str | None:
    """Who else can change what lies in a folder, and how to end that; None if nobody can, as far as the folder exists.

    Root is trusted. A folder above it may be open to all if only owners can rename what lies there, as in /tmp.

    Raises:
        OSError: a part of the way cannot be looked at.
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
        except (FileNotFoundError, NotADirectoryError):  # whoever makes the rest makes it private
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
    """Whether a file was written by this user or by root, and can be by nobody else."""
    others = stat.S_IWGRP | stat.S_IWOTH
    return os.name != "posix" or (status.st_uid in (0, os.geteuid()) and not status.st_mode & others)


def _is_trusted(user: int, folder: Path) -> bool:
    """Whether an entry of this user in a folder is as good as one's own."""
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
    """Whether the group of a folder is one of its owner alone, as many systems give to each user."""
    import grp
    import pwd

    try:
        owner, group = pwd.getpwuid(status.st_uid), grp.getgrgid(status.st_gid)
    except KeyError:
        return False
    alone = owner.pw_gid == group.gr_gid and owner.pw_name == group.gr_name and set(group.gr_mem) <= {owner.pw_name}
    # The bits of the group are also those of everybody whom an access list names.
    return alone and not (hasattr(os, "listxattr") and "system.posix_acl_access" in os.listxattr(entry))


def _name(user: int) -> str:
    import pwd

    try:
        return f"{pwd.getpwuid(user).pw_name} (user {user})"
    except KeyError:
        return f"user {user}"
