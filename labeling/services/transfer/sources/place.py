"""Where a bucket is."""

from __future__ import annotations

from dataclasses import dataclass

from labeling.models import Source
from labeling.services.transfer.sources import network


@dataclass(frozen=True)
class Place:
    """Where a bucket is, and which of its objects are meant: those below the prefix."""

    endpoint: str
    region: str
    bucket: str
    prefix: str = ""
    # Whether the bucket's name stands before that of the server, and not in the path.
    is_host: bool = False

    @property
    def server(self) -> str:
        """The address that is connected to. Raises PlaceError where it is none."""
        if not self.is_host:
            return self.endpoint
        return network.below(self.endpoint, self.bucket)

    @property
    def host(self) -> str:
        """The server's name as the connection writes it: the usual port is not named."""
        named = network.split(self.server)
        usual = 443 if named.scheme == "https" else 80
        host = named.hostname or ""
        host = f"[{host}]" if ":" in host else host
        return host if named.port in (None, usual) else f"{host}:{named.port}"


def place_of(source: Source) -> Place:
    """Return where the bucket of a source is."""
    is_host = source.addressing == Source.Addressing.HOST
    return Place(source.endpoint, source.region, source.bucket, source.prefix, is_host)
