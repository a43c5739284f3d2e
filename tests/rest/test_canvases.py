"""Pictures and recordings by REST: uploaded, listed, fetched in parts, deleted; and for whom."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from tests.media.good import audio, good_files, image

from rest_kit import House, memory_house, problem, until
from workroom.adapters.auth.passwords import Argon2Hasher
from workroom.adapters.media.inspector import MediaRules
from workroom.core.limits import RoomRules
from workroom.errors import Unavailable
from workroom.observe import UPLOADS
from workroom.service.canvases import UploadRules
from workroom.transports.rest import RestSettings

PNG = good_files()["picture.png"][0]
SMALL = image("PNG", size=(9, 9))
PAIR = ("emma", "jane")


async def upload(
    server: House,
    name: str,
    project: int,
    content: bytes = PNG,
    *,
    called: str = "picture.png",
    field: str = "file",
) -> httpx.Response:
    """Send a file as a browser's form does."""
    return await server.as_(name)(
        "POST", f"/api/projects/{project}/canvases/", files={field: (called, content)}
    )


async def uploaded(server: House, project: int, content: bytes = PNG, **more: str) -> Any:
    """The record of a file that Emma has uploaded."""
    answer = await upload(server, "emma", project, content, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()


# ---- uploads -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", good_files())
async def test_every_kind_is_taken_described_and_given_back_byte_for_byte(
    quick: House, name: str
) -> None:
    content, media_type = good_files()[name]
    project = await quick.project(jane="view")

    answer = await upload(quick, "emma", project, content, called=name)

    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/canvases/{made['id']}/"
    assert made["media_type"] == media_type
    assert made["kind"] == media_type.partition("/")[0]
    assert (made["name"], made["size"], made["project_id"]) == (name, len(content), project)
    assert made["author"] == {"id": 1, "name": "Emma Brown", "role": "student"}
    if made["kind"] == "image":
        assert (made["width"], made["height"], made["frames"]) == (64, 48, 1)
        assert made["duration"] is made["sample_rate"] is made["channels"] is None
    else:
        assert made["duration"] == pytest.approx(2.0, abs=0.1)
        assert (made["sample_rate"], made["channels"]) == (22_050, 1)
        assert made["width"] is made["height"] is made["frames"] is None
    jane = quick.as_("jane")
    assert await jane.get(f"/api/canvases/{made['id']}/") == made
    file = await jane("GET", f"/api/canvases/{made['id']}/file/")
    assert file.content == content
    assert file.headers["content-type"] == media_type


async def test_content_counts_and_not_the_name(quick: House) -> None:
    made = await uploaded(quick, await quick.project(), audio("FLAC"), called="picture.png")

    assert (made["kind"], made["media_type"]) == ("audio", "audio/flac")
    assert made["name"] == "picture.png"


@pytest.mark.parametrize(
    ("called", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\emma\\h\u00e4fen.png", "h\u00e4fen.png"),
        ("a\u202egpj.exe\u2028.png", "a gpj.exe .png"),
        ("..", "untitled"),
        ("x" * 500 + ".png", "x" * 196 + ".png"),
        ("\u6e2f\U0001f30a.png", "\u6e2f\U0001f30a.png"),
    ],
)
async def test_a_name_is_only_a_name(quick: House, called: str, shown: str) -> None:
    assert (await uploaded(quick, await quick.project(), called=called))["name"] == shown


async def test_a_camera_held_upright_makes_an_upright_picture(quick: House) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    made = await uploaded(quick, await quick.project(), image("JPEG", exif=exif.tobytes()))

    assert (made["width"], made["height"]) == (48, 64)
    preview = await quick.as_("emma")("GET", f"/api/canvases/{made['id']}/thumbnail/")
    with Image.open(BytesIO(preview.content)) as small:
        assert small.size == (48, 64)


async def test_everybody_in_the_project_is_told_at_once(server: House) -> None:
    project = await server.project(jane="view", mike="view")
    jane, mike = server.follow("jane", "/"), server.follow("mike", "/", extended=False)
    for follower in (jane, mike):
        follower.send(type="join_project", payload={"project_id": project})
    await until(lambda: bool(jane.of_type("project_updated") and mike.of_type("project_updated")))
    heard = len(mike.messages)

    made = await uploaded(server, project)
    await until(lambda: bool(jane.of_type("canvas_added")))
    await server.as_("emma").delete(f"/api/canvases/{made['id']}/")
    await until(lambda: bool(jane.of_type("canvas_removed")))

    (added,), (removed,) = jane.of_type("canvas_added"), jane.of_type("canvas_removed")
    assert added["payload"]["canvas"] == made
    assert removed["payload"]["canvas_id"] == made["id"]
    assert removed["payload"]["seq"] == added["payload"]["seq"] + 1
    assert len(mike.messages) == heard


# ---- what is refused -----------------------------------------------------------------------------


async def test_what_is_refused_leaves_nothing_behind(quick: House) -> None:
    project = await quick.project()
    for content, status, code in (
        (b"<svg/>", 415, "unsupported_file"),
        (b"", 415, "unsupported_file"),
        (PNG[: len(PNG) // 2], 422, "damaged_file"),
    ):
        body = problem(await upload(quick, "emma", project, content), status, code)
        assert body["field"] == "file"

    assert (await quick.as_("emma").get(f"/api/projects/{project}/canvases/"))["count"] == 0
    assert (quick.blobs.kept, quick.blobs.drafts) == ({}, 0)


@pytest.fixture
async def strict(hasher: Argon2Hasher) -> AsyncIterator[House]:
    """A server with small limits."""
    media = MediaRules(pixels=3_000, audio_seconds=1.5)
    uploads = UploadRules(file_bytes=50_000, at_once=2)
    rules = RoomRules(canvases_per_project=2)
    settings = RestSettings(max_upload=50_000)
    async with memory_house(hasher, settings, media=media, uploads=uploads, rules=rules) as built:
        yield built


async def test_every_limit_has_a_code_of_its_own(strict: House) -> None:
    project = await strict.project()
    for content, code in (
        (image("PNG", size=(60, 51)), "too_many_pixels"),
        (audio("OGG"), "too_long"),
        (PNG + bytes(50_001), "too_large"),
        (PNG + bytes(500_000), "too_large"),
    ):
        problem(await upload(strict, "emma", project, content), 413, code)
    assert (await uploaded(strict, project, image("PNG", size=(60, 50))))["width"] == 60
    assert strict.blobs.drafts == 0


async def test_a_full_project_takes_no_more_and_keeps_no_file_of_it(strict: House) -> None:
    project = await strict.project()
    small = image("PNG", size=(9, 9))
    for _ in range(2):
        await uploaded(strict, project, small)

    body = problem(await upload(strict, "emma", project, small), 413, "too_large")

    assert "2 canvases" in body["detail"]
    assert len(strict.blobs.kept) == 4


@pytest.fixture
async def narrow(hasher: Argon2Hasher) -> AsyncIterator[House]:
    """A server whose projects hold two small pictures, but for a byte."""
    rules = RoomRules(project_file_bytes=2 * len(SMALL) - 1)
    async with memory_house(hasher, rules=rules) as built:
        yield built


async def test_the_files_of_a_project_have_a_limit_together(narrow: House) -> None:
    project, other = await narrow.project(), await narrow.project()
    first = await uploaded(narrow, project, SMALL)

    body = problem(await upload(narrow, "emma", project, SMALL), 413, "quota_exceeded")

    assert body["field"] == "file"
    assert f"at most {2 * len(SMALL) - 1} bytes together" in body["detail"]
    assert f"{len(SMALL)} are in use" in body["detail"]
    assert (len(narrow.blobs.kept), narrow.blobs.drafts) == (2, 0)
    await uploaded(narrow, other, SMALL)
    await narrow.as_("emma")("DELETE", f"/api/canvases/{first['id']}/")
    await uploaded(narrow, project, SMALL)


async def test_of_two_files_at_once_for_which_there_is_one_place_one_is_taken(
    narrow: House,
) -> None:
    project = await narrow.project(author="jane", emma="edit")
    answers = await asyncio.gather(*(upload(narrow, who, project, SMALL) for who in PAIR))
    assert sorted(each.status_code for each in answers) == [201, 413]
    assert (len(narrow.blobs.kept), narrow.blobs.drafts) == (2, 0)


async def test_a_project_says_how_much_of_its_limit_is_in_use(narrow: House) -> None:
    project = await narrow.project()
    emma = narrow.as_("emma")
    path = f"/api/projects/{project}/"
    assert (await emma.get(path))["files"] == {"used": 0, "limit": 2 * len(SMALL) - 1}
    made = await uploaded(narrow, project, SMALL)
    assert (await emma.get(path))["files"]["used"] == made["size"] == len(SMALL)


def children() -> set[str]:
    """The processes that this one has started."""
    return set(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split())


async def test_one_user_may_send_so_many_files_at_once_and_others_go_on(strict: House) -> None:
    project, other = await strict.project(), await strict.project(author="jane")
    small = image("PNG", size=(9, 9))
    sent = [upload(strict, "emma", project, small) for _ in range(3)]

    *emmas, janes = await asyncio.gather(*sent, upload(strict, "jane", other, small))

    assert sorted(answer.status_code for answer in emmas) == [201, 201, 429]
    (refused,) = [answer for answer in emmas if answer.status_code == 429]
    assert problem(refused, 429, "rate_limited")["retry_after"] == 5
    assert janes.status_code == 201
    problem(await upload(strict, "emma", project, b"no file"), 415, "unsupported_file")


async def test_the_files_of_one_user_are_looked_into_one_after_the_other(quick: House) -> None:
    """There are two places for that, and the second one is for everybody else."""
    project, content = await quick.project(), image("PNG", size=(1_500, 1_500))
    before, most = children(), 0
    sent = [asyncio.ensure_future(upload(quick, "emma", project, content)) for _ in range(3)]
    while not all(each.done() for each in sent):
        most = max(most, len(children() - before))
        await asyncio.sleep(0.002)

    assert [each.result().status_code for each in sent] == [201] * 3
    assert most == 1


FORM = b'--B\r\nContent-Disposition: form-data; name="%s"; filename="a.png"\r\n\r\n%s\r\n'
END = b"--B--\r\n"


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        (END, 422, "invalid_message", "file"),
        (FORM % (b"picture", PNG) + END, 422, "invalid_message", "picture"),
        (FORM % (b"file", PNG) + FORM % (b"file", PNG) + END, 422, "invalid_message", "file"),
        (FORM % (b"file", PNG) + FORM % (b"title", b"x") + END, 422, "invalid_message", "title"),
        (FORM % (b"file", PNG), 400, "bad_request", None),
        (b"no form at all", 400, "bad_request", None),
        (b"--B\r\nX: " + b"y" * 10_000 + b"\r\n\r\n", 400, "bad_request", None),
        (b"--B\r\n" + b"X: y\r\n" * 50 + b"\r\n", 400, "bad_request", None),
        (b"", 400, "bad_request", None),
    ],
)
async def test_a_form_that_is_no_such_one_is_refused_by_name(
    quick: House, body: bytes, status: int, code: str, field: str | None
) -> None:
    project = await quick.project()

    answer = await quick.as_("emma")(
        "POST",
        f"/api/projects/{project}/canvases/",
        body,
        headers={"Content-Type": "multipart/form-data; boundary=B"},
    )

    assert problem(answer, status, code).get("field") == field
    assert (quick.blobs.kept, quick.blobs.drafts) == ({}, 0)


@pytest.mark.parametrize(
    "content_type",
    [
        "image/png",
        "application/json",
        "multipart/form-data",
        "multipart/mixed; boundary=B",
        "x" * 99,
    ],
)
async def test_a_body_that_is_no_form_is_the_wrong_media_type(
    quick: House, content_type: str
) -> None:
    project = await quick.project()
    answer = await quick.as_("emma")(
        "POST", f"/api/projects/{project}/canvases/", PNG, headers={"Content-Type": content_type}
    )
    problem(answer, 415, "unsupported_media_type")


async def test_files_that_cannot_be_stored_now_are_refused_as_unavailable(quick: House) -> None:
    project = await quick.project()
    quick.blobs.error = Unavailable("The disk is full: files cannot be stored now")
    problem(await upload(quick, "emma", project), 503, "unavailable")
    quick.blobs.error = None

    await uploaded(quick, project)


async def test_how_uploads_end_is_counted(quick: House) -> None:
    project = await quick.project()

    def count(outcome: str) -> float:
        return float(UPLOADS.labels(outcome)._value.get())

    before = {name: count(name) for name in ("image", "audio", "refused")}
    await uploaded(quick, project)
    await uploaded(quick, project, audio("WAV"))
    await upload(quick, "emma", project, b"nothing that anybody knows")

    assert {name: count(name) - was for name, was in before.items()} == dict.fromkeys(before, 1)


# ---- rights ------------------------------------------------------------------------------------


async def test_viewers_see_editors_change_and_strangers_learn_nothing(server: House) -> None:
    project = await server.project(jane="view", mike="edit")
    made = await uploaded(server, project)
    canvas, files = f"/api/canvases/{made['id']}/", f"/api/projects/{project}/canvases/"

    for path in (canvas, f"{canvas}file/", f"{canvas}thumbnail/", files):
        assert (await server.as_("jane")("GET", path)).status_code == 200
        hidden = problem(await server.as_("sarah")("GET", path), 404, "not_found")
        assert "project" not in hidden["detail"] or path == files
        problem(await server.nobody("GET", path), 401, "authentication_failed")
    problem(await upload(server, "jane", project), 403, "insufficient_permissions")
    problem(await upload(server, "sarah", project), 404, "not_found")
    problem(await server.as_("jane")("DELETE", canvas), 403, "insufficient_permissions")
    stranger = problem(await server.as_("sarah")("DELETE", canvas), 404, "not_found")
    nothing = problem(await server.as_("sarah")("DELETE", "/api/canvases/999/"), 404, "not_found")
    assert stranger["detail"].replace(str(made["id"]), "999") == nothing["detail"]

    assert (await upload(server, "mike", project)).status_code == 201
    await server.as_("mike").delete(canvas)
    problem(await server.as_("emma")("GET", canvas), 404, "not_found")


async def test_nothing_of_a_strangers_file_is_read(quick: House) -> None:
    project = await quick.project()

    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("somebody read it")
        yield b""

    answer = await quick.as_("sarah")(
        "POST",
        f"/api/projects/{project}/canvases/",
        content=never(),
        headers={"Content-Type": "multipart/form-data; boundary=B"},
    )

    problem(answer, 404, "not_found")


async def test_who_loses_the_right_while_uploading_has_uploaded_nothing(quick: House) -> None:
    project = await quick.project(mike="edit")
    reached, going_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield FORM % (b"file", PNG)
        reached.set()
        await going_on.wait()
        yield END

    sending = asyncio.ensure_future(
        quick.as_("mike")(
            "POST",
            f"/api/projects/{project}/canvases/",
            content=slowly(),
            headers={"Content-Type": "multipart/form-data; boundary=B"},
        )
    )
    await reached.wait()
    await quick.as_("emma").delete(f"/api/projects/{project}/collaborators/4/")
    going_on.set()

    problem(await sending, 404, "not_found")
    assert (quick.blobs.kept, quick.blobs.drafts) == ({}, 0)


# ---- files -------------------------------------------------------------------------------------


async def test_a_file_is_served_so_that_it_can_do_no_harm(quick: House) -> None:
    made = await uploaded(quick, await quick.project(), called='h"\u00e4fen;\\.png')

    for part in ("file", "thumbnail"):
        headers = (await quick.as_("emma")("GET", f"/api/canvases/{made['id']}/{part}/")).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in headers["content-security-policy"]
        assert headers["cache-control"] == "private, no-cache"
        assert headers["vary"] == "Authorization"
        disposition = headers["content-disposition"]
        assert disposition.startswith('attachment; filename="')
        assert disposition.isascii()
        assert disposition.count('"') == 2


@pytest.mark.parametrize(
    ("asked", "status", "content_range"),
    [
        ("bytes=0-9", 206, "bytes 0-9/{n}"),
        ("bytes=10-", 206, "bytes 10-{last}/{n}"),
        ("bytes=-5", 206, "bytes {tail}-{last}/{n}"),
        ("bytes=0-99999999", 206, "bytes 0-{last}/{n}"),
        ("bytes=-99999999", 206, "bytes 0-{last}/{n}"),
        ("bytes=99999999-", 416, "bytes */{n}"),
        ("bytes=-0", 416, "bytes */{n}"),
        ("bytes=9-3", 200, None),
        ("bytes=-", 200, None),
        ("bytes=0-1,3-4", 200, None),
        ("bytes=" + "0-1," * 5_000 + "0-1", 200, None),
        ("lines=0-1", 200, None),
        ("bytes=\u0661-2", 200, None),
        ("bytes=1-" + "9" * 400, 200, None),
    ],
)
async def test_a_part_can_be_asked_for(
    quick: House, asked: str, status: int, content_range: str | None
) -> None:
    made = await uploaded(quick, await quick.project())
    size = len(PNG)

    answer = await quick.as_("emma")(
        "GET", f"/api/canvases/{made['id']}/file/", headers={"Range": asked.encode()}
    )

    assert answer.status_code == status
    places = {"n": size, "last": size - 1, "tail": size - 5}
    expected = None if content_range is None else content_range.format(**places)
    assert answer.headers.get("content-range") == expected
    if status == 206:
        first, last = answer.headers["content-range"][6:].partition("/")[0].split("-")
        assert answer.content == PNG[int(first) : int(last) + 1]
    elif status == 200:
        assert answer.content == PNG
    else:
        problem(answer, 416, "range_not_satisfiable")


async def test_who_has_it_already_is_told_so(quick: House) -> None:
    made = await uploaded(quick, await quick.project())
    emma, path = quick.as_("emma"), f"/api/canvases/{made['id']}/file/"
    tag = (await emma("GET", path)).headers["etag"]

    for condition in (tag, f'"other", W/{tag}', "*"):
        same = await emma("GET", path, headers={"If-None-Match": condition})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    other = await emma("GET", path, headers={"If-None-Match": '"other"'})
    assert other.content == PNG
    part = {"Range": "bytes=0-3"}
    assert (await emma("GET", path, headers={**part, "If-Range": tag})).status_code == 206
    assert (await emma("GET", path, headers={**part, "If-Range": '"other"'})).status_code == 200
    preview = (await emma("GET", path.replace("file", "thumbnail"))).headers["etag"]
    assert preview != tag


async def test_head_tells_the_size_and_sends_nothing(quick: House) -> None:
    made = await uploaded(quick, await quick.project())

    answer = await quick.as_("emma")("HEAD", f"/api/canvases/{made['id']}/file/")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(PNG))


