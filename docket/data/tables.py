"""The tables of state and queues. Instants are microseconds since the epoch."""

from __future__ import annotations

VERSION = 1
# A value of a task's state has the empty collection. `version` is higher after each change of
# anything in the file, so a value that was deleted and set again never has an old one.
STATEMENTS = (
    """CREATE TABLE entries (
        namespace TEXT NOT NULL,
        collection TEXT NOT NULL,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        version INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        expires_at INTEGER,
        PRIMARY KEY (namespace, collection, key)
    ) WITHOUT ROWID""",
    "CREATE INDEX entries_by_end ON entries (expires_at) WHERE expires_at IS NOT NULL",
    "CREATE TABLE versions (last INTEGER NOT NULL)",
    "INSERT INTO versions VALUES (0)",
    # `attempts` counts the claims; `token` is of the last one.
    """CREATE TABLE queue_items (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        queue TEXT NOT NULL,
        state TEXT NOT NULL,
        priority INTEGER NOT NULL,
        payload TEXT NOT NULL,
        key TEXT,
        attempts INTEGER NOT NULL DEFAULT 0,
        max_attempts INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        not_before INTEGER,
        lease_until INTEGER,
        token TEXT,
        error TEXT
    )""",
    """CREATE INDEX queue_items_waiting ON queue_items (queue, priority DESC, id)
       WHERE state = 'waiting'""",
    """CREATE INDEX queue_items_delayed ON queue_items (queue, not_before)
       WHERE state = 'delayed'""",
    """CREATE INDEX queue_items_claimed ON queue_items (queue, lease_until)
       WHERE state = 'claimed'""",
    "CREATE INDEX queue_items_by_key ON queue_items (queue, key) WHERE key IS NOT NULL",
    "CREATE INDEX queue_items_by_state ON queue_items (queue, state, changed_at)",
)
