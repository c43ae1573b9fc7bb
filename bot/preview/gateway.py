"""The gateway, v10: hello, identify, heartbeats, resume, shards, intents, and connections that go wrong on purpose.

Protocol: Discord docs, Topics → Gateway and Gateway Events; close codes: Topics → Opcodes and Status Codes.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from aiohttp import WSMsgType, web

from bot.preview import gateway_events
from bot.preview.session import Link, Session, compressor
from bot.preview.wire import Json, as_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.preview.model import Event
    from bot.preview.server import LocalDiscord

PRIVILEGED: Final = (1 << 1) | (1 << 8) | (1 << 15)
KNOWN_INTENTS: Final = (1 << 26) - 1
SENDS_PER_MINUTE: Final = 120
KEEP_SESSIONS: Final = 64
# Seconds until a heartbeat is answered. discord.py notes when it sent one only after its thread heard that it is sent;
# an answer that is back before (loopback knows no distance) is measured from the heartbeat before, 41 s ago.
ROUND_TRIP: Final = 0.02


class Gateway:
    """All sessions of the bot. The attributes may be changed at any time, to make a bad day."""

    def __init__(self, local: LocalDiscord) -> None:
        self._local = local
        self.sessions: dict[str, Session] = {}
        self._links: set[Link] = set()
        self._identified: dict[int, float] = {}
        self.heartbeat_interval = 41.25  # seconds
        self.privileged_allowed = 0  # privileged intents the application was granted
        self.shards = 1  # what GET /gateway/bot recommends
        self.max_concurrency = 1
        self.identify_every = 0.0  # seconds between identifies of one key; Discord's is 5
        self.identifies_left = 1000
        self.refusing = False  # refuse new connections with 503
        self.silent = False  # accept, but never answer: a zombie
        self.identifies = 0
        self.resumes = 0
        self.on_status: list[Callable[[bool], None]] = []

    @property
    def connected(self) -> bool:
        """Is any session of the bot on the line?"""
        return any(s.link is not None for s in self.sessions.values())

    def close_all(self) -> None:
        for link in list(self._links):
            link.abort()

    # -- bad days ----------------------------------------------------------------------------------------------

    async def drop(self, code: int | None = None) -> None:
        """Close every connection with a close code, or cut them without a word."""
        for link in list(self._links):
            if code is None:
                link.abort()
            else:
                await link.close(code)

    def ask_reconnect(self) -> None:
        """Opcode 7: please reconnect and resume."""
        for link in list(self._links):
            link.send({"op": 7, "d": None, "s": None, "t": None})

    def invalidate(self, *, resumable: bool) -> None:
        """Opcode 9; a session that is not resumable is forgotten."""
        for session in list(self.sessions.values()):
            if session.link is not None:
                session.link.send({"op": 9, "d": resumable, "s": None, "t": None})
            if not resumable:
                self.sessions.pop(session.id, None)

    # -- events ------------------------------------------------------------------------------------------------

    def hear(self, event: Event) -> None:
        """Pass something that happened on to the sessions that asked for it."""
        for session in list(self.sessions.values()):
            if not session.owns(event.guild_id) or not self._concerns_bot(event.guild_id):
                continue
            data = gateway_events.for_session(self._local.world, event, session.intents)
            if data is not None:
                session.push(event.name, data)

    def _concerns_bot(self, guild_id: int | None) -> bool:
        """A server that the bot is not in is no business of its gateway's."""
        guild = self._local.world.guilds.get(guild_id or 0)
        return guild is None or self._local.world.bot.id in guild.members

    def interaction(self, guild_id: int | None, data: Json) -> bool:
        """Hand an interaction to the shard it belongs to; False when that is not connected."""
        for session in self.sessions.values():
            if session.link is not None and session.owns(guild_id):
                session.push("INTERACTION_CREATE", data)
                return True
        return False

    # -- connections -------------------------------------------------------------------------------------------

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """GET /gateway: a bot connects."""
        if self.refusing:
            return web.Response(status=503, text="upstream connect error")
        compress = request.query.get("compress")
        try:
            compressor(compress)
        except ValueError:
            compress = None
        socket = web.WebSocketResponse(max_msg_size=1 << 16, compress=False)
        await socket.prepare(request)
        link = Link(socket, request, compress)
        link.silent = self.silent
        self._links.add(link)
        try:
            if request.query.get("v", "10") != "10":
                await link.close(4012)
            else:
                interval = int(self.heartbeat_interval * 1000)
                link.send({"op": 10, "d": {"heartbeat_interval": interval, "_trace": []}, "s": None, "t": None})
                await self._serve(link)
        finally:
            self._links.discard(link)
            if link.session is not None and link.session.link is link:
                link.session.link = None
                self._announce()
            await link.finish()
        return socket

    async def _serve(self, link: Link) -> None:
        """Read a client's payloads until it goes, breaks a rule, or its heart stops."""
        sent: deque[float] = deque()
        last_beat = time.monotonic()
        while not link.socket.closed:
            patience = last_beat + self.heartbeat_interval * 1.5 - time.monotonic()
            try:
                message = await link.socket.receive(timeout=max(0.05, patience))
            except TimeoutError:
                await link.close(4009)
                return
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            now = time.monotonic()
            sent.append(now)
            while sent[0] < now - 60:
                sent.popleft()
            if self._local.limits.enabled and len(sent) > SENDS_PER_MINUTE:
                await link.close(4008)
                return
            link.silent = self.silent
            try:
                payload = json.loads(message.data)
                op, data = payload["op"], payload.get("d")
            except (ValueError, KeyError, TypeError):
                await link.close(4002)
                return
            if op == 1:
                last_beat = now
            code = await self._opcode(link, op, data)
            if code is not None:
                await link.close(code)
                return

    async def _opcode(self, link: Link, op: object, data: Any) -> int | None:
        """Act on one payload; a close code when it breaks a rule."""
        if op == 1:
            answer: Json = {"op": 11, "d": None, "s": None, "t": None}
            asyncio.get_running_loop().call_later(ROUND_TRIP, link.send, answer)
            return None
        if op in (2, 6) and not isinstance(data, dict):
            return 4002
        if op == 2:
            return 4005 if link.session else self._identify(link, data)
        if op == 6:
            return 4005 if link.session else self._resume(link, data)
        if op not in (3, 4, 8, 31):
            return 4001
        if link.session is None:
            return 4003
        if op == 3:
            link.session.presence = data
        elif op == 8 and isinstance(data, dict):
            self._members(link.session, data)
        return None

    def _identify(self, link: Link, data: Json) -> int | None:
        if data.get("token") not in (self._local.token, f"Bot {self._local.token}"):
            return 4004
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~KNOWN_INTENTS or intents < 0:
            return 4013
        if intents & PRIVILEGED & ~self.privileged_allowed:
            return 4014
        shard = data.get("shard") or [0, 1]
        if len(shard) != 2 or not all(isinstance(n, int) for n in shard) or not 0 <= shard[0] < shard[1]:
            return 4010
        key = shard[0] % self.max_concurrency
        now = time.monotonic()
        if now - self._identified.get(key, -1e9) < self.identify_every:
            link.send({"op": 9, "d": False, "s": None, "t": None})
            return None
        self._identified[key] = now
        self.identifies += 1
        self.identifies_left -= 1
        session = Session(secrets.token_hex(16), (shard[0], shard[1]), intents)
        session.presence = data.get("presence")
        self._remember(session)
        session.link, link.session = link, session
        self._ready(session)
        self._announce()
        return None

    def _remember(self, session: Session) -> None:
        self.sessions[session.id] = session
        for old in list(self.sessions.values()):
            if len(self.sessions) <= KEEP_SESSIONS:
                break
            if old.link is None:
                del self.sessions[old.id]

    def _ready(self, session: Session) -> None:
        world = self._local.world
        guilds = [g for g in world.guilds.values() if session.owns(g.id) and world.bot.id in g.members]
        ready: Json = {
            "v": 10,
            "user": {**world.bot.data, "verified": True, "mfa_enabled": False, "email": None},
            "guilds": [{"id": str(g.id), "unavailable": True} for g in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self._local.gateway_url,
            "shard": list(session.shard),
            "application": {"id": str(world.application_id), "flags": 0},
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "user_settings": {},
            "_trace": [],
        }
        session.push("READY", ready)
        if session.intents & 1:
            for guild in guilds:
                if not guild.unavailable:
                    session.push("GUILD_CREATE", gateway_events.guild_create(world, guild, session.intents))

    def _resume(self, link: Link, data: Json) -> int | None:
        if data.get("token") not in (self._local.token, f"Bot {self._local.token}"):
            return 4004
        session = self.sessions.get(str(data.get("session_id")))
        seq = data.get("seq")
        missed = session.since(seq) if session and isinstance(seq, int) else None
        if session is None or missed is None:
            link.send({"op": 9, "d": False, "s": None, "t": None})
            return None
        if session.link is not None:
            session.link.abort()
        self.resumes += 1
        session.link, link.session = link, session
        for text in missed:
            link.send_raw(text)
        session.push("RESUMED", {"_trace": []})
        self._announce()
        return None

    def _members(self, session: Session, data: Json) -> None:
        """Opcode 8: request guild members."""
        guild = self._local.world.guilds.get(as_id(data.get("guild_id")))
        if guild is None:
            return
        chunk = gateway_events.members_chunk(self._local.world, guild, data, session.intents)
        session.push("GUILD_MEMBERS_CHUNK", chunk)

    def _announce(self) -> None:
        for listener in self.on_status:
            with suppress(RuntimeError):
                listener(self.connected)
