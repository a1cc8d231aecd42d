"""Giving up root for good, in the child that becomes the task: capabilities(7), prctl(2).

Loaded in that child only; `ctypes` is the one way to prctl in the standard library.
"""

from __future__ import annotations

import ctypes
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.runner.call.account import Account

_PR_SET_KEEPCAPS, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 8, 24, 38, 47
_AMBIENT_RAISE, _AMBIENT_CLEAR_ALL = 2, 4
_VERSION_3 = 0x20080522
_HIGHEST = 63

_Words = ctypes.c_uint32 * 6  # effective, permitted, inheritable: the lower half, then the upper


def give_up_root(account: Account) -> None:
    """Become the user, with the user's groups, the named capabilities and no others; OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    kept = account.run_as.capabilities
    os.initgroups(account.name, account.gid)
    if not account.run_as.new_privileges:
        for number in set(range(_HIGHEST + 1)) - set(kept):
            # EINVAL for those that this kernel does not have.
            libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)
    if kept:
        _call(libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setresgid(account.gid, account.gid, account.gid)
    os.setresuid(account.uid, account.uid, account.uid)
    _set_capabilities(libc, kept)
    if not account.run_as.new_privileges:
        _call(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    if os.getresuid() != (account.uid,) * 3 or os.getresgid() != (account.gid,) * 3:
        raise PermissionError


def _set_capabilities(libc: ctypes.CDLL, kept: list[int]) -> None:
    mask = sum(1 << number for number in kept)
    halves = (mask & 0xFFFFFFFF, mask >> 32)
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    words = _Words(*(half for half in halves for _ in range(3)))
    _call(libc.prctl(_PR_CAP_AMBIENT, _AMBIENT_CLEAR_ALL, 0, 0, 0))
    _call(libc.capset(ctypes.byref(header), ctypes.byref(words)))
    for number in kept:
        _call(libc.prctl(_PR_CAP_AMBIENT, _AMBIENT_RAISE, number, 0, 0))


def _call(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
