"""The engines that are measured, each with a daemon and storage of its own below one folder."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/e2e"))

from machine import end, run, wait_for  # noqa: E402  (the e2e tests' own modules)


class Peer:
    """An engine. `client` are the words that every command begins with."""

    name = ""
    programs = ()
    has_network = True

    def __init__(self, folder):
        self.folder = folder / self.name
        # In memory, as /run is, where every engine keeps it.
        self.state = folder / "run" / self.name
        self.folder.mkdir(parents=True)
        self.state.mkdir(parents=True)
        self.client = []
        self.daemons = []
        self.environment = {**os.environ, "HOME": str(self.folder)}

    @classmethod
    def is_installed(cls):
        return all(shutil.which(program) for program in cls.programs)

    def _start_daemon(self, command, is_up):
        log = open(self.folder / f"log-{len(self.daemons)}", "ab")
        self.daemons.append(subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                             env=self.environment, start_new_session=True))
        wait_for(lambda: self.daemons[-1].poll() is not None or is_up(), f"the daemon of {self.name}", 60)
        if self.daemons[-1].poll() is not None:
            raise RuntimeError((self.folder / "log-0").read_text()[-500:])

    def _answers(self):
        return run([*self.client, "version"], check=False, env=self.environment)[0] == 0

    def call(self, *words, seconds=600.0):
        return run([*self.client, *words], seconds, env=self.environment)[1]

    def stop(self):
        for daemon in reversed(self.daemons):
            end(daemon, 30)

    def pull(self, reference):
        self.call("pull", "-q", reference)

    def forget(self, reference):
        self.call("rmi", "-f", reference)

    def run_true(self, reference, network):
        self.call("run", "--rm", *([] if network else ["--network", "none"]), reference, "true")

    def start(self, name, reference):
        self.call("run", "-d", "--name", name, "--network", "none", reference, "sleep", "100000")

    def remove(self, *names):
        self.call("rm", "-f", *names)


class Tare(Peer):
    name = "tare"

    def __init__(self, folder, programs):
        super().__init__(folder)
        self.bin = programs
        socket = self.state / "docker.sock"
        self.client = [programs / "tare", "-H", f"unix://{socket}"]
        self._start_daemon([programs / "tared", "--root", self.folder / "root", "--state", self.state], self._answers)

    @classmethod
    def is_installed(cls):
        return True


class Docker(Peer):
    name = "docker"
    programs = ("docker", "dockerd")

    def __init__(self, folder):
        super().__init__(folder)
        socket = f"unix://{self.folder}/docker.sock"
        self.client = ["docker", "-H", socket]
        self._start_daemon(["dockerd", "--data-root", self.folder / "root", "--exec-root", self.state, "-H", socket,
                            "-p", self.folder / "pid"], self._answers)


class Podman(Peer):
    name = "podman"
    programs = ("podman",)

    def __init__(self, folder):
        super().__init__(folder)
        # Its own default asks for more descriptors than a machine without CAP_SYS_RESOURCE gives.
        config = self.folder / "containers.conf"
        config.write_text('[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n')
        self.environment["CONTAINERS_CONF"] = str(config)
        self.client = ["podman", "--root", self.folder / "root", "--runroot", self.state, "--cgroup-manager", "cgroupfs",
                       "--storage-driver", "overlay"]

    def pull(self, reference):
        self.call("pull", "-q", "--tls-verify=false", reference)


class Containerd(Peer):
    """With ctr, which gives containers no network."""

    name = "ctr"
    programs = ("containerd", "ctr")
    has_network = False

    def __init__(self, folder):
        super().__init__(folder)
        config = self.folder / "config.toml"
        config.write_text(f'version = 2\nroot = "{self.folder}/root"\nstate = "{self.state}"\n'
                          f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "{self.folder}/c.sock"\n')
        self.client = ["ctr", "-a", self.folder / "c.sock"]
        self._runs = 0
        self._start_daemon(["containerd", "-c", config], self._answers)

    def pull(self, reference):
        self.call("images", "pull", "--plain-http", reference)

    def forget(self, reference):
        self.call("images", "rm", "--sync", reference)

    def run_true(self, reference, network):
        self._runs += 1
        self.call("run", "--rm", reference, f"run{self._runs}", "true")

    def start(self, name, reference):
        self.call("run", "-d", reference, name, "sleep", "100000")

    def remove(self, *names):
        for name in names:
            with contextlib.suppress(AssertionError):
                self.call("tasks", "kill", "-s", "9", name)
            with contextlib.suppress(AssertionError):
                self.call("tasks", "rm", name)
            self.call("containers", "rm", name)


def descendants(pid):
    """All processes below `pid`, itself among them."""
    children = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rsplit(")", 1)[1].split()
            children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found, left = [], [pid]
    while left:
        found.append(left.pop())
        left += children.get(found[-1], [])
    return found


def pss_kib(pid):
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def processes_of(peer):
    """Processes that name the engine's folders in their command line: daemons, shims, monitors."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes()
            if any(str(folder).encode() in words for folder in (peer.folder, peer.state)):
                found.append(int(path.parent.name))
    return found
