"""Durations do not come from the wall clock, which others set."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta

import pytest

from tests.unit.runner.runner_home import Home

# Once the file exists, the process that loads this sees a wall clock two hours off.
SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *at) {{
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(id, at);
    if (id == CLOCK_REALTIME && access("{flag}", F_OK) == 0) at->tv_sec += {seconds};
    return result;
}}
"""


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
@pytest.mark.parametrize("hours", [-2, 2])
def test_a_clock_that_is_set_during_a_run_changes_no_duration(home: Home, hours: int) -> None:
    flag, source, shim = home.path / "flag", home.path / "shim.c", home.path / "shim.so"
    seconds = int(timedelta(hours=hours).total_seconds())
    source.write_text(SHIM.format(flag=flag, seconds=seconds))
    words = ["cc", "-shared", "-fPIC", "-o", str(shim), str(source), "-ldl"]
    subprocess.run(words, check=True)
    script = f'echo \'{{"event": "x"}}\'; sleep 0.5; touch {flag}; sleep 0.5'
    hooks = [("on_success", 'echo "$DOCKET_DURATION_SECONDS"')]
    home.plan("job", "/bin/sh", "-c", script, output_format="jsonl", hooks=hooks)
    result = home.result("job", environ={"LD_PRELOAD": str(shim)})
    run = home.only_run()
    assert 1.0 <= result["duration_seconds"] < 10.0
    assert run.duration_seconds == result["duration_seconds"]
    assert float(result["hooks"][0]["stdout"]) == result["duration_seconds"]
    (attempt,) = home.ask(lambda reader: reader.attempts(run.run_id))
    assert 1.0 <= (attempt.finished_us - attempt.started_us) / 1e6 < 10.0
    (event,) = home.ask(lambda reader: reader.events(run.run_id))
    assert run.started_us <= event.at_us <= run.finished_us
