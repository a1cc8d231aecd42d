"""Importing one part of a package without running the package's own `__init__`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec


@contextmanager
def bare_package(name: str) -> Iterator[None]:
    """Within, modules of the package `name` are imported and its `__init__` is not run.

    Whoever imports the package afterwards gets it whole; the modules imported within are then had
    by `from NAME import MODULE`.
    """
    spec = None if name in sys.modules else find_spec(name)
    if spec is None:
        yield
        return
    sys.modules[name] = module_from_spec(spec)
    try:
        yield
    finally:
        del sys.modules[name]
