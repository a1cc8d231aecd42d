"""The values of credentials, for variables of the child."""

from __future__ import annotations

import os

from docket.errors import EnvironmentRefusedError
from docket.files import read_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.plan import Plan

_LARGEST = 100 * 1024  # the kernel takes 128 KiB for one variable


def child_environment(plan: Plan, values: dict[str, str]) -> dict[str, str]:
    """Return `values` with the variables that hold a credential, which only the child is given.

    Raises EnvironmentRefusedError if a credential cannot be had or is not text.
    """
    directory = values.get("CREDENTIALS_DIRECTORY", "")
    held = {
        variable: read_credential(credential, directory)
        for variable, credential in plan.env_credentials.items()
    }
    return {**values, **held}


def read_credential(name: str, directory: str) -> str:
    """Return the text of a credential without the newline at its end.

    Raises EnvironmentRefusedError if it is not there, too large, or no text; no error holds any
    of its contents.
    """
    try:
        if not directory:
            raise FileNotFoundError
        data, _status = read_plain(os.path.join(directory, name), _LARGEST)
        text = data.removesuffix(b"\n").decode()
    except UnicodeDecodeError:
        raise _refused(name, "is not UTF-8 text") from None
    except OSError as error:
        raise _refused(name, f"cannot be read: {error.strerror or 'it is not there'}") from None
    if "\0" in text:
        raise _refused(name, "holds a NUL character")
    return text


def _refused(name: str, why: str) -> EnvironmentRefusedError:
    error = EnvironmentRefusedError(
        f"The credential {name} {why}.",
        hint="A variable takes one text of 100 KiB at most; use credential_path for files.",
    )
    error.code = "credential_unusable"
    return error
