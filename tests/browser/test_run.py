"""A run with its page, as on a board: the picture moves, a reading appears, and a correction survives a restart."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.agent.cli.test_web import free_port, get, started
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
        browser.driver.get("about:blank")
        agent.send_signal(signal.SIGINT)
        agent.wait(timeout=60)
    with started(tmp_path, "web", "--log", str(log), "--bind", str(port)):
        wait_until(lambda: get(port, "/healthz")[0] == 200)
        browser.open(f"/readings?text={text}")
        assert browser.find("#rows .corrected").text == "is 123.5"
