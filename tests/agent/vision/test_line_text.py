"""CTC outputs become strings, and strings get probabilities."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.line_text import BLANK, CHARACTERS, LINE_CLASSES, beam_search, log_probabilities, without_signs


def outputs(spelling: str, strength: float = 9.0) -> NDArray[np.float32]:
    """Return log probabilities that say one character in each step; "_" is blank."""
    logits = np.zeros((len(spelling), LINE_CLASSES))
    for step, character in enumerate(spelling):
        logits[step, BLANK if character == "_" else CHARACTERS.index(character)] = strength
    return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)), np.float32)


def random_outputs(steps: int, seed: int = 0) -> NDArray[np.float32]:
    logits = np.random.default_rng(seed).normal(0, 2, (steps, LINE_CLASSES))
    return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)), np.float32)


@pytest.mark.parametrize(
    ("spelling", "text"),
    [
        ("_11__2_", "12"),
        ("1_1", "11"),
        ("11", "1"),
        ("____", ""),
        ("3_.1_4", "3.14"),
        ("-4_2_%", "-42%"),
        ("aa_7", "a7"),
    ],
)
def test_the_best_string_joins_repeated_characters_and_drops_blanks(spelling: str, text: str) -> None:
    assert beam_search(outputs(spelling))[0].text == text


def test_each_character_has_the_step_in_which_it_appears() -> None:
    assert beam_search(outputs("__1_22_3"))[0].steps == (2, 4, 7)


def test_alternatives_follow_the_best_string() -> None:
    log_probs = outputs("_1_")
    log_probs[1, 7] = log_probs[1, 1] - 0.5
    assert [hypothesis.text for hypothesis in beam_search(log_probs)[:2]] == ["1", "7"]


@pytest.mark.parametrize("spelling", ["4", "44", "444", "9_", "11_1"])
def test_a_character_that_lasts_two_steps_is_not_also_two_characters(spelling: str) -> None:
    """Without a blank between them, two equal characters are impossible."""
    found = beam_search(outputs(spelling, strength=14.0), width=24, min_step_probability=1e-4)
    assert all(math.isfinite(hypothesis.log_probability) for hypothesis in found)
    assert len({hypothesis.text for hypothesis in found}) == len(found)


def test_probabilities_of_strings_are_sums_over_all_spellings() -> None:
    log_probs = without_signs(random_outputs(4))
    expected: dict[str, float] = {}
    for path in itertools.product(range(11), repeat=4):
        text = "".join(str(label) for label, _ in itertools.groupby(path) if label < 10)
        probability = math.exp(sum(float(log_probs[step, label]) for step, label in enumerate(path)))
        expected[text] = expected.get(text, 0.0) + probability
    texts = ["", "1", "11", "123", "909", "1234"]
    found = [math.exp(value) for value in log_probabilities(log_probs[None], texts)[0]]
    assert found == pytest.approx([expected[text] for text in texts], rel=1e-4)


def test_a_string_too_long_for_its_strip_is_impossible() -> None:
    (found,) = log_probabilities(without_signs(random_outputs(2))[None], ["11", "123"])
    assert found == pytest.approx([-1e9] * 2, rel=1e-3)


def test_the_beam_search_and_the_probabilities_agree() -> None:
    log_probs = random_outputs(5, seed=3)
    log_probs[:, 10:BLANK] = -30.0  # digits only
    best = beam_search(log_probs)[0]
    ((found,),) = log_probabilities(without_signs(log_probs)[None], [best.text])
    assert best.log_probability == pytest.approx(found, abs=0.1)


def test_each_view_has_its_own_probabilities() -> None:
    views = np.stack([without_signs(outputs("1_2")), without_signs(outputs("1_7"))])
    first, second = log_probabilities(views, ["12", "17"])
    assert first[0] > first[1]
    assert second[0] < second[1]
