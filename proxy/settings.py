"""The settings, read from the environment by their original names; a bad value stops the start."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from proxy.cache.redis_address import check_redis_url, shown_address
from proxy.errors import StartError
from proxy.safety import Threshold
from proxy.settings_file import read_settings_file, suggestion

OWN_PREFIX = "IMAGE_PROXY_"
"""Variables that start so are the proxy's own: one that is not known stops the start."""

CLIENT_KEY_VARIABLE = "IMAGE_PROXY_API_KEY"
"""The variable from which clients of ours take their key; the server does not read it."""

SECRET_VARIABLES = frozenset({"IMAGE_PROXY_API_KEYS", "IMAGE_PROXY_REDIS_URL"})
"""The variables whose values no message shows."""

FILE_VARIABLE = "IMAGE_PROXY_SETTINGS_FILE"

RELOADABLE = frozenset(
    {
        *("safety_threshold", "safety_floor", "api_keys", "max_body_mb", "max_prompt_characters"),
        *("log_max_mb", "log_keep_days", "metric_names"),
    }
)
"""The fields that a reload changes; the others are part of what is built at the start, and need a restart."""

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_INSTANCE = re.compile(r"[A-Za-z0-9_.:\[\]-]{1,100}")


def _plain_number(value: object) -> object:
    """Refuse the blanks, signs and underscores that Python's own parsers let through."""
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError("not a plain decimal number")
    return value


def _threshold(value: object) -> object:
    if isinstance(value, str) and value not in Threshold.__members__:
        raise ValueError("not one of the four thresholds")
    return value


Whole = Annotated[int, BeforeValidator(_plain_number)]
Decimal = Annotated[float, BeforeValidator(_plain_number)]


