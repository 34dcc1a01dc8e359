"""What other engines got wrong, tried on real processes: each test is named after its entry in docs/security.md."""
import base64
import contextlib
import gzip
import hashlib
import io
import json
import lzma
import os
import pathlib
import shutil
import socket
import stat
import struct
import subprocess
import tarfile
import tempfile
import threading
import time

import api
import daemon as daemons
import registry
from machine import Failure, run, temporary_folder, wait_for
from oci_image import Image, Layer, docker_archive, encode, tar_of

NOBODY = 65534


def expect(condition, what):
    if not condition:
        raise Failure(what)


@contextlib.contextmanager
def ready(world):
    """A daemon that has the busybox image; its name is `box`."""
    with world.daemon() as daemon:
        pull(world, daemon, "box", world.images.busybox)
        yield daemon


def pull(world, daemon, name, image):
    reference = world.registry.push(f"security-{name}", "1", image)
    daemon.command("pull", "-q", reference)
    daemon.command("tag", reference, name)
    daemon.command("rmi", reference)


def variant(world, fill=lambda root: None, extra=(), **config):
    """The busybox image with a layer on top and other words in its config."""
    base = json.loads(world.images.busybox.config)["config"]
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        fill(root)
        layers = [world.images.base_layer, Layer(tar_of(root, extra))]
    return Image(layers, {**base, **config}, world.images.busybox.architecture)


def link(name, target):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info, b""


class Canary:
    """A tree of the host that must be the same after the test."""

    SECRET = "only the host knows this"

    def __init__(self, folder):
        self.folder = folder
        (folder / "inner").mkdir()
        for name in ("file", "inner/file"):
            (folder / name).write_text(self.SECRET)
            (folder / name).chmod(0o600)
        self.before = self.look()

    def look(self):
        found = {}
        for path in [self.folder, *sorted(self.folder.rglob("*"))]:
            facts = path.lstat()
            found[str(path)] = (facts.st_ino, facts.st_mode, facts.st_uid, facts.st_gid, facts.st_mtime_ns, facts.st_size)
        return found

    def check(self):
        expect(self.look() == self.before, f"the canary changed: {self.before} became {self.look()}")


@contextlib.contextmanager
def canary():
    with temporary_folder("tare-canary-") as folder:
        bird = Canary(folder)
        yield bird
        bird.check()


