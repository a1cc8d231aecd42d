"""Recognises secrets by their names and their shapes, without ever repeating one."""

from __future__ import annotations

import re

from docket.model.text.tokenshapes import TOKEN_SHAPES

# The last words of a name decide: TOKEN and API_TOKEN hold one, TOKEN_FILE and MAX_TOKENS do not.
_SECRET_NAME = re.compile(
    r"(^|_)(TOKEN|SECRET|SECRETS|PASSWORD|PASSWD|PASSPHRASE|PASSPHRASES|PASS|CREDENTIAL|CREDENTIALS"
    r"|API_?KEY|(SECRET|PRIVATE|ACCESS|ENCRYPTION|SIGNING|AUTH|MASTER|ACCOUNT|SERVICE)_?KEY"
    r"|SECRET_ACCESS_KEY|PGPASSWORD|APIKEY|APITOKEN|AUTHTOKEN|ACCESSTOKEN|BEARER)$",
    re.IGNORECASE,
)
_KEY_NAME = re.compile(r"(^|_)KEY$", re.IGNORECASE)
_LONG_AND_MIXED = re.compile(r"^(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9+/_=-]{20,}$")


def looks_like_token(value: str) -> bool:
    """Whether `value` has the well-known shape of a token, a private key or a password."""
    return TOKEN_SHAPES.search(value) is not None


def is_secret(name: str, value: str) -> bool:
    """Whether a variable of that name and value is probably a secret written out."""
    if not value:
        return False
    if looks_like_token(value) or _SECRET_NAME.search(name):
        return True
    is_path = value.startswith(("/", "~", "./"))
    return bool(_KEY_NAME.search(name)) and not is_path and bool(_LONG_AND_MIXED.match(value))
