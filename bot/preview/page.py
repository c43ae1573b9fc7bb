"""The page's side of the local Discord: /local and / routes, as docs/preview-protocol.md has them.

Only for this machine's own browser: Host and Origin are checked on every route, and the page gets a strict CSP.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from bot.preview import model as m
from bot.preview import payloads
from bot.preview.command_use import UseError
from bot.preview.controls import ControlError
from bot.preview.page_live import LivePages
from bot.preview.route_application import visible_commands
from bot.preview.route_messages import page as message_page
from bot.preview.wire import ApiError, Json, as_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.preview.server import LocalDiscord

STATIC: Final = Path(__file__).parent / "static"
UPLOAD: Final = 10 * 1024 * 1024
_CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob: https: http:; "
    "media-src 'self'; font-src 'self'; connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
# Shown in place; a browser must not take any other attachment for a page.
_INLINE: Final = ("image/png", "image/jpeg", "image/gif", "image/webp", "text/plain")


class Page:
    """Routes of the page; `live` are those who have it open."""

    def __init__(self, local: LocalDiscord) -> None:
        self._local = local
        self.live = LivePages(local.world)

    def add_routes(self, app: web.Application) -> None:
        add = app.router.add_route
        add("GET", "/", self._guarded(self._index))
        add("GET", "/static/{name:.+}", self._guarded(self._static))
        add("GET", "/attachments/{channel_id}/{file_id}/{name}", self._guarded(self._attachment))
        add("GET", "/local/state", self._guarded(self._state))
        add("GET", "/local/channels/{channel_id}/messages", self._guarded(self._messages))
        add("GET", "/local/commands", self._guarded(self._commands))
        add("GET", "/local/events", self._guarded(self._events))
        add("POST", "/local/interactions", self._guarded(self._interact))
        add("POST", "/local/messages", self._guarded(self._write))
        add("POST", "/local/messages/dismiss", self._guarded(self._dismiss))
        add("POST", "/local/dms", self._guarded(self._dm))
        add("POST", "/local/uploads", self._guarded(self._upload))
        add("POST", "/local/control", self._guarded(self._control))

    # -- guard -------------------------------------------------------------------------------------------------

    def _guarded(
        self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Only this machine's own page: other names for 127.0.0.1 (DNS rebinding) and other sites are refused."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            hosts = {f"127.0.0.1:{self._local.port}", f"localhost:{self._local.port}", f"[::1]:{self._local.port}"}
            origin = request.headers.get("Origin")
            if request.host not in hosts or (origin is not None and origin != f"http://{request.host}"):
                return _problem(403, "This address serves the preview page of this machine only.", 50001)
            # A link to the page may stand anywhere; everything else is asked for by the page itself.
            own = request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")
            if not own and request.path != "/":
                return _problem(403, "Other sites may not use the preview.", 50001)
            try:
                return await handler(request)
            except UseError as why:
                return _problem(400, str(why), 50035)
            except ControlError as why:
                return _problem(400, str(why), 50035)
            except ApiError as why:
                return _problem(why.status, why.message, why.code)
            except KeyError as why:
                return _problem(404, f"Not found: {why.args[0] if why.args else why}", 10003)

        return guarded

    def _who(self, given: object) -> m.User:
        """The person of `as`; only people to be, never the bot."""
        for person in self._local.world.people.values():
            if given in (None, "", person.key, str(person.user.id)):
                return person.user
        raise UseError("Choose one of the people to be first.")

    def _visible(self, user: m.User, raw: object) -> m.Channel:
        channel = self._local.world.channels.get(as_id(raw))
        if channel is None or not self._local.world.can_see(user.id, channel):
            raise ApiError(404, 10003, "There is no such channel (any more).")
        return channel

    # -- files -------------------------------------------------------------------------------------------------

    async def _index(self, request: web.Request) -> web.StreamResponse:
        return self._file(request, "index.html")

    async def _static(self, request: web.Request) -> web.StreamResponse:
        return self._file(request, request.match_info["name"])

    def _file(self, request: web.Request, name: str) -> web.StreamResponse:
        path = (STATIC / name).resolve()
        if not path.is_relative_to(STATIC.resolve()) or not path.is_file():
            return _problem(404, "There is no such file.", 0)
        headers = {
            "Content-Security-Policy": _CSP.format(host=request.host),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-cache",
            "Cross-Origin-Opener-Policy": "same-origin",
        }
        return web.FileResponse(path, headers=headers)

    async def _attachment(self, request: web.Request) -> web.StreamResponse:
        found = self._local.world.files.get(as_id(request.match_info["file_id"]))
        if found is None or found.channel_id != as_id(request.match_info["channel_id"]):
            return _problem(404, "There is no such attachment (any more).", 0)
        shown = found.content_type in _INLINE
        headers = {
            "Content-Type": found.content_type if shown else "application/octet-stream",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Content-Disposition": "inline" if shown else f'attachment; filename="{found.name}"',
        }
        return web.Response(body=found.body, headers=headers)

    # -- reading -----------------------------------------------------------------------------------------------

    async def _state(self, request: web.Request) -> web.StreamResponse:
        world = self._local.world
        user = self._who(request.query.get("as"))
        return _json(
            {
                "me": user.data,
                "people": [
                    {"user": p.user.data, "key": p.key, "title": p.title, "about": p.about}
                    for p in world.people.values()
                ],
                "application": {
                    "id": str(world.application_id),
                    "name": world.bot.name,
                    "bot": world.bot.data,
                },
                "connected": self._local.gateway.connected,
                "guilds": [self._guild(g, user) for g in world.guilds.values() if user.id in g.members],
                "dms": [c.data for c in world.channels.values() if user.id in c.recipients],
                "controls": self._local.controls.payload(),
            }
        )

    def _guild(self, guild: m.Guild, user: m.User) -> Json:
        world = self._local.world
        bot_status = "online" if self._local.gateway.connected else "offline"
        keep = ("id", "name", "icon", "description", "owner_id")
        return {
            **{k: guild.data[k] for k in keep},
            "roles": [r.data for r in guild.roles.values()],
            "members": [
                {
                    **payloads.with_user(world, one),
                    "status": bot_status if one.user_id == world.bot.id else "online",
                }
                for one in guild.members.values()
            ],
            "channels": [
                {**c.data, "my_permissions": str(world.permissions(user.id, c))}
                for c in guild.channels.values()
                if world.can_see(user.id, c)
            ],
        }

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        user = self._who(request.query.get("as"))
        channel = self._visible(user, request.match_info["channel_id"])
        limit = min(100, max(1, as_id(request.query.get("limit")) or 50))
        before = as_id(request.query.get("before"))
        found = message_page(channel, limit, before=before)
        full = len(found) == limit
        oldest = int(found[-1]["id"]) if found and full else 0
        mine = [
            x.data
            for x in self._local.world.ephemeral.values()
            if x.channel_id == channel.id and x.only_for == user.id and x.id > oldest and (not before or x.id < before)
        ]
        return _json(sorted([*found, *mine], key=lambda d: -int(d["id"])))

    async def _commands(self, request: web.Request) -> web.StreamResponse:
        user = self._who(request.query.get("as"))
        guild_id = as_id(request.query.get("guild")) or None
        return _json(visible_commands(self._local.world, user.id, guild_id))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        user = self._who(request.query.get("as"))
        return await self.live.serve(request, user, connected=self._local.gateway.connected)

    # -- doing -------------------------------------------------------------------------------------------------

    async def _interact(self, request: web.Request) -> web.StreamResponse:
        local = self._local
        body = await _body(request)
        user = self._who(body.get("as"))
        nonce, locale = str(body.get("nonce") or ""), str(body.get("locale") or "en-US")
        data = body.get("data")
        kind = body.get("type")
        if not isinstance(data, dict):
            raise UseError("There is no data in this interaction.")
        if kind in (2, 4):
            channel = self._visible(user, body.get("channel_id"))
            made = local.use_command(user, channel, data, autocomplete=kind == 4, nonce=nonce, locale=locale)
        elif kind == 3:
            message = {"channel_id": body.get("channel_id"), "id": body.get("message_id")}
            self._visible(user, body.get("channel_id"))
            values = data.get("values")
            custom_id = str(data.get("custom_id"))
            made = local.use_component(
                user, message, int(data.get("component_type") or 0), custom_id, values, nonce=nonce, locale=locale
            )
        elif kind == 5:
            opened = local.interactions.by_id.get(as_id(body.get("modal_id")))
            if opened is None:
                raise UseError("That modal is no longer open.")
            made = local.use_modal(user, opened, data, nonce=nonce, locale=locale)
        else:
            raise UseError("Unknown kind of interaction.")
        return _json({"id": str(made.id)})

    async def _write(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        user = self._who(body.get("as"))
        channel = self._visible(user, body.get("channel_id"))
        return _json(self._local.write(user, channel, str(body.get("content") or "")))

    async def _dismiss(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        user = self._who(body.get("as"))
        found = self._local.world.ephemeral.get(as_id(body.get("message_id")))
        if found is None or found.only_for != user.id:
            raise ApiError(404, 10008, "That message is gone.")
        self._local.world.remove_message(found)
        return _json({"ok": True})

    async def _dm(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        return _json(self._local.world.dm_channel(self._who(body.get("as"))).data)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        user = self._who(request.query.get("as"))
        if (request.content_length or 0) > UPLOAD:
            raise UseError("Files may have 10 MiB at most.")
        raw = await request.read()
        if len(raw) > UPLOAD:
            raise UseError("Files may have 10 MiB at most.")
        name = request.query.get("name", "file")
        return _json(self._local.add_file(user, name, raw).data)

    async def _control(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        params = body.get("params")
        said = await self._local.controls.run(str(body.get("name")), params if isinstance(params, dict) else {})
        return _json({"ok": True, "message": said})


async def _body(request: web.Request) -> Json:
    if request.content_type != "application/json":
        raise UseError("The body must be JSON.")  # also keeps plain forms of other sites out
    try:
        body: Any = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise UseError("The body must be a JSON object.")
    return body


def _json(data: Any) -> web.Response:
    return web.json_response(data, headers={"Cache-Control": "no-store"})


def _problem(status: int, message: str, code: int) -> web.Response:
    return web.json_response({"message": message, "code": code}, status=status)
