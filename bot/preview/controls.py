"""The "make it happen" actions of the page: things the application lets a visitor do to see how the bot reacts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bot.preview.wire import Json, PreviewError

if TYPE_CHECKING:
    from bot.preview.world import World

Handler = Callable[[dict[str, Any]], Awaitable[str | None]]


class ControlError(PreviewError):
    """An action that cannot be done as asked; the message is shown to the visitor."""


@dataclass(frozen=True, slots=True)
class Param:
    """One thing to fill in."""

    name: str
    label: str
    type: Literal["string", "number", "boolean", "choice"] = "string"
    required: bool = True
    default: str | float | bool = ""
    choices: tuple[str, ...] = ()

    def payload(self) -> Json:
        return {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "required": self.required,
            "default": self.default,
            "choices": list(self.choices),
        }

    def read(self, given: object) -> str | float | bool:
        """The value as its type. Raises ControlError in words for the visitor."""
        if given in (None, ""):
            if self.required and self.default == "":
                raise ControlError(f"{self.label}: please fill this in.")
            return self.default
        if self.type == "boolean":
            return given is True or given == "true"
        if self.type == "number":
            try:
                return float(str(given))
            except ValueError:
                raise ControlError(f"{self.label}: {given!s:.40} is not a number.") from None
        text = str(given)[:2000]
        if self.type == "choice" and text not in self.choices:
            raise ControlError(f"{self.label}: choose one of {', '.join(self.choices)}.")
        return text


@dataclass(frozen=True, slots=True)
class Control:
    name: str
    label: str
    handler: Handler
    params: tuple[Param, ...]
    about: str

    def payload(self) -> Json:
        return {
            "name": self.name,
            "label": self.label,
            "about": self.about,
            "params": [p.payload() for p in self.params],
        }


class Controls:
    """The registry. Handlers get the parameters by name and may return a sentence for the visitor."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[str, Control] = {}

    def register(self, name: str, label: str, handler: Handler, params: Sequence[Param] = (), about: str = "") -> None:
        """Offer an action on the page; the same name again replaces it."""
        self._known[name] = Control(name, label, handler, tuple(params), about)
        self._world.emit("LOCAL_CONTROLS", {})

    def payload(self) -> list[Json]:
        return [c.payload() for c in self._known.values()]

    async def run(self, name: str, given: dict[str, Any]) -> str:
        """Do it. Raises ControlError with a sentence for the visitor."""
        control = self._known.get(name)
        if control is None:
            raise ControlError(f"There is no action called {name!r}.")
        said = await control.handler({p.name: p.read(given.get(p.name)) for p in control.params})
        return said or f"{control.label}: done."
