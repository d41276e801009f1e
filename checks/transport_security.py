"""TLS as a request asks for it, and as an answer came by it."""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from checks.check import Context, Model
from checks.units import Dimension, Quantity

if TYPE_CHECKING:
    import httpx


class Tls(Model):
    """Whom to trust besides no one, and who we are; certificates are always verified."""

    ca: str | None = Field(default=None, description="PEM file of the authorities to trust, in place of the usual.")
    certificate: str | None = Field(default=None, description="PEM file of our own certificate.")
    key: str | None = Field(default=None, description="PEM file of its key, where that is another.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.ca is None and self.certificate is None:
            raise ValueError("`tls` takes `ca`, whom to trust, or `certificate`, who we are")
        if self.key is not None and self.certificate is None:
            raise ValueError("`key` is of a `certificate`, which is missing")
        return self

    def trust(self, context: Context) -> ssl.SSLContext:
        """The settings of a connection; raises OSError or ssl.SSLError, which is one, for files that are not usable."""
        made = ssl.create_default_context(cafile=None if self.ca is None else str(context.path(self.ca)))
        if self.certificate is not None:
            key = None if self.key is None else str(context.path(self.key))
            made.load_cert_chain(str(context.path(self.certificate)), key)
        return made


def connection_facts(answer: httpx.Response) -> dict[str, Any] | None:
    """The version of TLS, and the seconds until the certificate expires; None without TLS."""
    stream = answer.extensions.get("network_stream")
    secured = None if stream is None else stream.get_extra_info("ssl_object")
    if secured is None:
        return None
    certificate = secured.getpeercert() or {}
    expires = certificate.get("notAfter")
    left = None if expires is None else ssl.cert_time_to_seconds(expires) - time.time()
    return {
        "version": secured.version(),
        "expires_in": None if left is None else Quantity(left, Dimension.TIME),
    }
