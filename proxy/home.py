"""The home: the folder that holds configuration, accounts, database, cache and logs."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import stat
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from proxy.atomic import write_private
from proxy.errors import StartError
from proxy.prices import Prices

PRIVATE_FOLDER = 0o700
LARGEST_FILE = 1_000_000
"""The most bytes that a configuration or account file may have."""


class ClientKey(BaseModel):
    """A key that clients may use, known by its SHA-256 only."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Annotated[str, Field(min_length=1, max_length=100)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Configuration(BaseModel):
    """The content of config.json: the key of the log's prompt hashes (hex), the clients' keys, prices by model.

    The models are named as they are upstream; what has no price is not counted as cost.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    schema_version: Literal[1] = Field(1, alias="schema")
    log_key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    client_keys: tuple[ClientKey, ...] = ()
    prices: dict[str, Prices] = {}


class Home:
    """The paths of a home; `create` makes what is missing and changes nothing that is there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.configuration = path / "config.json"
        self.accounts = path / "accounts"
        self.database = path / "proxy.db"
        self.cache = path / "image_cache"
        self.logs = path / "logs"
        self.log = self.logs / "image-proxy.jsonl"
        self.run = path / "run"

    def create(self) -> None:
        """Make the folders and a configuration without client keys, where they are missing.

        The cache makes its own folder, since its failure must not stop the start. Raises StartError.
        """
        try:
            for folder in (self.path, self.accounts, self.logs):
                folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            if not self.configuration.exists():
                self.write(Configuration(log_key=secrets.token_hex(32)))
        except OSError as error:
            raise StartError(f"the home {self.path} cannot be made: {error}; choose another by --home") from error

    def write(self, configuration: Configuration) -> None:
        """Replace config.json, atomically and readable by its owner only."""
        text = configuration.model_dump_json(by_alias=True, indent=2) + "\n"
        write_private(self.configuration, text.encode())

    def read(self) -> Configuration:
        """The content of config.json.

        Raises StartError where it is missing, broken, or may be read by other users.
        """
        try:
            data = read_private(self.configuration)
        except (OSError, ValueError) as error:
            raise StartError(f"{self.configuration} cannot be used: {error}") from error
        try:
            return Configuration.model_validate_json(data)
        except ValidationError as error:
            places = ", ".join(".".join(map(str, detail["loc"])) or detail["type"] for detail in error.errors())
            raise StartError(f"{self.configuration} is not a valid configuration (see: {places})") from error


def read_private(path: Path) -> bytes:
    """The content of a file that only its owner may read.

    Raises ValueError, with the remedy, for a file that others may read or that is too large; OSError as it comes.
    """
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if mode & 0o077:
            raise ValueError(f"others may read it (mode {stat.S_IMODE(mode):04o}); run: chmod 600 {path}")
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise ValueError(f"it has more than {LARGEST_FILE} bytes")
    return data


def initialise(path: Path) -> tuple[Path, str]:
    """Make a home with one account for the simulator and one client key; returns the home and the key.

    Raises StartError where the home has a configuration already: its keys are never replaced.
    """
    home = Home(path)
    if home.configuration.exists():
        raise StartError(f"{home.configuration} exists already; nothing was changed")
    home.create()
    key = f"sk-{secrets.token_urlsafe(32)}"
    fingerprint = hashlib.sha256(key.encode()).hexdigest()
    home.write(Configuration(log_key=home.read().log_key, client_keys=(ClientKey(name="default", sha256=fingerprint),)))
    account = {"name": "simulator", "project": "simulator", "api_key": f"simulated-{secrets.token_hex(16)}"}
    write_private(home.accounts / "simulator.json", (json.dumps(account, indent=2) + "\n").encode())
    return path, key
