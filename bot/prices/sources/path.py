"""The small path language of template sources: where in a JSON answer a value stands.

`price` · `data.rates.USD` · `0.bid` or `[0].bid` · `items[curr=USD].xauPrice` (the first item whose curr is USD, in
whatever order the items come) · an optional leading `$.`. Keys with dots are quoted: `"a.b".c`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.prices.model import PriceError
from bot.prices.sources.base import BadAnswer


class BadPath(PriceError):
    """The path cannot be understood."""


@dataclass(frozen=True, slots=True)
class Step:
    """A key (object), a place (list), or the first item where `key` equals `value`."""

    key: str | None = None
    place: int | None = None
    value: str | None = None


_STEP = re.compile(
    r"""\.?(?:"(?P<quoted>[^"]+)"|\[(?P<place>\d{1,6})\]|\[(?P<where>[^=\[\]]+)=(?P<value>[^\[\]]*)\]|(?P<key>[^.\[\]"]+))"""
)


def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of a path. Raises BadPath."""
    rest = text.strip().removeprefix("$")
    steps: list[Step] = []
    position = 0
    while position < len(rest):
        found = _STEP.match(rest, position)
        if found is None:
            raise BadPath(f'the path "{text}" cannot be read at "{rest[position:]}"; write it like data.rates.USD')
        position = found.end()
        if found["place"] is not None:
            steps.append(Step(place=int(found["place"])))
        elif found["where"] is not None:
            steps.append(Step(key=found["where"].strip(), value=found["value"].strip()))
        elif found["quoted"] is not None:
            steps.append(Step(key=found["quoted"]))
        else:
            key = found["key"]
            steps.append(Step(key=key, place=int(key)) if key.isdecimal() and len(key) < 7 else Step(key=key))
    return tuple(steps)


def follow(value: object, steps: tuple[Step, ...], text: str) -> object:
    """The value at the path. Raises BadAnswer that names the step that leads nowhere."""
    for step in steps:
        value = _next(value, step, text)
    return value


def _next(value: object, step: Step, text: str) -> object:
    if isinstance(value, Mapping):
        if step.key is not None and step.value is None and step.key in value:
            return value[step.key]
        raise BadAnswer(f'the answer has no "{step.key or step.place}" ({text})')
    if isinstance(value, list):
        if step.value is not None:
            for item in value:
                if isinstance(item, Mapping) and _same(item.get(step.key or ""), step.value):
                    return item
            raise BadAnswer(f"no item has {step.key}={step.value} ({text})")
        if step.place is not None and step.place < len(value):
            return value[step.place]
        raise BadAnswer(f"the list has no item {step.place if step.place is not None else step.key} ({text})")
    raise BadAnswer(f"the answer ends before the path does ({text})")


def _same(value: object, wanted: str) -> bool:
    return (str(value) if isinstance(value, (str, Decimal)) else None) == wanted
