r"""Formulas that a visitor types: whitelisted, evaluated on arrays, differentiated exactly.

The grammar is all there is; text outside it is an error with a position, never code:

.. code-block:: text

    sum     := product (("+" | "-") product)*
    product := signed (("*" | "/" | nothing) signed)*      2x, 3(x+1) and (x+1)(x-1) multiply
    signed  := ("+" | "-") signed | power
    power   := atom (("^" | "**") signed)?                 2^3^2 = 2^(3^2), -x^2 = -(x^2)
    atom    := number | constant | variable | function "(" sum ("," sum)* ")" | "(" sum ")"

A parsed formula is a list of operations in which equal sub-expressions are stored once. The
derivative is built on the same list by the chain rule, so gradient and Hessian are exact (up to
rounding), of a size proportional to the formula's, and evaluated without recursion. Numbers are
64-bit floats from the start: `9^9^9^9` overflows at once instead of filling the memory.

Length, nesting and number of operations are limited (`MAX_LENGTH`, `MAX_DEPTH`, `MAX_NODES`).
"""

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.labs._inputs import Array

MAX_LENGTH = 300  # characters
MAX_DEPTH = 40  # nested parentheses, signs and powers
MAX_NODES = 200  # different operations, numbers and variables
MAX_POINTS = 4_000_000  # points evaluated at once

CONSTANTS = {"pi": math.pi, "e": math.e}

# What Chinese keyboards and copied text produce. Everything else outside ASCII is refused,
# look-alike letters included.
_TYPED = str.maketrans(
    {
        "（": "(",
        "）": ")",
        "，": ",",
        "＋": "+",
        "－": "-",
        "−": "-",
        "×": "*",
        "·": "*",
        "÷": "/",
        "²": "^2",
        "³": "^3",
        "π": "pi",
        "　": " ",
    }
)
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|(?P<mark>\*\*|[-+*/^(),]))"
)


class _Token(NamedTuple):
    kind: str  # "number", "name", "mark" or "end"
    text: str
    position: int  # first character, counted from 1


class _Node(NamedTuple):
    operation: str  # "number", "variable" or a key of _OPERATIONS
    arguments: tuple[int, ...]  # earlier nodes
    value: float  # of a number; the index of a variable


@dataclass
class _Graph:
    """Operations in the order they are computed; equal ones are stored once."""

    nodes: list[_Node] = field(default_factory=list)
    index: dict[_Node, int] = field(default_factory=dict)

    def _add(self, node: _Node) -> int:
        if node not in self.index:
            self.index[node] = len(self.nodes)
            self.nodes.append(node)
        return self.index[node]

    def number(self, value: float) -> int:
        return self._add(_Node("number", (), float(value)))

    def variable(self, which: int) -> int:
        return self._add(_Node("variable", (), float(which)))

    def constant(self, node: int) -> float | None:
        """The value of a number, None for anything else."""
        return self.nodes[node].value if self.nodes[node].operation == "number" else None

    def apply(self, operation: str, *arguments: int) -> int:
        """Add an operation, after the simplifications that keep derivatives short."""
        values = [self.constant(a) for a in arguments]
        if None not in values:
            with np.errstate(all="ignore"):
                folded = float(_OPERATIONS[operation].compute(*map(np.float64, values)))
            if math.isfinite(folded):
                return self.number(folded)
        match operation, values:
            case ("add", [0.0, _]) | ("multiply", [1.0, _]):
                return arguments[1]
            case (
                ("add", [_, 0.0])
                | ("subtract", [_, 0.0])
                | ("multiply", [_, 1.0])
                | ("divide", [_, 1.0])
                | ("power", [_, 1.0])
            ):
                return arguments[0]
            case ("multiply", [0.0, _]) | ("multiply", [_, 0.0]) | ("divide", [0.0, None]):
                return self.number(0.0)
            case ("subtract", [0.0, _]):
                return self.apply("negate", arguments[1])
            case ("power", [_, 0.0]):
                return self.number(1.0)
            case ("negate", _) if self.nodes[arguments[0]].operation == "negate":
                return self.nodes[arguments[0]].arguments[0]
        return self._add(_Node(operation, arguments, 0.0))

    def derivative(self, root: int, variable: int) -> int:
        """The node of the partial derivative of `root`, by the chain rule from the leaves up."""
        slopes: dict[int, int] = {}
        for node in self.plan([root]):
            operation, arguments, value = self.nodes[node]
            total = self.number(0.0)
            if operation == "variable":
                total = self.number(1.0 if int(value) == variable else 0.0)
            elif any(self.constant(slopes[a]) != 0.0 for a in arguments):
                partials = _OPERATIONS[operation].partials(self, node, *arguments)
                for argument, partial in zip(arguments, partials, strict=True):
                    if self.constant(slopes[argument]) != 0.0:
                        term = self.apply("multiply", partial(), slopes[argument])
                        total = self.apply("add", total, term)
            slopes[node] = total
        return slopes[root]

    def plan(self, roots: Sequence[int]) -> list[int]:
        """The nodes that `roots` need, in the order of computation."""
        needed = set(roots)
        for node in range(max(roots), -1, -1):
            if node in needed:
                needed.update(self.nodes[node].arguments)
        return sorted(needed)


