"""The value of a credential as a variable of the child."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from docket.errors import EnvironmentRefusedError
from docket.runner.call.credentials import read_credential


@pytest.mark.parametrize(
    ("data", "value"),
    [(b"s3cret\n", "s3cret"), (b"a\n\n", "a\n"), ("ä".encode(), "ä"), (b"", ""), (b" x ", " x ")],
)
def test_the_value_is_the_text_without_one_newline(tmp_path: Path, data: bytes, value: str) -> None:
    (tmp_path / "api").write_bytes(data)
    assert read_credential("api", str(tmp_path)) == value


@pytest.mark.parametrize("data", [b"s3c\xffret", b"s3c\0ret", b"s3cret" * 20_000])
def test_what_is_not_a_variable_is_refused_and_not_repeated(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "api").write_bytes(data)
    with pytest.raises(EnvironmentRefusedError) as refused:
        read_credential("api", str(tmp_path))
    assert refused.value.code == "credential_unusable"
    assert "credential api" in refused.value.sentence
    assert "s3c" not in f"{refused.value}{refused.value.__cause__}{refused.value.hint}"


def test_a_credential_that_is_not_there_is_named(tmp_path: Path) -> None:
    for directory in ("", str(tmp_path)):
        with pytest.raises(EnvironmentRefusedError, match="The credential api cannot be read"):
            read_credential("api", directory)
    os.mkfifo(tmp_path / "api")
    with pytest.raises(EnvironmentRefusedError, match="The credential api cannot be read"):
        read_credential("api", str(tmp_path))
