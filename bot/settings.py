"""Every setting, typed, from the environment or `.env`. Built once in the composition root and passed in."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.roles import ROLES, Shards, read_roles, read_shards

Network = IPv4Network | IPv6Network
DISCORD_API = "https://discord.com/api/v10"


class SettingsError(Exception):
    """A setting cannot be used; the message names it and says what it should be."""


class Settings(BaseSettings):
    """Names in the environment are the field names in upper case; see `.env.example` for each."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True)

    discord_token: SecretStr = SecretStr("")
    discord_api_url: str = ""
    discord_proxy: str = ""
    database_url: str = "sqlite+aiosqlite:///data/headframe.db"

    headframe_roles: Annotated[tuple[str, ...], NoDecode] = ROLES
    headframe_shards: Annotated[Shards | None, NoDecode] = None
    headframe_owner_ids: Annotated[tuple[int, ...], NoDecode] = ()
    headframe_contact: str = ""
    headframe_allow_private: Annotated[tuple[Network, ...], NoDecode] = ()
    headframe_min_poll_seconds: int = Field(default=300, ge=1)
    headframe_max_poll_seconds: int = Field(default=3600, ge=1)
    headframe_default_feeds: bool = True
    headframe_price_sources: Path | None = None
    headframe_metrics_port: int = Field(default=0, ge=0, le=65535)
    headframe_log: Literal["text", "json"] = "text"
    headframe_log_level: Literal["debug", "info", "warning", "error"] = "info"
    headframe_metrics_host: str = "127.0.0.1"
    headframe_backups: int = Field(default=3, ge=0, le=365)
    headframe_public_url: str = ""
    headframe_websub_port: int = Field(default=8080, ge=0, le=65535)
    headframe_fold_seconds: float = Field(default=2.0, ge=0, le=60)
    headframe_requests_per_second: float = Field(default=45.0, gt=0, le=50)
    headframe_max_alerts_per_person: int = Field(default=50, ge=1)
    headframe_max_follows_per_server: int = Field(default=200, ge=1)
    headframe_max_feeds_per_server: int = Field(default=500, ge=1)
    goldapi_io_key: SecretStr = SecretStr("")
    metals_dev_key: SecretStr = SecretStr("")
    metalpriceapi_key: SecretStr = SecretStr("")

    @field_validator("headframe_owner_ids", mode="before")
    @classmethod
    def _ids(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return tuple(int(part) for part in value.replace(",", " ").split())
        except ValueError:
            raise ValueError("should be user ids (numbers) separated by commas") from None

    @field_validator("headframe_roles", mode="before")
    @classmethod
    def _roles(cls, value: object) -> object:
        return read_roles(value) if isinstance(value, str) else value

    @field_validator("headframe_shards", mode="before")
    @classmethod
    def _shards(cls, value: object) -> object:
        return read_shards(value) if isinstance(value, str) else value

    @field_validator("headframe_allow_private", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        found: list[Network] = []
        for part in value.replace(",", " ").split():
            try:
                found.append(ip_network(part, strict=False))
            except ValueError:
                raise ValueError(f"{part!r} is not a network such as 10.0.0.0/8 or 127.0.0.1") from None
        return tuple(found)

    @field_validator("headframe_price_sources", mode="before")
    @classmethod
    def _no_path(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("headframe_log", "headframe_log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("discord_api_url")
    @classmethod
    def _api(cls, value: str) -> str:
        if not value:
            return ""
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("should be an http or https address such as https://discord.com/api/v10")
        return complete_api_url(value)

    @model_validator(mode="after")
    def _poll_range(self) -> Settings:
        if self.headframe_max_poll_seconds < self.headframe_min_poll_seconds:
            raise ValueError("HEADFRAME_MAX_POLL_SECONDS should not be below HEADFRAME_MIN_POLL_SECONDS")
        return self

    @model_validator(mode="after")
    def _one_process(self) -> Settings:
        if self.database_url.startswith("sqlite"):
            if set(self.headframe_roles) != set(ROLES):
                raise ValueError(
                    "HEADFRAME_ROLES: with SQLite one process does everything; several need DATABASE_URL=postgresql+asyncpg://…"
                )
            if self.headframe_shards is not None:
                raise ValueError(
                    "HEADFRAME_SHARDS: with SQLite one process has all shards; several need DATABASE_URL=postgresql+asyncpg://…"
                )
        return self

    def has(self, role: str) -> bool:
        """Whether this process has a role: gateway, poll or deliver."""
        return role in self.headframe_roles

    @property
    def stores(self) -> bool:
        """Whether this process stores entries: a gateway does, too, for `/feed add`."""
        return self.has("poll") or self.has("gateway")

    @property
    def token(self) -> str:
        return self.discord_token.get_secret_value().strip()

    @property
    def api_url(self) -> str:
        return self.discord_api_url or DISCORD_API


def complete_api_url(value: str) -> str:
    """A REST base with its version: "http://host", "http://host/api" and "http://host/api/v10" mean the same."""
    base = value.rstrip("/")
    path = urlsplit(base).path
    last = path.rsplit("/", 1)[-1]
    if last.startswith("v") and last[1:].isdigit():
        return base
    return f"{base}/v10" if last == "api" else f"{base}/api/v10"


def load(**overrides: object) -> Settings:
    """Read the settings. Raises SettingsError with one line for each that cannot be used."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = str(problem["loc"][0]).upper() if problem["loc"] else ""
            message = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{name}: {message}" if name else message)
        raise SettingsError("; ".join(lines) + ". See .env.example.") from None
