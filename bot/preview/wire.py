"""Small things every room of the local Discord shares: raw JSON types, ids, times, and a call's refusal.

Nothing here knows about state, HTTP or the gateway.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

Json = dict[str, Any]  # a raw Discord object, as it goes over the wire
DISCORD_EPOCH_MS: Final = 1_420_070_400_000
API_VERSION: Final = 10


class PreviewError(Exception):
    """Base of everything bot.preview raises on purpose."""


class ApiError(PreviewError):
    """A request Discord would refuse: HTTP status, Discord's JSON error code, and the tree of form errors."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def body(self) -> Json:
        """The JSON body of the refusal."""
        body: Json = {"message": self.message, "code": self.code}
        if self.errors:
            body["errors"] = self.errors
        return body


# Discord's JSON error codes (docs: Topics → Opcodes and Status Codes), each with its HTTP status.
_REFUSALS: Final[dict[int, tuple[int, str]]] = {
    10002: (404, "Unknown Application"),
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10009: (404, "Unknown Permission Overwrite"),
    10011: (404, "Unknown Role"),
    10013: (404, "Unknown User"),
    10014: (404, "Unknown Emoji"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    20016: (429, "Cannot perform action due to slowmode rate limit"),
    30007: (400, "Maximum number of webhooks reached (15)"),
    30003: (400, "Maximum number of pins reached for the channel (50)"),
    30010: (400, "Maximum number of reactions reached (20)"),
    30013: (400, "Maximum number of guild channels reached (500)"),
    30032: (400, "Maximum number of application commands reached (100)"),
    40005: (413, "Request entity too large. Try sending something smaller in size"),
    40033: (400, "This message has already been crossposted"),
    40060: (400, "Interaction has already been acknowledged."),
    50001: (403, "Missing Access"),
    50003: (403, "Cannot execute action on a DM channel"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50008: (400, "Cannot send messages in a non-text channel"),
    50013: (403, "Missing Permissions"),
    50016: (400, "Provided too few or too many messages to delete. Must provide at least 2 and at most 100."),
    50019: (403, "A message can only be pinned to the channel it was sent in"),
    50024: (403, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50034: (400, "You can only bulk delete messages that are under 14 days old."),
    50035: (400, "Invalid Form Body"),
    50055: (400, "Invalid Guild"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    160004: (400, "A thread has already been created for this message"),
}


def refuse(code: int) -> ApiError:
    """The refusal for one of Discord's error codes; `raise refuse(50013)`."""
    status, message = _REFUSALS[code]
    return ApiError(status, code, message)


class Form:
    """Collects what is wrong with a body as Discord's nested `errors` tree, so one answer names every fault."""

    def __init__(self) -> None:
        self.errors: Json = {}

    def add(self, path: tuple[str | int, ...], code: str, message: str) -> None:
        """Note a fault at `path`, such as ("embeds", 0, "title")."""
        node = self.errors
        for part in path:
            node = node.setdefault(str(part), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def required(self, path: tuple[str | int, ...]) -> None:
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required")

    def too_long(self, path: tuple[str | int, ...], limit: int) -> None:
        self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")

    def bad_length(self, path: tuple[str | int, ...], low: int, high: int) -> None:
        self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")

    def choice(self, path: tuple[str | int, ...], allowed: object) -> None:
        self.add(path, "BASE_TYPE_CHOICES", f"Value must be one of {allowed}.")

    def text(self, path: tuple[str | int, ...], value: object, low: int, high: int) -> bool:
        """Check a string of low..high characters; False when it is not one (the fault is noted)."""
        if not isinstance(value, str):
            self.add(path, "BASE_TYPE_STRING", "Could not interpret value as string.")
            return False
        size = length(value)
        if low <= size <= high:
            return True
        if low == 0:
            self.too_long(path, high)
        elif size == 0:
            self.required(path)
        else:
            self.bad_length(path, low, high)
        return False

    def done(self) -> None:
        """Raise 50035 when anything was noted."""
        if self.errors:
            raise ApiError(400, 50035, "Invalid Form Body", self.errors)


def length(text: str) -> int:
    """Characters as Discord counts them for limits: code points."""
    return len(text)


def iso(when: float) -> str:
    """Unix seconds as Discord writes times: 2026-11-23T09:00:00.000000+00:00."""
    return dt.datetime.fromtimestamp(when, dt.UTC).isoformat(timespec="microseconds")


def snowflake_time(snowflake: int) -> float:
    """When a snowflake was made, in Unix seconds."""
    return ((snowflake >> 22) + DISCORD_EPOCH_MS) / 1000


def as_id(value: object) -> int:
    """A snowflake given as a string or integer; 0 when it is neither (which no object has)."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value if 0 <= value < 1 << 64 else 0
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 20:
        return int(value)
    return 0