def _graph_of(variables: int) -> _Graph:
    """A graph whose first nodes are the variables."""
    graph = _Graph()
    for which in range(variables):
        graph.variable(which)
    return graph


class _Program(NamedTuple):
    start: list[float]
    steps: list[tuple[int, Callable[..., float], tuple[int, ...]]]


_Partial = Callable[[], int]


class _Operation(NamedTuple):
    """How to compute, differentiate and print one operation.

    `partials(graph, node, *arguments)` gives one function per argument that adds the partial
    derivative to the graph; `node` is the operation's own result, which `exp` and others reuse.
    """

    compute: Callable[..., Any]
    partials: Callable[..., Sequence[_Partial]]
    latex: str


def _of_one(rule: Callable[[_Graph, int, int], int]) -> Callable[..., Sequence[_Partial]]:
    """The partials of a function of one argument from `rule(graph, result, argument)`."""
    return lambda g, node, a: [lambda: rule(g, node, a)]


def _power_partials(g: _Graph, node: int, a: int, b: int) -> Sequence[_Partial]:
    def by_base() -> int:
        return g.apply("multiply", b, g.apply("power", a, g.apply("subtract", b, g.number(1.0))))

    return [by_base, lambda: g.apply("multiply", node, g.apply("log", a))]


def _divide_partials(g: _Graph, node: int, a: int, b: int) -> Sequence[_Partial]:
    return [
        lambda: g.apply("divide", g.number(1.0), b),
        lambda: g.apply("negate", g.apply("divide", node, b)),
    ]


def _one_over_root(g: _Graph, a: int, sign: float) -> int:
    """Node of (1 + sign a^2)^(-1/2), the derivative of the inverse sine and its relatives."""
    square = g.apply("multiply", g.number(sign), g.apply("multiply", a, a))
    return g.apply("power", g.apply("add", g.number(1.0), square), g.number(-0.5))


def _one_minus_square(g: _Graph, a: int) -> int:
    return g.apply("subtract", g.number(1.0), g.apply("multiply", a, a))


