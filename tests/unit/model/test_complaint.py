"""The one line of a program's output that says what went wrong."""

from __future__ import annotations

import pytest

from docket.model.excerpt import complaint_in, last_line_of

RESTIC = """\
Fatal: unable to open config file: stat /mnt/backup/config: no such file or directory
Is there a repository at the following location?
/mnt/backup
"""
TRACEBACK = """\
Traceback (most recent call last):
  File "/x/sync.py", line 3, in <module>
    main()
    ~~~~^^
ConnectionError: the server closed the connection
"""
RSYNC = """\
rsync: [sender] change_dir "/home/ada/photos" failed: No such file or directory (2)
rsync error: some files/attrs were not transferred (see previous errors) (code 23) at main.c(1347)
"""


@pytest.mark.parametrize(
    ("errors", "output", "line"),
    [
        (RESTIC, "", RESTIC.splitlines()[0]),
        (RSYNC, "", RSYNC.splitlines()[0]),
        (RSYNC.splitlines()[1], "", RSYNC.splitlines()[1]),
        (TRACEBACK, "", "ConnectionError: the server closed the connection"),
        ("warming up\nstill here\n----\n\n", "", "still here"),
        ("\x1b[31mERROR\x1b[0m disk \x1b[1;4mfull\x1b[0m\n", "", "ERROR disk full"),
        ("  10%\r  50%\rcopy failed\n", "", "copy failed"),
        ("", "ok\nE: could not get lock\nbye\n", "E: could not get lock"),
        ("", "all is well\n", ""),
        ("", "", ""),
        ("tab\there\0 failed\r\n", "", "tab here failed"),
    ],
)
def test_the_line_that_complains_is_found(errors: str, output: str, line: str) -> None:
    assert complaint_in(errors, output) == line


def test_a_line_of_any_length_is_cut() -> None:
    line = complaint_in("error " * 10_000, "")
    assert (len(line), line[-1]) == (200, "…")


def test_the_last_line_of_an_output_is_one_that_says_something() -> None:
    assert last_line_of("12 files\n3 new files copied\n=====\n\n") == "3 new files copied"
    assert last_line_of("\n \n-- 100 %\n") == ""
