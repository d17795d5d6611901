"""Draw the picture of the web page for the README: `python -m benchmarks.web_picture`.

`docs/web.jpg` shows the live page and the review, as a phone does, beside a run of the built-in demo. It needs Debian's
chromium and chromium-driver, and the packages of the dependency group `browser`.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import visibility_of_element_located
from selenium.webdriver.support.wait import WebDriverWait

PICTURE = Path(__file__).parents[1] / "docs" / "web.jpg"
PAGES = {"/": "#last b", "/review": "#place"}
"""Pages by their path, each with what has to be shown before the picture is taken."""
SIZE_PX = 390, 760
GAP_PX = 24
WAIT_S = 120
DRAWING_S = 2.0
"""Time for the picture of the camera to be drawn, in seconds."""


def main() -> None:
    """Write the picture."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = int(server.getsockname()[1])
    with TemporaryDirectory() as folder:
        arguments = ["run", "--source", "demo:?frames=1000000", "--every", "0.2", "--no-dashboard", "--web", str(port)]
        arguments += ["--keep-pictures", "all", "--log", str(Path(folder) / "agent.db")]
        run = subprocess.Popen(
            [sys.executable, "-c", "from agent.cli import main; main()", *arguments], stdout=subprocess.PIPE
        )
        assert run.stdout is not None
        try:
            run.stdout.readline()  # the first reading
            time.sleep(3 * DRAWING_S)  # the log is written every five seconds
            pictures = _photograph(f"http://127.0.0.1:{port}")
        finally:
            run.kill()
            run.communicate()
    gap = np.full((pictures[0].shape[0], GAP_PX, 3), 255, np.uint8)
    cv2.imwrite(str(PICTURE), np.hstack([pictures[0], gap, pictures[1]]), [cv2.IMWRITE_JPEG_QUALITY, 85])


def _photograph(base: str) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for switch in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(switch)
    driver, pictures = Chrome(options, Service(shutil.which("chromedriver"))), []
    try:
        metrics = {"width": SIZE_PX[0], "height": SIZE_PX[1], "deviceScaleFactor": 1, "mobile": True}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        for path, selector in PAGES.items():
            driver.get(base + path)
            WebDriverWait(driver, WAIT_S).until(visibility_of_element_located((By.CSS_SELECTOR, selector)))
            WebDriverWait(driver, WAIT_S).until(_has_all_pictures)
            time.sleep(DRAWING_S)
            shown = np.frombuffer(driver.get_screenshot_as_png(), np.uint8)
            pictures.append(np.asarray(cv2.imdecode(shown, cv2.IMREAD_COLOR), np.uint8))
    finally:
        driver.quit()
    return pictures


def _has_all_pictures(driver: Chrome) -> bool:
    script = "return [...document.images].every((image) => image.naturalWidth > 0)"
    return bool(driver.execute_script(script))  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
