"""What the tests do to the machine: temporary folders, ports, processes that end with their test."""
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time


class Skip(Exception):
    """The test cannot run on this machine; the message says why."""


class Failure(AssertionError):
    """What was expected did not happen; the message says what did."""


def free_port():
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def own_address():
    """An address of this machine that is not loopback's; connecting a datagram socket sends nothing."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as asked:
        try:
            asked.connect(("192.0.2.1", 9))
        except OSError as nowhere:
            raise Skip(f"this machine has no address but loopback's: {nowhere}") from nowhere
        return asked.getsockname()[0]


def wait_for(condition, what, seconds=20.0):
    """The first true value of condition(); Failure if none comes in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {seconds:g} s")
        time.sleep(0.02)


def answers(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), timeout=1).close()
        return True
    except OSError:
        return False


def need(*programs):
    missing = [name for name in programs if not shutil.which(name)]
    if missing:
        raise Skip("not installed: " + ", ".join(missing))


@contextlib.contextmanager
def temporary_folder(prefix="tare-e2e-"):
    # Unix socket paths are short: below /tmp, not below the build folder.
    path = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def process(command, log, **options):
    """A program in the background, its output in the file `log`; ended by pid, first gently."""
    with open(log, "ab") as sink:
        child = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=sink, stderr=sink,
                                 **options)
    try:
        yield child
    finally:
        end(child)


def end(child, seconds=10.0):
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def run(command, seconds=60.0, check=True, **options):
    """stdout and stderr of a program as (code, out, err); Failure if it fails and `check`."""
    command = [str(word) for word in command]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds, **options)
    except subprocess.TimeoutExpired as late:
        raise Failure(f"{' '.join(command)}: still running after {seconds:g} s") from late
    if check and done.returncode != 0:
        raise Failure(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.returncode, done.stdout, done.stderr


@contextlib.contextmanager
def small_file_system(mebibytes):
    """An ext4 of that size on a loop device, for what happens on a full disk."""
    need("mkfs.ext4", "losetup")
    with temporary_folder("tare-disk-") as folder:
        image, mount = folder / "disk", folder / "mount"
        mount.mkdir()
        with open(image, "wb") as file:
            file.truncate(mebibytes << 20)
        run(["mkfs.ext4", "-q", "-m", "0", image])
        code, _, error = run(["mount", "-o", "loop", image, mount], check=False)
        if code != 0:
            raise Skip("no loop mounts here: " + error.strip())
        try:
            yield mount
        finally:
            run(["umount", mount], check=False)


def processes_with(text):
    """Pids of the processes whose command line holds `text`."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if text.encode() in (path / "cmdline").read_bytes() and int(path.name) != os.getpid():
                found.append(int(path.name))
    return found
