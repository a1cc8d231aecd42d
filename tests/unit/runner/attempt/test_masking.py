"""What a task that declares secrets prints is masked wherever it is kept or shown."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from docket.model.states import RunStatus
from docket.model.text.mask import Mask
from docket.model.text.secretnames import REDACTED
from docket.runner.attempt.masking import ByteFilter, MaskedExcerpt, MaskedLines, masked_report
from tests.unit.runner.runner_home import Home

SECRET = "kX9-pl4nted_T0ken"
OTHER = "zQ7-another-S3cret"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def files_with(root: Path, secret: str) -> list[str]:
    """Return the files under `root` that hold a secret; plans may."""
    return [
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and secret.encode() in path.read_bytes() and path.parent.name != "plans"
    ]


def shell(home: Home, script: str, **plan: Any) -> Any:
    home.plan("job", "/bin/sh", "-c", script, **{"secrets": ["API_TOKEN"], **plan})
    done = home.run("job", environ={"API_TOKEN": SECRET})
    assert SECRET.encode() not in done.stdout + done.stderr
    assert files_with(home.path, SECRET) == []
    return home.only_run()


def test_output_is_masked_in_the_log_the_excerpts_and_on_the_callers_terminal(home: Home) -> None:
    run = shell(home, 'echo "out $API_TOKEN"; echo "err $API_TOKEN" >&2; exit 3')
    assert run.details["stdout"] == f"out {REDACTED}\n"
    assert run.details["stderr"] == f"err {REDACTED}\n"
    assert f"out {REDACTED}" in Path(run.log_path).read_text()
    assert run.details["exit_code"] == 3


@pytest.mark.parametrize("levels", [99, 300, 900, 970, 978, 985, 992, 5000])
@pytest.mark.parametrize("output_format", ["json", "jsonl", "auto"])
def test_no_depth_of_a_tasks_json_ends_its_runner(
    home: Home, levels: int, output_format: str
) -> None:
    """The same text is the output and the result file; the run is over as any other."""
    script = (
        f"{sys.executable} -c \"print('{{\\\"a\\\": ' + '[' * {levels} + ']' * {levels} + '}}')\""
        ' | tee "$DOCKET_RESULT_FILE"'
    )
    run = shell(home, script, output_format=output_format, parse_errors="warn")
    assert run.status is RunStatus.SUCCEEDED
    read = levels < 100
    assert ("result" in run.details) is read
    assert ("result_error" in run.details) is not read
    assert run.damaged == ()


def test_a_secret_that_comes_in_two_writes_is_masked(home: Home) -> None:
    half = len(SECRET) // 2
    script = (
        f'printf "%s" "$(printf %s "$API_TOKEN" | cut -c-{half})"; sleep 0.3;'
        f' printf "%s" "$(printf %s "$API_TOKEN" | cut -c{half + 1}-)"'
    )
    assert shell(home, script).details["stdout"] == REDACTED


def test_a_secret_across_the_pieces_of_an_endless_line_is_masked(home: Home) -> None:
    code = (
        "import os, sys, time\nt = os.environ['API_TOKEN']\nw = sys.stdout\n"
        "for n in range(65530, 65550):\n    w.write('x' * n + t)\n    w.flush()\nw.write('end')\n"
    )
    home.plan("job", sys.executable, "-c", code, secrets=["API_TOKEN"], log_max_bytes=1 << 24)
    done = home.run("job", environ={"API_TOKEN": SECRET})
    assert files_with(home.path, SECRET) == []
    log = Path(home.only_run().log_path).read_text()
    assert log == "".join("x" * n + REDACTED for n in range(65530, 65550)) + "end"
    assert done.stdout.count(REDACTED.encode()) >= 18  # one may be cut by the end of a piece


def test_argv_in_the_summary_and_in_the_details_is_masked(home: Home) -> None:
    home.plan(
        "job", "/bin/sh", "-c", "exit 4", "-H", f"Authorization: {OTHER}", secret_values=[OTHER]
    )
    home.run("job")
    run = home.only_run()
    assert (
        run.summary == f"Command failed with exit 4: /bin/sh -c exit 4 -H Authorization: {REDACTED}"
    )
    assert run.details["command"][-1] == f"Authorization: {REDACTED}"
    assert files_with(home.path, OTHER) == []


def test_events_stay_json_whatever_the_secret_is(home: Home) -> None:
    pin, awkward = "90817263", 'a"b\\c ä/d?'
    lines = [
        json.dumps({"event": f"got {awkward}", "pin": int(pin), awkward: [awkward]}),
        f'{{"event": "twice", "a": "{pin}", "a": "b"}}',
        '{"event": "plain", "n": 1}',
    ]
    (home.path / "lines").write_text("\n".join(lines) + "\n")
    home.plan(
        "job", "/bin/cat", str(home.path / "lines"), output_format="jsonl", secrets=["PIN", "PW"]
    )
    home.run("job", environ={"PIN": pin, "PW": awkward})
    run = home.only_run()
    (home.path / "lines").unlink()
    events = home.ask(lambda reader: [event.event for event in reader.events(run.run_id)])
    assert events == [
        {"event": f"got {REDACTED}", "pin": REDACTED, REDACTED: [REDACTED]},
        {"event": "twice", "a": "b"},
        {"event": "plain", "n": 1},
    ]
    assert files_with(home.path, pin) == []
    assert run.status == "succeeded"


def test_a_line_that_is_not_json_is_shown_masked(home: Home) -> None:
    run = shell(
        home,
        """printf '{"a": 1}\\n%0195d%s\\n' 0 "$API_TOKEN" """,
        output_format="jsonl",
        parse_errors="warn",
    )
    (bad,) = run.details["invalid_jsonl_lines"]
    assert SECRET[:5] not in bad["text"]


def test_of_a_line_that_is_too_long_nothing_is_shown() -> None:
    mask = Mask([SECRET])
    lines = MaskedLines(mask, print)
    lines.feed(b"x" * 190 + SECRET.encode() + b"x" * (1 << 20))
    lines.feed(b"rest\n")
    lines.finish()
    (bad,) = lines.details()["invalid_jsonl_lines"]
    assert bad["text"] == ""
    assert "longer" in bad["error"]


def test_one_json_document_is_masked_as_a_value(home: Home) -> None:
    run = shell(home, """printf '{"t": "%s"}' "$API_TOKEN" """, output_format="json")
    assert run.details["json"] == {"t": REDACTED}


def test_the_result_file_is_masked(home: Home) -> None:
    run = shell(home, """printf '{"t": "%s"}' "$API_TOKEN" > "$DOCKET_RESULT_FILE" """)
    assert run.details["result"] == {"t": REDACTED}


PYTHON_TASK = """
import os
from docket.task import BaseTask, TaskResult

