from __future__ import annotations

import logging

from agent.live.log_capture import capture_warnings


def test_warnings_of_the_agent_reach_every_listener_while_it_lasts() -> None:
    first, second = list[str](), list[str]()
    log = logging.getLogger("agent.somewhere")
    with capture_warnings([first.append, second.append]):
        log.warning("%s is cut off", "page.jpg")
        log.info("nothing to worry about")
        logging.getLogger("elsewhere").warning("not ours")
    log.warning("later")
    assert first == second == ["page.jpg is cut off"]
