"""Column types: aware UTC datetimes as Unix seconds, exact decimals as text, JSON as compact text.

Never float for money, never a naive datetime: both are refused when bound.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Text
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # json.dumps would make one each time
type_json = dict[str, object] | list[object]


class UtcSeconds(TypeDecorator[datetime]):
    """An aware datetime, stored as whole Unix seconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a zone cannot be stored")
        return int(value.timestamp())

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromtimestamp(value, UTC)


class ExactDecimal(TypeDecorator[Decimal]):
    """A Decimal, stored as text so that every digit survives on every engine."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if not isinstance(value, Decimal):
            raise TypeError(f"prices are Decimal, not {type(value).__name__}")
        return format(value, "f")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class JsonText(TypeDecorator[type_json]):
    """A JSON object or array, stored as compact text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: type_json | None, dialect: Dialect) -> str | None:
        return None if value is None else _compact(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> type_json | None:
        if value is None:
            return None
        loaded: type_json = json.loads(value)
        return loaded
