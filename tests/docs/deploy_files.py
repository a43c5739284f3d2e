"""The files of ``examples/deploy``, read as those read them that are made for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from docs_kit import ROOT

FOLDER = ROOT / "examples" / "deploy"
Environment = dict[str, str]


def documents(name: str) -> list[Any]:
    """The documents of a YAML file."""
    return list(yaml.safe_load_all((FOLDER / name).read_text("utf-8")))


def lines(path: str, prefix: str = "") -> Environment:
    """``NAME=value`` lines of a file."""
    text = (FOLDER / path).read_text("utf-8")
    return dict(re.findall(rf"^{prefix}([A-Z_]+)=(.*)$", text, re.MULTILINE))


def compose() -> Iterator[tuple[str, Environment, list[str]]]:
    """Name, environment and command of each process of ours under Docker Compose."""
    (document,) = documents("compose.yaml")
    for name, service in document["services"].items():
        if service["image"] == "workroom:local":
            yield f"compose {name}", service["environment"], service["command"]


def kubernetes() -> Iterator[tuple[str, Environment, list[str]]]:
    """The same in a cluster."""
    for file in ("workroom", "worker"):
        for document in documents(f"kubernetes/{file}.yaml"):
            if document["kind"] == "Deployment":
                (container,) = document["spec"]["template"]["spec"]["containers"]
                environment = {each["name"]: each["value"] for each in container["env"]}
                yield f"kubernetes {file}", environment, container["args"]


def units() -> Iterator[tuple[str, Environment, list[str]]]:
    """The same under systemd."""
    for file in ("workroom.service", "workroom-worker.service"):
        text = (FOLDER / file).read_text("utf-8")
        command = re.findall(r"^ExecStart=\S*/(workroom .*)$", text, re.MULTILINE)[0].split()
        yield file, lines(file, "Environment="), command
