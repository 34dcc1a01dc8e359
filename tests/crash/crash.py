#!/usr/bin/env python3
"""crash.py BIN KILLS [SEED]: kills tared with SIGKILL at random moments under load and checks that nothing
was lost and nothing is left.

Load, all at once: containers that count aloud for the whole test; short ones with a random exit code that
are started, waited for, read and removed; ones with --rm; execs with a random exit code. Whatever the
daemon had acknowledged must be true after its next start. What was cut off may have happened or not, and
is asked for. At the end the machine must be as it was: no shim, mount, control group, network namespace,
link, address or rule of ours."""
import contextlib
import http.client
import io
import json
import os
import pathlib
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import hashlib

PATIENCE_SECONDS = 300
COUNTER = "i=0; while :; do echo $i; i=$((i+1)); sleep 0.05; done"


class Gone(Exception):
    """The daemon went away during a call: it may have been carried out or not."""


class Failed(Exception):
    """The daemon said no."""

    def __init__(self, status, message):
        super().__init__(f"{status} {message}")
        self.status = status


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE_SECONDS)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Daemon:
    """tared, and the calls that the test makes."""

    def __init__(self, programs, work):
        self.programs, self.work = programs, work
        self.socket = work / "s" / "docker.sock"
        self.log = open(work / "tared.log", "ab")
        self.kills = 0

    def start(self):
        # A machine of its own would be cleaner; addresses that nobody routes will do.
        config = self.work / "config.toml"
        config.write_text('[network]\nbridge = "198.18.0.1/24"\n')
        self.process = subprocess.Popen(
            [self.programs / "tared", "--root", self.work / "r", "--state", self.work / "s", "--config", config],
            stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise SystemExit(f"tared ended with {self.process.returncode}: see {self.work}/tared.log")
            with contextlib.suppress(Gone, Failed):
                self.call("GET", "/_ping")
                return
            time.sleep(0.01)
        raise SystemExit("tared does not answer")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.kills += 1

    def call(self, method, path, body=None, raw=None):
        connection = UnixConnection(str(self.socket))
        try:
            data = raw if raw is not None else (json.dumps(body) if body is not None else None)
            kind = "application/x-tar" if raw is not None else "application/json"
            connection.request(method, path, data, {"Content-Type": kind} if data is not None else {})
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Gone(str(error)) from error
        finally:
            connection.close()
        if answer.status >= 400:
            raise Failed(answer.status, text.decode(errors="replace"))
        return answer.status, text

    def document(self, method, path, body=None):
        return json.loads(self.call(method, path, body)[1])

    def insist(self, method, path, body=None, accept=()):
        """Repeats a call that may be repeated until a daemon has answered it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self.call(method, path, body)
            except Failed as failed:
                if failed.status in accept:
                    return failed.status, b""
                raise
            except Gone:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def inspect(self, name):
        status, text = self.insist("GET", f"/containers/{name}/json", accept=(404,))
        return None if status == 404 else json.loads(text)

    def create(self, name, script, **host):
        """True once it is there, whichever daemon made it."""
        body = {"Image": "crash:1", "Cmd": ["sh", "-c", script], "HostConfig": host}
        # A create that was cut off may have left the name taken: by what was asked for.
        self.insist("POST", f"/containers/create?name={name}", body, accept=(409,))

    def start_container(self, name):
        self.insist("POST", f"/containers/{name}/start")

    def lines(self, name):
        data = self.insist("GET", f"/containers/{name}/logs?stdout=1&stderr=1")[1]
        text = b""
        while len(data) >= 8:
            (size,) = struct.unpack(">I", data[4:8])
            text += data[8:8 + size]
            data = data[8 + size:]
        return text.decode().splitlines()

    def wait_for(self, what, true):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not true():
            if time.monotonic() > deadline:
                raise AssertionError(f"never happened: {what}")
            time.sleep(0.05)


def image():
    """An archive as of `docker save`: busybox and its applets."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.add("/bin/busybox", "bin/busybox", recursive=False)
        for applet in ("sh", "sleep", "echo", "true", "cat"):
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    bytes_of_layer = layer.getvalue()
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Env": ["PATH=/bin"]},
                         "rootfs": {"type": "layers",
                                    "diff_ids": ["sha256:" + hashlib.sha256(bytes_of_layer).hexdigest()]}}).encode()
    name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = json.dumps([{"Config": name, "RepoTags": ["crash:1"], "Layers": ["l/layer.tar"]}]).encode()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for file, content in ((name, config), ("l/layer.tar", bytes_of_layer), ("manifest.json", manifest)):
            info = tarfile.TarInfo(file)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return archive.getvalue()


