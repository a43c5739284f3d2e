"""The server's own secret: where it comes from, and which ones are too weak to start with."""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path
from typing import Final

from workroom.errors import Misconfigured
from workroom.observe import logger

log = logger("auth")

KEPT_IN: Final = "secret.key"
TASK_TOKEN_KEPT_IN: Final = "task-token.key"  # noqa: S105 - where it is kept
MIN_BYTES: Final = 32
"""HS256 gives no more strength than its key: RFC 7518, section 3.2."""

_MAX_BYTES: Final = 4096
_MIN_DISTINCT: Final = 8
# Secrets that are printed in manuals, templates and tutorials: nothing but such words.
_PRINTED_WORDS: Final = re.compile(
    r"(?:workroom|django|flask|fastapi|jwt|token|server|default|example|sample|unsafe|development"
    r"|dev|test|testing|demo|local|production|prod|change|replace|please|this|that|it|is|me|my"
    r"|your|our|the|an?|in|to|with|by|for|of|do|not|use|be|must|at|least|and|or|super|very|really"
    r"|top|long|random|strong|secure|safe|generated?|set|put|here|secrets?|keys?|keyboard|cat"
    r"|password|passwd|pass|passphrase|admin|root|value|text|string|characters?|chars?|bits?"
    r"|bytes?|hello|world|foo|bar|baz|x|s3cr3t|qwerty|abc|letmein|something|hs256|hmac|signing"
    r"|sign|auth|api|app|application|[0-9])+"
)


def load_secret(
    configured: str | None,
    data_dir: Path,
    *,
    production: bool,
    setting: str = "WORKROOM_SECRET",
    kept_in: str = KEPT_IN,
) -> bytes:
    """The secret that signs our tokens: the configured one, else one kept in ``data_dir``.

    Without a configured secret, one is made on the first start and kept in the file ``kept_in``,
    which only this user may read. In production a configured one is required, because several nodes
    have to share it. Raises Misconfigured, naming ``setting`` and never the secret.
    """
    if configured is None or (configured == "" and not production):
        if production:
            raise Misconfigured(
                f"{setting} is not set: production needs a secret of its own, "
                f"at least {MIN_BYTES} random bytes",
                field=setting,
            )
        return _kept_secret(data_dir / kept_in)
    weakness = weakness_of(configured)
    if weakness is not None:
        if production or configured.strip() == "":
            raise Misconfigured(f"{setting} {weakness}", field=setting)
        log.warning("weak_secret", setting=setting, why=weakness)
    return configured.encode("utf-8", "surrogateescape")


def weakness_of(secret: str) -> str | None:
    """What makes a secret guessable, as the end of a sentence; None for one that will do."""
    size = len(secret.encode("utf-8", "surrogateescape"))
    folded = re.sub(r"[\W_]+", "", secret.lower())
    if secret.strip() == "":
        return "is empty"
    if "-----begin" in secret.lower() or secret.startswith("ssh-"):
        return "is a key file, not a secret: set the public key in its own setting"
    if secret.lower().startswith("django-insecure-"):
        return "is marked as insecure by Django itself"
    if size < MIN_BYTES:
        return f"is {size} bytes long; it needs at least {MIN_BYTES}"
    repeats = (secret + secret).find(secret, 1) < len(secret)
    if repeats or len(set(folded)) < _MIN_DISTINCT or _PRINTED_WORDS.fullmatch(folded):
        return "is a well-known or guessable value"
    return None


def _kept_secret(path: Path) -> bytes:
    try:
        if not path.exists():
            _make(path)
        return _read(path)
    except OSError as error:
        raise Misconfigured(
            f"cannot keep a secret in {path}: {error.strerror or 'input/output error'}",
            field=str(path),
        ) from None


def _make(path: Path) -> None:
    """Write a fresh secret; of several processes that start at once, one wins and all agree."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_urlsafe(48).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, never replaces the file of a faster process.
        os.link(draft, path)
    except FileExistsError:
        pass
    except OSError:
        # There are file systems without links; there, processes had better start one by one.
        if not path.exists():
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(handle, "rb") as file:
        if stat.S_IMODE(os.fstat(handle).st_mode) & 0o077:
            log.warning("secret_was_readable_by_others", path=str(path), mode="now 0600")
            path.chmod(0o600)
        secret = file.read(_MAX_BYTES).strip()
    if len(secret) < MIN_BYTES:
        raise Misconfigured(
            f"{path} holds no usable secret; delete it to have a new one made "
            "(this logs everybody out)",
            field=str(path),
        )
    return secret
