"""Proxy on loopback that breaks the connection once and counts the transferred bytes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CHUNK_BYTES = 65536


class CuttingProxy:
    """Forwards connections to a port. Closes the first one that has sent `cut_after` bytes to the client."""

    def __init__(self, target_port: int, cut_after: int) -> None:
        self._target = ("127.0.0.1", target_port)
        self._cut_after: int | None = cut_after
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.bytes_to_client = 0
        self.cuts = 0
        self._counting = threading.Lock()

    def serve(self) -> None:
        """Accept until the listening socket is shut down."""
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return  # the test has closed the socket
            server = socket.create_connection(self._target)
            for source, sink, counted in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pump, args=(source, sink, counted), daemon=True).start()

    def close(self) -> None:
        """Stop accepting."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _pump(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:  # noqa: FBT001 - thread's argument
        sent = 0
        with suppress(OSError):  # the other direction has closed the sockets
            while chunk := source.recv(_CHUNK_BYTES):
                sink.sendall(chunk)
                sent += len(chunk)
                if counted and self._is_cut(len(chunk), sent):
                    break
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _is_cut(self, new: int, sent: int) -> bool:
        with self._counting:
            self.bytes_to_client += new
            if self._cut_after is None or sent < self._cut_after:
                return False
            self._cut_after = None
            self.cuts += 1
            return True


@contextmanager
def cutting_proxy(target_port: int, cut_after: int) -> Iterator[CuttingProxy]:
    """Run a proxy in a thread."""
    proxy = CuttingProxy(target_port, cut_after)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
