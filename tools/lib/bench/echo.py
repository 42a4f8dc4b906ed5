"""What the machine itself needs for a question and its answer: a TCP echo."""

import multiprocessing
import socket
import time

PAYLOAD = b"x" * 200  # about a request


def _serve_echo(listener, onward):
    while True:
        asked, _ = listener.accept()
        with asked:
            data = asked.recv(65536)
            asked.sendall(_ask_echo(onward, data) if onward else data)


def _ask_echo(port, data):
    with socket.create_connection(("127.0.0.1", port)) as to:
        to.sendall(data)
        return to.recv(65536)


def echo(hops, tries):
    """Connect, ask, answer, through so many processes, each making a connection of its own to the next."""
    servers, onward = [], None
    for _ in range(hops):
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        process = multiprocessing.get_context("fork").Process(target=_serve_echo, args=(listener, onward), daemon=True)
        process.start()
        servers.append(process)
        onward = listener.getsockname()[1]
        listener.close()
    times = []
    for _ in range(tries):
        start = time.monotonic()
        _ask_echo(onward, PAYLOAD)
        times.append(time.monotonic() - start)
        time.sleep(0.01)
    for process in servers:
        process.kill()
        process.join()
    return times
