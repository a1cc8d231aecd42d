"""Telling secrets by their names and their shapes, without ever repeating one."""

from __future__ import annotations

import re

# The last words of a name decide: TOKEN and API_TOKEN hold one, TOKEN_FILE and MAX_TOKENS do not.
_SECRET_NAME = re.compile(
    r"(^|_)(TOKEN|SECRET|SECRETS|PASSWORD|PASSWD|PASSPHRASE|PASSPHRASES|PASS|CREDENTIAL|CREDENTIALS"
    r"|API_?KEY|(SECRET|PRIVATE|ACCESS|ENCRYPTION|SIGNING|AUTH|MASTER|ACCOUNT|SERVICE)_?KEY"
    r"|SECRET_ACCESS_KEY|PGPASSWORD|APIKEY|APITOKEN|AUTHTOKEN|ACCESSTOKEN|BEARER)$",
    re.IGNORECASE,
)
_KEY_NAME = re.compile(r"(^|_)KEY$", re.IGNORECASE)
_TOKEN_SHAPES = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"  # AWS
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}"  # GitHub
    r"|\bgithub_pat_[A-Za-z0-9_]{20,}"
    r"|\bglpat-[A-Za-z0-9_-]{16,}"  # GitLab
    r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,}"  # Slack
    r"|hooks\.slack\.com/services/T[A-Za-z0-9/_-]{10,}"
    r"|discord(?:app)?\.com/api/webhooks/[0-9]+/[A-Za-z0-9_-]{20,}"
    r"|\b[0-9]{8,10}:[A-Za-z0-9_-]{35}\b"  # Telegram
    r"|\bsk-[A-Za-z0-9_-]{20,}"  # several model providers
    r"|\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"  # Stripe
    r"|\bAIza[A-Za-z0-9_-]{35}"  # Google
    r"|\bya29\.[A-Za-z0-9_-]{20,}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\."  # JSON web tokens
    r"|\b(?:npm|hf|dckr_pat|pypi|dop_v1|shpat|lin_api)[_-][A-Za-z0-9_-]{20,}"
    r"|\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"  # SendGrid
    r"|\bAGE-SECRET-KEY-1[A-Z0-9]{20,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s:@$]+@"  # a password in an address
)
_LONG_AND_MIXED = re.compile(r"^(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9+/_=-]{20,}$")


def looks_like_token(value: str) -> bool:
    """Whether `value` has the well-known shape of a token, a private key or a password."""
    return _TOKEN_SHAPES.search(value) is not None


def is_secret(name: str, value: str) -> bool:
    """Whether a variable of that name and value is probably a secret written out."""
    if not value:
        return False
    if looks_like_token(value) or _SECRET_NAME.search(name):
        return True
    is_path = value.startswith(("/", "~", "./"))
    return bool(_KEY_NAME.search(name)) and not is_path and bool(_LONG_AND_MIXED.match(value))
