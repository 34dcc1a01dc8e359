"""What a person at a terminal sees: -it, detach keys, window size, signals."""
import contextlib
import os
import pty
import re
import select
import signal
import struct
import subprocess
import time

from machine import Failure, Skip, wait_for
from test_bad_input import with_image


class Terminal:
    """A client on a pseudo terminal."""

    def __init__(self, daemon, words, client, rows=30, columns=100):
        self._master, slave = pty.openpty()
        import fcntl
        import termios
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.child = subprocess.Popen(["tare", *words], stdin=slave, stdout=slave, stderr=slave,
                                      env=daemon.environment(client), start_new_session=True)
        os.close(slave)
        self.text = ""

    def type(self, text):
        os.write(self._master, text.encode())

    def see(self, pattern, seconds=20.0):
        """Waits until what was printed fits, and takes it away."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text)):
            ready = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))[0]
            chunk = b""
            with contextlib.suppress(OSError):
                chunk = os.read(self._master, 4096) if ready else b""
            if not chunk:
                raise Failure(f"expected {pattern!r}, got {self.text!r}")
            self.text += chunk.decode(errors="replace")
        self.text = self.text[found.end():]
        return found

    def end(self, seconds=20.0):
        """The exit code."""
        deadline = time.monotonic() + seconds
        while self.child.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                if select.select([self._master], [], [], 0.05)[0]:
                    self.text += os.read(self._master, 4096).decode(errors="replace")
        if self.child.poll() is None:
            self.child.kill()
            raise Failure(f"the client does not end; it printed {self.text!r}")
        os.close(self._master)
        return self.child.wait()


def each_client(test):
    def run(world, name):
        if name not in world.clients():
            raise Skip(f"{name} is not installed")
        with world.daemon() as daemon:
            test(world, daemon, with_image(world, daemon), world.client(name))
    run.cases = ["tare", "docker", "docker-20.10"]
    return run


@each_client
def test_a_shell_with_it_has_the_size_of_the_window(world, daemon, image, client):
    terminal = Terminal(daemon, ["run", "-it", "--rm", image], client)
    terminal.see(r"[#$] ")
    terminal.type("stty size; tty\n")
    terminal.see(r"30 100\r\n/dev/pts/\d")
    terminal.type("exit 9\n")
    if (code := terminal.end()) != 9:
        raise Failure(f"exit code {code} instead of 9")


@each_client
def test_control_c_reaches_the_process(world, daemon, image, client):
    terminal = Terminal(daemon, ["run", "-it", "--rm", image, "sh", "-c", "trap 'echo caught; exit 3' INT; echo ready; "
                                 "while :; do sleep 0.1; done"], client)
    terminal.see("ready")
    terminal.type("\x03")
    terminal.see("caught")
    if (code := terminal.end()) != 3:
        raise Failure(f"exit code {code} instead of 3")


@each_client
def test_detach_keys_leave_the_container_running(world, daemon, image, client):
    terminal = Terminal(daemon, ["run", "-it", "--name", "detached", image], client)
    terminal.see(r"[#$] ")
    terminal.type("echo al''ive\n")
    terminal.see("alive")
    terminal.type("\x10\x11")
    if (code := terminal.end()) != 0:
        raise Failure(f"exit code {code} after detaching")
    if daemon.command("inspect", "-f", "{{.State.Running}}", "detached")[1] != "true\n":
        raise Failure("the container ended with its terminal")
    again = Terminal(daemon, ["attach", "detached"], client)
    time.sleep(0.5)
    again.type("exit 4\n")
    if (code := again.end()) != 4:
        raise Failure(f"attach ended with {code} instead of 4")


@each_client
def test_exec_it_gives_a_second_shell(world, daemon, image, client):
    daemon.command("run", "-d", "--name", "second", image, "sleep", "600")
    terminal = Terminal(daemon, ["exec", "-it", "second", "sh"], client)
    terminal.see(r"[#$] ")
    terminal.type("ps | grep -c '[s]leep'; exit 5\n")
    terminal.see(r"1\r\n")
    if (code := terminal.end()) != 5:
        raise Failure(f"exit code {code} instead of 5")


@each_client
def test_signals_to_the_client_go_to_the_container(world, daemon, image, client):
    child = subprocess.Popen(["tare", "run", "--rm", "--name", "signalled", image, "sh", "-c",
                              "trap 'exit 7' TERM; while :; do sleep 0.1; done"], env=daemon.environment(client))
    wait_for(lambda: daemon.command("ps", "-q", "--filter", "name=signalled")[1], "the container")
    time.sleep(0.5)
    child.send_signal(signal.SIGTERM)
    if (code := child.wait(30)) != 7:
        raise Failure(f"exit code {code} instead of 7")
