"""Sizes as people write them become sizes that systemd takes."""

from __future__ import annotations

import pytest

from docket.model.text.size import size_bytes, systemd_size


@pytest.mark.parametrize(
    ("text", "written", "size"),
    [
        ("512M", "512M", 512 << 20),
        ("1.5GiB", "1.5G", 3 << 29),
        ("1.5 GB", "1500000000", 1_500_000_000),
        ("10 K", "10K", 10 << 10),
        ("64MB", "64000000", 64_000_000),
        ("4096", "4096", 4096),
    ],
)
def test_a_size_with_its_unit_spelled_out_is_understood(text: str, written: str, size: int) -> None:
    assert systemd_size(text) == written
    assert size_bytes(written) == size


@pytest.mark.parametrize("text", ["20%", "infinity", "0"])
def test_what_is_not_a_size_in_bytes_stays_as_it_is(text: str) -> None:
    assert systemd_size(text) == text
