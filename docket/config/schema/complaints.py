"""Collects the mistakes and doubts of one file, each with its place."""

from __future__ import annotations

from docket.config.schema.violations import Violation
from docket.config.yaml.codes import Code
from docket.config.yaml.composer import Duplicate
from docket.config.yaml.nodes import Path, Section, descend, key_node
from docket.model.problem import Mark, Problem


class Complaints:
    """The problems and warnings of one file; the same mistake is never reported twice."""

    def __init__(self, file: str, root: Section, *, spares: bool = False) -> None:
        """`spares`: a mistake in this file breaks nothing in other files."""
        self.file = file
        self._spares = spares
        self._root = root
        self._seen: set[tuple[str, Path]] = set()
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def problem(
        self,
        path: Path,
        sentence: str,
        *,
        expected: str | None = None,
        hint: str | None = None,
        code: Code = Code.INVALID,
        at_key: bool = False,
    ) -> None:
        """Note a mistake at `path`: its task, or the whole config, cannot be used."""
        task = path[1] if len(path) > 1 and path[0] == "tasks" else None
        self._note(
            self.problems,
            Problem(
                sentence=sentence,
                mark=self._mark(path, at_key=at_key),
                key=path,
                expected=expected,
                hint=hint,
                code=code,
                task=None if task is None else str(task),
            ),
        )

    def warn(self, path: Path, sentence: str, *, hint: str | None = None, code: Code) -> None:
        """Note a warning at `path`."""
        task = str(path[1]) if len(path) > 1 and path[0] == "tasks" else None
        mark = self._mark(path, at_key=False)
        self._note(self.warnings, Problem(sentence, mark, path, None, hint, code, task))

    def violation(self, prefix: Path, found: Violation) -> None:
        """Note what the schema objects to in the value at `prefix`."""
        self.problem(
            (*prefix, *found.path),
            found.sentence,
            expected=found.expected,
            hint=found.hint,
            code=found.code,
            at_key=found.at_key,
        )

    def duplicate(self, found: Duplicate) -> None:
        """Note a key that occurs twice in one mapping."""
        key, place = found.key, found.path
        task = str(place[1]) if len(place) > 1 and place[0] == "tasks" else None
        self._note(
            self.problems,
            Problem(
                f"the key `{ascii(key.text)[1:-1]}` occurs twice; "
                f"the first one is in line {found.first_line + 1}",
                Mark(self.file, key.line + 1, key.column + 1),
                place,
                hint="take one of the two out",
                code=Code.DUPLICATE_KEY,
                task=task,
            ),
        )

    def other_file(self, problem: Problem) -> None:
        """Note a mistake that lies in another file."""
        self._note(self.problems, problem)

    def doubt_elsewhere(self, doubt: Problem) -> None:
        """Note a warning about another file."""
        self._note(self.warnings, doubt)

    def spoiled(self) -> frozenset[str]:
        """Return the tasks that have a mistake."""
        return frozenset(p.task for p in self.problems if p.task is not None)

    def _note(self, where: list[Problem], problem: Problem) -> None:
        identity = (problem.sentence, problem.key)
        if identity in self._seen:
            return
        self._seen.add(identity)
        if self._spares and problem.task is None:
            problem = problem.replace(spares=True)
        where.append(problem)

    def _mark(self, path: Path, *, at_key: bool) -> Mark:
        node = key_node(self._root, path) if at_key else descend(self._root, path)
        while node is None and path:  # a missing key is reported at the mapping that lacks it
            path = path[:-1]
            node = descend(self._root, path)
        node = node or self._root
        return Mark(self.file, node.line + 1, node.column + 1)
