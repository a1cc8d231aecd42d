"""What programs print of a refusal, and the path that it is about."""

from __future__ import annotations

import pytest

from docket.app.tuning.complaints import ErrorName, complaints

HOME = "/home/ana"


@pytest.mark.parametrize(
    ("line", "refusal", "path"),
    [
        ("touch: cannot touch '/srv/x': Read-only file system", "EROFS", "/srv/x"),
        ("/usr/bin/touch: cannot touch '/srv/x': Read-only file system", "EROFS", "/srv/x"),
        ("sh: 1: cannot create /srv/x: Read-only file system", "EROFS", "/srv/x"),
        ("bash: line 1: /srv/x: Read-only file system", "EROFS", "/srv/x"),
        ("OSError: [Errno 30] Read-only file system: '/srv/a b'", "EROFS", "/srv/a b"),
        ("open /srv/x: read-only file system", "EROFS", "/srv/x"),
        ("Error: EROFS: read-only file system, open '/srv/x'", "EROFS", "/srv/x"),
        ('mkstemp "/srv/.x.AbC" failed: Read-only file system (30)', "EROFS", "/srv/.x.AbC"),
        ("Error: Os { code: 30, kind: ReadOnlyFilesystem } (os error 30)", "EROFS", ""),
        ("cp: cannot create regular file 'out/x': Read-only file system", "EROFS", f"{HOME}/out/x"),
        ("PermissionError: [Errno 13] Permission denied: '/etc/shadow'", "EACCES", "/etc/shadow"),
        ("cat: /root/notes: Permission denied", "EACCES", "/root/notes"),
        ("cat: /home/bob/x: No such file or directory", "ENOENT", "/home/bob/x"),
        ("unshare: unshare failed: Operation not permitted", "EPERM", ""),
        ("OSError: [Errno 101] Network is unreachable", "ENETUNREACH", ""),
        ("curl: (6) Could not resolve host: example.org", "EAI_AGAIN", ""),
        ("socket: Address family not supported by protocol", "EAFNOSUPPORT", ""),
    ],
)
def test_a_line_is_read_as_its_program_means_it(line: str, refusal: str, path: str) -> None:
    (found,) = complaints([line], HOME)
    assert (found.refusal, found.path) == (ErrorName(refusal), path)


def test_lines_that_complain_of_nothing_are_not_complaints() -> None:
    assert complaints(["hello", "", "/srv/x is fine", "30 errors"], HOME) == ()


def test_the_same_complaint_is_reported_once() -> None:
    line = "sh: 1: cannot create /srv/x: Read-only file system"
    assert len(complaints([line] * 1000, HOME)) == 1


def test_hostile_output_costs_little_and_breaks_nothing() -> None:
    lines = [
        "'" * 100_000 + ": Read-only file system",
        "/" * 100_000 + ": Permission denied",
        "\x1b[31m/srv/\x00x: Permission denied",
        "(" * 5000 + "Operation not permitted",
        *(f"/srv/{number}: Permission denied" for number in range(10_000)),
    ]
    assert len(complaints(lines, HOME)) <= 21
