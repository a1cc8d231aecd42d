"""Where the YAML of an import goes: into a file of its own."""

from __future__ import annotations

import os

from docket.app.crontab.imported import CrontabImport
from docket.errors import DocketError
from docket.files import write_new, write_whole


class OutputExistsError(DocketError):
    """The file that is to be written is there already."""

    code = "import.exists"


class OutputRefusedError(DocketError):
    """The file that is to be written cannot be."""

    code = "import.not_written"


def write_import(found: CrontabImport, path: str, *, force: bool) -> CrontabImport:
    """Write the YAML to `path` (0600); OutputExistsError where that is taken, without `force`."""
    target = os.path.abspath(path)
    try:
        (write_whole if force else write_new)(target, found.yaml)
    except FileExistsError:
        raise OutputExistsError(
            f"{target} is there already.", hint="--force replaces it", file=target
        ) from None
    except OSError as error:
        raise OutputRefusedError(
            f"{target} cannot be written: {error.strerror}.", file=target
        ) from None
    return found.replace(output=target)
