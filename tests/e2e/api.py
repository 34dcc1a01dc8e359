"""Requests to the daemon's socket as no client of docker would send them."""
import contextlib
import http.client
import json
import socket


class _Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("docker", timeout=60)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(str(self._path))


def request(daemon, method, path, body=None, headers=None):
    """(status, text) of one request; a dictionary or a list is sent as JSON, a generator in chunks."""
    headers = dict(headers or {})
    if isinstance(body, (dict, list)):
        body = json.dumps(body)
        headers.setdefault("Content-Type", "application/json")
    with contextlib.closing(_Connection(daemon.socket)) as connection:
        # A server that has heard enough answers and closes; what it said is there to be read.
        with contextlib.suppress(BrokenPipeError):
            connection.request(method, path, body, headers)
        connection._HTTPConnection__state = "Request-sent"  # pylint: disable=protected-access
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")


def raw(daemon, text, seconds=20):
    """What the daemon answers to these bytes until it closes the connection."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as client:
        client.settimeout(seconds)
        client.connect(str(daemon.socket))
        client.sendall(text)
        answer = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            while True:
                part = client.recv(65536)
                if not part:
                    break
                answer += part
        return answer.decode(errors="replace")
