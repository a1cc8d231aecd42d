"""YAML as it arrives: traps, broken text and text that was made to do harm."""

from __future__ import annotations

import time

import pytest

from docket.config.yaml.codes import Code
from tests.unit.config.config_home import ConfigHome, place

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)

UNREADABLE = [
    ("a:\n\tb: 1\n", (2, 1), "indented with a tab", Code.YAML),
    ("tasks:\n  a: {}\n---\ntasks: {}\n", (3, 1), "second YAML document", Code.YAML),
    ("a: 'x\nb: 1\n", (1, 4), "a quote is opened", Code.YAML),
    ("a: [1, 2\nb: 3\n", (2, 2), "not closed", Code.YAML),
    ("a: {b: 1\nc: 2\n", (2, 2), "not closed", Code.YAML),
    ("a: b: c\n", (1, 5), "no key can be", Code.YAML),
    ("a:\n  b: 1\n c: 2\n", (3, 2), "does not fit", Code.YAML),
    ("a: @x\n", (1, 4), "no value can begin", Code.YAML),
    ('a: "\\q"\n', (1, 5), "no such escape", Code.YAML),
    ("a: *nowhere\n", (1, 4), "no anchor", Code.YAML),
    ("a: &x [*x]\n", (1, 8), "refers to itself", Code.TOO_COMPLEX),
    ("a: &x 1\nb: &x 2\n", (2, 4), "occurs twice", Code.YAML),
    ("? [a]\n: 1\n", (1, 3), "single word", Code.YAML),
    ("'': 1\n", (1, 1), "key is empty", Code.YAML),
    ("a: !!python/object/apply:os.system [id]\n", (1, 4), "tags", Code.YAML),
    ("a: !!python/name:os.system x\n", (1, 4), "not supported", Code.TRAP),
    ("a: !!binary aGk=\n", (1, 4), "not supported", Code.TRAP),
    ("a: !!int hello\n", (1, 4), "does not fit", Code.TRAP),
    ("a: .nan\n", (1, 4), "not a number", Code.TRAP),
    (f"a: {'9' * 5000}\n", (1, 4), "number", Code.TRAP),
    (f"a: {'9' * 25}\n", (1, 4), "too large", Code.TRAP),
    ('a: "x\\0y"\n', (1, 4), "NUL", Code.ENCODING),
    ("<<: 5\n", (1, 1), "merged", Code.YAML),
    ("[" * 100_000, (1, 33), "nested more than 32", Code.TOO_COMPLEX),
    ("{a: " * 50_000, (1, 129), "nested more than 32", Code.TOO_COMPLEX),
    ("- " * 100_000, (1, 65), "nested more than 32", Code.TOO_COMPLEX),
    (BOMB, (5, 25), "aliases of this file", Code.TOO_COMPLEX),
]


@pytest.mark.parametrize(("text", "where", "words", "code"), UNREADABLE)
def test_unreadable_yaml_is_reported_with_its_place(
    home: ConfigHome, text: str, where: tuple[int, int], words: str, code: Code
) -> None:
    config = home.load(text)
    (problem,) = config.problems
    assert words in problem.sentence
    assert place(problem) == where
    assert problem.code == code
    assert config.fatal
    assert not config.tasks


BYTES = [
    (b"\xff\xfet\x00a\x00", (1, 1), "UTF-16"),
    (b"\xfe\xff\x00t\x00a", (1, 1), "UTF-16"),
    (b"t\x00a\x00s\x00", (1, 1), "UTF-16"),
    (b"\xef\xbb\xbftasks: {}\n", (1, 1), "byte order mark"),
    (b"tasks: {}\n# caf\xe9 au lait\n", (2, 6), "0xe9"),
    (b"tasks: {}\n# \xc3\xa9\xff\n", (2, 4), "0xff"),
    (b"tasks: {}\nx-a: b\x00c\n", (2, 7), "U+0000"),
    (b"tasks: {}\nx-a: \x1b[2J\n", (2, 6), "U+001B"),
]


@pytest.mark.parametrize(("data", "where", "words"), BYTES)
def test_bytes_that_are_not_plain_utf8_are_reported_with_their_place(
    home: ConfigHome, data: bytes, where: tuple[int, int], words: str
) -> None:
    (problem,) = home.load(data).problems
    assert words in problem.sentence
    assert place(problem) == where
    assert problem.code == Code.ENCODING


