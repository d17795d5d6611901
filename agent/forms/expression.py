"""Rules between fields, such as `total = a + b * 2`: a small grammar of its own, so that a file cannot run code.

comparison = sum ("=" | "!=" | "<" | "<=" | ">" | ">=") sum
sum        = product { ("+" | "-") product }
product    = factor { ("*" | "/") factor }
factor     = ["-"] (number | name | "(" sum ")")
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, DivisionByZero, InvalidOperation

TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_][\w-]*)|(<=|>=|!=|[=<>()+*/-]))")
"""A number, a name, or a sign. A minus between names needs spaces, because a name may contain it."""
COMPARISONS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
OPERATIONS: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip
MAX_DEPTH = 20
"""Deepest nesting of brackets. Raising it lets a file use more of the stack."""


@dataclass(frozen=True)
class Operation:
    """Two terms and what is done with them."""

    sign: str
    left: Term
    right: Term


Term = Decimal | str | Operation
"""A number, the name of a field, or an operation."""


@dataclass(frozen=True)
class RuleExpression:
    """A parsed rule."""

    sign: str
    left: Term
    right: Term

    @property
    def names(self) -> frozenset[str]:
        """The names of the fields in the rule."""
        return _names(self.left) | _names(self.right)

    def holds(self, values: Mapping[str, Decimal | None]) -> bool:
        """Return whether the rule holds.

        Args:
            values: the value of each field. An empty field, None, counts as 0 in a sum or product; a rule of which one
                side has only empty fields holds.
        """
        for side in (self.left, self.right):
            names = _names(side)
            if names and all(values[name] is None for name in names):
                return True
        try:
            return COMPARISONS[self.sign](_evaluate(self.left, values), _evaluate(self.right, values))
        except (DivisionByZero, InvalidOperation):
            return False


def solve_for_name(rule: RuleExpression, values: Mapping[str, Decimal | None]) -> tuple[str, Decimal] | None:
    """Return the field that an equation names alone on one side, and what it must be; None if there is none.

    Args:
        rule: the rule.
        values: the value of each field on the other side.
    """
    for name, other in ((rule.left, rule.right), (rule.right, rule.left)):
        if rule.sign == "=" and isinstance(name, str) and name not in _names(other):
            return name, _evaluate(other, values)
    return None


def add_equation(rule: RuleExpression, computed: dict[str, set[str]]) -> tuple[str, ...]:
    """Note what an equation computes, unless it would be computed from itself.

    Args:
        rule: the rule; what is not an equation with one name alone on a side is left out.
        computed: by the name of each field that is computed, the names from which it is. The rule is added.

    Returns:
        The names that would be computed in a circle, the first one again at the end; empty if there is no circle.

    Examples:
        >>> add_equation(parse_comparison("a = total - b"), {"total": {"a", "b"}})
        ('a', 'total', 'a')
    """
    for name, other in ((rule.left, rule.right), (rule.right, rule.left)):
        if rule.sign == "=" and isinstance(name, str):
            seen, paths = set[str](), list[tuple[str, ...]]([(name,)])
            while paths:
                path = paths.pop(0)
                for origin in sorted(computed.get(path[-1], set()) if len(path) > 1 else _names(other)):
                    if origin == name:
                        return (*path, origin)
                    if origin not in seen:
                        seen.add(origin)
                        paths.append((*path, origin))
            computed.setdefault(name, set()).update(_names(other))
            return ()
    return ()


def parse_comparison(text: str) -> RuleExpression:
    """Parse a rule.

    Examples:
        >>> parse_comparison("end >= start").names == {"end", "start"}
        True

    Raises:
        ValueError: the text is not a rule; the message says where.
    """
    tokens, at = list[str](), 0
    while at < len(text.rstrip()):
        found = TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"{text[at:].strip()[:20]!r} is not understood")
        tokens.append(found[0].strip())
        at = found.end()
    parser = _Parser(tokens)
    left = parser.sum()
    sign = parser.take("a comparison")
    if sign not in COMPARISONS:
        raise ValueError(f"a comparison such as = or <= is expected, not {sign!r}")
    comparison = RuleExpression(sign, left, parser.sum())
    if parser.rest:
        raise ValueError(f"{parser.rest[0]!r} is one too many")
    return comparison


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.rest = tokens
        self._depth = 0

    def take(self, what: str) -> str:
        if not self.rest:
            raise ValueError(f"it ends where {what} is expected")
        return self.rest.pop(0)

    def sum(self) -> Term:
        return self._chain(self.product, "+-")

    def product(self) -> Term:
        return self._chain(self.factor, "*/")

    def factor(self) -> Term:
        symbol = self.take("a number or a name")
        if symbol == "-":
            return Operation("-", Decimal(0), self.factor())
        if symbol == "(":
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise ValueError(f"more than {MAX_DEPTH} brackets are nested")
            inside = self.sum()
            if self.take("a closing bracket") != ")":
                raise ValueError("a bracket is not closed")
            self._depth -= 1
            return inside
        if symbol[0].isdigit():
            return Decimal(symbol)
        if symbol[0].isalpha() or symbol[0] == "_":
            return symbol
        raise ValueError(f"a number or a name is expected, not {symbol!r}")

    def _chain(self, part: Callable[[], Term], signs: str) -> Term:
        term = part()
        while self.rest and self.rest[0] in signs:
            sign = self.rest.pop(0)
            term = Operation(sign, term, part())
        return term


def _names(term: Term) -> frozenset[str]:
    if isinstance(term, Operation):
        return _names(term.left) | _names(term.right)
    return frozenset({term}) if isinstance(term, str) else frozenset()


def _evaluate(term: Term, values: Mapping[str, Decimal | None]) -> Decimal:
    if isinstance(term, Operation):
        return OPERATIONS[term.sign](_evaluate(term.left, values), _evaluate(term.right, values))
    if isinstance(term, str):
        return values[term] or Decimal(0)
    return term
