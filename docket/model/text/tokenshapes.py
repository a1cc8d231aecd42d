"""The shapes of tokens, private keys and addresses with a password."""

from __future__ import annotations

import re

from docket.model.text.secretnames import RANDOM_PART

# Each alternative begins where a run of its own signs begins, or is bounded, so that a search takes
# steps in proportion to the text.
TOKEN_SHAPES = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"  # AWS
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}"  # GitHub
    r"|\bgithub_pat_[A-Za-z0-9_]{20,}"
    r"|\bglpat-[A-Za-z0-9_-]{16,}"  # GitLab
    r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,}"  # Slack
    r"|hooks\.slack\.com/services/T[A-Za-z0-9/_-]{10,}"
    r"|discord(?:app)?\.com/api/webhooks/[0-9]+/[A-Za-z0-9_-]{20,}"
    r"|\b[0-9]{8,10}:[A-Za-z0-9_-]{35}\b"  # Telegram
    rf"|\bsk-{RANDOM_PART}[A-Za-z0-9_-]{{20,}}"  # several model providers
    r"|\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"  # Stripe
    r"|\bAIza[A-Za-z0-9_-]{35}"  # Google
    r"|\bya29\.[A-Za-z0-9_-]{20,}"
    r"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\."  # JSON web tokens
    rf"|\b(?:npm|hf|dckr_pat|pypi|dop_v1|shpat|lin_api)[_-]{RANDOM_PART}[A-Za-z0-9_-]{{20,}}"
    r"|\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"  # SendGrid
    r"|\bAGE-SECRET-KEY-1[A-Z0-9]{20,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s:@$]+@"  # a password in an address
)
