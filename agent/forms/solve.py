"""Choose the likeliest strings of all fields that fit the rules, but no string that the nets find impossible."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import prod

from agent.forms.check_digit import CHANCE
from agent.forms.form import Field, Form, Rule
from agent.forms.texts import PossibleText
from agent.forms.values import Checked, check

MAX_COMBINATIONS = 4000
"""Largest number of combinations of strings that are tried for fields that rules connect, the likeliest ones first.
Raising it lets rules decide between less probable ones, in more time."""
EQUATION_CHANCE = 0.01
"""Share of wrong strings that fit an equation by chance. An estimate: numbers of two digits have 100 values."""
MISTAKE_CHANCE = 0.005
"""Share of the values that people write wrongly, such as a sum: an estimate. Text that is less probable than this,
compared with the likeliest, is not read for the sake of a rule: then a mistake of the writer is likelier."""


@dataclass(frozen=True)
class FittedText:
    """A string of a field with its value there."""

    text: str
    probability: float
    checked: Checked


@dataclass(frozen=True)
class Solution:
    """What is read in a field."""

    chosen: FittedText
    confidence: float
    """Probability that the text is right, after the rules."""
    broken: tuple[str, ...]
    """The rules that the text breaks; then it is the likeliest text, unchanged."""


def solve(form: Form, texts: Sequence[Sequence[PossibleText]]) -> tuple[Solution, ...]:
    """Choose the text of each field.

    If no string of a field fits its own rules, or no combination fits the rules between fields, the likeliest string
    stays, and the broken rules are named.

    Args:
        form: the form.
        texts: the possible strings of each field, the most probable one first; at least one each.

    Returns:
        One solution for each field, in the order of the fields.
    """
    fitted = [_fitted(field, of_field) for field, of_field in zip(form.fields, texts, strict=True)]
    solutions: dict[str, Solution] = {}
    for group, rules in _groups(form):
        solutions |= _solve_group({field.name: (field, fitted[form.fields.index(field)]) for field in group}, rules)
    return tuple(solutions[field.name] for field in form.fields)


def _fitted(field: Field, texts: Sequence[PossibleText]) -> list[FittedText]:
    return [FittedText(one.text, one.probability, check(field, one.text, signs_read=one.signs_read)) for one in texts]


def _groups(form: Form) -> Iterator[tuple[list[Field], list[Rule]]]:
    """Yield the fields that rules connect, and their rules."""
    left = list(form.fields)
    while left:
        names, rules = {left[0].name}, list[Rule]()
        while more := [rule for rule in form.rules if rule not in rules and rule.comparison.names & names]:
            rules += more
            names = names.union(*(rule.comparison.names for rule in more))
        yield [field for field in left if field.name in names], rules
        left = [field for field in left if field.name not in names]


def _solve_group(
    fields: Mapping[str, tuple[Field, Sequence[FittedText]]], rules: Sequence[Rule]
) -> dict[str, Solution]:
    """Return the solutions of fields that rules connect."""
    fitting = {name: [one for one in _possible(texts) if not one.checked.broken] for name, (_, texts) in fields.items()}
    lone = {name for name in fields if not fitting[name]}
    usable = [rule for rule in rules if not rule.comparison.names & lone]
    known = {name: texts for name, texts in fitting.items() if name not in lone}
    likeliest = prod(fields[name][1][0].probability for name in known)
    holding = [
        (probability, combination)
        for probability, combination in takewhile(
            lambda one: one[0] >= MISTAKE_CHANCE * likeliest, _combinations(known)
        )
        if all(_holds(rule, combination) for rule in usable)
    ]
    solutions = {name: _unfitting(fields[name][1][0]) for name in lone}
    if not holding:  # rules between the fields are broken: each field counts by itself
        failing = [rule for rule in usable if not _holds(rule, {name: texts[0] for name, texts in known.items()})]
        for name, texts in known.items():
            broken = tuple(rule.text for rule in failing if name in rule.comparison.names)
            solutions[name] = Solution(texts[0], texts[0].probability, broken)
        return solutions
    probability, best = max(holding, key=lambda one: one[0])
    mistake = MISTAKE_CHANCE * likeliest if probability < likeliest else 0.0
    chance = _chance(fields, known, usable)
    listed = {name: min(1.0, sum(one.probability for one in fields[name][1])) for name in known}
    total = sum(probability for probability, _ in holding) + mistake + chance * (1 - prod(listed.values()))
    for name in known:
        chosen = best[name]
        agreeing = sum(probability for probability, one in holding if one[name] is chosen)
        # What else may be is wrong in another field, where a mistake is or the right string is not listed. Then this
        # string is as probable as without rules.
        others = prod(share for other, share in listed.items() if other != name)
        elsewhere = chosen.probability * (mistake + chance * (1 - others))
        solutions[name] = Solution(chosen, (agreeing + elsewhere) / total, ())
    return solutions


def _possible(texts: Sequence[FittedText]) -> list[FittedText]:
    """Return the texts that are not far less probable than the likeliest one."""
    return [one for one in texts if one.probability >= MISTAKE_CHANCE * texts[0].probability]


def _chance(
    fields: Mapping[str, tuple[Field, Sequence[FittedText]]], known: Mapping[str, object], rules: Sequence[Rule]
) -> float:
    """Return the probability that strings which the nets did not list would fit the rules."""
    if any(rule.comparison.sign == "=" for rule in rules):
        return EQUATION_CHANCE
    return CHANCE if len(known) == 1 and any(fields[name][0].check for name in known) else 1.0


def _unfitting(likeliest: FittedText) -> Solution:
    return Solution(likeliest, likeliest.probability, (likeliest.checked.broken,))


def _holds(rule: Rule, combination: Mapping[str, FittedText]) -> bool:
    return rule.comparison.holds({name: combination[name].checked.number for name in rule.comparison.names})


def _combinations(texts: Mapping[str, Sequence[FittedText]]) -> Iterator[tuple[float, Mapping[str, FittedText]]]:
    """Yield combinations of one string of each field with their probability, the most probable ones first."""
    names = list(texts)
    first = (0,) * len(names)

    def probability(places: tuple[int, ...]) -> float:
        return prod(texts[name][place].probability for name, place in zip(names, places, strict=True))

    queue, seen = [(-probability(first), first)] if names else [], {first}
    for _ in range(MAX_COMBINATIONS):
        if not queue:
            return
        negative, places = heapq.heappop(queue)
        yield -negative, {name: texts[name][place] for name, place in zip(names, places, strict=True)}
        for index, name in enumerate(names):
            following = (*places[:index], places[index] + 1, *places[index + 1 :])
            if following[index] < len(texts[name]) and following not in seen:
                seen.add(following)
                heapq.heappush(queue, (-probability(following), following))