def as_nobody(function):
    """What function() answers in a process of user nobody."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(writing, repr(function()).encode())
        except BaseException as error:  # told to the parent, whatever it is
            os.write(writing, repr(error).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text


def can_connect(path):
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as client:
        try:
            client.connect(str(path))
            return True
        except OSError:
            return False


def shim_pids(daemon):
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (path / "cmdline").read_bytes().split(b"\0")
            if words[0].endswith(b"tare-shim") and str(daemon.folder).encode() in b" ".join(words):
                found.append(int(path.name))
    return found


# --- the runtime ---


def test_rt2_the_programs_on_the_host_cannot_be_written_from_inside(world):
    def fill(root):
        (root / "evil").write_text("#!/proc/self/exe\n")
        (root / "evil").chmod(0o755)

    programs = [pathlib.Path(world.programs) / name for name in ("tare-shim", "tare-oci", "tare-init")]
    sums = [hashlib.sha256(path.read_bytes()).hexdigest() for path in programs]
    with ready(world) as daemon:
        pull(world, daemon, "evil", variant(world, fill))
        daemon.command("run", "--rm", "evil", "/evil", check=False)
        # As soon as a runtime's process is in here, somebody writes to its program.
        daemon.command("run", "-d", "--name", "writer", "--init", "box", "sh", "-c",
                       "while :; do for p in /proc/[0-9]*; do echo x 2>/dev/null >$p/exe; done; done")
        for _ in range(20):
            daemon.command("exec", "writer", "true")
        pids = shim_pids(daemon)
        expect(pids, "no shim was found")
        for pid in pids:
            program = os.open(f"/proc/{pid}/exe", os.O_PATH)
            # Busy is what it is only while it runs; it must be read-only wherever it is reached from.
            expect(os.fstatvfs(program).f_flag & os.ST_RDONLY, "a shim's own file is not on a read-only mount")
            os.close(program)
        code, _, _ = daemon.command("exec", "writer", "sh", "-c", "echo x >/sbin/docker-init", check=False)
        expect(code != 0, "the container's init can be written")
    expect([hashlib.sha256(path.read_bytes()).hexdigest() for path in programs] == sums, "a program was overwritten")


def test_rt3_an_image_s_volume_over_proc_is_refused(world):
    with ready(world) as daemon:
        for name, image in (("direct", variant(world, Volumes={"/proc": {}})),
                            ("inside", variant(world, Volumes={"/proc/self/attr": {}})),
                            ("dots", variant(world, Volumes={"/x/../proc/self/attr": {}})),
                            ("linked", variant(world, extra=[link("data", "/proc/1")], Volumes={"/data/attr": {}}))):
            pull(world, daemon, name, image)
            code, out, error = daemon.command("run", "--rm", name, "cat", "/proc/self/mountinfo", check=False)
            expect(code == 125 and "/proc" in error, f"{name}: exit code {code}\n{out}{error}")


def test_rt11_an_entrypoint_or_directory_in_proc_self_fd_leads_nowhere(world):
    with canary() as bird, ready(world) as daemon:
        fake = bird.folder.parent / f"{bird.folder.name}-data"
        fake.mkdir()
        try:
            for number in range(3, 24):
                code, out, error = daemon.command(
                    "run", "--rm", "-v", f"{fake}:/data", "box",
                    f"/proc/self/fd/{number}/../../bin/busybox", "echo", "escaped", check=False)
                expect(code != 0 and "escaped" not in out, f"descriptor {number}: {code} {out}{error}")
            code, out, error = daemon.command("run", "--rm", "-w", "/proc/self/fd/7", "box", "ls", check=False)
            expect(code != 0, f"a working directory in /proc/self/fd: {out}{error}")
        finally:
            fake.rmdir()


def test_rt13_another_user_keeps_no_capability(world):
    words = ("sh", "-c", "grep -E 'Cap(Prm|Eff|Inh|Amb)' /proc/self/status | tr -d '[:space:]'; cat /root-only; id -u")

    def fill(root):
        (root / "root-only").write_text("secret")
        (root / "root-only").chmod(0o600)

    with ready(world) as daemon:
        pull(world, daemon, "private", variant(world, fill))
        for flags in ((), ("--cap-add", "NET_ADMIN"), ("--privileged",)):
            _, out, _ = daemon.command("run", "--rm", "-u", "1000", *flags, "private", *words)
            none = "0000000000000000"
            wanted = f"CapInh:{none}CapPrm:{none}CapEff:{none}CapAmb:{none}1000\n"
            expect(out == wanted, f"run {flags}: {out}")
            daemon.command("run", "-d", "--name", "host", *flags, "private", "sleep", "600")
            _, out, _ = daemon.command("exec", "-u", "1000", "host", *words)
            expect(out == wanted, f"exec {flags}: {out}")
            _, out, _ = daemon.command("exec", "host", "grep", "-E", "Cap(Inh|Amb)", "/proc/1/status")
            expect(out.split() == ["CapInh:", none, "CapAmb:", none], f"root {flags}: {out}")
            daemon.command("rm", "-f", "host")


def test_rt22_rt23_a_plain_container_sees_and_calls_nothing_of_the_kernel_s_own(world):
    look = ("for p in /proc/acpi /proc/asound /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/sched_debug "
            "/proc/scsi /proc/timer_list /proc/timer_stats /sys/firmware /sys/devices/virtual/powercap "
            "/sys/devices/system/cpu/cpu0/thermal_throttle; do "
            "[ ! -e $p ] || grep -q \" $p \" /proc/self/mountinfo || echo $p is not masked; "
            "if [ -d $p ]; then ls -A $p; elif [ -e $p ]; then head -c 1 $p; fi; done; "
            "for p in /proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger; do "
            "[ ! -e $p ] || grep -q \" $p ro,\" /proc/self/mountinfo || echo $p; done; "
            "unshare -U true 2>/dev/null && echo namespace; mount -t tmpfs none /tmp 2>/dev/null && echo mounted; "
            "chroot /tmp/none true 2>/dev/null && echo chroot; mknod /tmp/disk b 8 0 2>/dev/null; "
            "head -c 1 /tmp/disk 2>/dev/null && echo disk; grep Seccomp: /proc/self/status")
    with ready(world) as daemon:
        daemon.command("run", "-d", "--name", "host", "box", "sleep", "600")
        for words in (("run", "--rm", "box"), ("exec", "host"), ("exec", "--privileged", "host")):
            _, out, _ = daemon.command(*words, "sh", "-c", look)
            expect(out.split() == ["Seccomp:", "2"], f"{words}: {out}")


# --- shim, daemon, engine ---


def test_sd1_no_socket_of_ours_can_be_reached_by_others(world):
    with ready(world) as daemon:
        daemon.command("run", "-d", "--name", "host", "box", "sleep", "600")
        _, names, _ = daemon.command("run", "--rm", "--net", "host", "box", "cat", "/proc/net/unix")
        ours = [line.split()[-1] for line in names.splitlines() if str(daemon.folder) in line]
        expect(ours, "the container sees no name of ours, not even of files")
        expect(not any(name.startswith("@") for name in ours), f"an abstract socket: {ours}")
        expect(not any("tare" in line.split()[-1] and line.split()[-1].startswith("@") for line in names.splitlines()),
               "an abstract socket with our name")
        sockets = [path for path in daemon.state.rglob("*") if stat.S_ISSOCK(path.lstat().st_mode)]
        expect(len(sockets) >= 3, f"only {sockets}")
        for path in sockets:
            mode = path.lstat().st_mode & 0o777
            expect(mode == 0o600 or (mode == 0o660 and path.name == "docker.sock"), f"{path} has mode {mode:o}")
            expect(as_nobody(lambda path=path: can_connect(path)) == "False", f"nobody can connect to {path}")


def test_sd2_an_environment_is_the_image_s_and_the_request_s_alone(world):
    os.environ["SECRET_OF_THE_HOST"] = "never to be seen"
    try:
        with ready(world) as daemon:
            pull(world, daemon, "odd", variant(world, Env=["PATH=/bin", "SECRET_OF_THE_HOST", "*", "", "S*", "OWN=image"]))
            daemon.command("run", "-d", "--name", "host", "odd", "sleep", "600")
            for words in (("run", "--rm", "-e", "OWN=one", "odd"), ("exec", "-e", "OWN=one", "host")):
                _, out, _ = daemon.command(*words, "env")
                expect("SECRET_OF_THE_HOST" not in out and "OWN=one" in out, f"{words}: {out}")
            threads, seen = [], {}
            for number in range(10):
                def start(number=number):
                    seen[number] = daemon.command("run", "--rm", "-e", f"MINE={number}", f"-eV{number}=x", "odd", "env")[1]
                threads.append(threading.Thread(target=start))
                threads[-1].start()
            for thread in threads:
                thread.join()
            for number, out in seen.items():
                own = [line for line in out.splitlines() if line.startswith(("MINE", "V"))]
                expect(sorted(own) == [f"MINE={number}", f"V{number}=x"], f"container {number}: {out}")
    finally:
        del os.environ["SECRET_OF_THE_HOST"]


def test_sd3_dk12_directories_and_sockets_are_root_s_whatever_the_umask(world):
    class Careless(daemons.Daemon):
        def start(self):
            # As an older version, or an administrator, could have left them.
            for folder in (self.root, self.state):
                folder.mkdir(mode=0o777)
                folder.chmod(0o777)
            old = os.umask(0)
            try:
                return super().start()
            finally:
                os.umask(old)

    def fill(root):
        (root / "suid").write_bytes(b"#!/bin/sh\nid\n")
        (root / "suid").chmod(0o4755)

    with daemons.running(world.programs, None, Careless) as daemon:
        pull(world, daemon, "box", variant(world, fill))
        daemon.command("run", "-d", "box", "sleep", "600")
        daemon.command("volume", "create", "open")
        daemon.folder.chmod(0o755)
        for folder in (daemon.root, daemon.state):
            expect(folder.stat().st_mode & 0o777 == 0o700, f"{folder} has mode {folder.stat().st_mode:o}")
            expect("PermissionError" in as_nobody(lambda folder=folder: os.listdir(folder)), f"nobody can enter {folder}")
        wide = []
        for folder in (daemon.root, daemon.state):
            for path in folder.rglob("*"):
                inside = any(part in ("_data", "fs", "work", "rootfs", "upper") for part in path.parts)
                facts = path.lstat()
                if not inside and not stat.S_ISLNK(facts.st_mode) and facts.st_mode & 0o022 and path != daemon.socket:
                    wide.append(f"{path} {facts.st_mode:o}")
        expect(not wide, f"others may write: {wide}")
        group = subprocess.run(["getent", "group", "docker"], capture_output=True, check=False).returncode == 0
        expect(daemon.socket.stat().st_mode & 0o777 == (0o660 if group else 0o600), "the socket's mode")
        expect(daemon.socket.stat().st_uid == 0, "the socket's owner")
        for daemon_file in ("tare.db", "engine-id"):
            expect((daemon.root / daemon_file).stat().st_mode & 0o077 == 0, f"{daemon_file} can be read by others")
        daemon.folder.chmod(0o700)


def test_sd6_volumes_of_an_image_hold_nothing_of_the_host(world):
    with canary() as bird, ready(world) as daemon:
        deep = "../" * 12
        images = {
            "dots": variant(world, Volumes={f"/{deep}{bird.folder}": {}}),
            "linked": variant(world, extra=[link("data", str(bird.folder))], Volumes={"/data": {}}),
            "relative": variant(world, extra=[link("data", deep + str(bird.folder)[1:])], Volumes={"/data": {}}),
            "magic": variant(world, extra=[link("data", f"/proc/1/root{bird.folder}")], Volumes={"/data": {}}),
            "upwards": variant(world, extra=[link("data", str(bird.folder))], Volumes={"/data/inner": {}}),
        }
        for name, image in images.items():
            pull(world, daemon, name, image)
            code, out, error = daemon.command("create", "--name", name, name, "true", check=False)
            expect(bird.SECRET not in out + error, f"{name}: {out}{error}")
            if code == 0:
                daemon.command("start", name, check=False)
        for path in (daemon.root / "volumes").rglob("*"):
            if path.is_file():
                expect(bird.SECRET not in path.read_text(errors="replace"), f"{path} is of the host")


def test_sd7_connections_that_drop_leave_nothing(world):
    with ready(world) as daemon:
        daemon.command("run", "-dit", "--name", "host", "box", "sh")
        ident = daemon.command("inspect", "-f", "{{.Id}}", "host")[1].strip()

        def held():
            pids = [daemon.pid, *shim_pids(daemon)]
            return [(len(os.listdir(f"/proc/{pid}/fd")), len(os.listdir(f"/proc/{pid}/task"))) for pid in pids]

        def drop(path, body, steps):
            text = (f"POST {path} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()
            for step in steps:
                with contextlib.closing(socket.socket(socket.AF_UNIX)) as client:
                    client.connect(str(daemon.socket))
                    client.sendall(text[:int(len(text) * step)])

        def once():
            attach = f"/v1.41/containers/{ident}/attach?stream=1&stdin=1&stdout=1&stderr=1&logs=1"
            drop(attach, "", (0.1, 0.5, 0.9, 1))
            # On a terminal nobody's going is not the end of input: such an exec lives on, as with docker.
            for tty, words in ((False, ["cat"]), (True, ["sleep", "1"])):
                status, text = api.request(daemon, "POST", f"/v1.41/containers/{ident}/exec",
                                           {"AttachStdin": True, "AttachStdout": True, "Tty": tty, "Cmd": words})
                expect(status == 201, text)
                drop(f"/v1.41/exec/{json.loads(text)['Id']}/start", json.dumps({"Tty": tty}), (0.5, 1))
            drop(f"/v1.41/containers/{ident}/stats?stream=1", "", (1,))
            drop("/v1.41/events", "", (1,))

        once()
        daemon.command("exec", "host", "true")
        wait_for(lambda: len(daemon.command("top", "host")[1].splitlines()) == 2, "the end of the first execs")
        time.sleep(1)
        before = held()
        for _ in range(40):
            once()
        wait_for(lambda: len(daemon.command("top", "host")[1].splitlines()) == 2, "the end of all execs")
        wait_for(lambda: all(now[0] <= then[0] + 4 for now, then in zip(held(), before)),
                 f"back to the descriptors of before, {before}", 20)
        expect(all(now[1] <= 70 for now in held()), f"threads: {held()}")


def test_sd8_limits_hold_and_are_where_they_were_asked_for(world):
    with ready(world) as daemon:
        daemon.command("run", "-d", "--name", "limited", "--memory", "64m", "--pids-limit", "20", "--cpus", "0.5", "box",
                       "sleep", "600")
        pid = daemon.command("inspect", "-f", "{{.State.Pid}}", "limited")[1].strip()
        groups = pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines()
        limits = {"memory.limit_in_bytes": str(64 << 20), "memory.max": str(64 << 20), "pids.max": "20",
                  "cpu.cfs_quota_us": "50000", "cpu.max": "50000 100000"}
        seen = set()
        for line in groups:
            _, names, path = line.split(":", 2)
            expect(path == "/" or f"/{daemon.instance}/" in path, f"outside of the daemon's group: {line}")
            for name in names.split(",") if names else ["", "unified"]:
                for file, value in limits.items():
                    knob = pathlib.Path("/sys/fs/cgroup", name, path[1:], file)
                    if path != "/" and knob.exists():
                        expect(knob.read_text().strip() == value, f"{knob} is {knob.read_text()}")
                        seen.add(file.split(".")[0])
        expect(seen == {"memory", "pids", "cpu"}, f"limits found: {seen}")
        code, _, _ = daemon.command("exec", "limited", "sh", "-c", "for i in $(seq 40); do sleep 5 & done; wait", check=False)
        expect(code != 0, "more processes than the limit")
        code, _, _ = daemon.command("run", "--rm", "--memory", "32m", "box", "sh", "-c", "dd if=/dev/zero of=/dev/shm/x bs=1M count=60",
                                    check=False)
        expect(code != 0, "more memory than the limit")


def test_sd9_dk7_an_image_has_no_say_in_privileges_and_labels(world):
    words = {"HostConfig": {"Privileged": True, "CapAdd": ["ALL"], "Binds": ["/:/host"]}, "Privileged": True,
             "SecurityOpt": ["seccomp=unconfined"], "CapAdd": ["SYS_ADMIN"],
             "Labels": {"containerd.io/restart.loguri": "binary:///bin/sh", "mine": "kept"}}
    with ready(world) as daemon:
        pull(world, daemon, "pushy", variant(world, **words))
        _, out, _ = daemon.command("run", "--name", "pushy", "pushy", "sh", "-c",
                                   "grep -E 'CapEff|Seccomp:' /proc/self/status; ls -d /host 2>/dev/null; true")
        expect(out.split() == ["CapEff:", "00000000a80425fb", "Seccomp:", "2"], out)
        _, out, _ = daemon.command("inspect", "-f", "{{json .Config.Labels}} {{.HostConfig.Privileged}}", "pushy")
        expect(out == '{"mine":"kept"} false\n', out)


def test_sd15_names_and_labels_are_refused_or_come_back_as_they_were(world):
    with ready(world) as daemon:
        for name in ("a'b", 'a"b', "a\nb", "../x", "a/b", "a%00b", "-a", ".a", "a b"):
            status, text = api.request(daemon, "POST", "/v1.41/containers/create?name=" + name.replace("%", "%25").replace(
                "\n", "%0A").replace(" ", "%20").replace('"', "%22"), {"Image": "box"})
            expect(status == 400, f"name {name[:20]!r}: {status} {text}")
        hostile = {"quote'": "'); DROP TABLE containers; --", 'double"': '"', "line\n": "a\nlevel=error msg=made-up", "pct": "%s%n\x1b[31m"}
        status, text = api.request(daemon, "POST", "/v1.41/containers/create?name=kept",
                                   {"Image": "box", "Labels": hostile, "Cmd": ["true"]})
        expect(status == 201, text)
        _, text = api.request(daemon, "GET", "/v1.41/containers/kept/json")
        expect(json.loads(text)["Config"]["Labels"] == hostile, text)
        daemon.command("start", "kept")
        expect("\nlevel=error msg=made-up" not in daemon.log.read_text(), "a label wrote a line of the log")
        expect(daemon.command("ps", "-aq")[1].strip(), "the table of containers is gone")


def change_build(program):
    """Makes it another build of the same program: one whose build id, in an ELF note, is a different one."""
    note = struct.pack("<III", 4, 20, 3) + b"GNU\0"
    content = program.read_bytes()
    expect(content.count(note) == 1, f"{program} has no build id of 20 bytes")
    at = content.index(note) + len(note)
    changed = content[:at] + bytes(byte ^ 0xff for byte in content[at:at + 20]) + content[at + 20:]
    # As a package does it: the old file goes on running.
    fresh = program.with_suffix(".new")
    fresh.write_bytes(changed)
    fresh.chmod(0o755)
    fresh.rename(program)


def test_ta3_containers_whose_shims_outlived_an_upgrade_are_named(world):
    def warning(daemon):
        lines = [line for line in daemon.command("info")[2].splitlines() if "shim" in line]
        expect(len(lines) <= 1, f"more than one warning: {lines}")
        return lines[0] if lines else ""

    with temporary_folder("tare-ta3-") as programs:
        for name in ("tare", "tared", "tare-shim", "tare-init"):
            shutil.copy2(pathlib.Path(world.programs) / name, programs)
        with daemons.running(programs) as daemon:
            pull(world, daemon, "box", world.images.busybox)
            old = [daemon.command("run", "-d", "box", "sleep", "600")[1].strip() for _ in range(2)]
            expect(not warning(daemon), "a warning before there is anything to warn of")
            change_build(programs / "tare-shim")
            new = daemon.command("run", "-d", "box", "sleep", "600")[1].strip()
            told = warning(daemon)
            expect("2 containers run" in told and all(one[:12] in told for one in old) and new[:12] not in told,
                   f"before the restart of the daemon: {told!r}")
            daemon.stop()
            daemon.start()
            expect(warning(daemon) == told, f"after the restart: {warning(daemon)!r} instead of {told!r}")
            expect('count=2' in daemon.log.read_text(), "the log does not count them")
            daemon.command("restart", "-t", "0", old[0])
            told = warning(daemon)
            expect("1 container runs" in told and old[1][:12] in told and old[0][:12] not in told, f"after one was restarted: {told!r}")
            daemon.command("rm", "-f", old[1])
            expect(not warning(daemon), "a warning when none is left")


def test_ta4_directories_and_configuration_of_others_are_refused(world):
    tared = pathlib.Path(world.programs) / "tared"
    with temporary_folder("tare-ta4-") as folder:
        (folder / "real").mkdir()
        (folder / "link").symlink_to(folder / "real")
        (folder / "theirs").mkdir()
        os.chown(folder / "theirs", NOBODY, NOBODY)
        (folder / "open.toml").write_text("")
        (folder / "open.toml").chmod(0o666)
        for words, reason in ((["--root", folder / "link", "--state", folder / "s"], "is a link"),
                              (["--root", folder / "r", "--state", folder / "theirs"], f"belongs to user {NOBODY}"),
                              (["--root", folder / "r", "--state", folder / "s", "--config", folder / "open.toml"],
                               "nobody else can write"), (["--root", "relative"], "absolute")):
            code, out, error = run([tared, *words], 20, check=False)
            expect(code == 1 and reason in error, f"{words}: {code} {out}{error}")


# --- the Docker face ---


class Swapper:
    """In the container: a directory and a link to the host's canary change places all the time."""

    def __init__(self, daemon, name, bird):
        up = "../" * 12
        daemon.command("run", "-d", "--name", name, "box", "sh", "-c",
                       f"mkdir -p /play/real/inner; echo mine > /play/real/file; echo mine > /play/real/inner/file; cd /play; "
                       f"ln -s {bird.folder} link; ln -s {up}{str(bird.folder)[1:]} other; cp -a real now; "
                       "while :; do mv now keep; mv link now; mv now link; mv other now; mv now other; mv keep now; done")


