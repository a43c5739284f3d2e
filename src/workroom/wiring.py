"""Parts of a server, each made of the settings alone."""

from __future__ import annotations

import secrets
import socket
import time

from workroom.adapters.auth.keys import load_secret
from workroom.adapters.auth.verification import VerificationKey, public_key
from workroom.adapters.bus import MemoryBus
from workroom.adapters.media.inspector import ChildInspector, MediaRules
from workroom.config import Settings
from workroom.core.limits import RoomRules
from workroom.core.tasks import TaskRules
from workroom.errors import Misconfigured
from workroom.ports.bus import Bus
from workroom.service.door.manners import ConnectionRules
from workroom.service.door.web_pages import WebPages
from workroom.service.library.canvases import UploadRules


def secret(settings: Settings) -> bytes:
    """What signs our tokens, and seals what nodes say to each other. Raises Misconfigured."""
    configured = settings.secret.get_secret_value() if settings.secret is not None else None
    return load_secret(configured, settings.data_dir, production=settings.env == "production")


def bus(settings: Settings) -> Bus:
    """What connects the nodes; without a server for it there is one node."""
    if settings.redis is None:
        return MemoryBus()
    from workroom.adapters.bus.redis import RedisBus

    return RedisBus(settings.redis)


def new_node() -> str:
    """The name of this process among the nodes: no other has it, nor will."""
    return f"{socket.gethostname()[:32]}-{secrets.token_hex(8)}"


def identity_key(settings: Settings) -> VerificationKey | None:
    """The public key of an identity service. Raises Misconfigured."""
    path = settings.auth_public_key
    if path is None:
        return None
    try:
        return public_key(path.read_bytes())
    except OSError as error:
        message = f"cannot read the public key: {error.strerror}"
        raise Misconfigured(message, field="WORKROOM_AUTH_PUBLIC_KEY") from None


def room_rules(settings: Settings) -> RoomRules:
    """The rules of rooms."""
    return RoomRules(
        presence_grace=settings.presence_grace,
        typing_idle=settings.typing_idle,
        quiet=settings.update_quiet,
        longest_hold=settings.update_longest_hold,
        confirm_after=settings.update_confirm_after,
        feedback_pace=settings.feedback_pace,
        essay_units=settings.max_essay,
        tasks=TaskRules(
            deadline=int(settings.task_deadline * 1000), attempts=settings.task_attempts
        ),
        feedback_per_essay=settings.max_feedback,
        replies=settings.max_replies,
        thread_length=settings.max_thread,
        project_file_bytes=settings.max_project_files,
        alone=settings.redis is None,
        processor_time=time.thread_time,
    )


def web_pages(settings: Settings) -> WebPages:
    """Which web pages may use REST and WebSockets."""
    return WebPages(settings.origins, of_this_machine=settings.env == "development")


def connection_rules(settings: Settings) -> ConnectionRules:
    """The rules of connections."""
    return ConnectionRules(
        messages_per_second=settings.messages_per_second,
        message_burst=settings.message_burst,
        mistakes_per_second=settings.mistakes_per_second,
        mistake_burst=settings.mistake_burst,
        connections_per_user=settings.max_connections_per_user,
        unauthenticated=settings.max_unauthenticated,
        admissions_per_second=settings.admissions_per_second,
        admission_queue=settings.admission_queue,
        slow_reader_seconds=settings.slow_reader,
        shutdown_spread=settings.shutdown_spread,
        shutdown_return=settings.shutdown_return,
    )


def inspector(settings: Settings) -> ChildInspector:
    """What looks into uploaded files."""
    rules = MediaRules(
        pixels=settings.max_pixels,
        audio_seconds=settings.max_audio,
        cpu_seconds=settings.decoder_seconds,
        at_once=settings.decoders,
    )
    return ChildInspector(rules)


def upload_rules(settings: Settings) -> UploadRules:
    """What may be uploaded."""
    return UploadRules(file_bytes=settings.max_upload, at_once=settings.uploads_per_user)
