"""A known value is hidden, in whatever form a program prints it; nothing else is touched."""

from __future__ import annotations

import base64
import json
import shlex
from urllib.parse import quote, quote_plus

import pytest

from docket.model.text.mask import LONGEST, Mask
from docket.model.text.secretnames import REDACTED, names_a_secret

TOKEN = "kX9-pl4nted_T0ken"
AWKWARD = "pä ss\"w'ord\\ /with?every&thing="
PEM = (
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nAASCBKcwggSj\n"
    "-----END PRIVATE KEY-----\n"
)


def forms(secret: str) -> list[str]:
    raw = secret.encode()
    return [
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        base64.b64encode(raw).decode(),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode(),
        shlex.quote(secret),
    ]


def test_base64_of_one_line_of_a_credential_is_hidden() -> None:
    lines = ["first=planted-secret-one", "second=planted-secret-two"]
    mask = Mask(["\n".join(lines)])
    for line in lines:
        for text in (line, line + "\n", f"user:{line}"):
            encoded = base64.b64encode(text.encode()).decode()
            assert encoded[6:-6] not in mask.text(f"x {encoded} y")


@pytest.mark.parametrize("secret", [TOKEN, AWKWARD, "https://example.org/hook/1234567890/abcdef"])
def test_a_secret_is_hidden_in_every_form_that_programs_print(secret: str) -> None:
    mask = Mask([secret])
    for form in forms(secret):
        text = f"before {form} after {form}"
        assert form not in mask.text(text)
        assert mask.text(text).count(REDACTED) == 2, form
        assert mask.bytes(text.encode()).decode() == mask.text(text)


@pytest.mark.parametrize("before", ["", "u", "us", "usr"])
@pytest.mark.parametrize("after", ["", "x", "xy", "xyz"])
def test_a_password_inside_base64_is_hidden(before: str, after: str) -> None:
    """HTTP's Basic authorization is base64 of `user:password`."""
    header = base64.b64encode(f"{before}:{TOKEN}{after}".encode()).decode()
    head, _, tail = Mask([TOKEN]).text(header).partition(REDACTED)
    # What is left belongs to the neighbours, but for some bits of the first and the last byte.
    assert len(head) <= len(before) * 4 / 3 + 4
    assert len(tail) <= len(after) * 4 / 3 + 4
    assert tail or not after


def test_every_line_of_a_key_is_hidden_wherever_it_is() -> None:
    mask = Mask([PEM])
    for line in PEM.splitlines():
        if len(line) >= 8:
            assert line not in mask.text(f"> {line}")
    assert "MIIEvQ" not in mask.text(json.dumps({"key": PEM}))
    assert mask.text(base64.b64encode(PEM.encode()).decode()).startswith(REDACTED)


def test_a_value_longer_than_a_pattern_is_hidden_in_pieces() -> None:
    value = "".join(f"{number:06d}x" for number in range(3000))
    assert len(value) > 2 * LONGEST
    mask = Mask([value])
    assert mask.text(value).replace(REDACTED, "") == ""
    assert mask.begun(b"-" + value.encode()) < LONGEST


def test_only_what_may_begin_a_secret_waits_for_the_rest_of_it() -> None:
    mask = Mask(["kX9-pl4nted_T0ken", "main"])
    assert mask.begun(b"Password: ") == 0
    assert mask.begun(b"Password: kX9-pl") == len("kX9-pl")
    assert mask.begun(b"Password: k") == 1
    assert mask.begun(b"so it goes: mai") == len("mai")
    assert mask.begun(b"kX9-pl\n") == 0


@pytest.mark.parametrize("count", [1, 2, 3, 10, 40])
def test_each_of_many_secrets_is_hidden_in_bytes_as_in_text(count: int) -> None:
    values = [base64.b85encode(bytes([n, 7 * n % 256] * 9)).decode() for n in range(1, count + 1)]
    mask = Mask([*values, "only lower case here", "0123-4567-8901"])
    for value in [*values, "only lower case here", "0123-4567-8901"]:
        for form in (value, base64.b64encode(b"ab" + value.encode()).decode(), json.dumps(value)):
            text = f"INFO Some Words {form} and MORE of THEM"
            assert mask.bytes(text.encode()).decode() == mask.text(text)
            assert form.strip('"') not in mask.text(text)


