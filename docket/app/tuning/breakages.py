"""What a sandbox broke: each complaint of a run, in words, with what would allow it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from docket.app.tuning.complaints import Complaint, ErrorName
from docket.compiler.bundle import Place
from docket.compiler.sandbox.places import MANAGERS, lies_in, own_protected
from docket.model.record import Record
from docket.model.task.sandbox import Network, Sandbox

if TYPE_CHECKING:
    from docket.app.tuning.shapes import BreakageDocument

_HOMES = ("/home", "/root", "/run/user")
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108  (the sandbox gives the run others)
_KERNEL = ("/proc", "/sys")
_BROAD = ("/", "/home", "/root", "/run", "/usr", "/etc", "/var", "/boot", "/opt")
_MANAGER = re.compile(
    r"system_bus_socket|to bus|systemd/private|docker\.sock|D-?Bus", re.IGNORECASE
)
# What a program says of itself -> what it was kept from, and the system call that can be granted.
_FORBIDDEN: tuple[tuple[str, str, str], ...] = (
    (r"no new privileges|\bsudo\b|setuid root", "gain privileges (sudo, setuid programs)", ""),
    (r"\bptrace\b|attach to process|\bstrace\b|\bgdb\b", "look into another process", "ptrace"),
    (r"\bunshare\b|namespace|\bbwrap\b|\bclone\b", "make a namespace of its own", ""),
    (r"\bmount\b|\bumount\b", "mount or unmount", ""),
    (r"clock|set (?:the )?date|\badjtime", "set the clock", ""),
    (r"raw socket|SOCK_RAW|\bping\b", "open a raw socket", ""),
    (r"ownership|\bchown\b|\blchown\b", "change the owner of a file", ""),
    (r"\bset[ug]id\b|setgroups|\bsu:", "change its own user or group", ""),
    (r"scheduler|real-?time|\bchrt\b", "schedule itself in real time", ""),
    (r"\bmknod\b", "make a device file", ""),
)


class Breakage(Record):
    """One thing that the sandbox broke.

    `key` is the key of `sandbox` that allows it with `value`, "" where no key does.
    """

    code: str
    sentence: str
    evidence: str = ""
    path: str = ""
    key: str = ""
    value: str = ""

    def document(self) -> BreakageDocument:
        """Return it as a JSON object."""
        return {
            "code": self.code,
            "sentence": self.sentence,
            "evidence": self.evidence,
            "path": self.path or None,
            "key": f"sandbox.{self.key}" if self.key else None,
            "value": self.value or None,
        }


class TrialContext(Record):
    """What a complaint is weighed against; `others` says that the run has a user of its own."""

    sandbox: Sandbox
    place: Place
    others: bool = False

    @property
    def tight(self) -> bool:
        """Whether the homes are hidden and root has no power over files of others."""
        return self.sandbox.profile.tight


def breakages(found: Iterable[Complaint], around: TrialContext) -> tuple[Breakage, ...]:
    """Return what the sandbox broke, each once; complaints that it has no part in are left out."""
    if not around.sandbox.confines:
        return ()
    judged = (_JUDGES[one.refusal](one, around) for one in found)
    unique: dict[tuple[str, str, str], Breakage] = {}
    for each in judged:
        if each is not None:
            unique.setdefault((each.code, each.key, each.value or each.path), each)
    return tuple(unique.values())


def _read_only(one: Complaint, around: TrialContext) -> Breakage | None:
    profile = around.sandbox.profile
    if not one.path:
        sentence = (
            f"It wrote where `{profile}` lets it only read; its output does not name the path."
        )
        return Breakage("read_only", sentence, one.line)
    if any(lies_in(one.path, path) for path in own_protected(around.place)):
        sentence = (
            f"It wrote to {one.path}: no confined run may change Docket's config, plans or units."
        )
        return Breakage("protected", sentence, one.line, one.path)
    if any(lies_in(one.path, path) for path in _KERNEL):
        sentence = f"It changed {one.path}: no profile lets a run change settings of the kernel."
        return Breakage("kernel", sentence, one.line, one.path)
    sentence = f"It wrote to {one.path}, which is read-only in `{profile}`."
    return _granted("read_only", sentence, one, "writable", _directory(one.path))


def _missing(one: Complaint, around: TrialContext) -> Breakage | None:
    """A path that is there outside, and not in the sandbox."""
    if not one.path or not os.path.lexists(one.path):
        return None
    if lies_in(one.path, "/dev"):
        return _device(one, around)
    sentence = f"It looked for {one.path}, which `{around.sandbox.profile}` hides."
    if around.tight and any(lies_in(one.path, home) for home in _HOMES):
        return _granted("hidden", sentence, one, "readable", _directory(one.path))
    if any(lies_in(one.path, directory) for directory in _TEMPORARY):
        sentence = f"It looked for {one.path}: a confined run has a /tmp and /var/tmp of its own."
        return _granted("hidden", sentence, one, "readable", _directory(one.path))
    return None


def _denied(one: Complaint, around: TrialContext) -> Breakage | None:
    if _is_manager(one):
        return _of_manager(one, around)
    if not one.path:
        return None
    closed = _closed(one, around)
    if closed is not None:
        return closed
    if lies_in(one.path, "/dev"):
        return _device(one, around)
    if around.tight and around.place.paths.system and not around.others:
        return _without_powers(one, around)
    return None


def _closed(one: Complaint, around: TrialContext) -> Breakage | None:
    """A directory that the sandbox closes by name."""
    sandbox, path = around.sandbox, one.path
    if any(lies_in(path, hidden) for hidden in sandbox.hidden):
        sentence = f"It looked into {path}, which the task's own `sandbox.hidden` names."
        return Breakage("hidden", sentence, one.line, path)
    if lies_in(path, around.place.paths.secret_dir):
        what = "a task gets only the secrets that its `credentials` name"
        return Breakage("protected", f"It looked into {path}: {what}.", one.line, path)
    if around.tight and re.search(r"/\.(?:ssh|gnupg)(?:/|$)", path):
        sentence = f"It looked into {path}: `{sandbox.profile}` keeps keys from the run."
        return _granted("hidden", sentence, one, "readable", _key_directory(path))
    return None


def _without_powers(one: Complaint, around: TrialContext) -> Breakage | None:
    """In the system scope a tight profile takes root's power over files of others."""
    try:
        owner = os.lstat(one.path if os.path.lexists(one.path) else _directory(one.path)).st_uid
    except OSError:
        return None
    if owner == 0:
        return None
    sentence = (
        f"It touched {one.path}, which belongs to another user: in `{around.sandbox.profile}` root"
        " has no power over files of others. `user` runs the task as their owner; `unit: {Service:"
        " {CapabilityBoundingSet: CAP_DAC_OVERRIDE}}` gives root that power back."
    )
    return Breakage("powers", sentence, one.line, one.path)