class Settings(BaseSettings):
    """What the server runs with. Field by field: the variable, its default and what is allowed."""

    model_config = SettingsConfigDict(case_sensitive=True, frozen=True, extra="forbid")

    safety_threshold: Annotated[Threshold, BeforeValidator(_threshold)] = Field(
        Threshold.MEDIUM,
        validation_alias="GEMINI_IMAGE_SAFETY_THRESHOLD",
        description="How strictly harmful content is refused where a request does not say: OFF, LOW, MEDIUM or HIGH.",
    )
    safety_floor: Annotated[Threshold, BeforeValidator(_threshold)] = Field(
        Threshold.OFF,
        validation_alias="IMAGE_PROXY_SAFETY_FLOOR",
        description="The weakest threshold that a request may name: OFF (no floor), LOW, MEDIUM or HIGH, and not "
        "above GEMINI_IMAGE_SAFETY_THRESHOLD.",
    )
    cache_backend: Literal["filesystem", "redis", "none"] = Field(
        "filesystem",
        validation_alias="CACHE_BACKEND",
        description="Where answers are kept: filesystem, redis (at IMAGE_PROXY_REDIS_URL) or none.",
    )
    cache_max_size_mb: Whole = Field(
        500,
        ge=1,
        le=10_000_000,
        validation_alias="CACHE_MAX_SIZE_MB",
        description="The most that the cached answers may take, in MB (1,000,000 bytes): a whole number from 1.",
    )
    cache_ttl_seconds: Whole = Field(
        7200,
        ge=1,
        le=1_000_000_000,
        validation_alias="CACHE_TTL_SECONDS",
        description="How long a cached answer may be served, in seconds: a whole number from 1.",
    )
    cache_memory_mb: Whole = Field(
        64,
        ge=0,
        le=100_000,
        validation_alias="IMAGE_PROXY_CACHE_MEMORY_MB",
        description="How much of the filesystem cache is kept in memory too, in each worker, in MB (1,000,000 bytes): "
        "a whole number from 0.",
    )
    cache_shared: Literal["true", "false"] = Field(
        "false",
        validation_alias="IMAGE_PROXY_CACHE_SHARED",
        description="Whether clients are served each other's cached answers: true or false.",
    )
    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"),
        validation_alias="IMAGE_PROXY_REDIS_URL",
        description="Where Redis is, for CACHE_BACKEND=redis: redis://, rediss:// or unix://, with user, password and "
        "number of the database where needed.",
    )
    home: Path = Field(
        Path("~/.image-proxy"),
        validation_alias="IMAGE_PROXY_HOME",
        validate_default=True,
        description="The folder of configuration, accounts, database, cache and logs: a path.",
    )
    host: str = Field(
        "127.0.0.1",
        min_length=1,
        max_length=255,
        validation_alias="IMAGE_PROXY_HOST",
        description="The address to listen on: a host name or an IP address.",
    )
    port: Whole = Field(
        8045,
        ge=0,
        le=65535,
        validation_alias="IMAGE_PROXY_PORT",
        description="The port to listen on: a whole number from 0 to 65535; 0 takes any free port.",
    )
    upstream: str = Field(
        "https://generativelanguage.googleapis.com",
        validation_alias="IMAGE_PROXY_UPSTREAM",
        description="The base URL of the Gemini service: http or https, without user, query or fragment.",
    )
    api_keys: SecretStr = Field(
        SecretStr(""),
        validation_alias="IMAGE_PROXY_API_KEYS",
        description="The keys that clients may use, separated by commas: printable ASCII, no blanks, none empty.",
    )
    prompt_enhancement: Literal["requested", "always", "off"] = Field(
        "requested",
        validation_alias="IMAGE_PROXY_PROMPT_ENHANCEMENT",
        description="When words for style and quality are added to a prompt: requested (only where the request names "
        "a style or quality), always, or off.",
    )
    instance: str = Field(
        "",
        validation_alias="IMAGE_PROXY_INSTANCE",
        description="The name of this instance in logs and in /healthz: up to 100 letters, digits and _.:[]- "
        "(host:port unless set).",
    )
    upstream_timeout_seconds: Decimal = Field(
        120.0,
        ge=1,
        le=590,
        validation_alias="IMAGE_PROXY_UPSTREAM_TIMEOUT_SECONDS",
        description="How long a request may wait for the upstream service, all attempts together, in seconds: "
        "a number from 1 to 590 (clients give up after 600).",
    )
    account_concurrency: Whole = Field(
        32,
        ge=1,
        le=1000,
        validation_alias="IMAGE_PROXY_ACCOUNT_CONCURRENCY",
        description="How many calls may be under way with one account, in each worker: a whole number from 1 to 1000.",
    )
    max_body_mb: Whole = Field(
        50,
        ge=1,
        le=1000,
        validation_alias="IMAGE_PROXY_MAX_BODY_MB",
        description="The largest request body, in MB (1,000,000 bytes): a whole number from 1 to 1000.",
    )
    max_prompt_characters: Whole = Field(
        32000,
        ge=1,
        le=1_000_000,
        validation_alias="IMAGE_PROXY_MAX_PROMPT_CHARACTERS",
        description="The longest prompt, in characters: a whole number from 1 to 1000000.",
    )
    workers: Whole = Field(
        1,
        ge=1,
        le=64,
        validation_alias="IMAGE_PROXY_WORKERS",
        description="How many processes serve on the port: a whole number from 1 to 64.",
    )
    max_connections: Whole = Field(
        4000,
        ge=1,
        le=50_000,
        validation_alias="IMAGE_PROXY_MAX_CONNECTIONS",
        description="How many connections each worker may have at one time: a whole number from 1 to 50000.",
    )
    settings_file: str = Field(
        "",
        validation_alias="IMAGE_PROXY_SETTINGS_FILE",
        description="A file of settings, one NAME=VALUE a line, that stand above the environment and are read again "
        "on SIGHUP: a path, readable by its owner only.",
    )
    log_max_mb: Whole = Field(
        100,
        ge=1,
        le=100_000,
        validation_alias="IMAGE_PROXY_LOG_MAX_MB",
        description="The size at which the log is rotated, in MB (1,000,000 bytes): a whole number from 1 to 100000.",
    )
    log_keep_days: Whole = Field(
        30,
        ge=1,
        le=3650,
        validation_alias="IMAGE_PROXY_LOG_KEEP_DAYS",
        description="How many days rotated logs are kept: a whole number from 1 to 3650.",
    )
    metric_names: Literal["prometheus", "opentelemetry"] = Field(
        "prometheus",
        validation_alias="IMAGE_PROXY_METRIC_NAMES",
        description="How metrics that OpenTelemetry has names for are called in /metrics: prometheus or opentelemetry.",
    )

    otlp_endpoint: str = Field(
        "",
        validation_alias="IMAGE_PROXY_OTLP_ENDPOINT",
        description="The URL of a collector that takes traces by OTLP over HTTP; none where it is empty.",
    )

    @field_validator("safety_floor")
    @classmethod
    def _safety_floor(cls, value: Threshold, others: ValidationInfo) -> Threshold:
        default = others.data.get("safety_threshold")
        if default is not None and default.is_weaker_than(value):
            raise ValueError("above the threshold")
        return value

    @field_validator("home", mode="before")
    @classmethod
    def _home(cls, value: object) -> object:
        if value == "":
            raise ValueError("empty")
        return Path(str(value)).expanduser().absolute()

    @field_validator("otlp_endpoint")
    @classmethod
    def _otlp_endpoint(cls, value: str) -> str:
        return cls._upstream(value) if value else value

    @field_validator("upstream")
    @classmethod
    def _upstream(cls, value: str) -> str:
        parts = urlsplit(value)
        plain = re.fullmatch(r"[\x21-\x7e]+", value) is not None
        if not plain or parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("not an http or https URL")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("has a user, query or fragment")
        return value.rstrip("/")

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, value: SecretStr) -> SecretStr:
        check_redis_url(value.get_secret_value())
        return value

    @field_validator("api_keys")
    @classmethod
    def _api_keys(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if text and not all(re.fullmatch(r"[\x21-\x2b\x2d-\x7e]+", key) for key in text.split(",")):
            raise ValueError("an entry is empty or has a blank or another character that a header cannot carry")
        return value

    @field_validator("instance")
    @classmethod
    def _instance(cls, value: str) -> str:
        if value and not _INSTANCE.fullmatch(value):
            raise ValueError("has other characters or is too long")
        return value

    @property
    def instance_name(self) -> str:
        """IMAGE_PROXY_INSTANCE, or `host:port`."""
        return self.instance or f"{self.host}:{self.port}"

    def client_keys(self) -> tuple[str, ...]:
        """The keys of IMAGE_PROXY_API_KEYS; none where it is empty."""
        text = self.api_keys.get_secret_value()
        return tuple(text.split(",")) if text else ()

    def differing(self, other: Settings) -> dict[str, str]:
        """The variables of the fields in which another differs, by the fields' names."""
        variables = _variables()
        return {name: variables[name] for name in variables if getattr(self, name) != getattr(other, name)}

    def effective(self) -> dict[str, str]:
        """Every setting's value as text by its variable's name, in the order above, without keys and passwords."""
        values = {
            variable: str(getattr(self, name))
            for name, variable in _variables().items()
            if not isinstance(getattr(self, name), SecretStr)
        }
        address = shown_address(self.redis_url.get_secret_value())
        return values | {"IMAGE_PROXY_INSTANCE": self.instance_name, "IMAGE_PROXY_REDIS_URL": address}


def _variables() -> dict[str, str]:
    """Each field's variable."""
    return {name: str(field.validation_alias) for name, field in Settings.model_fields.items()}


def described() -> dict[str, str]:
    """What each variable means and allows, by its name."""
    return {str(field.validation_alias): str(field.description) for field in Settings.model_fields.values()}


def read_settings(flags: Mapping[str, str | None] | None = None) -> Settings:
    """The settings from the environment, overridden by the settings file and that by command line flags.

    flags  by variable name; None: not given
    Raises StartError with one message that names each bad variable, the value given and what is allowed.
    """
    named = os.environ.get(FILE_VARIABLE, "")
    from_file = read_settings_file(Path(named), described()) if named else {}
    given = {**from_file, **{name: value for name, value in (flags or {}).items() if value is not None}}
    problems = _unknown_variables()
    try:
        settings = Settings(**given)  # type: ignore[arg-type]  # by alias, as text: pydantic parses and checks them
    except ValidationError as error:
        problems += [_explained(detail) for detail in error.errors()]
    if problems:
        raise StartError("\n".join(problems))
    return settings


def _unknown_variables() -> list[str]:
    known = described()
    return [
        f"{name} is not a setting of the proxy{suggestion(name, known)}; unset it or correct its name"
        for name in sorted(os.environ)
        if name.startswith(OWN_PREFIX) and name not in known and name != CLIENT_KEY_VARIABLE
    ]


def _explained(detail: ErrorDetails) -> str:
    variable = str(detail["loc"][0])
    allowed = described().get(variable, "")
    given: object = detail["input"]
    shown = "(not shown)" if variable in SECRET_VARIABLES else repr(given)
    return f"{variable} is {shown}, which is not allowed. {allowed}"