_OPERATIONS: dict[str, _Operation] = {
    "add": _Operation(
        np.add, lambda g, n, a, b: [lambda: g.number(1.0), lambda: g.number(1.0)], "{} + {}"
    ),
    "subtract": _Operation(
        np.subtract, lambda g, n, a, b: [lambda: g.number(1.0), lambda: g.number(-1.0)], "{} - {}"
    ),
    "multiply": _Operation(np.multiply, lambda g, n, a, b: [lambda: b, lambda: a], r"{} \cdot {}"),
    "divide": _Operation(np.divide, _divide_partials, r"\frac{{{}}}{{{}}}"),
    "power": _Operation(operator.pow, _power_partials, "{}^{{{}}}"),
    "negate": _Operation(np.negative, _of_one(lambda g, n, a: g.number(-1.0)), "-{}"),
    "sin": _Operation(np.sin, _of_one(lambda g, n, a: g.apply("cos", a)), r"\sin"),
    "cos": _Operation(
        np.cos, _of_one(lambda g, n, a: g.apply("negate", g.apply("sin", a))), r"\cos"
    ),
    "tan": _Operation(
        np.tan,
        _of_one(lambda g, n, a: g.apply("add", g.number(1.0), g.apply("multiply", n, n))),
        r"\tan",
    ),
    "asin": _Operation(np.arcsin, _of_one(lambda g, n, a: _one_over_root(g, a, -1.0)), r"\arcsin"),
    "acos": _Operation(
        np.arccos,
        _of_one(lambda g, n, a: g.apply("negate", _one_over_root(g, a, -1.0))),
        r"\arccos",
    ),
    "atan": _Operation(
        np.arctan,
        _of_one(
            lambda g, n, a: g.apply(
                "divide",
                g.number(1.0),
                g.apply("add", g.number(1.0), g.apply("multiply", a, a)),
            )
        ),
        r"\arctan",
    ),
    "sinh": _Operation(np.sinh, _of_one(lambda g, n, a: g.apply("cosh", a)), r"\sinh"),
    "cosh": _Operation(np.cosh, _of_one(lambda g, n, a: g.apply("sinh", a)), r"\cosh"),
    "tanh": _Operation(np.tanh, _of_one(lambda g, n, a: _one_minus_square(g, n)), r"\tanh"),
    "exp": _Operation(np.exp, _of_one(lambda g, n, a: n), r"\exp"),
    "log": _Operation(np.log, _of_one(lambda g, n, a: g.apply("divide", g.number(1.0), a)), r"\ln"),
    "sqrt": _Operation(
        np.sqrt, _of_one(lambda g, n, a: g.apply("divide", g.number(0.5), n)), r"\sqrt"
    ),
    "sigmoid": _Operation(
        lambda x: 0.5 * (1.0 + np.tanh(0.5 * x)),  # does not overflow
        _of_one(lambda g, n, a: g.apply("multiply", n, g.apply("subtract", g.number(1.0), n))),
        r"\sigma",
    ),
    "softplus": _Operation(
        lambda x: np.logaddexp(0.0, x),
        _of_one(lambda g, n, a: g.apply("sigmoid", a)),
        r"\operatorname{softplus}",
    ),
    # The derivative of a kink is the mean of its two sides.
    "abs": _Operation(np.abs, _of_one(lambda g, n, a: g.apply("sign", a)), r"\operatorname{abs}"),
    "relu": _Operation(
        lambda x: np.maximum(x, 0.0),
        _of_one(lambda g, n, a: g.apply("step", a)),
        r"\operatorname{relu}",
    ),
    "sign": _Operation(np.sign, _of_one(lambda g, n, a: g.number(0.0)), r"\operatorname{sign}"),
    "step": _Operation(
        lambda x: np.heaviside(x, 0.5),
        _of_one(lambda g, n, a: g.number(0.0)),
        r"\operatorname{step}",
    ),
    "max": _Operation(
        np.maximum,
        lambda g, n, a, b: [
            lambda: g.apply("step", g.apply("subtract", a, b)),
            lambda: g.apply("step", g.apply("subtract", b, a)),
        ],
        r"\max",
    ),
    "min": _Operation(
        np.minimum,
        lambda g, n, a, b: [
            lambda: g.apply("step", g.apply("subtract", b, a)),
            lambda: g.apply("step", g.apply("subtract", a, b)),
        ],
        r"\min",
    ),
    "logaddexp": _Operation(
        np.logaddexp,
        lambda g, n, a, b: [
            lambda: g.apply("sigmoid", g.apply("subtract", a, b)),
            lambda: g.apply("sigmoid", g.apply("subtract", b, a)),
        ],
        r"\operatorname{logaddexp}",
    ),
}
# The same operations on plain floats, ten times faster for one point; where Python raises instead
# of answering inf or nan, the array version decides.
_ON_FLOATS: dict[str, Callable[..., float]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": math.pow,
    "negate": operator.neg,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "sigmoid": lambda x: 0.5 * (1.0 + math.tanh(0.5 * x)),
    "softplus": lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))),
    "abs": abs,
    "relu": lambda x: max(x, 0.0),
    "sign": lambda x: float((x > 0) - (x < 0)),
    "step": lambda x: 0.5 * (1.0 + (x > 0) - (x < 0)),
    "max": max,
    "min": min,
    "logaddexp": lambda a, b: max(a, b) + math.log1p(math.exp(-abs(a - b))),
}
_SYMBOLS = {
    "+": "add",
    "-": "subtract",
    "*": "multiply",
    "/": "divide",
    "^": "power",
    "**": "power",
}
_OF_SEVERAL = ("max", "min", "logaddexp")  # two or more arguments
_ALIASES = {"ln": "log", "arcsin": "asin", "arccos": "acos", "arctan": "atan"}
FUNCTIONS = tuple(k for k in _OPERATIONS if k not in {*_SYMBOLS.values(), "negate"})


