"""From an HTTP request to a handler and back: login, request log, faults, rate limits, errors as Discord words them."""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from aiohttp import BodyPartReader, web

from bot.preview.compose import Upload
from bot.preview.faults import Fault, RequestInfo
from bot.preview.ratelimits import Limit
from bot.preview.wire import ApiError, Json, as_id, refuse

if TYPE_CHECKING:
    from bot.preview.server import LocalDiscord

PREFIX: Final = "/api/v10"
MAX_BODY: Final = 26 * 1024 * 1024
_FILE_FIELD: Final = re.compile(r"files?\[(\d+)\]\Z")
_HEADERS: Final = {"Via": "1.1 google", "Server": "headframe-preview"}
_DEFAULT: Final = Limit("", 50, 1.0)


@dataclass(slots=True)
class RequestRecord:
    """One line of the request log. `status` 0: no answer was given (cut, hung, or not answered yet)."""

    n: int
    at: float
    method: str
    path: str
    route: str
    body: Any
    status: int = 0
    fault: Fault | None = None
    files: tuple[str, ...] = ()


@dataclass(slots=True)
class Call:
    """A request as a handler sees it: parsed, logged in, counted."""

    local: LocalDiscord
    request: web.Request
    ids: dict[str, int]
    body: Any = None
    files: list[Upload] = field(default_factory=list)

    @property
    def text(self) -> dict[str, str]:
        """The path's parts as they were written."""
        return dict(self.request.match_info)

    @property
    def json(self) -> Json:
        """The body as an object; refuses anything else."""
        if self.body is None:
            return {}
        if not isinstance(self.body, dict):
            raise refuse(50035)
        return self.body

    def query_int(self, name: str, default: int, low: int, high: int) -> int:
        """A number of the query string within low..high, else 50035."""
        raw = self.request.query.get(name)
        if raw is None:
            return default
        if not raw.isdecimal() or not low <= int(raw) <= high:
            said = {"code": "NUMBER_TYPE_MAX", "message": f"int value should be {low} to {high}."}
            raise ApiError(400, 50035, "Invalid Form Body", {name: {"_errors": [said]}})
        return int(raw)

    def query_id(self, name: str) -> int:
        return as_id(self.request.query.get(name))

    def flag(self, name: str) -> bool:
        return self.request.query.get(name, "").lower() in ("true", "1")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is not a plain 200 with JSON or 204."""

    status: int
    data: Any = None


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Route:
    """A REST route. `login` False: its token is in the path. Interaction routes do not count globally."""

    method: str
    path: str
    handler: Handler
    limit: Limit = _DEFAULT
    login: bool = True

    @property
    def bucket(self) -> Limit:
        if self.limit.name:
            return self.limit
        return Limit(f"{self.method} {self.path}", self.limit.requests, self.limit.seconds)


class Dispatcher:
    """Answers REST requests. `log` keeps the latest requests; `faults` may be set at any time."""

    def __init__(self, local: LocalDiscord, keep: int = 20_000) -> None:
        self._local = local
        self.log: deque[RequestRecord] = deque(maxlen=keep)
        self.unrouted: deque[str] = deque(maxlen=100)
        self._n = 0

    def endpoint(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The aiohttp handler of a route."""
        bucket = route.bucket

        async def answer(request: web.Request) -> web.StreamResponse:
            return await self._answer(route, bucket, request)

        return answer

    async def _answer(self, route: Route, bucket: Limit, request: web.Request) -> web.StreamResponse:
        local = self._local
        self._n += 1
        record = RequestRecord(self._n, local.clock.now(), request.method, request.path, route.path, None)
        self.log.append(record)
        ids = {k: as_id(v) for k, v in request.match_info.items() if k.endswith("_id")}
        call = Call(local, request, ids)
        try:
            await _read(call)
        except ApiError as problem:
            return self._refused(record, problem, {})
        record.body = call.body
        record.files = tuple(f.name for f in call.files)
        fault = None
        if local.faults is not None:
            info = RequestInfo(record.n, request.method, request.path, route.path, ids.get("channel_id"), call.body)
            fault = local.faults(info)
        if fault is not None:
            record.fault = fault
            if fault.kind == "effect" and fault.effect is not None:
                fault.effect()
            elif fault.kind == "delay":
                await asyncio.sleep(fault.seconds)
            elif not fault.after_storing:
                return await self._misbehave(record, fault, request)
        response = await self._handle(route, bucket, call, record)
        if fault is not None and fault.after_storing:
            return await self._misbehave(record, fault, request)
        return response

    async def _handle(self, route: Route, bucket: Limit, call: Call, record: RequestRecord) -> web.StreamResponse:
        local = self._local
        if route.login and call.request.headers.get("Authorization") != f"Bot {local.token}":
            return self._refused(record, ApiError(401, 0, "401: Unauthorized"), {})
        major = call.ids.get("channel_id") or call.ids.get("guild_id") or call.ids.get("webhook_id") or 0
        # Interaction answers and follow-ups are counted per interaction, by their token.
        token = call.request.match_info.get("webhook_token")
        if token is not None:
            major = hash(token)
        verdict = local.limits.ask(bucket, major, counts_globally=route.login)
        if verdict.retry_after is not None:
            record.status = 429
            local.limits.note_invalid()
            said = {
                "message": "You are being rate limited.",
                "retry_after": round(verdict.retry_after, 3),
                "global": verdict.everywhere,
            }
            return _json(429, said, verdict.headers)
        try:
            result = await route.handler(call)
        except ApiError as problem:
            return self._refused(record, problem, verdict.headers)
        if isinstance(result, Reply):
            status, data = result.status, result.data
        else:
            status, data = (204, None) if result is None else (200, result)
        record.status = status
        return _json(status, data, verdict.headers)

    def _refused(self, record: RequestRecord, problem: ApiError, headers: dict[str, str]) -> web.Response:
        record.status = problem.status
        if problem.status in (401, 403, 429):
            self._local.limits.note_invalid()
        return _json(problem.status, problem.body(), headers)

    async def not_found(self, request: web.Request) -> web.Response:
        """An address under the API that has no route here; `unrouted` keeps it, so that tests see what is missing."""
        self.unrouted.append(f"{request.method} {request.path}")
        return _json(404, {"message": "404: Not Found", "code": 0}, {})

    async def _misbehave(self, record: RequestRecord, fault: Fault, request: web.Request) -> web.StreamResponse:
        if fault.kind == "hang":
            await self._local.until_closed(request)
        if fault.kind in ("cut", "hang"):
            record.status = 0
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        record.status = fault.status
        if fault.status != 429:
            page = "<html><head><title>Server Error</title></head><body>upstream error</body></html>"
            return web.Response(status=fault.status, text=page, content_type="text/html", headers=_HEADERS)
        if fault.scope != "shared":
            self._local.limits.note_invalid()
        if fault.html:
            return web.Response(status=429, text="<html>error code: 1015</html>", content_type="text/html")
        body: Json = {"message": "You are being rate limited.", "global": fault.scope == "global"}
        headers: dict[str, str] = {"X-RateLimit-Scope": fault.scope}
        if fault.scope == "global":
            headers["X-RateLimit-Global"] = "true"
        if fault.retry_after is not None:
            body["retry_after"] = fault.retry_after
            headers["Retry-After"] = str(int(fault.retry_after) + 1)
        return _json(429, body, headers)