def test_a_file_over_one_mebibyte_is_refused_and_one_below_is_read(home: ConfigHome) -> None:
    comment = b"#" + b"x" * 98 + b"\n"
    (problem,) = home.load(b"tasks: {}\n" + comment * 10_486).problems
    assert problem.code == Code.TOO_LARGE
    assert home.load(b"tasks: {}\n" + comment * 10_480).problems == ()


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing yet\n", "---\n", "tasks: {}\n"])
def test_an_empty_configuration_has_no_tasks_and_no_problem(home: ConfigHome, text: str) -> None:
    config = home.load(text)
    assert config.problems == ()
    assert config.tasks == {}


@pytest.mark.parametrize(
    ("text", "kind"), [("- a\n", "list"), ("hello\n", "text"), ("5\n", "text")]
)
def test_a_file_that_is_not_a_mapping_is_refused(home: ConfigHome, text: str, kind: str) -> None:
    (problem,) = home.load(text).problems
    assert problem.sentence == f"Config must be a mapping, got {kind}"


DUPLICATES = [
    ("tasks: {}\ntasks: {}\n", (2, 1), "line 1", None),
    ("tasks:\n  a: {type: command, command: x}\n  a: {type: command, command: y}\n",
     (3, 3), "line 2", "a"),
    ("tasks:\n  a:\n    type: command\n    command: x\n    retry: 1\n    retry: 2\n",
     (6, 5), "line 5", "a"),
    ("tasks:\n  a:\n    type: command\n    command: x\n    env: {A: 1, A: 2}\n",
     (5, 17), "line 5", "a"),
    ("tasks:\n  a:\n    type: command\n    command: x\n    env: {on: 1, 'on': 2}\n",
     (5, 18), "line 5", "a"),
    ("defaults:\n  retry: 1\n  retry: 1\n", (3, 3), "line 2", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "where", "words", "task"), DUPLICATES)
def test_a_repeated_key_is_refused_at_any_level(
    home: ConfigHome, text: str, where: tuple[int, int], words: str, task: str | None
) -> None:
    (problem,) = home.load(text).problems
    assert problem.code == Code.DUPLICATE_KEY
    assert words in problem.sentence
    assert place(problem) == where
    assert problem.task == task


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "true", "False", "YES"])
def test_a_switch_where_text_is_meant_is_refused_with_the_word_to_quote(
    home: ConfigHome, word: str
) -> None:
    problem = home.refused(f"description: {word}")
    assert problem.code == Code.TRAP
    assert problem.hint == f'put it in quotes: "{word}"'


@pytest.mark.parametrize("word", ["yes", "on", "true"])
def test_a_switch_where_a_switch_is_meant_is_read_as_the_older_program_does(
    home: ConfigHome, word: str
) -> None:
    assert home.task(f"network: {word}").network is True


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("retry: 010", "the number 8"),
        ("retry: 0x10", "the number 16"),
        ("timeout: 1:30", "the number 90"),
        ("timeout_seconds: 1_000", "the number 1000"),
        ("success_exit_codes: [0, 011]", "the number 9"),
    ],
)
def test_numbers_in_odd_spellings_are_refused(home: ConfigHome, line: str, words: str) -> None:
    problem = home.refused(line)
    assert problem.code == Code.TRAP
    assert words in problem.sentence


def test_a_date_is_read_as_the_text_that_it_is(home: ConfigHome) -> None:
    task = home.task("schedule: {at: 2027-01-31 18:00:00}\ndescription: 2027-01-31")
    assert task.schedules[0].text == "2027-01-31 18:00:00"
    assert task.description == "2027-01-31"


def test_the_key_on_is_read_as_the_word(home: ConfigHome) -> None:
    task = home.task("notify: {on: [failure], discord: {}}")
    assert task.raw["notify"] == {"on": ["failure"], "discord": {}}


def test_anchors_and_merge_keys_are_read(home: ConfigHome) -> None:
    config = home.load(
        """
        x-common: &common {type: command, command: /bin/true, retry: 2}
        tasks:
          a: {<<: *common, retry: 5}
          b: *common
        """
    )
    assert config.problems == ()
    assert (config.tasks["a"].retry, config.tasks["b"].retry) == (5, 2)


def test_aliases_cannot_nest_deeper_than_text_could(home: ConfigHome) -> None:
    deep = "a0: &a0 " + "[" * 20 + "x" + "]" * 20 + "\n"
    more = "".join(f"a{n}: &a{n} {'[' * 20}*a{n - 1}{']' * 20}\n" for n in range(1, 60))
    (problem,) = home.load(deep + more).problems
    assert problem.code == Code.TOO_COMPLEX


def test_hostile_text_is_refused_within_a_second(home: ConfigHome) -> None:
    begun = time.process_time()
    for text in (
        "[" * 1_000_000,
        "- " * 500_000,
        "a: " * 300_000,
        "&a " * 300_000,
        BOMB,
        "? " * 500_000,
    ):
        assert home.load(text).problems
    assert time.process_time() - begun < 6