@dataclass(frozen=True)
class Formula:
    """A parsed formula: its text, the names of its variables and its operations.

    Values where the formula is undefined or overflows come out as nan or inf; callers decide.
    """

    text: str
    variables: tuple[str, ...]
    _graph: _Graph = field(repr=False, compare=False)
    _root: int = field(repr=False, compare=False)
    _gradient: tuple[int, ...] = field(repr=False, compare=False)
    _hessian: tuple[int, ...] = field(repr=False, compare=False)
    # Compiled when first used; a race between threads only compiles twice.
    _plans: dict[tuple[int, ...], list[int]] = field(
        default_factory=dict, repr=False, compare=False
    )
    _programs: dict[tuple[int, ...], "_Program"] = field(
        default_factory=dict, repr=False, compare=False
    )

    def value(self, *point: npt.ArrayLike) -> Array:
        """The formula on arrays of one broadcastable shape, one array per variable."""
        result: Array = self._run((self._root,), point)[0]
        return result

    def gradient(self, *point: npt.ArrayLike) -> Array:
        """All first derivatives, shape `(variables, *shape of the points)`."""
        return np.stack(self._run(self._gradient, point))

    def gradient_at(self, *point: float) -> list[float]:
        """All first derivatives at one point, for loops that cannot be vectorised."""
        return self._on_floats(self._gradient, point)

    def hessian_at(self, *point: float) -> list[float]:
        """All second derivatives at one point, row by row."""
        return self._on_floats(self._hessian, point)

    def _on_floats(self, roots: tuple[int, ...], point: tuple[float, ...]) -> list[float]:
        if roots not in self._programs:
            nodes = self._graph.nodes
            steps = [
                (node, _ON_FLOATS[nodes[node].operation], nodes[node].arguments)
                for node in self._graph.plan(roots)
                if nodes[node].operation in _ON_FLOATS
            ]
            start = [node.value if node.operation == "number" else math.nan for node in nodes]
            self._programs[roots] = _Program(start, steps)
        program = self._programs[roots]
        values = program.start.copy()
        values[: len(point)] = point  # the variables are the first nodes
        try:
            for node, compute, arguments in program.steps:
                values[node] = compute(*[values[a] for a in arguments])
        except (ArithmeticError, ValueError):  # 1/0, exp(1000), log(-1)
            return [float(g) for g in self._run(roots, point)]
        return [values[r] for r in roots]

    def hessian(self, *point: npt.ArrayLike) -> Array:
        """All second derivatives, shape `(variables, variables, *shape of the points)`."""
        flat = np.stack(self._run(self._hessian, point))
        size = len(self.variables)
        return flat.reshape(size, size, *flat.shape[1:])

    def derivatives(self, *point: npt.ArrayLike) -> tuple[Array, Array]:
        """`gradient` and `hessian` in one go, which compute most of their parts in common."""
        both = np.stack(self._run(self._gradient + self._hessian, point))
        size = len(self.variables)
        return both[:size], both[size:].reshape(size, size, *both.shape[1:])

    def derivative(self, variable: str) -> "Formula":
        """The partial derivative as a formula of its own."""
        if variable not in self.variables:
            raise InputError(
                en=f"The variable {variable!r:.20} is not in this formula. "
                f"Choose one of: {', '.join(self.variables)}.",
                zh=f"公式里没有变量 {variable!r:.20}，请从这些里选：{', '.join(self.variables)}。",
            )
        root = self._gradient[self.variables.index(variable)]
        return _finished(f"d({self.text})/d{variable}", self.variables, self._graph, root)

    def softened(self, sharpness: float) -> "Formula":
        r"""The formula with its kinks and jumps made smooth, after https://kexue.fm/archives/6620.

        With :math:`K` = `sharpness`: :math:`\max(a,b)\to\frac1K\ln(e^{Ka}+e^{Kb})`, likewise min,
        abs (the larger of :math:`\pm a`) and relu; step becomes :math:`\sigma(Ka)` and sign
        :math:`\tanh(Ka)`.
        """
        graph = _graph_of(len(self.variables))
        k = graph.number(sharpness)
        soft: list[int] = []
        for operation, arguments, value in self._graph.nodes[: self._root + 1]:
            args = [soft[a] for a in arguments]
            scaled = [graph.apply("multiply", k, a) for a in args]
            if operation == "number":
                soft.append(graph.number(value))
            elif operation == "variable":
                soft.append(graph.variable(int(value)))
            elif operation == "max":
                soft.append(graph.apply("divide", graph.apply("logaddexp", *scaled), k))
            elif operation == "min":
                below = graph.apply("logaddexp", *(graph.apply("negate", a) for a in scaled))
                soft.append(graph.apply("negate", graph.apply("divide", below, k)))
            elif operation == "abs":
                either = graph.apply("logaddexp", scaled[0], graph.apply("negate", scaled[0]))
                soft.append(graph.apply("divide", either, k))
            elif operation == "relu":
                soft.append(graph.apply("divide", graph.apply("softplus", scaled[0]), k))
            elif operation == "step":
                soft.append(graph.apply("sigmoid", scaled[0]))
            elif operation == "sign":
                soft.append(graph.apply("tanh", scaled[0]))
            else:
                soft.append(graph.apply(operation, *args))
        return _finished(self.text, self.variables, graph, soft[self._root])

    def latex(self) -> str:
        """The formula in LaTeX."""
        return _latex(self._graph, self._root, self.variables)[0]

    def _run(self, roots: tuple[int, ...], point: tuple[npt.ArrayLike, ...]) -> list[Array]:
        if len(point) != len(self.variables):
            raise TypeError(f"expected {len(self.variables)} arrays, got {len(point)}")
        arrays = [np.asarray(p, dtype=np.float64) for p in point]
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
        if math.prod(shape) > MAX_POINTS:
            raise InputError(
                en=f"{math.prod(shape)} points are too many; at most {MAX_POINTS} are evaluated.",
                zh=f"{math.prod(shape)} 个点太多，一次最多计算 {MAX_POINTS} 个。",
            )
        if roots not in self._plans:
            self._plans[roots] = self._graph.plan(roots)
        values: dict[int, Any] = {}
        with np.errstate(all="ignore"):
            for node in self._plans[roots]:
                operation, arguments, value = self._graph.nodes[node]
                if operation == "number":
                    values[node] = np.float64(value)
                elif operation == "variable":
                    values[node] = arrays[int(value)]
                else:
                    compute = _OPERATIONS[operation].compute
                    values[node] = compute(*[values[a] for a in arguments])
        return [np.broadcast_to(np.asarray(values[r], dtype=np.float64), shape) for r in roots]


