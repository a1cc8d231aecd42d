"""Files of `conf.d`: their tasks are the home's, and a bad one breaks only itself."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from docket.config.partfiles import part_files
from docket.model.task.task import Config
from tests.unit.config.config_home import ConfigHome

MAIN = """
    defaults: {timeout: 5min}
    groups: {disk: {max_concurrent: 1}}
    tasks:
      main: {type: command, command: /bin/true, group: net}
    """
PART = """\
groups: {net: {max_concurrent: 2}}
tasks:
  # copies the photos
  photos: {type: command, command: /bin/true, group: disk, env_file: ./photos.env}
"""


def write_part(home: ConfigHome, name: str, text: str, mode: int = 0o600) -> str:
    directory = os.path.join(home.directory, "conf.d")
    os.makedirs(directory, mode=0o700, exist_ok=True)
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def with_part(home: ConfigHome, text: str, main: str = MAIN) -> Config:
    write_part(home, "photos.yaml", text)
    return home.load(main)


def said(config: Config) -> dict[str | None, str]:
    return {problem.task: f"{problem.mark}: {problem.sentence}" for problem in config.problems}


def test_tasks_and_groups_of_a_part_are_the_homes(home: ConfigHome) -> None:
    config = with_part(home, PART)
    assert config.problems == ()
    photos = config.tasks["photos"]
    assert photos.timeout_seconds == 300  # the defaults of the config
    assert photos.group_slots == 1
    assert config.tasks["main"].group_slots == 2
    conf_d = os.path.join(home.directory, "conf.d")
    assert photos.env_files == (os.path.join(conf_d, "./photos.env"),)
    assert photos.sources == (os.path.join(conf_d, "photos.yaml"), home.paths.config)
    assert config.tasks["main"].sources == (home.paths.config,)
    assert str(photos.mark) == f"{conf_d}/photos.yaml:4:3"
    assert config.marks["tasks", "photos", "group"].file == f"{conf_d}/photos.yaml"
    assert config.marks["tasks", "main", "group"].file == home.paths.config


def test_a_mistake_in_one_task_of_a_part_breaks_that_task(home: ConfigHome) -> None:
    config = with_part(home, PART + "  bad: {type: command, command: x, retry: many}\n")
    assert set(config.tasks) >= {"main", "photos"}
    assert list(said(config)) == ["bad"]
    assert "conf.d/photos.yaml:5:" in said(config)["bad"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tasks: [", "photos.yaml:"),
        ("a: b: c", "photos.yaml:"),
        ("- x", "must be a mapping"),
        ("\ufefftasks: {}", "byte order mark"),
        ("state_dir: /tmp/x", "cannot be in a part of the config"),
        ("defaults: {retry: 1}", "cannot be in a part of the config"),
        ("tasks: 5", "tasks"),
        ("groups: {disk2: {max_concurrent: many}}", "max_concurrent"),
        ("tasks: {}\ntasks: {}", "occurs twice"),
    ],
)
def test_a_part_that_cannot_be_used_breaks_nothing_else(
    home: ConfigHome, text: str, words: str
) -> None:
    config = with_part(home, text, MAIN.replace("net", "disk"))
    assert "main" in config.tasks
    assert not config.fatal
    assert words in said(config)[None]
    assert "photos.yaml" in said(config)[None]


def test_the_tasks_of_a_part_with_a_mistake_at_its_top_are_broken(home: ConfigHome) -> None:
    config = with_part(home, PART + "state_dir: /elsewhere\n")
    assert "photos" not in config.tasks
    assert "its file has a mistake in line 5" in said(config)["photos"]
    assert config.state_db == home.paths.state_db


def test_what_is_wrong_between_tasks_is_reported_at_the_file_of_each(home: ConfigHome) -> None:
    config = with_part(
        home,
        "tasks:\n"
        "  lost: {type: command, command: x, depends_on: [nobody]}\n"
        "  late: {type: command, command: x, schedule: {after: nobody}}\n"
        "  one: {type: command, command: x, schedule: {after: two}}\n"
        "  two: {type: command, command: x, schedule: {after: one}}\n",
        main="tasks: {}\n",
    )
    part = f"{home.directory}/conf.d/photos.yaml"
    marks = {problem.task: str(problem.mark) for problem in config.problems}
    lines = {"lost": "2", "late": "3", "one": "4", "two": "5"}
    assert {task: mark.rpartition(":")[0] for task, mark in marks.items()} == {
        task: f"{part}:{line}" for task, line in lines.items()
    }


def test_an_empty_part_is_nothing(home: ConfigHome) -> None:
    for text in ("", "# nothing yet\n", "tasks: {}\n"):
        assert with_part(home, text, MAIN.replace("net", "disk")).problems == ()


@pytest.mark.parametrize("other", ["config.yaml", "other.yaml"])
def test_a_repeated_name_is_refused_in_both_places(home: ConfigHome, other: str) -> None:
    main = MAIN.replace("net", "disk")
    if other == "config.yaml":
        main += "  photos: {type: command, command: /bin/false}\n"
    else:
        write_part(home, other, "tasks:\n  photos: {type: command, command: /bin/false}\n")
    config = with_part(home, PART, main)
    assert "photos" not in config.tasks
    told = [p for p in config.problems if p.task == "photos"]
    assert len(told) == 2
    assert {os.path.basename(p.mark.file) for p in told if p.mark} == {other, "photos.yaml"}
    assert all(f"{other}:" in p.sentence or "photos.yaml:" in p.sentence for p in told)
    assert "main" in config.tasks


def test_a_part_that_others_can_write_is_not_obeyed(home: ConfigHome) -> None:
    write_part(home, "photos.yaml", PART, mode=0o666)
    config = home.load(MAIN.replace("net", "disk"))
    assert "photos" not in config.tasks
    assert "can be written by others" in said(config)[None]
    assert "main" in config.tasks


def test_a_pipe_or_a_directory_in_the_place_of_a_part_hangs_nothing(home: ConfigHome) -> None:
    path = write_part(home, "photos.yaml", "")
    os.unlink(path)
    os.mkfifo(path)
    assert "not a regular file" in said(home.load(MAIN.replace("net", "disk")))[None]
    os.unlink(path)
    os.mkdir(path)
    assert "not a regular file" in said(home.load(MAIN.replace("net", "disk")))[None]


def test_a_mistake_in_the_defaults_is_reported_at_the_config(home: ConfigHome) -> None:
    config = with_part(home, PART, MAIN.replace("{timeout: 5min}", "{cwd: '${NOWHERE}/x'}"))
    assert {p.mark.file for p in config.problems if p.mark} == {home.paths.config}


def test_a_config_at_another_place_has_no_parts(home: ConfigHome, tmp_path: str) -> None:
    write_part(home, "photos.yaml", PART)
    home.environ["DOCKET_CONFIG"] = f"{tmp_path}/other.yaml"
    assert home.paths.part_dirs == ()


def test_a_file_of_the_same_name_masks_a_packages(tmp_path: str) -> None:
    etc, usr = f"{tmp_path}/etc", f"{tmp_path}/usr"
    for directory, names in ((etc, ["b.yaml"]), (usr, ["a.yaml", "b.yaml", "c.yml", "c.txt"])):
        os.mkdir(directory)
        for name in names:
            open(f"{directory}/{name}", "w", encoding="utf-8").close()
    os.symlink(os.devnull, f"{etc}/c.yml")
    assert part_files((etc, usr)) == [f"{usr}/a.yaml", f"{etc}/b.yaml", f"{etc}/c.yml"]
    assert part_files((f"{tmp_path}/nowhere",)) == []


def test_sound_files_are_recognised_without_jsonschema(home: ConfigHome) -> None:
    """Loading it takes twelve times as long as reading both files."""
    write_part(home, "photos.yaml", PART)
    home.write(MAIN)
    code = (
        "import os, sys; from docket.config.loader import load; from docket.paths import discover;"
        "print(len(load(discover(os.environ), os.environ).problems), 'jsonschema' in sys.modules)"
    )
    root = os.path.abspath(__file__).rsplit("/tests/", 1)[0]
    environ = {**home.environ, "PYTHONPATH": root}
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("0 False\n", "")