async def test_a_picture_has_a_small_picture_without_the_cameras_notes(quick: House) -> None:
    exif = Image.Exif()
    exif[0x010F] = "a camera at home"
    large = image("JPEG", size=(2_000, 1_000), exif=exif.tobytes())
    made = await uploaded(quick, await quick.project(), large)

    preview = await quick.as_("emma")("GET", f"/api/canvases/{made['id']}/thumbnail/")

    assert preview.headers["content-type"] == "image/webp"
    with Image.open(BytesIO(preview.content)) as small:
        assert (small.format, small.size) == ("WEBP", (480, 240))
    assert b"camera" in large
    assert b"camera" not in preview.content


async def test_a_recording_has_its_waveform(quick: House) -> None:
    made = await uploaded(quick, await quick.project(), audio("FLAC"))

    waveform = await quick.as_("emma").get(f"/api/canvases/{made['id']}/thumbnail/")

    assert waveform["duration"] == made["duration"] == 2.0
    peaks = waveform["peaks"]
    assert 100 <= len(peaks) <= 480
    assert peaks[0] == pytest.approx(0.8, abs=0.02)
    assert peaks[len(peaks) // 2] == pytest.approx(0.4, abs=0.02)
    assert peaks == sorted(peaks, reverse=True)


@pytest.mark.parametrize("seconds", [0.001, 0.03, 1.0])
async def test_short_recordings_have_a_waveform_too(quick: House, seconds: float) -> None:
    made = await uploaded(quick, await quick.project(), audio("WAV", seconds))

    waveform = await quick.as_("emma").get(f"/api/canvases/{made['id']}/thumbnail/")

    assert len(waveform["peaks"]) >= 1
    assert all(0 <= peak <= 1 for peak in waveform["peaks"])


# ---- lists and ends ----------------------------------------------------------------------------


async def test_lists_are_paged_and_begin_with_the_oldest(server: House) -> None:
    project = await server.project(jane="view")
    made = [await uploaded(server, project, called=f"{n}.png") for n in range(3)]

    first = await server.as_("jane").get(f"/api/projects/{project}/canvases/?limit=2")
    rest = await server.as_("jane").get(first["next"])

    assert first["results"] + rest["results"] == made
    assert (first["count"], rest["next"]) == (3, None)


async def test_a_deleted_canvas_takes_its_files_along(server: House) -> None:
    project = await server.project()
    made, other = await uploaded(server, project), await uploaded(server, project)
    assert len(server.blobs.kept) == 4

    await server.as_("emma").delete(f"/api/canvases/{made['id']}/")

    assert len(server.blobs.kept) == 2
    problem(await server.as_("emma")("GET", f"/api/canvases/{made['id']}/file/"), 404, "not_found")
    problem(await server.as_("emma")("DELETE", f"/api/canvases/{made['id']}/"), 404, "not_found")
    assert (await server.as_("emma").get(f"/api/canvases/{other['id']}/")) == other


async def test_a_deleted_project_takes_its_canvases_along(server: House) -> None:
    project, other = await server.project(), await server.project()
    made, kept = await uploaded(server, project), await uploaded(server, other)

    await server.as_("emma").delete(f"/api/projects/{project}/")

    problem(await server.as_("emma")("GET", f"/api/canvases/{made['id']}/"), 404, "not_found")
    assert len(server.blobs.kept) == 2
    assert (await server.as_("emma").get(f"/api/canvases/{kept['id']}/")) == kept


async def test_a_file_that_cannot_be_removed_now_is_swept_later(quick: House) -> None:
    project = await quick.project()
    made, kept = await uploaded(quick, project), await uploaded(quick, project)
    quick.blobs.error = Unavailable("Files cannot be stored or read now")
    await quick.as_("emma").delete(f"/api/canvases/{made['id']}/")
    quick.blobs.error = None
    assert len(quick.blobs.kept) == 4

    assert await quick.library.canvases.sweep() == 0
    quick.blobs.clock = lambda: 4e9
    assert await quick.library.canvases.sweep() == 2

    assert len(quick.blobs.kept) == 2
    file = await quick.as_("emma")("GET", f"/api/canvases/{kept['id']}/file/")
    assert file.content == PNG