class Job(BaseTask):
    name = "job"
    def run(self, config):
        token = os.environ["API_TOKEN"]
        print("printed", token, flush=True)
        if config.get("raise"):
            raise RuntimeError("refused " + token)
        return TaskResult(False, "summary " + token, {"token": token, token: [config["key"]]})
    def dry_run(self, config):
        return TaskResult(True, "would use " + os.environ["API_TOKEN"], dry_run=True)
"""


def python_task(home: Home, **config: Any) -> None:
    file = home.path / "job.py"
    file.write_text(PYTHON_TASK)
    home.plan(
        "job", python=(file, "Job", config), secrets=["API_TOKEN"], secret_values=[config["key"]]
    )


def test_the_result_of_a_python_task_is_masked(home: Home) -> None:
    python_task(home, key=OTHER)
    home.run("job", environ={"API_TOKEN": SECRET})
    run = home.only_run()
    assert run.summary == f"summary {REDACTED}"
    assert run.details == {"token": REDACTED, REDACTED: [REDACTED]}
    assert files_with(home.path, SECRET) == files_with(home.path, OTHER) == []


def test_the_exception_of_a_python_task_is_masked(home: Home) -> None:
    python_task(home, key=OTHER, **{"raise": True})
    done = home.run("job", environ={"API_TOKEN": SECRET})
    run = home.only_run()
    assert run.summary == f"Task raised unexpected error: RuntimeError: refused {REDACTED}"
    assert SECRET.encode() not in done.stdout + done.stderr
    assert files_with(home.path, SECRET) == []


def test_dry_runs_are_masked(home: Home) -> None:
    python_task(home, key=OTHER)
    document = home.result("job", "--dry-run", environ={"API_TOKEN": SECRET})
    assert document["summary"] == f"would use {REDACTED}"
    home.plan("job", "/bin/echo", OTHER, secret_values=[OTHER])
    assert home.result("job", "--dry-run")["details"]["command"] == ["/bin/echo", REDACTED]
    home.plan("job", "/bin/echo", dry_run_argv=["/bin/echo", OTHER], secret_values=[OTHER])
    document = home.result("job", "--dry-run")
    assert document["details"]["stdout"] == f"{REDACTED}\n"
    assert document["summary"] == f"Dry run completed: {REDACTED}"


def test_hooks_get_masked_details_and_their_outcomes_are_masked(home: Home) -> None:
    """Contract section 2, secrets: the label of a hook contains the resolved secret."""
    hook = f'env | grep -v ^API_TOKEN=; cat "$DOCKET_DETAILS_FILE"; echo "$API_TOKEN {OTHER}" >&2'
    home.plan(
        "job",
        "/bin/sh",
        "-c",
        'echo "$API_TOKEN"; exit 1',
        hooks=[("on_complete", hook)],
        secrets=["API_TOKEN"],
        secret_values=[OTHER],
    )
    document = home.result("job", environ={"API_TOKEN": SECRET})
    (outcome,) = document["hooks"]
    assert outcome["stderr"] == f"{REDACTED} {REDACTED}\n"
    assert f'"stdout":"{REDACTED}\\n"' in outcome["stdout"]
    assert OTHER not in outcome["command"]
    assert SECRET not in json.dumps(document)
    assert files_with(home.path, SECRET) == files_with(home.path, OTHER) == []


def test_variables_of_an_environment_file_are_masked_by_their_names_and_shapes(home: Home) -> None:
    file = home.path / "env"
    file.write_text(
        f"DB_PASSWORD={SECRET}\nLOG_LEVEL=verbosely\nDATABASE_URL=postgres://app:{OTHER}@db/app\n"
    )
    home.plan("job", "/usr/bin/env", env_files=[str(file)])
    home.run("job")
    out = home.only_run().details["stdout"]
    assert SECRET not in out
    assert OTHER not in out
    assert "LOG_LEVEL=verbosely" in out


def test_credentials_are_masked(home: Home) -> None:
    directory = home.path.parent / "credentials"
    directory.mkdir()
    (directory / "api").write_text(f"{SECRET}\n")
    home.plan("job", "/bin/cat", str(directory / "api"), secrets=["api"])
    home.run("job", environ={"CREDENTIALS_DIRECTORY": str(directory)})
    assert home.only_run().details["stdout"] == f"{REDACTED}\n"


def test_a_parameter_that_is_a_secret_reaches_the_child_and_nothing_else(home: Home) -> None:
    home.plan(
        "job",
        "/bin/sh",
        "-c",
        'echo "$DOCKET_PARAM_TOKEN"; test ${#DOCKET_PARAM_TOKEN} -gt 9',
        inputs=["token", "day"],
        secrets=["token"],
    )
    run_id = "20260427T013000000000Z-ab12cd34"
    request = home.lock_dir / "runs" / f"{run_id}.request"
    request.parent.mkdir(parents=True)
    request.write_text(json.dumps({"params": {"token": SECRET, "day": "monday"}}))
    home.run("job", "--run-id", run_id, "--trigger", "manual")
    run = home.only_run()
    assert run.status == "succeeded"
    assert run.params == {"token": REDACTED, "day": "monday"}
    assert run.details["stdout"] == f"{REDACTED}\n"
    assert files_with(home.path, SECRET) == []


def test_a_record_that_is_spooled_is_masked(home: Home) -> None:
    home.state_db.mkdir()  # no database can be there
    home.plan("job", "/bin/sh", "-c", 'echo "$API_TOKEN"', secrets=["API_TOKEN"])
    home.run("job", environ={"API_TOKEN": SECRET})
    spooled = [path for path in home.path.rglob("*.json") if path.parent.name != "plans"]
    assert any(REDACTED in path.read_text() for path in spooled), spooled
    assert files_with(home.path, SECRET) == []


def test_the_home_directory_and_common_words_are_never_masked(home: Home) -> None:
    home.plan("job", "/bin/sh", "-c", 'echo "$HOME $MODE"', secrets=["MODE", "WHERE"])
    home.run("job", environ={"MODE": "true", "WHERE": str(home.path)})
    assert home.only_run().details["stdout"] == f"{home.path} true\n"


def test_a_line_without_an_end_is_shown_at_the_end_of_the_output(home: Home) -> None:
    assert shell(home, 'printf "no end"').details["stdout"] == "no end"


def test_whole_lines_never_wait_in_the_filter() -> None:
    filtered = ByteFilter(Mask([SECRET]))
    assert filtered.feed(b"first\nsecond\n") == b"first\nsecond\n"
    half = SECRET.encode()[:6]
    assert filtered.feed(b"third\n" + half) == b"third\n"
    assert filtered.feed(SECRET.encode()[6:] + b"\n") == f"{REDACTED}\n".encode()
    assert filtered.finish() == b""


def test_an_excerpt_is_masked_before_it_is_cut() -> None:
    excerpt = MaskedExcerpt(Mask([SECRET]))
    for _ in range(20000):
        excerpt.feed(SECRET.encode()[:9])
        excerpt.feed(SECRET.encode()[9:] + b"\n")
    assert "bytes left out here" in excerpt.text()
    assert SECRET[:6] not in excerpt.text()


def test_an_event_without_a_secret_keeps_its_own_text() -> None:
    seen: list[tuple[dict[str, Any], str]] = []
    report = masked_report(Mask([SECRET]), lambda event, text: seen.append((event, text)))
    report({"a": 1.0}, '{"a":  1.0}')
    assert seen == [({"a": 1.0}, '{"a":  1.0}')]


def test_memory_stays_flat_while_much_is_masked(home: Home) -> None:
    script = 'yes "$API_TOKEN" | head -c 6000000; echo; grep VmHWM /proc/$PPID/status'
    home.plan("job", "/bin/sh", "-c", script, secrets=["API_TOKEN"], log_max_bytes=4096)
    process = home.start("job", "--quiet", environ={"API_TOKEN": SECRET})
    process.communicate(timeout=50)
    tail = home.only_run().details["stdout"].split("VmHWM:")[-1]
    assert int(tail.split()[0]) < 19_000, tail  # 14.6 MB, whatever its length


def test_a_task_without_secrets_loads_nothing_for_them(home: Home) -> None:
    """Only tasks that declare secrets pay for the mask."""
    trace = home.path / "trace"
    home.plan("job", "/bin/true", hooks=[("on_success", "true")], required_env=["PATH"])
    program, *words = home.words("job")
    for secrets, expected in (([], set()), (["API_TOKEN"], {"mask", "masking", "secretnames"})):
        home.plan("job", "/bin/true", hooks=[("on_success", "true")], secrets=secrets)
        reading = os.open(trace, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        pid = os.posix_spawn(
            program,
            [program, "-v", *words],
            {**home.environ, "API_TOKEN": SECRET},
            file_actions=[(os.POSIX_SPAWN_DUP2, reading, 2)],
        )
        os.waitpid(pid, 0)
        os.close(reading)
        loaded = {
            line.split("'")[1].rpartition(".")[2]
            for line in trace.read_text().splitlines()
            if line.startswith("import 'docket.")
        }
        assert "run" in loaded
        assert loaded & {"mask", "masking", "secretnames"} == expected
