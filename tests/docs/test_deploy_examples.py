"""The files of ``examples/deploy`` can be read, and say nothing that this version does not know."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from deploy_files import FOLDER, compose, documents, kubernetes, lines, units
from workroom.cli.root import app
from workroom.config import Settings

FILES = sorted(each for each in FOLDER.rglob("*") if each.is_file())
_VARIABLE = re.compile(r"\bWORKROOM_[A-Z_]+")
_KNOWN = {f"WORKROOM_{name.upper()}" for name in Settings.model_fields}

PROCESSES = {
    name: (environment, command)
    for name, environment, command in (*compose(), *kubernetes(), *units())
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_every_setting_that_is_named_exists(path: Path) -> None:
    assert set(_VARIABLE.findall(path.read_text("utf-8"))) <= _KNOWN


@pytest.mark.parametrize("name", PROCESSES)
def test_the_settings_of_each_process_are_taken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environment, command = PROCESSES[name]
    shared = lines("workroom.env") | {"WORKROOM_SECRET": "s" * 64, "WORKROOM_TASK_TOKEN": "t" * 64}
    for variable, value in {**shared, **environment}.items():
        monkeypatch.setenv(variable, value)

    settings = Settings()

    assert settings.env == "production"
    assert settings.redis is not None
    if "serve" in command:
        assert settings.database is not None
        assert settings.database_path is None
        assert settings.files_dir is not None
        assert isinstance(settings.secret, SecretStr)


@pytest.mark.parametrize("name", PROCESSES)
def test_every_command_exists_with_its_options(name: str) -> None:
    _, (program, command, *options) = PROCESSES[name]
    from typer.main import get_command

    commands = get_command(app).commands  # type: ignore[attr-defined]
    known = {opt for each in commands[command].params for opt in (*each.opts, *each.secondary_opts)}
    assert program == "workroom"
    assert set(options) <= known


def test_nodes_differ_in_nothing_that_they_must_share() -> None:
    one, two = (PROCESSES[f"compose node-{number}"] for number in (1, 2))
    assert one == two
    shared = {"WORKROOM_DATABASE", "WORKROOM_REDIS", "WORKROOM_FILES_DIR"}
    assert all(shared <= set(PROCESSES[name][0]) for name in PROCESSES if "worker" not in name)


def test_valkey_lets_in_who_comes_from_another_container() -> None:
    (services,) = documents("compose.yaml")
    deployment = documents("kubernetes/stores.yaml")[2]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    for command in (services["services"]["valkey"]["command"], container["args"]):
        assert dict(zip(command[1::2], command[2::2], strict=True))["--protected-mode"] == "no"


def test_a_proxy_waits_longer_than_a_quiet_connection_is_quiet() -> None:
    longest = Settings().ping_interval + Settings().ping_timeout
    nginx = (FOLDER / "nginx.conf").read_text("utf-8")
    (ingress,) = (d for d in documents("kubernetes/workroom.yaml") if d["kind"] == "Ingress")
    notes = ingress["metadata"]["annotations"]
    waits = [int(re.findall(r"proxy_read_timeout (\d+)s", nginx)[0])]
    waits.append(int(notes["nginx.ingress.kubernetes.io/proxy-read-timeout"]))

    assert all(each > longest for each in waits)


def test_nobody_is_killed_before_they_have_said_goodbye() -> None:
    (services,) = documents("compose.yaml")
    pods = [d["spec"]["template"]["spec"] for d in documents("kubernetes/workroom.yaml")[:1]]
    unit = (FOLDER / "workroom.service").read_text("utf-8")
    graces = [
        int(services["services"]["node-1"]["stop_grace_period"].removesuffix("s")),
        *(pod["terminationGracePeriodSeconds"] for pod in pods),
        int(re.findall(r"TimeoutStopSec=(\d+)", unit)[0]),
    ]

    assert all(grace >= 10 + Settings().shutdown_spread for grace in graces)


@pytest.mark.parametrize("name", ["workroom.service", "workroom-worker.service"])
def test_a_unit_is_told_to_end_once_and_by_its_first_process(name: str) -> None:
    # A second SIGTERM means hurry, to a node; to the processes of a worker it means drop your task.
    unit = (FOLDER / name).read_text("utf-8").splitlines()

    assert "KillMode=mixed" in unit
    assert not [line for line in unit if line.startswith("ExecStop=")]


def test_the_proxy_sends_nothing_twice_that_must_not_be_done_twice() -> None:
    nginx = (FOLDER / "nginx.conf").read_text("utf-8")

    assert re.findall(r"^\s*proxy_next_upstream (.*);", nginx, re.MULTILINE) == ["error timeout"]


def cluster() -> list[Any]:
    """What is made in the cluster for Workroom itself."""
    return documents("kubernetes/workroom.yaml")


def servers_of_workers() -> dict[str, str]:
    """Where each worker looks for the server, by host and port."""
    return {
        name: urlsplit(environment["WORKROOM_SERVER_URL"]).netloc
        for name, (environment, command) in PROCESSES.items()
        if "worker" in command
    }


def test_workers_reach_the_server_from_inside() -> None:
    (compose_file,) = documents("compose.yaml")
    services = {d["metadata"]["name"] for d in cluster() if d["kind"] == "Service"}
    (unit,) = (served for name, served in servers_of_workers().items() if ".service" in name)
    inside = servers_of_workers()
    in_compose, in_cluster = (
        inside[name].split(":") for name in ("compose worker", "kubernetes worker")
    )

    assert len(inside) == 3
    assert in_compose[0] in compose_file["services"]
    published = compose_file["services"][in_compose[0]]["ports"]
    assert all(in_compose[1] not in each.split(":") for each in published)
    assert in_cluster[0] in services
    assert unit == f"127.0.0.1:{Settings().port}"


def test_nobody_outside_reaches_what_is_for_workers() -> None:
    nginx = (FOLDER / "nginx.conf").read_text("utf-8")
    inner = servers_of_workers()["compose worker"].partition(":")[2]
    outside = [
        block
        for block in re.findall(r"^    server {$(.*?)^    }$", nginx, re.MULTILINE | re.DOTALL)
        if f"listen {inner};" not in block
    ]
    (ingress,) = (d for d in cluster() if d["kind"] == "Ingress")
    services = {d["metadata"]["name"]: d["spec"] for d in cluster() if d["kind"] == "Service"}

    assert outside
    assert all("location /api/internal/ { return 404; }" in block for block in outside)
    for rule in ingress["spec"]["rules"]:
        ways = {each["path"]: each for each in rule["http"]["paths"]}
        refused = ways["/api/internal"]
        assert refused["pathType"] == "Prefix"
        assert "selector" not in services[refused["backend"]["service"]["name"]]


def test_every_file_that_is_mentioned_is_there() -> None:
    told = (FOLDER / "README.md").read_text("utf-8")
    for name in re.findall(
        r"`([a-z./-]+\.(?:yaml|conf|service|env)|Dockerfile|kubernetes/)`", told
    ):
        assert (FOLDER / name).exists(), name
