"""A daemon of the test's own in temporary folders, the commands that talk to it, and the proof that it
leaves nothing behind."""
import contextlib
import hashlib
import http.client
import os
import pathlib
import socket
import subprocess

from machine import Failure, Skip, end, processes_with, run, temporary_folder, wait_for


class Daemon:
    """tared on a socket of its own; `command` runs a client against it."""

    def __init__(self, folder, programs, root=None):
        self.folder = pathlib.Path(folder)
        self.programs = pathlib.Path(programs)
        self.root = pathlib.Path(root) if root else self.folder / "root"
        self.state = self.folder / "state"
        self.home = self.folder / "home"
        self.home.mkdir(exist_ok=True)
        self.socket = self.state / "docker.sock"
        self.log = self.folder / "log"
        self.config = None
        self.instance = "tare-" + hashlib.sha256(str(self.state).encode()).hexdigest()[:6]
        self._child = None

    def arguments(self):
        config = ["--config", self.config] if self.config else []
        return [self.programs / "tared", "--root", self.root, "--state", self.state, *config]

    def start(self):
        with open(self.log, "ab") as sink:
            self._child = subprocess.Popen([str(word) for word in self.arguments()], stdin=subprocess.DEVNULL, stdout=sink,
                                           stderr=sink, start_new_session=True)
        wait_for(lambda: self.ping() or self._child.poll() is not None, "the daemon", 30)
        if self._child.poll() is not None:
            raise Failure(f"the daemon ended with {self._child.returncode}:\n{self.log.read_text()[-2000:]}")
        return self

    def ping(self):
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(socket.socket(socket.AF_UNIX)) as to:
            to.settimeout(5)
            to.connect(str(self.socket))
            to.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in to.recv(200)
        return False

    @property
    def pid(self):
        return self._child.pid

    def kill(self):
        """As the machine would: without a warning."""
        self._child.kill()
        self._child.wait()

    def stop(self):
        end(self._child, 30)

    def environment(self, client="tare"):
        """For a client that is called `tare`, whichever it is."""
        wrappers = self.folder / f"clients-{pathlib.Path(client).name}"
        if not wrappers.exists():
            wrappers.mkdir()
            program = self.programs / "tare" if client == "tare" else client
            (wrappers / "tare").write_text(f'#!/bin/sh\nexec {program} "$@"\n')
            (wrappers / "tare").chmod(0o755)
        return {"PATH": f"{wrappers}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.home),
                "DOCKER_HOST": f"unix://{self.socket}", "LC_ALL": "C.UTF-8", "TZ": "UTC", "TERM": "xterm"}

    def command(self, *words, client="tare", seconds=60.0, check=True):
        return run(["tare", *words], seconds, check, env=self.environment(client), cwd=self.folder)

    def clean(self):
        """Takes away what a user would: all containers."""
        ids = self.command("ps", "-aq")[1].split()
        if ids:
            self.command("rm", "-f", *ids, seconds=120)

    def left_behind(self):
        """What of this daemon is still on the machine after its end; nothing, if all is well."""
        with open("/proc/self/mountinfo", encoding="utf-8") as lines:
            found = [f"mount {line.split()[4]}" for line in lines if str(self.folder) in line.split()[4]
                     and line.split()[4] != str(self.root)]
        found += [f"process {pid}" for pid in processes_with(str(self.folder))]
        for path, folders, _ in os.walk("/sys/fs/cgroup"):
            if os.path.basename(path) == self.instance:
                found += [f"cgroup {path}/{name}" for name in folders]
        for link in os.listdir("/sys/class/net"):
            if link.startswith("veth"):
                master = pathlib.Path(f"/sys/class/net/{link}/master")
                if master.exists() and master.resolve().name == self.instance:
                    found.append(f"link {link}")
        return found

    def take_down(self):
        """What a daemon keeps while the machine is up, for the next daemon: bridge, table, empty groups."""
        run(["ip", "link", "delete", self.instance], check=False)
        run(["nft", "delete", "table", "inet", self.instance], check=False)
        for path, _, _ in os.walk("/sys/fs/cgroup", topdown=False):
            if f"/{self.instance}" in path:
                with contextlib.suppress(OSError):
                    os.rmdir(path)


class Dockerd(Daemon):
    """The reference: docker's own daemon, to see what it says to the same commands. Not part of a test run;
    start run.py in a network namespace of its own, since dockerd writes iptables rules."""

    def arguments(self):
        return ["/usr/sbin/dockerd", "--data-root", self.root, "--exec-root", self.state, "-H", f"unix://{self.socket}",
                "-p", self.folder / "pid"]

    def start(self):
        self.state.mkdir(exist_ok=True)
        return super().start()


@contextlib.contextmanager
def running(programs, root=None, kind=Daemon):
    """A daemon that has to be without a trace after the test."""
    if kind is Daemon and not (pathlib.Path(programs) / "tared").exists():
        raise Skip("tared is not built")
    with temporary_folder("tare-d-") as folder:
        daemon = kind(folder, programs, root)
        try:
            daemon.start()
            yield daemon
            daemon.clean()
            daemon.stop()
            if kind is Daemon:
                with contextlib.suppress(Failure):
                    wait_for(lambda: not daemon.left_behind(), "the end of everything", 5)
                left = daemon.left_behind()
                if left:
                    raise Failure("left behind: " + "; ".join(left))
        except Failure as failure:
            raise Failure(f"{failure}\n--- the daemon's log\n{daemon.log.read_text(errors='replace')[-3000:]}") from failure
        finally:
            daemon.stop()
            _end_what_is_left(daemon)
            daemon.take_down()


def _end_what_is_left(daemon):
    for pid in processes_with(str(daemon.folder)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 9)
    with open("/proc/self/mountinfo", encoding="utf-8") as lines:
        points = [line.split()[4] for line in lines]
    for point in reversed(points):
        if point.startswith(f"{daemon.folder}/"):
            run(["umount", "-l", point], check=False)