def test_a_short_value_is_hidden_as_a_word_and_never_within_one() -> None:
    mask = Mask(["main"])
    assert mask.text("main, (main) main=main remaining mainly main") == (
        f"{REDACTED}, ({REDACTED}) {REDACTED}={REDACTED} remaining mainly {REDACTED}"
    )
    assert mask.bytes(b"mainmain main") == f"mainmain {REDACTED}".encode()


@pytest.mark.parametrize("value", ["", "abc", "true", "1", "----", " no ", "redacted", "INFO"])
def test_a_value_that_is_in_every_text_is_not_masked(value: str) -> None:
    mask = Mask([value])
    assert not mask
    text = f"[redacted] {value} ---- true"
    assert mask.text(text) == text


def test_the_mask_is_never_masked_again() -> None:
    mask = Mask(["redacted", "[redacted]", TOKEN])
    assert mask.text(mask.text(TOKEN)) == REDACTED


def test_the_password_of_an_address_is_hidden_by_itself() -> None:
    mask = Mask(["postgres://app:s3cr3t-pw@db.example.org/app"])
    assert "s3cr3t-pw" not in mask.text("password is s3cr3t-pw, no?")
    assert mask.text("db.example.org") == "db.example.org"


def test_the_path_of_a_webhook_is_hidden_by_itself() -> None:
    mask = Mask(["https://example.org/api/webhooks/123456/AbCdEf"])
    assert "AbCdEf" not in mask.text("POST /api/webhooks/123456/AbCdEf: 404")


def test_a_bearer_is_hidden_without_its_scheme() -> None:
    assert Mask([f"Bearer {TOKEN}"]).text(f"token={TOKEN}") == f"token={REDACTED}"


def test_values_stay_json_values() -> None:
    mask = Mask([TOKEN, "12345678"])
    value = {
        f"key {TOKEN}": [TOKEN, 12345678, 1.5, None, True, {"deep": f"a{TOKEN}b"}],
        "code": 7,
    }
    shown = mask.value(value)
    assert shown == {
        f"key {REDACTED}": [REDACTED, REDACTED, 1.5, None, True, {"deep": f"a{REDACTED}b"}],
        "code": 7,
    }
    assert TOKEN not in json.dumps(shown)


def test_what_is_nested_too_deeply_becomes_a_masked_text() -> None:
    value: object = TOKEN
    for _ in range(500):
        value = [value]
    assert TOKEN not in json.dumps(Mask([TOKEN]).value(value))


def test_texts_that_are_not_utf_8_are_masked_too() -> None:
    mask = Mask([TOKEN, "caf\udce9-au-lait", "main"])
    assert mask.text(f"\ud800 {TOKEN} main") == f"\ud800 {REDACTED} {REDACTED}"
    assert mask.bytes(b"caf\xe9-au-lait") == REDACTED.encode()


@pytest.mark.parametrize(
    "name",
    ["TOKEN", "api_key", "apiKey", "PGPASSWORD", "GOG_KEYRING_PASSWORD", "WEBHOOK_URL", "mytoken"],
)
def test_names_that_name_a_secret(name: str) -> None:
    assert names_a_secret(name)


@pytest.mark.parametrize("name", ["TOKEN_FILE", "MAX_TOKENS", "webhook_url_env", "KEY", "", "HOME"])
def test_names_that_name_none(name: str) -> None:
    assert not names_a_secret(name)


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 1000])
def test_a_secret_is_hidden_however_often_a_part_of_it_comes_before_it(
    count: int,
) -> None:
    mask = Mask(["p4ss/word+of&signs", "kX9pl4ntedT0kenOf24signs"])
    before = b"signs of life\n" * count
    assert mask.bytes(before + b"p4ss/word+of&signs") == before + b"[redacted]"
    assert mask.bytes(before + b"p4ss%2Fword%2Bof%26signs") == before + b"[redacted]"
    assert mask.bytes(b"signs") == b"signs"