class Load:
    """Threads that keep the daemon busy and check what it says."""

    def __init__(self, daemon, seed):
        self.daemon, self.seed = daemon, seed
        self.stopping = threading.Event()
        self.failures = []
        self.done = {"short": 0, "rm": 0, "exec": 0}

    def begin(self):
        self.threads = [threading.Thread(target=self.run, args=(work, number))
                        for number, work in enumerate((self.short, self.short, self.auto_removed, self.exec))]
        for thread in self.threads:
            thread.start()

    def end(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def run(self, work, number):
        chance = random.Random(f"{self.seed}/{number}")
        turn = 0
        while not self.stopping.is_set() and not self.failures:
            turn += 1
            try:
                work(chance, f"{work.__name__}-{number}-{turn}")
            except Exception as error:  # the verdict of a thread is told by main
                self.failures.append(f"{work.__name__}-{number}-{turn}: {error!r}")

    def short(self, chance, name):
        code, count = chance.randrange(1, 100), chance.randrange(1, 20)
        daemon = self.daemon
        ports = {}
        if chance.random() < 0.3:
            ports = {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}}
        daemon.create(name, f"i=0; while [ $i -lt {count} ]; do echo $i; i=$((i+1)); done; exit {code}", **ports)
        assert daemon.inspect(name), "a container that was created is gone"
        daemon.start_container(name)
        state = {}

        def has_ended():
            state.update(daemon.inspect(name)["State"])
            return state["Status"] == "exited"
        daemon.wait_for(f"the end of {name}", has_ended)
        # A start that was cut off is repeated, and may then run the container once more.
        assert state["ExitCode"] == code, f"exit code {state['ExitCode']}, not {code}"
        lines = daemon.lines(name)
        expected = [str(i) for i in range(count)]
        assert lines == expected or lines == expected * (len(lines) // count), f"log of {count} lines: {lines}"
        daemon.insist("DELETE", f"/containers/{name}?v=1&force=1", accept=(404,))
        assert daemon.inspect(name) is None, "a container that was removed is there"
        self.done["short"] += 1

    def auto_removed(self, chance, name):
        daemon = self.daemon
        daemon.create(name, f"sleep 0.{chance.randrange(10)}", AutoRemove=True)
        daemon.insist("POST", f"/containers/{name}/start", accept=(404,))
        daemon.wait_for(f"the removal of {name}", lambda: daemon.inspect(name) is None)
        self.done["rm"] += 1

    def exec(self, chance, name):
        daemon, code = self.daemon, chance.randrange(1, 100)
        counter = f"counter-{chance.randrange(3)}"
        try:
            exec_id = daemon.document("POST", f"/containers/{counter}/exec",
                                      {"Cmd": ["sh", "-c", f"sleep 0.{chance.randrange(5)}; exit {code}"]})["Id"]
            daemon.call("POST", f"/exec/{exec_id}/start", {"Detach": True})
        except Gone:
            time.sleep(0.05)
            return
        except Failed as failed:
            # Not started yet, it lives in the daemon alone.
            if failed.status == 404 and "exec" in str(failed):
                return
            raise

        answers = []

        def has_ended():
            answers.append((daemon.kills, json.loads(daemon.insist("GET", f"/exec/{exec_id}/json")[1])))
            return answers[-1][1]["ExitCode"] is not None
        daemon.wait_for(f"the end of exec {exec_id[:12]}", has_ended)
        time.sleep(0.2)
        assert has_ended() and answers[-1][1]["ExitCode"] == code, f"exec ended with {code}, and not with {answers}"
        self.done["exec"] += 1


def instance_of(work):
    return "tare-" + hashlib.sha256(str(work / "s").encode()).hexdigest()[:6]


def leftovers(work):
    """What the machine still holds of this daemon."""
    found, instance = [], instance_of(work)
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (path / "cmdline").read_bytes()
            if str(work).encode() in command and b"crash.py" not in command:
                found.append(f"process {path.name} {command[:100]!r}")
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        if str(work) in line:
            found.append(f"mount {line}")
    for root, folders, _ in os.walk("/sys/fs/cgroup"):
        if pathlib.Path(root).name == instance:
            found += [f"control group {root}/{name}" for name in folders]
    for folder in ("s/netns", "s/shim", "r/containers"):
        for path in (work / folder).rglob("*"):
            if not path.is_dir() or len(path.name) == 64:
                found.append(f"file {path}")
    for link in json.loads(subprocess.run(["ip", "-j", "link"], capture_output=True, check=True).stdout):
        if link.get("master", "").startswith(instance):
            found.append(f"link {link['ifname']}")
    rules = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=False).stdout
    table = re.search(r"table inet " + re.escape(instance) + r" \{.*?^\}", rules, re.S | re.M)
    if table and "dnat" in table.group(0) and re.search(r"198\.18\.0\.\d+[ :.]+\d+", table.group(0)):
        found += [f"rule {line.strip()}" for line in table.group(0).splitlines() if "198.18.0." in line and "80" in line]
    return found


