"""`run --mqtt` on the command line: what is refused before the run begins, and that without it nothing is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.imported_modules import imported_modules

EXECUTABLE = str(Path(sys.executable).with_name("digit-agent"))


def run(tmp_path: Path, *arguments: str) -> tuple[int, str]:
    """Run the agent on the demo until it has seen a frame; return its exit code and what it says on stderr."""
    done = subprocess.run(
        [EXECUTABLE, "run", "--source", "demo:", "--frames", "1", "--no-log", "--no-dashboard", *arguments],
        env={**os.environ, "STATE_DIRECTORY": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--mqtt", "broker.lan"], "broker.lan is not the address of a broker; write mqtt://host"),
        (["--mqtt", "http://me:S3CR@broker.lan"], "--mqtt has a password"),
        (["--mqtt", "mqtt://me:S3CR@broker.lan"], "--mqtt has a password, which every user of this machine can see"),
        (["--mqtt", "mqtt://broker.lan:99999"], "is not the address of a broker"),
        (["--mqtt", "mqtt://broker.lan?a=S3CR"], "is not the address of a broker"),
        (["--mqtt", "mqtt://broker.lan/a/%23"], "cannot begin a topic: it has a wildcard"),
        (["--mqtt", "mqtt://broker.lan/a/+/b"], "cannot begin a topic: it has a wildcard"),
        (["--mqtt", "mqtt://broker.lan/a%00b"], "cannot begin a topic"),
        (["--mqtt", "mqtt://broker.lan/$SYS"], "cannot begin a topic"),
        (["--mqtt", "mqtt://broker.lan", "--board-name", "a/b"], "'a/b' cannot be the name of a board"),
        (["--mqtt", "mqtt://broker.lan", "--board-name", "a+"], "'a+' cannot be the name of a board"),
        (["--mqtt", "mqtt://broker.lan", "--board-name", ""], "'' cannot be the name of a board"),
        (["--mqtt", "mqtt://broker.lan", "--mqtt-ca", "/ca.pem"], "does not encrypt, but a certificate is given"),
        (["--mqtt", "mqtts://broker.lan", "--mqtt-ca", "/ca.pem"], "/ca.pem cannot be used as a certificate or a key"),
        (["--mqtt", "mqtts://broker.lan", "--mqtt-key", "/key.pem"], "a key is given without its certificate"),
        (["--mqtt", "mqtt://me@broker.lan", "--mqtt-password-file", "/no"], "the password cannot be read from /no"),
        (["--mqtt", "mqtt://broker.lan", "--mqtt-password-file", "/dev/null"], "it is not a regular file"),
        (["--webhook", "office.example.org"], "is not the address of a web service; write https://host/path"),
        (["--webhook", "ftp://office.example.org"], "is not the address of a web service"),
        (["--webhook", "https://me:S3CR@office.example.org"], "is not the address of a web service"),
        (["--webhook", "https://office.example.org/a b"], "is not the address of a web service"),
        (["--webhook", "https://office.example.org", "--webhook-secret-file", "/no"], "cannot be read from /no"),
        (["--metrics", "localhost"], "'localhost' is not an address for metrics; write a port such as 9464"),
        (["--metrics", "1.2.3.4:99999"], "is not an address for metrics"),
        (["--metrics", "page"], "metrics are wanted on the web page, but there is none; give --web 8080, too"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_right(tmp_path: Path, arguments: list[str], said: str) -> None:
    code, err = run(tmp_path, *arguments)
    assert code == 2
    assert said in " ".join(err.split())
    assert "S3CR" not in err
    assert "Traceback" not in err


def test_config_show_has_no_password(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('mqtt = "mqtt://me:S3CR@broker.lan/farm"\n')
    shown = subprocess.run(
        [EXECUTABLE, "config", "show", "--json", "--config", str(config)], capture_output=True, text=True, check=True
    ).stdout
    assert "mqtt://***@broker.lan/farm" in shown
    assert "S3CR" not in shown


def test_a_broker_that_is_not_there_does_not_stop_a_run(tmp_path: Path) -> None:
    code, err = run(tmp_path, "--mqtt", "mqtt://127.0.0.1:1")
    assert code == 0
    assert err.count("the broker mqtt://127.0.0.1:1 refuses the connection") == 1
    assert (tmp_path / "outbox.db").exists()


def test_without_the_option_nothing_is_loaded() -> None:
    arguments = ("run", "--source", "demo:", "--frames", "1", "--no-log", "--no-dashboard")
    imported = imported_modules(Path(EXECUTABLE), *arguments)
    assert "agent.run" in imported
    assert not {name for name in imported if name.startswith(("agent.outlets", "paho", "prometheus_client"))}
