"""The bytes of a configuration file: opened with care, bounded, and decoded."""

from __future__ import annotations

import errno
import os
import re
import stat

from docket.config.yaml.codes import Code
from docket.config.yaml.composer import UnreadableYaml
from docket.config.yaml.safety import refuse_if_others_can_write
from docket.errors import ConfigError, ConfigMissingError

LARGEST = 1024 * 1024

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK = b"\xef\xbb\xbf"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")


def read_bytes(path: str) -> bytes:
    """Return the contents of `path`.

    Raise ConfigMissingError if there is no file, UnsafeFileError if others can write it, and
    ConfigError if it is not a regular file or cannot be read. One byte more than LARGEST is read
    at the most.
    """
    try:
        # Without O_NONBLOCK a named pipe in the file's place would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _not_opened(path, error) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(f"{path} is not a regular file.", file=path)
        refuse_if_others_can_write(path, status)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(LARGEST + 1)
    finally:
        os.close(descriptor)


def decode(data: bytes) -> str:
    """Return the text of a configuration; raise UnreadableYaml with the place of what is wrong."""
    if len(data) > LARGEST:
        raise UnreadableYaml(
            "the file is larger than 1 MiB",
            0,
            0,
            Code.TOO_LARGE,
            "split the tasks over several files in conf.d, or move long texts into files",
        )
    if data.startswith(_UTF16) or b"\0" in data[:4]:
        raise _encoding("the file is UTF-16 or UTF-32, not UTF-8", 0, 0)
    if data.startswith(_UTF8_MARK):
        raise _encoding("the file begins with a byte order mark", 0, 0)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n")
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace"))
        byte = data[error.start]
        raise _encoding(f"the byte 0x{byte:02x} is not UTF-8", line, column) from None
    found = _CONTROL.search(text)
    if found:
        line = text.count("\n", 0, found.start())
        column = found.start() - text.rfind("\n", 0, found.start()) - 1
        raise UnreadableYaml(
            f"the control character U+{ord(found[0]):04X} is in the text",
            line,
            column,
            Code.ENCODING,
            'remove it; inside double quotes it can be written as an escape such as "\\x1b"',
        )
    return text


def _encoding(sentence: str, line: int, column: int) -> UnreadableYaml:
    hint = "save the file as UTF-8 without a byte order mark"
    return UnreadableYaml(sentence, line, column, Code.ENCODING, hint)


def _not_opened(path: str, error: OSError) -> ConfigError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return ConfigMissingError(
            f"There is no configuration at {path}.",
            hint="`docket configure` makes one and opens it in your editor.",
            file=path,
        )
    return ConfigError(f"{path} cannot be read: {error.strerror}.", file=path)
