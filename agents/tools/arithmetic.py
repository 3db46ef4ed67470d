"""The value of an arithmetic expression that somebody else wrote: nothing but arithmetic runs, and it stays small."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable

EXPRESSION_LIMIT = 500
"""Characters of an expression."""

BITS_LIMIT = 4096
"""Bits of a whole number, about 1,200 digits: below what Python refuses to print."""

ROUND_LIMIT = 300
"""Digits that `round` takes."""

Number = int | float


class ArithmeticFault(ValueError):
    """The expression has no value that we compute; the text says why."""


def _round(value: Number, digits: int = 0, /) -> Number:
    """Few digits only: rounding a whole number to -10**9 digits would first build a number of that size."""
    if not isinstance(digits, int) or abs(digits) > ROUND_LIMIT:
        raise ArithmeticFault(f"round takes at most {ROUND_LIMIT} digits")
    return round(value, digits) if digits else round(value)


_BINARY: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_UNARY: dict[type[ast.unaryop], Callable[[Number], Number]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_CONSTANTS: dict[str, float] = {"pi": math.pi, "e": math.e}
_FUNCTIONS: dict[str, Callable[..., Number]] = {
    "abs": abs,
    "ceil": math.ceil,
    "cos": math.cos,
    "exp": math.exp,
    "floor": math.floor,
    "log": math.log,
    "log10": math.log10,
    "max": max,
    "min": min,
    "round": _round,
    "sin": math.sin,
    "sqrt": math.sqrt,
    "tan": math.tan,
}


def evaluate(expression: str) -> str:
    """Its value as text, decimals rounded to 15 significant digits. `ArithmeticFault` for anything else."""
    if len(expression) > EXPRESSION_LIMIT:
        raise ArithmeticFault(f"the expression is longer than {EXPRESSION_LIMIT} characters")
    try:
        value = _value(ast.parse(expression.strip(), mode="eval").body)
    except (SyntaxError, MemoryError, RecursionError):
        raise ArithmeticFault("this is not an arithmetic expression") from None
    except ZeroDivisionError:
        raise ArithmeticFault("division by zero") from None
    except OverflowError:
        raise ArithmeticFault("the result is too large") from None
    except (ValueError, TypeError) as error:
        raise error if isinstance(error, ArithmeticFault) else ArithmeticFault(str(error)) from None
    return str(value) if isinstance(value, int) else f"{value:.15g}"


def _value(node: ast.expr) -> Number:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return _bounded(number)
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            return _UNARY[type(op)](_value(operand))
        case ast.BinOp(left=left, op=op, right=right):
            return _bounded(_binary(op, _value(left), _value(right)))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return _bounded(_FUNCTIONS[name](*(_value(arg) for arg in args)))
    raise ArithmeticFault(f"not allowed here: {ast.unparse(node)[:40]}")


def _binary(op: ast.operator, left: Number, right: Number, /) -> Number:
    if isinstance(op, ast.Pow):
        return _power(left, right)
    if isinstance(op, ast.BitXor):
        raise ArithmeticFault("for a power write **, not ^")
    if type(op) not in _BINARY:
        raise ArithmeticFault("this operator is not arithmetic")
    return _BINARY[type(op)](left, right)


def _power(base: Number, exponent: Number, /) -> Number:
    """Refuses before the work is done: 9**9**9 would never end."""
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * exponent > BITS_LIMIT * 2:
        raise OverflowError
    return base**exponent


def _bounded(value: object) -> Number:
    match value:
        case int() if value.bit_length() <= BITS_LIMIT:
            return value
        case float() if math.isfinite(value):
            return value
        case int() | float():
            raise OverflowError  # NaN as well: finite numbers give it only by way of an infinite one
    raise ArithmeticFault("the result is not a real number")
