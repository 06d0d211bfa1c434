"""Django's PostgreSQL backend, less one round trip per request."""

from __future__ import annotations

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Ask the socket whether the server is still there, and the server only in doubt."""

    def is_usable(self) -> bool:
        """Return whether the connection works: a silent socket is an open one.

        A server that has gone has closed the socket, which then can be read from.
        """
        link = self.connection
        if link is None or link.closed:
            return False
        socket = select.poll()
        socket.register(link.pgconn.socket, select.POLLIN)
        return super().is_usable() if socket.poll(0) else True
