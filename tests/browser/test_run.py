"""A run with its page, as on a board: the picture moves, a reading appears, and a correction survives a restart."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.agent.cli.test_web import free_port, get, started
from tests.agent.web.conftest import PASSWORD
from tests.browser.conftest import Browser
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
FINGERPRINT = """(() => {
    const picture = document.getElementById("picture"), canvas = document.createElement("canvas");
    if (!picture.naturalWidth) return "";
    [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
    canvas.getContext("2d").drawImage(picture, 0, 0);
    return canvas.toDataURL("image/jpeg", 0.5);
})()"""
"""JavaScript for the content of the picture in view; empty if there is none yet."""


def test_a_region_is_drawn_and_saved_and_a_turned_picture_is_seen(
    browse: Callable[[int], Browser], tmp_path: Path
) -> None:
    port, config, password = free_port(), tmp_path / "config.toml", tmp_path / "password"
    config.write_text("# mine\n")
    password.write_text(PASSWORD)
    source = ("--source", "demo:?frames=1000000", "--every", "0.2", "--no-dashboard", "--config", str(config))
    browser = browse(port)
    with started(tmp_path, "run", *source, "--web", str(port), "--web-password-file", str(password)):
        wait_until(lambda: get(port, "/healthz")[0] == 200)
        browser.log_in()
        browser.open("/setup")
        browser.wait_for("document.getElementById('picture').naturalWidth === 640")
        browser.drag("#drawn", (0.25, 0.2), (0.75, 0.9))
        browser.find("#region")
        drawn = str(browser.find("#option-roi").get_attribute("value"))
        assert [round(float(part.rstrip("%"))) for part in drawn.split(",")] == pytest.approx([25, 20, 50, 70], abs=1)
        browser.find("#save").click()
        browser.wait_for("document.getElementById('said').textContent === 'Saved, and in use.'")
        assert config.read_text() == f'# mine\nroi = "{drawn}"\n'
        browser.run("document.getElementById('option-rotate').scrollIntoView({block: 'center'})")
        browser.find("#option-rotate").send_keys("\b90")
        browser.find("#save").click()
        browser.wait_for("document.getElementById('picture').naturalWidth === 480")
        browser.wait_for("document.getElementById('said').textContent === 'Saved, and in use.'")
        assert config.read_text() == f'# mine\nroi = "{drawn}"\nrotate = 90\n'
        browser.find("#option-roi").clear()
        browser.find("#option-roi").send_keys("9000,0,10,10")
        browser.find("#save").click()
        browser.wait_for("document.getElementById('said').textContent.startsWith('Undone: the camera does not come')")
        assert config.read_text() == f'# mine\nroi = "{drawn}"\nrotate = 90\n'
        browser.find("#reset").click()
        assert browser.find("#option-roi").get_attribute("value") == drawn
        browser.driver.get("about:blank")
        assert [text for text in browser.complaints() if "401" not in text] == []


def test_a_picture_moves_a_reading_appears_and_a_correction_survives_a_restart(
    browse: Callable[[int], Browser], tmp_path: Path
) -> None:
    port, log = free_port(), tmp_path / "agent.db"
    source = ("--source", "demo:?frames=1000000", "--every", "0.2", "--no-dashboard", "--keep-pictures", "all")
    browser = browse(port)
    with started(tmp_path, "run", *source, "--log", str(log), "--web", str(port)) as agent:
        wait_until(lambda: get(port, "/healthz")[0] == 200)
        browser.open("/")
        browser.wait_for(f"(window.first ||= {FINGERPRINT}) !== ''")
        browser.wait_for(f"window.first !== {FINGERPRINT}")
        text = browser.find("#last b").text
        browser.wait_for("document.querySelector('[data-key=latency]').textContent.endsWith(' ms')")
        wait_until(lambda: '"picture":true' in get(port, "/api/v1/readings")[1])
        browser.open(f"/readings?text={text}")
        browser.find("#rows a").click()
        browser.find("#text")
        browser.type("123.5\n")
        browser.wait_for("document.getElementById('said').textContent.endsWith(': 123.5.')")
        wait_until(lambda: '"text":"123.5"' in get(port, "/api/v1/corrections")[1])
        assert browser.find("#export a").get_attribute("download") == ""
        browser.driver.get("about:blank")
        agent.send_signal(signal.SIGINT)
        agent.wait(timeout=60)
    with started(tmp_path, "web", "--log", str(log), "--bind", str(port)):
        wait_until(lambda: get(port, "/healthz")[0] == 200)
        browser.open(f"/readings?text={text}")
        assert browser.find("#rows .corrected").text == "is 123.5"
