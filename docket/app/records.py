"""The records that the use cases hand out, for those who show them."""

from docket.store.records import AttemptRecord, EventRecord, HookRecord, RunRecord

__all__ = ["AttemptRecord", "EventRecord", "HookRecord", "RunRecord"]