def _forbidden(one: Complaint, around: TrialContext) -> Breakage | None:
    if _is_manager(one):
        return _of_manager(one, around)
    profile = around.sandbox.profile
    if one.path and lies_in(one.path, "/dev"):
        return _device(one, around)
    for words, what, calls in _FORBIDDEN:
        if re.search(words, one.line, re.IGNORECASE):
            sentence = f"It tried to {what}, which `{profile}` forbids."
            if calls and around.tight:
                return Breakage("forbidden", sentence, one.line, one.path, "syscalls", calls)
            return Breakage("forbidden", sentence + " No key allows it.", one.line, one.path)
    sentence = (
        f"Something that it did is not permitted in `{profile}`. Its output does not say which"
        " system call or power that was."
    )
    return Breakage("forbidden", sentence, one.line, one.path)


def _device(one: Complaint, around: TrialContext) -> Breakage | None:
    try:
        mode = os.stat(one.path).st_mode
    except OSError:
        return None
    if not (stat.S_ISCHR(mode) or stat.S_ISBLK(mode)) or one.path in around.sandbox.devices:
        return None
    sentence = f"It used the device {one.path}, which is not there in `{around.sandbox.profile}`."
    return Breakage("device", sentence, one.line, one.path, "devices", one.path)


def _network(one: Complaint, around: TrialContext) -> Breakage | None:
    sandbox = around.sandbox
    if sandbox.reach is Network.FULL:
        return None
    how = "no network" if sandbox.reach is Network.NONE else "only a loopback of its own"
    sentence = f"It used the network, and has {how}."
    return Breakage("network", sentence, one.line, "", "network", "true")


def _no_family(one: Complaint, around: TrialContext) -> Breakage | None:
    if around.sandbox.reach is Network.NONE:
        return _network(one, around)
    sentence = (
        f"It opened a socket of a family that `{around.sandbox.profile}` does not let it have."
    )
    if re.search("netlink", one.line, re.IGNORECASE):
        return Breakage("network", sentence, one.line, "", "address_families", "AF_NETLINK")
    return Breakage("network", sentence + " Its output does not name the family.", one.line)


def _is_manager(one: Complaint) -> bool:
    named = one.path and any(lies_in(one.path, path) for path in MANAGERS)
    return bool(named or _MANAGER.search(one.line))


def _of_manager(one: Complaint, around: TrialContext) -> Breakage | None:
    if not around.tight:
        return None
    sentence = (
        f"It asked a service manager, a bus or a container engine, which `{around.sandbox.profile}`"
        " keeps from it: whoever reaches one can start something outside. No key allows it, but"
        " `standard` does."
    )
    return Breakage("manager", sentence, one.line, one.path)


def _no_answer(one: Complaint, around: TrialContext) -> Breakage | None:
    return _of_manager(one, around) if _is_manager(one) else _network(one, around)


_JUDGES: dict[ErrorName, Callable[[Complaint, TrialContext], Breakage | None]] = {
    ErrorName.READ_ONLY: _read_only,
    ErrorName.MISSING: _missing,
    ErrorName.DENIED: _denied,
    ErrorName.FORBIDDEN: _forbidden,
    ErrorName.UNREACHABLE: _network,
    ErrorName.NO_FAMILY: _no_family,
    ErrorName.NO_ANSWER: _no_answer,
    ErrorName.NO_NAME: _network,
}


def _granted(code: str, sentence: str, one: Complaint, key: str, value: str) -> Breakage:
    if value in _BROAD:
        narrow = f" To grant {value} would open too much: make a directory of its own for it."
        return Breakage(code, sentence + narrow, one.line, one.path)
    return Breakage(code, sentence, one.line, one.path, key, value)


def _directory(path: str) -> str:
    """Return the path itself if it is there, else the nearest directory above it that is."""
    return next(one for one in _upwards(path) if os.path.lexists(one))


def _key_directory(path: str) -> str:
    return next(one for one in _upwards(path) if os.path.basename(one) in (".ssh", ".gnupg"))


def _upwards(path: str) -> Iterator[str]:
    while True:
        yield path
        if path == "/":
            return
        path = os.path.dirname(path)
