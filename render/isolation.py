"""What Linux offers an ordinary process to shut itself in: no new privileges, no network. Best effort.

Both hold for every child forked afterwards. Where the kernel refuses (no user namespaces), the resource
limits and the refusing fetcher remain; `postline doctor` may ask `leave_network` what was possible.
"""

from __future__ import annotations

import ctypes

_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x1000_0000
_CLONE_NEWNET = 0x4000_0000


def refuse_new_privileges() -> bool:
    """Make set-user-id programs powerless for this process and its children."""
    return bool(ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)


def leave_network() -> bool:
    """Move this process into a network namespace with no interface up; True where the kernel allowed it."""
    libc = ctypes.CDLL(None)
    return bool(libc.unshare(_CLONE_NEWNET) == 0 or libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)
