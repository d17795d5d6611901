from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.config.layers import Settings, config_files, read_layer, resolve_settings
from agent.config.options import Config
from profiles.errors import ConfigError, UsageError
from profiles.profile import load_profile

PI5 = load_profile("pi5")


def settings_of(tmp_path: Path, text: str = "", **given: Any) -> Settings:
    """Return the settings on a Raspberry Pi 5 for a file and a command line."""
    file = tmp_path / "config.toml"
    file.write_text(text)
    return resolve_settings(Config(**given), [file], PI5)


def test_without_options_the_profile_and_the_defaults_are_used(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    assert (settings.source, settings.width, settings.height) == (PI5.camera.source, 640, 480)
    assert settings.origins["source"] == settings.origins["height"] == "profile pi5"
    assert (settings.artifacts / "manifest.json").is_file()
    assert settings.log is not None
    assert settings.log.name == "agent.db"
    assert (settings.json, settings.no_dashboard, settings.frames, settings.seconds) == (False, False, None, None)
    assert settings.origins["artifacts"] == settings.origins["log"] == settings.origins["frames"] == "default"


def test_the_file_wins_over_the_profile_and_the_command_line_over_both(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "width = 1280\nheight = 720\njson = true", height=1080, json=False)
    assert (settings.width, settings.height, settings.json) == (1280, 1080, False)
    assert settings.origins["width"] == f"{tmp_path}/config.toml:1"
    assert settings.origins["height"] == settings.origins["json"] == "command line"


@pytest.mark.parametrize(
    ("text", "given", "source"),
    [
        ('camera = "1"', {}, "1"),
        ('camera = "1"', {"source": "demo:"}, "demo:"),
        ('source = "demo:"', {"camera": "2"}, "2"),
        ("", {"camera": "2"}, "2"),
    ],
)
def test_a_camera_is_a_source(tmp_path: Path, text: str, given: dict[str, str], source: str) -> None:
    settings = settings_of(tmp_path, text, **given)
    assert settings.source == source
    assert settings.origins["source"] == ("command line" if given else f"{tmp_path}/config.toml:1")


@pytest.mark.parametrize(
    ("text", "given", "log"),
    [
        ("no-log = true", {}, None),
        ("", {"log": Path("/dev/null")}, None),
        ('log = "/dev/null"', {}, None),
        ('log = "/dev/null"', {"log": Path("/b.db")}, Path("/b.db")),
        ('log = "/a.db"', {"no_log": True}, None),
        ('log = "/a.db"', {}, Path("/a.db")),
        ("no-log = true", {"log": Path("/b.db")}, Path("/b.db")),
        ('log = "/a.db"\nno-log = false', {"log": Path("/b.db")}, Path("/b.db")),
    ],
)
def test_log_and_no_log_override_each_other_across_layers(
    tmp_path: Path, text: str, given: dict[str, Any], log: Path | None
) -> None:
    settings = settings_of(tmp_path, text, **given)
    assert settings.log == log
    assert settings.origins["log"] == ("command line" if given else f"{tmp_path}/config.toml:1")


def test_conflicting_options_on_the_command_line_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--camera and --source both name a source; give one of them"):
        settings_of(tmp_path, camera="0", source="1")
    with pytest.raises(UsageError, match="--log and --no-log contradict each other; give one of them"):
        settings_of(tmp_path, log=Path("x"), no_log=True)


def test_a_file_with_mistakes_is_refused_with_the_first_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"config\.toml:2: there is no option 'hight'; did you mean height\?$"):
        settings_of(tmp_path, "width = 9\nhight = 9")
    with pytest.raises(ConfigError, match=r"config\.toml:1: .+ \(and 1 more: 'digit-agent config check .+' lists them"):
        settings_of(tmp_path, "widht = 9\nhight = 9")


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no .+/none\.toml; name a configuration file, or omit --config"):
        read_layer(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match=r"cannot be read \(Is a directory\); check its permissions"):
        read_layer(tmp_path)


def test_the_later_file_wins_option_by_option(tmp_path: Path) -> None:
    bundled, local = tmp_path / "bundled.toml", tmp_path / "local.toml"
    bundled.write_text('width = 1280\nheight = 720\nlog = "agent.db"')
    local.write_text("height = 1080\nno-log = true")
    settings = resolve_settings(Config(), [bundled, local], PI5)
    assert (settings.width, settings.height, settings.log) == (1280, 1080, None)
    assert settings.origins["width"] == f"{bundled}:1"
    assert settings.origins["log"] == f"{local}:2"


def test_a_named_file_is_the_only_one(tmp_path: Path) -> None:
    assert config_files(tmp_path / "config.toml") == (tmp_path / "config.toml",)


def test_the_board_s_own_file_wins_over_the_bundle_s(tmp_path: Path) -> None:
    assert config_files(None, tmp_path) == ()
    local = tmp_path / "etc/digit-agent/config.toml"
    bundled = tmp_path / "var/lib/digit-deploy/slots/a/config/config.toml"
    for file in (local, bundled):
        file.parent.mkdir(parents=True)
        file.touch()
    (tmp_path / "var/lib/digit-deploy/current").symlink_to("slots/a")
    assert config_files(None, tmp_path) == (bundled.resolve(), local)
