"""Every option of `digit-agent run`, defined once for the command line, the configuration file and its example.

To add an option, add a field to `Config` here, a parameter of the same name to `run` in `agent.cli.run`, and a field to
`Settings` in `agent.config.layers`. A test compares this module with the command line. `agent.cli.options` makes the
help and the limits of the command line from this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, get_args, get_type_hints

MAX_WAIT_S = 86_400
"""Longest time that may be set for a network camera, in seconds: a day."""
MAX_PICTURES_MIB = 65_536
"""Most space that may be set for cut-outs, in MiB; the log as a whole is limited, too."""
MAX_SIDE_PX = 16384
"""Largest picture width or height that may be requested, in pixels."""


@dataclass(frozen=True)
class Option:
    """The help, the limits and an example of one option."""

    help: str
    example: str | float
    metavar: str | None = None
    """Placeholder of the value in `--help`; None for a switch."""
    switch: str | None = None
    """Spelling of a switch on the command line, together with its opposite if it has one."""
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    """The only values of a text; empty allows any."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """The options that one place sets, such as a file or the command line; None means not set."""

    source: Annotated[
        str | None,
        Option(
            "Camera ('0', '/dev/video0', 'csi://0'), stream ('http://…', 'rtsp://…'), video, picture, folder, "
            "quoted glob, '-' (pictures on the standard input), or 'demo:'. Default: the board's camera.",
            example="csi://0",
            metavar="URI",
        ),
    ] = None
    camera: Annotated[
        str | None, Option("Number or path of a camera: short for --source.", example="0", metavar="N|PATH")
    ] = None
    password_file: Annotated[
        Path | None,
        Option(
            "File with the password for the user in the address of a network camera ('http://user@host/path'), or for "
            "{password} in it. Default: the service's credential camera-password, if there is one.",
            example="/etc/digit-agent/camera-password",
            metavar="FILE",
        ),
    ] = None
    patience: Annotated[
        float | None,
        Option(
            "Longest time in seconds without a picture that is normal for a network camera. Default: 10.",
            example=70.0,
            metavar="S",
            minimum=1,
            maximum=MAX_WAIT_S,
        ),
    ] = None
    every: Annotated[
        float | None,
        Option(
            "Look once every S seconds. From 10 on, the camera is closed in between, and each look is independent, "
            "as at a still picture. Default: a camera that gives one picture for each request is asked every second.",
            example=5.0,
            metavar="S",
            minimum=0,
            maximum=MAX_WAIT_S,
        ),
    ] = None
    insecure: Annotated[
        bool | None,
        Option(
            "Accept any certificate of an https camera, such as one that it has signed itself. Then anybody in the "
            "network can pretend to be the camera, get its password, and send other pictures.",
            example=True,
            switch="--insecure/--secure",
        ),
    ] = None
    roi: Annotated[
        str | None,
        Option(
            "Read only this region of the picture, in pixels or, with % after each number, in per cent of its sides. "
            "The numbers refer to the rotated and flipped picture, as all boxes do.",
            example="10%,0%,80%,60%",
            metavar="X,Y,W,H",
        ),
    ] = None
    rotate: Annotated[
        int | None,
        Option(
            "Turn each picture clockwise by 0, 90, 180 or 270 degrees first, for a camera that hangs sideways.",
            example=180,
            metavar="DEG",
            minimum=0,
            maximum=270,
        ),
    ] = None
    flip: Annotated[
        bool | None,
        Option(
            "Mirror each rotated picture from left to right, for a camera that looks at a mirror.",
            example=True,
            switch="--flip/--no-flip",
        ),
    ] = None
    control: Annotated[
        str | None,
        Option(
            "Set a control of the camera, such as its exposure or focus; several have commas between them. "
            "'digit-agent doctor' lists the names and ranges.",
            example="auto_exposure=1,exposure_time_absolute=200",
            metavar="NAME=VALUE",
        ),
    ] = None
    form: Annotated[
        Path | None,
        Option(
            "Read a form: its TOML file, or a folder of such files. Each sheet that is laid before the camera becomes "
            "one record, when it lies still. See docs/forms.md.",
            example="/etc/digit-agent/delivery.toml",
            metavar="FORM",
        ),
    ] = None
    artifacts: Annotated[
        Path | None,
        Option(
            "Folder of the artifacts and their manifest. Default: the artifacts that ship with digit-agent.",
            example="/var/lib/digit-agent/artifacts",
            metavar="DIR",
        ),
    ] = None
    json: Annotated[
        bool | None,
        Option(
            "Print each reading as one line of JSON; the summary goes to stderr. Keys: time, monotonic_ns, source, "
            "frame, text, confidence (0..1), box ([x, y, width, height], pixels) and digits (digit, probability, box). "
            "With --form: form, sure, and fields (by name: value, text, confidence, sure, broken, corners).",
            example=True,
            switch="--json/--no-json",
        ),
    ] = None
    sightings: Annotated[
        bool | None,
        Option(
            "With --json: also print the numbers in view that are not announced yet, each time that the reason "
            "changes. Key: waits_for, such as 'too near the edge' or '2 more looks'.",
            example=True,
            switch="--sightings/--no-sightings",
        ),
    ] = None
    no_dashboard: Annotated[
        bool | None,
        Option(
            "Print each reading as one line of text instead of showing the dashboard.",
            example=True,
            switch="--no-dashboard/--dashboard",
        ),
    ] = None
    decimal_comma: Annotated[
        bool | None,
        Option(
            "What a comma means: 1.234,5 with a decimal comma, 1,234.5 with a decimal point. If it is not set, 1.234 "
            "is ambiguous and has no value.",
            example=True,
            switch="--decimal-comma/--decimal-point",
        ),
    ] = None
    log: Annotated[
        Path | None,
        Option(
            "SQLite database for readings, latency and power. Default: agent.db in the user's state folder.",
            example="/run/digit-agent/agent.db",
            metavar="FILE",
        ),
    ] = None
    no_log: Annotated[bool | None, Option("Keep no log.", example=True, switch="--no-log")] = None
    keep_pictures: Annotated[
        str | None,
        Option(
            "Of which readings the log keeps a cut-out of the picture, so that they can be reviewed: none (those kept "
            "before are deleted), unsure (and every twentieth of the others, drawn at random), or all.",
            example="all",
            metavar="WHICH",
            choices=("none", "unsure", "all"),
        ),
    ] = None
    pictures_mib: Annotated[
        int | None,
        Option(
            "Space for these cut-outs in MiB, at most half of the log. When it is full, the oldest sure ones are "
            "deleted first, corrected ones last.",
            example=64,
            metavar="MIB",
            minimum=1,
            maximum=MAX_PICTURES_MIB,
        ),
    ] = None
    web: Annotated[
        str | None,
        Option(
            "Serve the board's web page at this address while reading: a port of this machine, or 0.0.0.0:8080 for the "
            "whole network, with a password. See docs/web.md.",
            example="0.0.0.0:8080",
            metavar="[HOST:]PORT",
        ),
    ] = None
    web_password_file: Annotated[
        Path | None,
        Option(
            "File with the password of the web page. Default: the service's credential web-password, if there is one; "
            "else the first start makes a password where one is needed, and shows it once.",
            example="/etc/digit-agent/web-password",
            metavar="FILE",
        ),
    ] = None
    web_name: Annotated[
        str | None,
        Option(
            "Further name by which the web page may be called, such as that of a reverse proxy; several have commas "
            "between them.",
            example="reader.example.org",
            metavar="NAME",
        ),
    ] = None
    web_cert: Annotated[
        Path | None,
        Option(
            "Certificate with which the web page is encrypted (https), in PEM, together with those of its authorities.",
            example="/etc/digit-agent/web-cert.pem",
            metavar="FILE",
        ),
    ] = None
    web_key: Annotated[
        Path | None,
        Option(
            "Key of the certificate in --web-cert. Default: it is in the same file.",
            example="/etc/digit-agent/web-key.pem",
            metavar="FILE",
        ),
    ] = None
    mqtt: Annotated[
        str | None,
        Option(
            "Send readings to this MQTT broker: mqtt://host, or with encryption mqtts://user@host:8883/prefix. Topics "
            "begin with the prefix (default: digit-agent) and the board's name. See docs/mqtt.md.",
            example="mqtts://reader@broker.lan/digit-agent",
            metavar="URL",
        ),
    ] = None
    mqtt_password_file: Annotated[
        Path | None,
        Option(
            "File with the password for the user in --mqtt. Default: the service's credential mqtt-password, if there "
            "is one.",
            example="/etc/digit-agent/mqtt-password",
            metavar="FILE",
        ),
    ] = None
    mqtt_ca: Annotated[
        Path | None,
        Option(
            "Certificate of the authority that signed the broker's certificate. Default: the system's authorities.",
            example="/etc/digit-agent/mqtt-ca.pem",
            metavar="FILE",
        ),
    ] = None
    mqtt_cert: Annotated[
        Path | None,
        Option(
            "Certificate with which the board proves to the broker who it is.",
            example="/etc/digit-agent/mqtt-cert.pem",
            metavar="FILE",
        ),
    ] = None
    mqtt_key: Annotated[
        Path | None,
        Option(
            "Key of the certificate in --mqtt-cert. Default: it is in the same file.",
            example="/etc/digit-agent/mqtt-key.pem",
            metavar="FILE",
        ),
    ] = None
    mqtt_picture: Annotated[
        float | None,
        Option(
            "With --mqtt: send the camera's picture to the topic 'picture' every S seconds. Whoever may read it there "
            "sees it. Default: no pictures.",
            example=10.0,
            metavar="S",
            minimum=1,
        ),
    ] = None
    home_assistant: Annotated[
        bool | None,
        Option(
            "With --mqtt: describe the board to Home Assistant, so that it shows up there by itself.",
            example=True,
            switch="--home-assistant/--no-home-assistant",
        ),
    ] = None
    webhook: Annotated[
        str | None,
        Option(
            "Send each reading and record to this web service, as a POST of JSON. See docs/webhooks.md.",
            example="https://office.example.org/readings",
            metavar="URL",
        ),
    ] = None
    webhook_secret_file: Annotated[
        Path | None,
        Option(
            "File with the secret (whsec_…) that signs what is sent to --webhook. Default: the service's credential "
            "webhook-secret, if there is one.",
            example="/etc/digit-agent/webhook-secret",
            metavar="FILE",
        ),
    ] = None
    metrics: Annotated[
        str | None,
        Option(
            "Serve figures of the run for Prometheus at this address: a port of this machine, or 0.0.0.0:9464 for the "
            "whole network, without a password. 'page' serves them only at /metrics of --web, to who may see "
            "that. See docs/prometheus.md.",
            example="0.0.0.0:9464",
            metavar="[HOST:]PORT|page",
        ),
    ] = None
    board_name: Annotated[
        str | None,
        Option(
            "Name of this board in topics and messages; each board needs its own. Default: the name of the machine.",
            example="counter-01",
            metavar="NAME",
        ),
    ] = None
    frames: Annotated[
        int | None,
        Option("Stop after N frames. Default: no limit.", example=1000, metavar="N", minimum=1),
    ] = None
    seconds: Annotated[
        float | None,
        Option("Stop after S seconds. Default: no limit.", example=3600.0, metavar="S", minimum=0),
    ] = None
    width: Annotated[
        int | None,
        Option(
            "Width to request from the camera, in pixels. Default: the board's.",
            example=1280,
            metavar="PX",
            minimum=1,
            maximum=MAX_SIDE_PX,
        ),
    ] = None
    height: Annotated[
        int | None,
        Option(
            "Height to request from the camera, in pixels. Default: the board's.",
            example=720,
            metavar="PX",
            minimum=1,
            maximum=MAX_SIDE_PX,
        ),
    ] = None


_HINTS = get_type_hints(Config, include_extras=True)
OPTIONS: Mapping[str, Option] = {name: hint.__metadata__[0] for name, hint in _HINTS.items()}
"""Each option by the name of its field in `Config`."""
TYPES: Mapping[str, type] = {name: get_args(hint.__origin__)[0] for name, hint in _HINTS.items()}
"""The type of each option's value by the name of its field: str, Path, bool, int or float."""


def option_name(field: str) -> str:
    """Return the name of an option in the file, and after two dashes on the command line, for a field of `Config`."""
    return field.replace("_", "-")


def conflicts(config: Config) -> Iterator[tuple[str, str, str]]:
    """Yield the pairs of options that one place sets but must not set together, and the reason."""
    for one, other, why in (("camera", "source", "both name a source"), ("log", "no_log", "contradict each other")):
        if not {getattr(config, one), getattr(config, other)} & {None, False}:
            yield one, other, why