def test_dk1_cp_of_names_that_are_swapped_meanwhile_stays_inside(world):
    with canary() as bird, ready(world) as daemon:
        Swapper(daemon, "swap", bird)
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for name in ("made", "inner/made", "file"):
                info = tarfile.TarInfo(name)
                info.size, info.mode = 6, 0o777
                tar.addfile(info, io.BytesIO(b"copied"))
        texts = []
        for number in range(60):
            base = "/v1.41/containers/swap/archive?path=/play/now"
            for path in (base, base + "/", base + "/file", base + "/inner"):
                texts.append(api.request(daemon, "GET", path)[1])
                texts.append(api.request(daemon, "HEAD", path)[1])
            api.request(daemon, "PUT", base, archive.getvalue(), {"Content-Type": "application/x-tar"})
            api.request(daemon, "PUT", base + "/inner", archive.getvalue(), {"Content-Type": "application/x-tar"})
            if number % 20 == 0:
                texts.append(api.request(daemon, "GET", "/v1.41/containers/swap/export")[1])
                texts.append(daemon.command("diff", "swap", check=False)[1])
        expect(not any(bird.SECRET in text for text in texts), "an answer holds what is the host's")
        expect(any("mine" in text for text in texts), "nothing was ever copied: the test shows nothing")


def test_dk2_nothing_of_the_container_is_run_on_the_host(world):
    def fill(root):
        for name in ("xz", "unpigz", "gzip", "zstd", "bzip2", "tar", "git", "nsenter", "ps", "getent", "unxz", "gunzip"):
            (root / "usr/bin").mkdir(parents=True, exist_ok=True)
            (root / "usr/bin" / name).write_text("#!/bin/busybox sh\n/bin/busybox touch /marker\n")
            (root / "usr/bin" / name).chmod(0o755)
        for name in ("etc/ld.so.preload", "lib/libnss_files.so.2", "usr/lib/gconv/gconv-modules"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text("/marker.so\n")

    with ready(world) as daemon:
        pull(world, daemon, "trap", variant(world, fill))
        daemon.command("run", "-d", "--name", "trap", "trap", "/bin/sleep", "600")
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w") as tar:
            info = tarfile.TarInfo("sent")
            info.size = 4
            tar.addfile(info, io.BytesIO(b"sent"))
        for body in (plain.getvalue(), gzip.compress(plain.getvalue()), lzma.compress(plain.getvalue())):
            for state in ("running", "stopped"):
                if state == "stopped":
                    daemon.command("stop", "-t", "0", "trap")
                status, text = api.request(daemon, "PUT", "/v1.41/containers/trap/archive?path=/tmp", body,
                                           {"Content-Type": "application/x-tar"})
                expect(status == 200 or "xz is not supported" in text, text)
                for path in ("/archive?path=/usr", "/export", "/changes"):
                    api.request(daemon, "GET", "/v1.41/containers/trap" + path)
                if state == "stopped":
                    daemon.command("start", "trap")
            daemon.command("top", "trap")
            daemon.command("stats", "--no-stream", "trap")
            daemon.command("exec", "-u", "carol", "trap", "/bin/true")
        _, out, _ = daemon.command("exec", "trap", "/bin/ls", "/")
        expect("marker" not in out, "a program of the container ran")


def test_dk3_the_modes_of_the_host_are_left_alone(world):
    with canary() as bird, ready(world) as daemon:
        daemon.command("run", "-d", "--name", "host", "-v", f"{bird.folder}:/seen:ro", "box", "sleep", "600")
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for name, kind, target in (("x", tarfile.SYMTYPE, str(bird.folder)), ("x", tarfile.DIRTYPE, ""),
                                       ("y", tarfile.DIRTYPE, ""), ("y", tarfile.SYMTYPE, "../../.." + str(bird.folder)),
                                       ("y/file", tarfile.REGTYPE, ""), ("./", tarfile.DIRTYPE, "")):
                info = tarfile.TarInfo(name)
                info.type, info.linkname, info.mode, info.uid = kind, target, 0o4777, 1000
                tar.addfile(info)
        for path in ("/tmp", "/seen"):
            api.request(daemon, "PUT", f"/v1.41/containers/host/archive?path={path}", archive.getvalue(),
                        {"Content-Type": "application/x-tar"})


def test_dk4_a_request_has_one_reading(world):
    with ready(world) as daemon:
        def create(body, **headers):
            return api.request(daemon, "POST", "/v1.41/containers/create", body, {"Content-Type": "application/json", **headers})

        status, text = create('{"Image":"box","HostConfig":{"Privileged":false,"Privileged":true}}')
        expect(status == 400 and "duplicate" in text, f"{status} {text}")
        status, text = create('{"Image":"box","Image":"box"} {"HostConfig":{"Privileged":true}}')
        expect(status == 400, f"{status} {text}")
        padded = '{"Image":"box"' + " " * (9 << 20) + "}"
        status, text = create(padded)
        expect(status == 413 and "larger than 8388608 bytes" in text, f"9 MiB: {status} {text[:200]}")
        status, text = create((b"x" * (1 << 20) for _ in range(9)))
        expect(status == 413 and "larger than 8388608 bytes" in text, f"9 MiB in chunks: {status} {text[:200]}")
        for size in (1 << 20, 5 << 20):
            status, text = create('{"Image":"box","HostConfig":{"Privileged":true}' + " " * size + "}")
            expect(status == 201, f"{size} bytes: {status} {text[:200]}")
            _, text = api.request(daemon, "GET", f"/v1.41/containers/{json.loads(text)['Id']}/json")
            expect(json.loads(text)["HostConfig"]["Privileged"], "what was sent is not what was kept")
        answer = api.raw(daemon, b'POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n'
                                 b'Content-Length: 0\r\nConnection: close\r\n\r\n{"Image":"box"}')
        expect(answer.startswith("HTTP/1.1 400") and answer.count("HTTP/1.1") == 1, answer)


def test_dk6_no_request_ends_the_daemon(world):
    values = [None, True, -1, 2 ** 63, 1e300, "", "x" * 100_000, [], [None], [[]], {}, {"a": None}, {"": {"": []}}]
    fields = ["Image", "Cmd", "Entrypoint", "Env", "Labels", "Volumes", "ExposedPorts", "User", "Healthcheck", "StopSignal",
              "WorkingDir", "HostConfig", "NetworkingConfig", "Shell", "Hostname"]
    deep = ["Binds", "Mounts", "PortBindings", "Memory", "Ulimits", "Devices", "SecurityOpt", "RestartPolicy", "LogConfig",
            "Sysctls", "Tmpfs", "CapAdd", "NetworkMode", "ExtraHosts", "BlkioWeightDevice", "MaskedPaths", "PidsLimit"]
    with ready(world) as daemon:
        pid = daemon.pid
        bodies = [{"Image": "box", field: value} for field in fields for value in values]
        bodies += [{"Image": "box", "HostConfig": {field: value}} for field in deep for value in values]
        bodies += ["[" * 100_000, '{"a":' * 50_000, "nul", '{"Image":"\xff"}', '{"Image":"\\ud800"}']
        for body in bodies:
            status, text = api.request(daemon, "POST", "/v1.41/containers/create", body, {"Content-Type": "application/json"})
            expect(status in (201, 400, 404, 409), f"{str(body)[:200]}: {status} {text[:300]}")
            if status == 201:
                api.request(daemon, "DELETE", f"/v1.41/containers/{json.loads(text)['Id']}")
        long = "x" * 20_000
        status, text = api.request(daemon, "POST", f"/v1.41/containers/create?name={long}", {"Image": "box"})
        expect(status in (201, 400), text)
        api.request(daemon, "POST", "/v1.41/containers/create?name=" + "x" * 60, {"Image": "box"})
        for expression in ("(x|y)*z", "(x%2Bx%2B)%2By", "(x*)*y", "x{1,1000}{1,1000}y", "((((x*)*)*)*)*y"):
            started = time.monotonic()
            status, text = api.request(daemon, "GET", f"/v1.41/containers/json?all=1&filters=%7B%22name%22:%5B%22{expression}%22%5D%7D")
            expect(status in (200, 400) and time.monotonic() - started < 2, f"{expression}: {status} {text[:200]}")
        for path in ("containers/x/json", "containers/%2e%2e/json", "containers/json?filters=%7B", "containers/json?limit=-1",
                     "images/json?filters=%5B%5D", "events?since=x&until=1", "containers//json", "//containers/json",
                     "volumes/..%2f..%2fetc", "networks/..%2f..", "images/..%2f../json", "exec/../json"):
            status, text = api.request(daemon, "GET", "/v1.41/" + path)
            expect(status < 500, f"{path}: {status} {text[:200]}")
        expect(daemon.ping() and daemon.pid == pid and daemon._child.poll() is None, "the daemon is gone")


def test_dk8_an_archive_to_load_reads_and_writes_nothing_outside(world):
    def archive(manifest, files=(), links=()):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as tar:
            for name, content in [*files, ("manifest.json", encode(manifest))]:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            for name, target in links:
                info, _ = link(name, target)
                tar.addfile(info)
        return stream.getvalue()

    with canary() as bird, ready(world) as daemon:
        secret = str(bird.folder / "file")
        good = docker_archive(world.images.busybox, "loaded:1")
        deep = "../" * 12 + secret[1:]
        cases = [archive([{"Config": name, "RepoTags": ["evil:1"], "Layers": layers}], files, links)
                 for name, layers, files, links in (
                     (secret, [], [], []), (deep, [], [], []), ("c.json", [secret], [("c.json", b"{}")], []),
                     ("c.json", [deep], [("c.json", b"{}")], []), ("linked", [], [], [("linked", secret)]),
                     ("c.json", ["l"], [("c.json", b"{}")], [("l", deep)]))]
        cases += [archive([]), archive({}), archive([{"Config": 1}]), archive([None]), b"", b"\0" * 1024, good[:5000]]
        before = daemon.command("images", "-aq", "--no-trunc")[1]
        for number, body in enumerate(cases):
            _, text = api.request(daemon, "POST", "/v1.41/images/load", body, {"Content-Type": "application/x-tar"})
            expect(bird.SECRET not in text, f"case {number}: {text}")
            expect(daemon.command("images", "-aq", "--no-trunc")[1] == before, f"case {number} became an image: {text}")
        expect(daemon.ping(), "the daemon is gone")


def test_dk10_nothing_of_ours_listens_on_a_network(world):
    with ready(world) as daemon:
        daemon.command("run", "-d", "-p", "127.0.0.1::80", "box", "sleep", "600")
        sockets = set()
        for pid in [daemon.pid, *shim_pids(daemon)]:
            for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    sockets.add(os.readlink(fd))
        listening = []
        for table in ("tcp", "tcp6"):
            for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == "0A" and f"socket:[{words[9]}]" in sockets:
                    listening.append(words[1])
        expect(not listening, f"listening: {listening}")


def test_dk11_web_pages_are_refused(world):
    with ready(world) as daemon:
        head = "GET /v1.41/containers/json HTTP/1.1\r\nConnection: close\r\n"
        for lines in ("Host: evil.test\r\n", "Host: localhost.evil.test\r\n", "", "Host: d\r\nHost: d\r\n",
                      "Host: d\r\nOrigin: null\r\n", "Host: localhost\r\nOrigin: http://localhost:8080\r\n",
                      "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n"):
            answer = api.raw(daemon, (head + lines + "\r\n").encode())
            expect(answer[9:12] in ("400", "403"), f"{lines!r}: {answer[:200]}")
            expect("access-control" not in answer.lower(), answer)
        status, text = api.request(daemon, "POST", "/v1.41/containers/create", '{"Image":"box"}', {"Content-Type": "text/plain"})
        expect(status == 400, f"a form was taken: {status} {text}")


def test_dk13_no_secret_is_in_the_log(world):
    class Talkative(daemons.Daemon):
        def arguments(self):
            return [*super().arguments(), "--debug"]

    secrets = ["hunter2-registry", "hunter2-env", "hunter2-header", "hunter2-exec"]
    with registry.with_password() as guarded, daemons.running(world.programs, None, Talkative) as daemon:
        guarded.push("private", "1", world.images.busybox)
        pull(world, daemon, "box", world.images.busybox)
        header = base64.b64encode(encode({"username": "carol", "password": secrets[2]})).decode()
        texts = [api.request(daemon, "POST", f"/v1.41/images/create?fromImage={guarded.name}/private&tag=1",
                             headers={"X-Registry-Auth": header})[1]]
        texts += daemon.command("login", "-u", "carol", "-p", secrets[0], guarded.name, check=False)[1:]
        daemon.command("run", "-d", "--name", "host", "-e", f"PASSWORD={secrets[1]}", "box", "sleep", "600")
        daemon.command("exec", "-e", f"PASSWORD={secrets[3]}", "host", "true")
        texts += [daemon.command("events", "--since", "1", "--until", str(int(time.time())))[1]]
        texts.append(daemon.log.read_text())
        texts += [path.read_text(errors="replace") for path in daemon.state.rglob("shim.log")]
        for secret in [*secrets, header]:
            for text in texts:
                expect(secret not in text, f"{secret} is told:\n{text[-2000:]}")


def test_dk16_router_advertisements_of_a_container_are_not_heard(world):
    with ready(world) as daemon:
        daemon.command("run", "-d", "--name", "liar", "box", "sleep", "600")
        knob = pathlib.Path(f"/proc/sys/net/ipv6/conf/{daemon.instance}/accept_ra")
        if not knob.exists():
            return  # a host without IPv6 hears nothing
        # A host that uses IPv6 on the bridge and listens to routers although it forwards.
        (knob.parent / "disable_ipv6").write_text("0")
        (knob.parent / "forwarding").write_text("0")
        knob.write_text("2")
        time.sleep(2)
        pid = daemon.command("inspect", "-f", "{{.State.Pid}}", "liar")[1].strip()
        script = """
import socket, struct
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(("eth0", 0))
source = bytes.fromhex("fe80000000000000020000fffe000001")
group = bytes.fromhex("ff020000000000000000000000000001")
body = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
body += struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 86400, 86400, 0) + bytes.fromhex("20010db8000000000000000000000000")
text = source + group + struct.pack("!II", len(body), 58) + body
total = sum(struct.unpack(f"!{len(text) // 2}H", text))
total = (total >> 16) + (total & 0xFFFF)
total += total >> 16
body = body[:2] + struct.pack("!H", ~total & 0xFFFF) + body[4:]
packet = struct.pack("!IHBB", 0x60000000, len(body), 58, 255) + source + group + body
for _ in range(5):
    link.send(bytes.fromhex("333300000001020000000001") + b"\\x86\\xdd" + packet)
"""
        run(["nsenter", "-n", "-t", pid, "python3", "-c", script])
        time.sleep(1)
        _, routes, _ = run(["ip", "-6", "route", "show", "dev", daemon.instance], check=False)
        expect("2001:db8" not in routes and "default" not in routes, f"the host believed the container:\n{routes}")
