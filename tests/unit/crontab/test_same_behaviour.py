"""A task that was a line of a crontab does under `docket exec` what the line did under cron."""

from __future__ import annotations

import subprocess

import pytest

from tests.unit.app.conftest import Home
from tests.unit.crontab.conftest import Importer, answer

# The lines, what cron gives the shell, and what it gives that to read (do_command.c).
HOSTILE = [
    ('echo "it\'s" \'so "quoted"\' \\$HOME', 'echo "it\'s" \'so "quoted"\' \\$HOME', ""),
    ('echo "$A" $((1+2)) `echo sub` $(pwd)', 'echo "$A" $((1+2)) `echo sub` $(pwd)', ""),
    ("echo a: b # no comment of yaml's", "echo a: b # no comment of yaml's", ""),
    ("echo {{ x }} [y] *.none ~ -- -n | cat", "echo {{ x }} [y] *.none ~ -- -n | cat", ""),
    (
        "printf '\\%s|' a '' 'b  c' ; false || echo or",
        "printf '%s|' a '' 'b  c' ; false || echo or",
        "",
    ),
    ("date +\\%Y > /dev/null && echo \\%", "date +%Y > /dev/null && echo %", ""),
    ("echo \u00e4\u4e2d\U0001f600 '\t tab'", "echo \u00e4\u4e2d\U0001f600 '\t tab'", ""),
    ("cat%line 1%line \\% 2%%\\x", "cat", "line 1\nline % 2\n\n\\x\n"),
    ("wc -c%", "wc -c", ""),
    ('read a; read b; echo "$b $a"%one%two', 'read a; read b; echo "$b $a"', "one\ntwo\n"),
    ("exit 7%unread", "exit 7", "unread\n"),
    ("grep -c '\\\\.' /dev/null", "grep -c '\\.' /dev/null", ""),
    ("  echo   spaces  ", "echo   spaces  ", ""),
    ("echo $0 $# $-", "echo $0 $# $-", ""),
    ("/bin/echo plain words", "/bin/echo plain words", ""),
    ("env | grep -E '^(A|B|PATH|SHELL)=' | sort", "env | grep -E '^(A|B|PATH|SHELL)=' | sort", ""),
    ("kill -9 $$", "kill -9 $$", ""),
]


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_a_task_prints_and_ends_as_the_command_does_under_cron(
    bring: Importer, home: Home, shell: str
) -> None:
    head = f"SHELL={shell}\nA=$HOME 'x'\nB=\" y \"\n"
    found = bring(head + "".join(f"* * * * * {line}\n" for line, _, _ in HOSTILE))
    assert not found.problems
    home.config(found.yaml)
    environ = {
        "HOME": home.environ["HOME"],
        "PATH": "/usr/bin:/bin",
        "SHELL": shell,
        "A": "$HOME 'x'",
        "B": " y",
    }
    for task, (line, command, fed) in zip(found.tasks, HOSTILE, strict=True):
        under_cron = subprocess.run(
            [shell, "-c", command],
            input=fed.encode(),
            env=environ,
            cwd=home.environ["HOME"],
            capture_output=True,
            check=False,
        )
        expected = 0 if under_cron.returncode == 0 else 1
        run = answer(home, expected, "run", task.job.name)
        assert run["details"]["stdout"] == under_cron.stdout.decode(), line
        assert run["details"]["exit_code"] in (under_cron.returncode, None), line
        if command.startswith("kill"):
            assert run["status"] == "killed"


def test_a_task_with_a_secret_left_out_is_refused_and_runs_once_it_is_in_a_file(
    bring: Importer, home: Home
) -> None:
    found = bring('DB_PASSWORD=correct-horse\n* * * * * test -n "$DB_PASSWORD" && echo told\n')
    home.config(found.yaml)
    [task] = found.tasks
    assert answer(home, 1, "run", task.job.name)["error_code"] == "required_env_missing"
    file = home.file(f"{home.paths.home}/db.env", "DB_PASSWORD=correct-horse\n")
    home.config(found.yaml.replace("    env:\n", f"    env_file: {file}\n    env:\n"))
    assert answer(home, 0, "run", task.job.name)["details"]["stdout"] == "told\n"
