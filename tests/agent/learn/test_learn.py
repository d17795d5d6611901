"""What was learned belongs to the nets that were asked to learn."""

from __future__ import annotations

import pytest

from agent.choice.choose import choose_nets
from agent.learn.learn import learn
from agent.paths import shipped_artifacts
from profiles.board import detect_board
from profiles.manifest import Role
from tests.agent.learn.strange_hand import write_number


@pytest.mark.slow
@pytest.mark.parametrize("roles", [{"verifier"}, {"classifier", "recogniser"}])
def test_only_these_roles_learn(roles: set[Role]) -> None:
    nets = choose_nets(shipped_artifacts(), detect_board().profile)
    lesson = learn([write_number(seed) for seed in range(5)], nets, lambda _: None, roles=roles)
    assert lesson.adjustments.keys() == roles