def check_counters(daemon, before):
    for name, state in before.items():
        now = daemon.inspect(name)
        assert now, f"{name} is gone"
        for key in ("Pid", "StartedAt"):
            assert now["State"][key] == state[key], f"{name} was started again: {key}"
        assert now["State"]["Running"] and now["RestartCount"] == 0, f"{name} does not run"
        lines = daemon.lines(name)
        assert lines == [str(i) for i in range(len(lines))], f"{name}: log lines are lost or doubled"
        print(f"{name}: {len(lines)} lines, none lost")


def finish(daemon, work):
    for container in daemon.document("GET", "/containers/json?all=1"):
        daemon.insist("DELETE", f"/containers/{container['Id']}?force=1&v=1", accept=(404,))
    endpoints = daemon.document("GET", "/networks/bridge")["Containers"]
    assert not endpoints, f"addresses are still taken: {endpoints}"
    daemon.process.terminate()
    assert daemon.process.wait(PATIENCE_SECONDS) == 0, "tared did not end in order"
    deadline = time.monotonic() + 10
    while (left := leftovers(work)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not left, "left behind:\n  " + "\n  ".join(left)


def withdraw(work):
    """The bridge and the table stay while a daemon may come back; the test takes them with it."""
    instance = instance_of(work)
    subprocess.run(["ip", "link", "del", instance], capture_output=True, check=False)
    for family in ("inet", "ip", "bridge", "netdev"):
        subprocess.run(["nft", "delete", "table", family, instance], capture_output=True, check=False)
    for group in pathlib.Path("/sys/fs/cgroup").glob(f"**/{instance}"):
        with contextlib.suppress(OSError):
            group.rmdir()


def give_up(daemon):
    """After a failure: ends what runs; files stay for whoever looks."""
    with contextlib.suppress(Exception):
        if daemon.process.poll() is not None:
            daemon.start()
        for container in daemon.document("GET", "/containers/json?all=1"):
            daemon.insist("POST", f"/containers/{container['Id']}/kill", accept=(404, 409))
        daemon.process.terminate()
        daemon.process.wait(PATIENCE_SECONDS)


def main():
    programs, kills = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2])
    seed = sys.argv[3] if len(sys.argv) > 3 else str(random.randrange(1 << 30))
    if os.geteuid() != 0 or not os.path.exists("/bin/busybox"):
        print("skipped: needs root and /bin/busybox")
        return 77
    print(f"seed {seed}")
    chance = random.Random(seed)
    work = pathlib.Path(tempfile.mkdtemp(prefix="tare-crash-"))
    daemon = Daemon(programs, work)
    load = Load(daemon, seed)
    good = False
    try:
        daemon.start()
        daemon.call("POST", "/images/load", raw=image())
        for number in range(3):
            daemon.create(f"counter-{number}", COUNTER)
            daemon.start_container(f"counter-{number}")
        before = {f"counter-{n}": daemon.inspect(f"counter-{n}")["State"] for n in range(3)}
        load.begin()
        start_seconds = 0.1
        while daemon.kills < kills and not load.failures:
            # On a machine with other work, too, the load gets its turn between two kills.
            time.sleep(chance.choice((0.02, 0.1, 0.3, 0.6, 1.0)) * (0.5 + chance.random()) * max(1, 5 * start_seconds))
            daemon.kill()
            begin = time.monotonic()
            daemon.start()
            start_seconds = time.monotonic() - begin
        load.end()
        assert not load.failures, "\n".join(load.failures)
        check_counters(daemon, before)
        finish(daemon, work)
        good = True
    finally:
        load.stopping.set()
        if not good:
            give_up(daemon)
        withdraw(work)
        print(f"{daemon.kills} kills; done between them: {load.done}; "
              + ("nothing lost, nothing left" if good else f"FAILED, see {work}"))
        if good:
            shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