def parse(text: str, variables: Sequence[str] = ("x", "y")) -> Formula:
    """Read a formula in the given variables; raises `InputError` with the place of the fault."""
    if len(text) > MAX_LENGTH:
        raise InputError(
            en=f"The formula has {len(text)} characters; at most {MAX_LENGTH} fit. Shorten it.",
            zh=f"公式有 {len(text)} 个字符，最多 {MAX_LENGTH} 个，请缩短。",
        )
    typed = text.translate(_TYPED).rstrip()
    if not typed:
        raise InputError(
            en="There is no formula yet. Type one, for example x^2 + sin(x).",
            zh="还没有公式，请输入一个，例如 x^2 + sin(x)。",
        )
    parser = _Parser(_tokens(typed), tuple(variables))
    root = parser.sum(0)
    if parser.next.kind != "end":
        raise parser.unexpected()
    return _finished(text.strip(), tuple(variables), parser.graph, root)


def _finished(text: str, variables: tuple[str, ...], graph: _Graph, root: int) -> Formula:
    gradient = tuple(graph.derivative(root, i) for i in range(len(variables)))
    hessian = tuple(graph.derivative(g, i) for g in gradient for i in range(len(variables)))
    return Formula(text, variables, graph, root, gradient, hessian)


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            rest = text[position:]
            bad = rest.lstrip()[:1]
            place = position + len(rest) - len(rest.lstrip()) + 1
            raise InputError(
                en=f"Character {place}, {bad!r}, is not part of a formula. Use numbers, variables, "
                f"+ - * / ^, parentheses and functions such as sin(x).",
                zh=f"第 {place} 个字符 {bad!r} 不能出现在公式里，可用数字、变量、+ - * / ^、"
                f"括号和 sin(x) 这样的函数。",
            )
        kind = match.lastgroup or ""
        tokens.append(_Token(kind, match[kind], match.start(kind) + 1))
        position = match.end()
    tokens.append(_Token("end", "", len(text) + 1))
    return tokens


