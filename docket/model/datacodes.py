"""The codes of errors of state and queues; `docket.errorcodes` has them with all others."""

from __future__ import annotations

from docket.model.errorcode import ErrorCode

DATA = (
    ErrorCode(
        "data.unusable",
        "The database of state and queues cannot be read or written now.",
        "The sentence says why: full, locked, damaged, or another user's.",
    ),
    ErrorCode(
        "data.newer",
        "The database of state and queues was written by a newer Docket.",
        "Install that newer Docket again; the file is left as it is.",
    ),
    ErrorCode(
        "data.refused",
        "A name or a value cannot be kept in state or in a queue.",
        "The sentence says what is allowed.",
    ),
    ErrorCode(
        "data.absent",
        "Nothing is kept under that key.",
        "`--default` answers a value instead.",
    ),
    ErrorCode(
        "data.conflict",
        "A value changed since it was read, so it was not set.",
        "Read it again with its version, and decide anew.",
    ),
    ErrorCode(
        "queue.empty",
        "No item of the queue waits now.",
        "Nothing is wrong: there is no work.",
    ),
    ErrorCode(
        "queue.stale_claim",
        "A token holds no item any more: its lease ran out, or it was settled before.",
        "Claim again, and give long work a longer `--lease`.",
    ),
)
