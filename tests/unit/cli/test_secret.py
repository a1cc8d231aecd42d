"""`docket secret` as a user calls it; what it is given is never shown again."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.app.documents import require_valid
from tests.unit.cli.conftest import Docket

VALUE = b"correct horse battery staple\n"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Where secrets are kept."""
    return tmp_path / ".docket" / "secrets"


def test_a_secret_is_a_private_file_and_is_never_shown(spawn: Docket, kept: Path) -> None:
    told = spawn("secret", "set", "restic", stdin=VALUE)
    assert told.code == 0
    assert "credentials: {restic: {secret: restic}}" in told.out
    file = kept / "restic"
    assert file.read_bytes() == VALUE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    document = require_valid(
        "secret", spawn("secret", "set", "restic", "--json", stdin=b"x").document
    )
    assert (document["replaced"], document["encrypted"]) == (True, False)
    [one] = require_valid("secret", spawn("--json", "secret", "list").document)
    assert (one["name"], one["used_by"]) == ("restic", [])
    everything = told.out + told.err + spawn("secret", "list").out
    assert "horse" not in everything


def test_the_tasks_that_name_a_secret_are_known(
    spawn: Docket, config: Callable[[str], Path], kept: Path
) -> None:
    config("tasks: {b: {type: command, command: x, credentials: {k: {secret: restic}}}}\n")
    spawn("secret", "set", "restic", stdin=VALUE)
    assert spawn("secret", "list").out.split()[-1] == "b"
    refused = spawn("--json", "secret", "remove", "restic")
    assert refused.code == 1
    assert refused.document["error_code"] == "secret.refused"
    assert "b, whose runs would fail" in refused.document["error"]
    assert (kept / "restic").exists()
    gone = require_valid(
        "secret", spawn("--json", "secret", "remove", "restic", "--force").document
    )
    assert gone["used_by"] == ["b"]
    assert list(kept.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "value", "said"),
    [
        (("set", "../x"), VALUE, "is not a name for a secret"),
        (("set", "a/b"), VALUE, "is not a name for a secret"),
        (("set", ".hidden"), VALUE, "is not a name for a secret"),
        (("set", "x.cred"), VALUE, "is not a name for a secret"),
        (("set", "x" * 300), VALUE, "is not a name for a secret"),
        (("set", "a\nb"), VALUE, "is not a name for a secret"),
        (("set", "empty"), b"", "is empty"),
        (("set", "large"), b"x" * (1024 * 1024 + 1), "bytes long"),
        (("remove", "unknown"), b"", "There is no secret unknown"),
        (("set",), b"", "needs NAME"),
        (("list", "x"), b"", "takes no NAME"),
    ],
)
def test_what_cannot_be_done_gives_one_sentence(
    spawn: Docket, kept: Path, words: tuple[str, ...], value: bytes, said: str
) -> None:
    told = spawn("secret", *words, stdin=value)
    assert told.code != 0
    assert said in told.err
    assert "Traceback" not in told.err
    assert not kept.exists() or list(kept.iterdir()) == []


def test_a_link_in_the_place_of_a_secret_is_replaced_and_not_followed(
    spawn: Docket, kept: Path, tmp_path: Path
) -> None:
    kept.mkdir(parents=True, mode=0o700)
    target = tmp_path / "target"
    target.write_text("untouched")
    (kept / "api").symlink_to(target)
    assert spawn("secret", "set", "api", stdin=VALUE).code == 0
    assert target.read_text() == "untouched"
    assert not (kept / "api").is_symlink()


def test_a_directory_that_others_can_write_is_refused(spawn: Docket, kept: Path) -> None:
    kept.mkdir(parents=True)
    kept.chmod(0o777)
    told = spawn("secret", "set", "api", stdin=VALUE)
    assert (told.code, list(kept.iterdir())) == (1, [])
    assert "can be written by others (mode 0777)" in told.err