class _Parser:
    """Recursive descent over the grammar in the module's docstring; one method per rule."""

    def __init__(self, tokens: list[_Token], variables: tuple[str, ...]) -> None:
        self.tokens = tokens
        self.variables = variables
        self.graph = _graph_of(len(variables))
        self.at = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def take(self, *marks: str) -> str:
        """Consume and return the next token if it is one of `marks`, else return ''."""
        if self.next.kind == "mark" and self.next.text in marks:
            self.at += 1
            return self.tokens[self.at - 1].text
        return ""

    def sum(self, depth: int) -> int:
        left = self.product(depth)
        while symbol := self.take("+", "-"):
            left = self.apply(_SYMBOLS[symbol], left, self.product(depth))
        return left

    def product(self, depth: int) -> int:
        left = self.signed(depth)
        while True:
            if symbol := self.take("*", "/"):
                left = self.apply(_SYMBOLS[symbol], left, self.signed(depth))
            elif self.next.kind == "name" or self.next.text == "(":
                left = self.apply("multiply", left, self.signed(depth))
            else:
                return left

    def signed(self, depth: int) -> int:
        self.check_depth(depth)
        if symbol := self.take("+", "-"):
            inner = self.signed(depth + 1)
            return inner if symbol == "+" else self.apply("negate", inner)
        return self.power(depth)

    def power(self, depth: int) -> int:
        base = self.atom(depth)
        if self.take("^", "**"):
            return self.apply("power", base, self.signed(depth + 1))
        return base

    def atom(self, depth: int) -> int:
        token = self.next
        if token.kind == "number":
            self.at += 1
            value = float(token.text)
            if not math.isfinite(value):
                raise _too_large(token.text)
            return self.graph.number(value)
        if token.kind == "name":
            self.at += 1
            return self.named(token, depth)
        if self.take("("):
            inner = self.sum(depth + 1)
            self.close(token)
            return inner
        raise self.unexpected()

    def named(self, token: _Token, depth: int) -> int:
        name = token.text
        if name in self.variables:
            if self.next.text == "(":
                raise InputError(
                    en=f"{name} is a variable, not a function. "
                    f"Write {name}*(…) to multiply (character {token.position}).",
                    zh=f"第 {token.position} 个字符处的 {name} 是变量，不是函数；"
                    f"要相乘请写 {name}*(…)。",
                )
            return self.graph.variable(self.variables.index(name))
        if name in CONSTANTS:
            return self.graph.number(CONSTANTS[name])
        function = _ALIASES.get(name, name)
        if function not in FUNCTIONS:
            known = ", ".join((*self.variables, *CONSTANTS, *FUNCTIONS))
            raise InputError(
                en=f"The name {name!r:.20} at character {token.position} is unknown. "
                f"These are known: {known}.",
                zh=f"第 {token.position} 个字符处的名字 {name!r:.20} 不认识，可用的有：{known}。",
            )
        opening = self.next
        if not self.take("("):
            raise InputError(
                en=f"{name} at character {token.position} needs its argument in parentheses. "
                f"Write {name}(…).",
                zh=f"第 {token.position} 个字符处的 {name} 需要带括号的自变量，请写成 {name}(…)。",
            )
        arguments = [self.sum(depth + 1)]
        while self.take(","):
            arguments.append(self.sum(depth + 1))
        self.close(opening)
        if (len(arguments) == 1) == (function in _OF_SEVERAL):
            wanted, wanted_zh = (
                ("two or more", "两个以上") if function in _OF_SEVERAL else ("one", "一个")
            )
            raise InputError(
                en=f"{name} takes {wanted} argument(s), got {len(arguments)}. "
                f"Check the commas after character {token.position}.",
                zh=f"{name} 要{wanted_zh}自变量，现有 {len(arguments)} 个，"
                f"请检查第 {token.position} 个字符之后的逗号。",
            )
        result = arguments[0]
        if function in _OF_SEVERAL:
            for argument in arguments[1:]:
                result = self.apply(function, result, argument)
            return result
        return self.apply(function, result)

    def apply(self, operation: str, *arguments: int) -> int:
        node = self.graph.apply(operation, *arguments)
        if len(self.graph.nodes) > MAX_NODES:
            raise InputError(
                en=f"The formula has more than {MAX_NODES} operations. Simplify it.",
                zh=f"公式的运算超过 {MAX_NODES} 个，请化简。",
            )
        if all(self.graph.constant(a) is not None for a in arguments) and (
            self.graph.constant(node) is None
        ):
            shown = operation if operation in FUNCTIONS else f"{operation} (+ - * / ^)"
            raise InputError(
                en=f"A constant part of the formula ({shown}) is undefined or too large. "
                f"Look for a division by zero, a root of a negative number or a huge power.",
                zh=f"公式里有一个常数部分（{shown}）没有定义或太大，请检查除以零、负数开方或过大的幂。",
            )
        return node

    def close(self, opening: _Token) -> None:
        if not self.take(")"):
            if self.next.kind != "end":
                raise self.unexpected()
            raise InputError(
                en=f"The parenthesis at character {opening.position} is not closed. Add a ).",
                zh=f"第 {opening.position} 个字符处的括号没有闭合，请补上 )。",
            )

    def check_depth(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise InputError(
                en=f"The formula is nested more than {MAX_DEPTH} deep. Simplify it.",
                zh=f"公式嵌套超过 {MAX_DEPTH} 层，请化简。",
            )

    def unexpected(self) -> InputError:
        token = self.next
        if token.kind == "end":
            return InputError(
                en="The formula ends too early. Something must follow the last sign.",
                zh="公式没有写完，最后的符号后面还应有内容。",
            )
        return InputError(
            en=f"Unexpected {token.text!r:.20} at character {token.position}. "
            f"Check the signs and parentheses there.",
            zh=f"第 {token.position} 个字符处不该出现 {token.text!r:.20}，请检查那里的符号和括号。",
        )


def _too_large(text: str) -> InputError:
    return InputError(
        en=f"The number {text:.20} is too large. Use less than 1e308.",
        zh=f"数字 {text:.20} 太大，请取小于 1e308 的数。",
    )


_ATOM, _POWER, _PRODUCT, _SUM = range(4)  # how tightly a printed expression binds
_BINDS = {
    "add": _SUM,
    "subtract": _SUM,
    "negate": _SUM,
    "multiply": _PRODUCT,
    "divide": _ATOM,
    "power": _POWER,
}


def _latex(graph: _Graph, root: int, variables: tuple[str, ...]) -> tuple[str, int]:
    """LaTeX of a node and how tightly it binds."""
    operation, arguments, value = graph.nodes[root]
    if operation == "number":
        for name, constant in ((r"\pi", math.pi), ("e", math.e)):
            if value == constant:
                return name, _ATOM
        mantissa, _, exponent = f"{value:.6g}".partition("e")
        shown = rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa
        return shown, _SUM if value < 0 else _PRODUCT if exponent else _ATOM
    if operation == "variable":
        return variables[int(value)], _ATOM
    parts = [_latex(graph, a, variables) for a in arguments]
    pattern = _OPERATIONS[operation].latex
    if operation not in _BINDS:
        inside = ", ".join(text for text, _ in parts)
        if operation == "sqrt":
            return rf"\sqrt{{{inside}}}", _ATOM
        return rf"{pattern}\left({inside}\right)", _ATOM
    # Within a pattern, the first operand of a sum may be a sum; the others bind more tightly.
    loosest = {
        "add": (_SUM, _PRODUCT),
        "subtract": (_SUM, _PRODUCT),
        "negate": (_PRODUCT,),
        "multiply": (_PRODUCT, _PRODUCT),
        "divide": (_SUM, _SUM),
        "power": (_ATOM, _SUM),
    }[operation]
    shown_parts = [
        text if binds <= limit else rf"\left({text}\right)"
        for (text, binds), limit in zip(parts, loosest, strict=True)
    ]
    return pattern.format(*shown_parts), _BINDS[operation]
