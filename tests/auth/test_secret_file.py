"""The server has a secret of its own, and none that others know."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from workroom.adapters.auth.keys import KEPT_IN, load_secret, weakness_of
from workroom.errors import Misconfigured

WEAK = [
    "",
    " " * 40,
    "secret",
    "changeme",
    "short-but-random-9f8e7d",
    "django-insecure-9f8e7d6c5b4a32109f8e7d6c5b4a32101234",
    "a" * 64,
    "changeme" * 5,
    "0123456789abcdef" * 2,
    "please-change-this-to-a-long-random-string",
    "your-256-bit-secret-key-here-please-change-me",
    "THIS_IS_A_VERY_LONG_AND_VERY_SECRET_KEY_12345",
    "workroom-development-secret-do-not-use-in-production",
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5",
]


@pytest.mark.parametrize("secret", WEAK)
def test_production_does_not_start_with_a_guessable_secret(secret: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="WORKROOM_SECRET") as caught:
        load_secret(secret, tmp_path, production=True)
    assert len(secret) < 8 or secret not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_production_does_not_start_without_a_configured_secret(tmp_path: Path) -> None:
    load_secret(None, tmp_path, production=False)
    with pytest.raises(Misconfigured, match="MY_SETTING is not set"):
        load_secret(None, tmp_path, production=True, setting="MY_SETTING")


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=64))
def test_law_random_secrets_are_good_enough(noise: bytes) -> None:
    # Hypothesis likes b"\0" * 32; what an operator's generator gives is as random as this.
    secret = secrets.token_hex(32) + noise.hex()
    assert weakness_of(secret) is None


def test_a_configured_secret_is_used_as_it_is(tmp_path: Path) -> None:
    secret = secrets.token_urlsafe(32)
    assert load_secret(secret, tmp_path, production=True) == secret.encode()
    assert list(tmp_path.iterdir()) == []


def test_development_warns_of_a_weak_secret_without_telling_it(
    tmp_path: Path,
) -> None:
    with capture_logs() as logged:
        assert load_secret("hunter2", tmp_path, production=False) == b"hunter2"
    assert [entry["setting"] for entry in logged] == ["WORKROOM_SECRET"]
    assert "hunter2" not in repr(logged)


def test_a_secret_is_made_once_for_this_user_only(tmp_path: Path) -> None:
    data = tmp_path / "made" / "data"
    made = load_secret(None, data, production=False)
    assert weakness_of(made.decode()) is None
    assert stat.S_IMODE((data / KEPT_IN).stat().st_mode) == 0o600
    assert load_secret("", data, production=False) == made
    assert [path.name for path in data.iterdir()] == [KEPT_IN]


def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        load_secret(None, tmp_path / "data", production=False)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "data" / KEPT_IN).stat().st_mode) == 0o600


def test_processes_that_start_together_agree_on_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(load_secret, None, tmp_path, production=False) for _ in range(40)]
    assert len({job.result() for job in jobs}) == 1
    assert [path.name for path in tmp_path.iterdir()] == [KEPT_IN]


def test_the_secret_of_a_faster_process_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = secrets.token_urlsafe(32)

    def too_late(*_: object) -> None:
        (tmp_path / KEPT_IN).write_text(theirs)
        raise FileExistsError

    monkeypatch.setattr(os, "link", too_late)
    assert load_secret(None, tmp_path, production=False) == theirs.encode()
    assert [path.name for path in tmp_path.iterdir()] == [KEPT_IN]


def test_a_file_system_without_links_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    made = load_secret(None, tmp_path, production=False)
    assert load_secret(None, tmp_path, production=False) == made
    assert [path.name for path in tmp_path.iterdir()] == [KEPT_IN]


def test_a_file_that_others_could_read_is_closed_to_them(
    tmp_path: Path,
) -> None:
    made = load_secret(None, tmp_path, production=False)
    (tmp_path / KEPT_IN).chmod(0o644)
    with capture_logs() as logged:
        assert load_secret(None, tmp_path, production=False) == made
    assert stat.S_IMODE((tmp_path / KEPT_IN).stat().st_mode) == 0o600
    assert made.decode() not in repr(logged) and KEPT_IN in repr(logged)


@pytest.mark.parametrize("content", [b"", b"\n", b"short"])
def test_a_damaged_file_is_reported_and_never_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEPT_IN).write_bytes(content)
    with pytest.raises(Misconfigured, match=KEPT_IN):
        load_secret(None, tmp_path, production=False)
    assert (tmp_path / KEPT_IN).read_bytes() == content


def test_a_directory_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match=KEPT_IN):
        load_secret(None, tmp_path / "file", production=False)
