"""Logging: one line an event, text for people or JSON for machines, on stderr; secrets never reach it."""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterable

    from structlog.typing import EventDict, Processor, WrappedLogger

# Interaction and webhook addresses carry a token in their path; bot tokens have three dotted parts.
_SECRETS: Final = (
    (re.compile(r"(/(?:webhooks|interactions)/\d+/)[\w.-]+"), r"\1***"),
    (re.compile(r"\b[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}\b"), "***"),
    # Addresses that carry a name and a password, or a key in their query.
    (re.compile(r"(\w://[^\s/:@]*:)[^\s/@]+@"), r"\1***@"),
    (re.compile(r"([?&](?:api_?key|access_key|key|token|secret|password)=)[^\s&\"'#]+", re.IGNORECASE), r"\1***"),
)


class Redact:
    """Takes known secrets and anything shaped like a Discord token out of what is logged."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # A password is written with its escapes in an address; short ones would blot out ordinary words.
        known = {form for secret in secrets if len(secret) >= 6 for form in (secret, quote(secret, safe=""))}
        self._secrets = tuple(sorted(known, key=len, reverse=True))

    def text(self, value: str) -> str:
        for secret in self._secrets:
            value = value.replace(secret, "***")
        for pattern, stand_in in _SECRETS:
            value = pattern.sub(stand_in, value)
        return value

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        for key, value in event.items():
            if isinstance(value, str):
                event[key] = self.text(value)
        return event

    def line(self, _logger: WrappedLogger, _method: str, line: Any) -> str:
        """The finished line once more: secrets inside lists, addresses and other objects show only there."""
        return self.text(str(line))


def setup(*, form: str = "text", level: str = "info", secrets: Iterable[str] = ()) -> None:
    """Configure structlog and the standard library's logging (discord.py, APScheduler, Alembic) alike."""
    redact = Redact(secrets)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            pad_event_to=36,
            sort_keys=False,
            # Never a renderer that prints local variables: they hold tokens.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, renderer, redact.line],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Their information lines are our debug lines; discord.py also logs each 429 that we count ourselves.
    for name in ("discord", "alembic", "aiohttp", "aiosqlite", "asyncio", "matplotlib", "PIL"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.getLogger("apscheduler").setLevel("CRITICAL")  # a job's failure is a line of bot/scheduler.py's own
    logging.getLogger("discord.gateway").setLevel("ERROR")
    logging.getLogger("discord.client").setLevel("CRITICAL")  # "Attempting a reconnect" with a traceback each time
