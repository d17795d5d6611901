"""The service in a booted Debian system: it becomes ready, and it is restarted after failures."""

from __future__ import annotations

import pytest

from tests.systemd.guest import Guest

pytestmark = pytest.mark.timeout(300)
WATCHDOG_S, RESTART_S = 30, 5


def test_the_service_becomes_ready_and_reads(board: Guest) -> None:
    process = board.await_ready()
    assert board.sh("ps", "-o", "user=,args=", "-p", str(process)).startswith("digit-a+ ")
    board.wait_for("reading in the journal", lambda: "digit-agent[" in board.journal() or None, 30)
    assert board.show("NRestarts") == {"NRestarts": "0"}
    assert board.sh("systemctl", "--failed", "--no-legend") == ""


def test_the_service_can_write_only_to_its_own_folders(board: Guest) -> None:
    process = board.await_ready()
    owner = board.sh("stat", "-c", "%u %g", "/var/lib/digit-agent").split()
    inside = ("nsenter", f"--target={process}", "--mount", f"--setuid={owner[0]}", f"--setgid={owner[1]}", "touch")
    for folder in ("/var/lib/digit-agent", "/var/cache/digit-agent", "/run/digit-agent"):
        board.sh(*inside, f"{folder}/probe")
    for folder in ("/etc/digit-agent", "/var/lib/digit-deploy", "/opt/digit-agent", "/var/lib", "/root"):
        assert board.run(*inside, f"{folder}/probe").returncode != 0


def test_links_of_the_services_user_lead_root_nowhere(board: Guest) -> None:
    """Root reads the log and the state of the service; whoever took the service over may put links in their places."""
    state = ("stat", "-c", "%U %G %a %s %Y", "/etc/shadow")
    before, process = board.sh(*state), board.await_ready()
    as_user = ("setpriv", "--reuid=digit-agent", "--regid=digit-agent", "--clear-groups")
    board.sh(*as_user, "ln", "-sf", "/etc/shadow", "/run/digit-agent/health.json")
    board.run("digit-deploy", "status")
    for suffix in ("-wal", "-shm", "-journal", ""):
        board.sh(*as_user, "ln", "-sf", "/etc/shadow", f"/var/lib/digit-agent/agent.db{suffix}")
        done = board.run("digit-agent", "stats", "--log", "/var/lib/digit-agent/agent.db")
        assert "root:" not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    board.run("digit-agent", "doctor")
    board.sh("systemctl", "restart", "digit-agent")
    board.await_ready(other_than=process)
    board.sh(*as_user, "sh", "-c", "rm /var/lib/digit-agent/agent.db*")
    assert board.sh(*state) == before


def test_the_service_is_restarted_after_it_was_killed(board: Guest) -> None:
    before = board.await_ready()
    board.sh("kill", "-KILL", str(before))
    after = board.await_ready(other_than=before)
    assert after != before
    assert "status=9/KILL" in board.journal()


def test_the_watchdog_restarts_a_service_that_hangs(board: Guest) -> None:
    before = board.await_ready()
    board.sh("kill", "-STOP", str(before))
    board.await_ready(other_than=before, timeout_s=WATCHDOG_S + RESTART_S + 90)
    assert f"Watchdog timeout (limit {WATCHDOG_S}s)!" in board.journal()


def test_a_wrong_option_stops_the_service_until_it_is_corrected(board: Guest) -> None:
    options = board.root / "etc/digit-agent/agent.env"
    original = options.read_text()
    options.write_text("DIGIT_AGENT_OPTIONS=--source demo: --camera 0\n")
    assert board.run("systemctl", "restart", "digit-agent").returncode != 0
    shown = board.show("ActiveState", "Result", "ExecMainStatus")
    assert shown == {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "2"}
    assert "--camera and --source both name a source" in board.journal()
    assert board.show("ActiveState", unit="digit-agent-again.timer") == {"ActiveState": "active"}

    options.write_text(original)
    board.sh("systemctl", "restart", "digit-agent")
    board.await_ready()
    board.sh("systemctl", "stop", "digit-agent")
    assert board.show("ActiveState", unit="digit-agent-again.timer") == {"ActiveState": "inactive"}
    board.sh("systemctl", "start", "digit-agent")
