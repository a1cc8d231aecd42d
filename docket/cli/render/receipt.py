"""How the receipt of a run in the background looks."""

from __future__ import annotations

from docket.app.runs.receipts import Receipt
from docket.cli.render.layout.plain import one_line
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.steps import next_step


def receipt_text(receipt: Receipt, screen: Screen) -> str:
    """Return what was started, by this request or an earlier one, and how to follow it."""
    word = "was started before with this key" if receipt.repeated else "started"
    started = screen.paint(word, Ink.BUSY)
    where = f"PID {receipt.pid}" if receipt.unit is None else receipt.unit
    return "\n".join(
        (
            f"{one_line(receipt.task)} {started} (run {receipt.run_id})",
            f"  goes on by itself as {where}",
            next_step(f"docket wait {receipt.run_id}", "waits for its end", screen),
        )
    )
