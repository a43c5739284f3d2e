"""The Python client: essays and projects, followed live, through restarts and worse.

    async with connect("https://workroom.example.org", token=token) as workroom:
        essay = await workroom.essay(1)
        await essay.save(essay.text + " Written by a program.")
        async for event in essay:
            print(event)

``workroom.client.sync`` is the same for programs without ``async``; ``workroom.client.events`` has
the classes of events, ``workroom.client.errors`` those of errors.
"""

from workroom.client import errors, events, offsets
from workroom.client.errors import (
    Closed,
    ConnectionRefused,
    NoToken,
    PermissionDenied,
    QueueFull,
    TimedOut,
)
from workroom.client.project import Task
from workroom.client.rooms import Essay, Project
from workroom.client.session import Workroom, connect
from workroom.client.text import Version
from workroom.errors import WorkroomError

__all__ = [
    "Closed",
    "ConnectionRefused",
    "Essay",
    "NoToken",
    "PermissionDenied",
    "Project",
    "QueueFull",
    "Task",
    "TimedOut",
    "Version",
    "Workroom",
    "WorkroomError",
    "connect",
    "errors",
    "events",
    "offsets",
]
