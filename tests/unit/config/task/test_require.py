"""`require`: what has to hold for a run to begin, as it is written."""

from __future__ import annotations

import pytest

from docket.model.task.task import Requirement
from tests.unit.config.config_home import ConfigHome


def test_everything_can_be_required_at_once_the_cheap_things_first(home: ConfigHome) -> None:
    task = home.task(
        """require: {online: true, free: [{path: /srv, bytes: 5G}, {path: ~/x, bytes: 100}],
            exists: ~/photos, mounted: [/mnt/a/, /mnt/b], ac_power: false, host: [attic, cellar]}"""
    )
    assert task.require == (
        Requirement("host", ("attic", "cellar")),
        Requirement("ac_power", (), 0),
        Requirement("mounted", ("/mnt/a",)),
        Requirement("mounted", ("/mnt/b",)),
        Requirement("exists", (f"{home.user_home}/photos",)),
        Requirement("free", ("/srv",), 5 << 30),
        Requirement("free", (f"{home.user_home}/x",), 100),
        Requirement("online"),
    )


@pytest.mark.parametrize(
    "body",
    [
        "require: {}",
        "require: [online]",
        "require: {onlin: true}",
        "require: {online: false}",
        "require: {mounted: []}",
        "require: {mounted: 5}",
        "require: {free: /srv}",
        "require: {free: {path: /srv}}",
        "require: {free: {path: /srv, bytes: lots}}",
        "require: {host: 'a b'}",
        "require: {ac_power: maybe}",
        "require: {exists: $NOPE/x}",
    ],
)
def test_what_means_nothing_is_refused(home: ConfigHome, body: str) -> None:
    assert "require" in home.refused(body).key
