"""What a run is kept from: a profile, what a task is granted beyond it, and who asks for more."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from docket.model.record import Record, field
from docket.model.states import Trigger

if TYPE_CHECKING:
    from typing import Self


class Profile(StrEnum):
    """How tightly a run is confined, from the loosest to the tightest."""

    NONE = "none"
    STANDARD = "standard"
    STRICT = "strict"
    READONLY = "readonly"

    @property
    def rank(self) -> int:
        """The place in the order: a higher one is tighter."""
        return list(Profile).index(self)

    @property
    def tight(self) -> bool:
        """Whether a run sees no home directory but its own user's, and reaches no manager."""
        return self.rank >= Profile.STRICT.rank

    @classmethod
    def of_word(cls, word: str | None) -> Profile:
        """Return the profile that a run's `sandbox` begins with; NONE for any other word."""
        name = (word or "").partition("+")[0]
        return cls(name) if name in list(cls) else cls.NONE

    def tightened(self, floor: Profile) -> Profile:
        """Return the tighter of the two."""
        return floor if floor.rank > self.rank else self


class Network(StrEnum):
    """What a run reaches: nothing, its own loopback, or what the machine reaches."""

    NONE = "false"
    LOCAL = "local"
    FULL = "true"


class Sandbox(Record):
    """A profile, and what a task's own mapping adds to it; paths are absolute.

    `readable` and `writable` are paths that the profile would hide or protect, `hidden` paths that
    no run sees. `devices`, `syscalls` and `address_families` are granted beyond the profile's.
    """

    profile: Profile = Profile.NONE
    writable: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    network: Network | None = None  # None: as the profile has it
    devices: tuple[str, ...] = ()
    syscalls: tuple[str, ...] = ()
    address_families: tuple[str, ...] = ()
    home: str = ""  # the home of the user whom `user` names
    powers: tuple[str, ...] = ()  # capabilities that the runner needs to become that user

    @property
    def confines(self) -> bool:
        """Whether anything is kept from the run."""
        return self.profile is not Profile.NONE

    @property
    def reach(self) -> Network:
        """What the run reaches over the network."""
        if self.network is not None:
            return self.network
        return Network.NONE if self.profile is Profile.READONLY else Network.FULL

    @property
    def word(self) -> str:
        """The profile, and the keys by which the task differs from it: `strict+writable`."""
        own = [name for name in _KEYS if getattr(self, name) not in ((), None)]
        return self.profile.value + ("+" + ",".join(own) if own else "")

    def raised(self, floor: Profile) -> Sandbox:
        """Return the sandbox with `floor` as its loosest profile.

        What a task is granted by name stays granted, but under `readonly` nothing is.
        """
        if floor.rank <= self.profile.rank:
            return self
        if floor is Profile.READONLY:
            return Sandbox(floor, hidden=self.hidden, home=self.home, powers=self.powers)
        network = None if self.network is Network.FULL else self.network
        return self.replace(profile=floor, network=network)

    def to_json(self) -> dict[str, Any]:
        """Return the form that the plan holds, without what is as the profile has it."""
        found = {name: value for name, value in self.to_dict().items() if value not in _EMPTY}
        return {k: list(v) if isinstance(v, tuple) else str(v) for k, v in found.items()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Return what `to_json` made."""
        values: dict[str, Any] = {
            name: tuple(value) for name, value in document.items() if isinstance(value, list)
        }
        if "network" in document:
            values["network"] = Network(document["network"])
        if "home" in document:
            values["home"] = str(document["home"])
        return cls(**values, profile=Profile(document.get("profile", Profile.NONE)))


# The keys by which a task's sandbox can differ from its profile, in the order of the config's page.
_KEYS = tuple(name for name in Sandbox.field_names() if name not in ("profile", "home", "powers"))
_EMPTY: tuple[Any, ...] = ((), None, "")


class Starter(StrEnum):
    """Who starts a run, as `policy` names them."""

    UNATTENDED = "unattended"
    AGENT = "agent"
    MANUAL = "manual"

    @classmethod
    def of(cls, trigger: Trigger) -> Starter:
        """Return who is behind a trigger; whoever is not known to be a person is unattended."""
        if trigger is Trigger.AGENT:
            return cls.AGENT
        return cls.MANUAL if trigger in (Trigger.MANUAL, Trigger.ASYNC) else cls.UNATTENDED


class Floor(Record):
    """What `policy` demands of the runs of one starter."""

    sandbox: Profile = Profile.NONE
    destructive: str = "allow"  # or deny


class Policy(Record):
    """The floors of a home by who starts a run; without an entry nothing is demanded."""

    floors: Mapping[str, Floor] = field(default_factory=dict)

    def floor(self, starter: Starter) -> Floor:
        """Return what is demanded of the runs of `starter`."""
        return self.floors.get(starter.value, _NO_FLOOR)

    def to_json(self) -> dict[str, dict[str, str]]:
        """Return the form that the plan holds."""
        return {
            starter: {"sandbox": str(floor.sandbox), "destructive": floor.destructive}
            for starter, floor in self.floors.items()
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Mapping[str, str]]) -> Self:
        """Return what `to_json` made."""
        return cls(
            {
                starter: Floor(Profile(floor["sandbox"]), floor["destructive"])
                for starter, floor in document.items()
            }
        )


_NO_FLOOR = Floor()
