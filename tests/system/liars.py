# SPDX-License-Identifier: Apache-2.0
"""Servers on loopback that answer as a test wants: those that real servers do not play."""

import contextlib
import socket
import threading


@contextlib.contextmanager
def server(serve):
    """Serves connections on loopback, one after the other; yields the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def run():
        while True:
            connection = listener.accept()[0]
            with connection:
                if over.is_set():
                    return
                with contextlib.suppress(OSError):
                    connection.settimeout(60)
                    serve(connection)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    over.set()
    socket.create_connection(listener.getsockname()).close()
    thread.join()
    listener.close()


def wait_for_close(connection):
    while connection.recv(4096):
        pass
