"""Debian's Prometheus takes the figures, the alert rules, and every question of the board for Grafana."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from agent.events import Vitals
from agent.outlets.metrics import MetricsAddress, MetricsSink
from tests.agent.outlets.feeding import INFO, fed, frame, reading
from tests.integrations.conftest import accepts, find_tool, free_port
from tests.integrations.test_mqtt import Start, local
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
FOLDER = Path(__file__).parents[2] / "deploy" / "observability"
CONFIG = """
global: {scrape_interval: 1s}
scrape_configs:
  - {job_name: digit-agent, static_configs: [{targets: ["127.0.0.1:%d"]}]}
"""


def promtool(*arguments: str, given: bytes | None = None) -> str:
    """Run promtool, which must find no fault, and return what it prints."""
    done = subprocess.run([find_tool("promtool"), *arguments], input=given, capture_output=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return (done.stdout + done.stderr).decode()


def test_the_alert_rules_and_the_example_are_valid_and_the_rules_do_what_they_say() -> None:
    promtool("check", "config", str(FOLDER / "prometheus.yml"))
    assert "SUCCESS: 9 rules found" in promtool("check", "rules", str(FOLDER / "alerts.yml"))
    assert "SUCCESS" in promtool("test", "rules", str(FOLDER / "alerts_test.yml"))


def test_prometheus_takes_the_figures_and_answers_every_question_of_the_board(tmp_path: Path, mosquitto: Start) -> None:
    find_tool("prometheus")
    (tmp_path / "agent.db").touch()
    port, web = free_port(), free_port()
    with fed(local(tmp_path, mosquitto("allow_anonymous true"))) as run:
        sink = MetricsSink(MetricsAddress("127.0.0.1", port), lambda: INFO, tmp_path / "agent.db", run.sink)
        (tmp_path / "prometheus.yml").write_text(CONFIG % port)
        folders = (f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/tsdb")
        command = [find_tool("prometheus"), *folders, f"--web.listen-address=127.0.0.1:{web}"]
        prometheus = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            number = 0

            def ask(question: str) -> list[object]:
                """Let the run read one more number, and ask Prometheus."""
                nonlocal number
                number += 1
                vitals = Vitals(number * 10**9, 4000.0, 51.5, ("under-voltage",))
                sink.take(frame(number, [reading("0471")], vitals=vitals))
                with urlopen(f"http://127.0.0.1:{web}/api/v1/query?query={quote(question)}", timeout=60) as answer:
                    return list(json.load(answer)["data"]["result"])

            wait_until(lambda: accepts(web))
            with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
                assert promtool("check", "metrics", given=answer.read()) == "", "it is silent"
            panels = json.loads((FOLDER / "grafana.json").read_text())["panels"]
            questions = [target["expr"] for panel in panels for target in panel["targets"]]
            assert len(questions) == 13
            for question in questions:
                wait_until(lambda question=question: ask(question) != [])  # type: ignore[misc]
        finally:
            prometheus.kill()
            prometheus.wait()
            assert sink._server is not None
            sink._server.shutdown()
            sink._server.server_close()
