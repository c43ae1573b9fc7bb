"""Which job runs when. The only file that knows times; each job only claims and hands over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = structlog.get_logger(__name__)
_JOB: Final[dict[str, Any]] = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}


class Scheduler:
    """A handful of jobs with fixed ids; never one job per feed (see shared lessons in CONTRIBUTING)."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(timezone="UTC", job_defaults=_JOB)
        self._scheduler.add_listener(_failed, EVENT_JOB_ERROR)
        self._scheduler.add_listener(_late, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)

    def every(self, seconds: float, job: Callable[[], Awaitable[object]], name: str) -> None:
        """Run a job at an interval."""
        self._scheduler.add_job(job, IntervalTrigger(seconds=seconds), id=name, name=name, replace_existing=True)

    def cron(self, expression: str, job: Callable[[], Awaitable[object]], name: str) -> None:
        """Run a job by a crontab expression, UTC."""
        trigger = CronTrigger.from_crontab(expression, timezone="UTC")
        self._scheduler.add_job(job, trigger, id=name, name=name, replace_existing=True)

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)


def _failed(event: JobExecutionEvent) -> None:
    if isinstance(event.exception, asyncio.CancelledError):
        return  # Headframe is stopping; the job goes on at the next start
    log.error("a scheduled job failed; it runs again at its next time", job=event.job_id, exc_info=event.exception)


def _late(event: JobExecutionEvent) -> None:
    log.debug("a scheduled job was still running or late", job=event.job_id)
