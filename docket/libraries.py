"""How a Python library that is missing is added to the installation that runs this code."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

DIST_PACKAGES = "/usr/lib/python3/dist-packages/"  # Debian's place for what its packages hold
_OF_DISTRIBUTIONS = "/usr/lib"


def how_to_add(requirement: str, debian: str | None) -> str:
    """Return the command that adds `requirement`, as pip reads it.

    `debian` is the package of Debian that holds it, None if there is none.
    """
    package = f"apt install {debian}" if debian is not None and _is_debians() else None
    return package or _by_pip(requirement)


def is_of_a_distribution() -> bool:
    """Whether this code was installed by a package of the distribution."""
    return __file__.startswith(_OF_DISTRIBUTIONS)


def _is_debians() -> bool:
    return __file__.startswith(DIST_PACKAGES)


def _by_pip(requirement: str) -> str:
    """Return the command for the environment that runs this code, whatever has made it."""
    above, _, name = sys.prefix.rpartition("/")
    if above.endswith("/pipx/venvs"):
        return f"pipx inject {name} '{requirement}'"
    if os.path.exists(os.path.join(sys.prefix, "uv-receipt.toml")):
        return f"uv pip install --python {sys.executable} '{requirement}'"
    if sys.prefix != sys.base_prefix:
        ensure = "" if find_spec("pip") else f"{sys.executable} -m ensurepip && "
        return f"{ensure}{sys.executable} -m pip install '{requirement}'"
    if is_of_a_distribution():
        return (
            "make an environment that finds this Docket and holds the library:"
            " python3 -m venv --system-site-packages ~/.local/share/docket-extras &&"
            f" ~/.local/share/docket-extras/bin/pip install '{requirement}'"
        )
    return f"{sys.executable} -m pip install --user '{requirement}'"