def _json(status: int, data: Any, headers: dict[str, str]) -> web.Response:
    every = {**_HEADERS, **headers}
    if status == 204:
        return web.Response(status=204, headers=every)
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    # discord.py reads JSON only when the content type is exactly this, without a charset.
    every["Content-Type"] = "application/json"
    return web.Response(status=status, body=text.encode(), headers=every)


async def _read(call: Call) -> None:
    """Read a JSON or multipart body into the call."""
    request = call.request
    if not request.can_read_body:
        return
    if (request.content_length or 0) > MAX_BODY:
        raise refuse(40005)
    if request.content_type == "multipart/form-data":
        await _read_multipart(call)
        return
    raw = await request.read()
    if raw:
        call.body = _parse(raw)


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError as why:
        raise refuse(50109) from why


async def _read_multipart(call: Call) -> None:
    loose: Json = {}
    async for part in await call.request.multipart():
        if not isinstance(part, BodyPartReader):
            raise refuse(50035)
        name = part.name or ""
        raw = bytes(await part.read(decode=False))
        match = _FILE_FIELD.match(name)
        if name == "payload_json":
            call.body = _parse(raw)
        elif match or part.filename:
            content_type = part.headers.get("Content-Type", "application/octet-stream").split(";")[0]
            if content_type == "application/octet-stream":
                content_type = _guess(part.filename or "")
            call.files.append(Upload(match[1] if match else "0", part.filename or "file", content_type, raw))
        else:
            loose[name] = raw.decode(errors="replace")
    if call.body is None:
        call.body = loose


def _guess(name: str) -> str:
    import mimetypes

    return mimetypes.guess_type(name)[0] or "application/octet-stream"
