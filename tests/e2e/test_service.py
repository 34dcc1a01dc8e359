"""What a service manager does with tared: it holds the socket, is told when tared serves, and has it read its
configuration again."""
import contextlib
import os
import shutil
import signal
import socket
import subprocess

from daemon import Daemon
from machine import Failure, Skip, end, run, temporary_folder, wait_for


@contextlib.contextmanager
def activated(world):
    """tared as systemd starts it: a listening descriptor 3, and a place to report to."""
    with temporary_folder() as folder:
        daemon = Daemon(folder, world.programs)
        daemon.state.mkdir(mode=0o700)
        listener, reports = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listener.bind(str(daemon.socket))
        listener.listen()
        reports.bind(str(folder / "notify"))
        reports.settimeout(30)
        # LISTEN_PID is the program's own, which only the shell that becomes it knows.
        command = ["sh", "-c", 'exec 3<&0 0</dev/null; LISTEN_PID=$$ exec "$@"', "sh", *map(str, daemon.arguments())]
        with open(daemon.log, "ab") as sink:
            child = subprocess.Popen(command, stdin=listener.fileno(), stdout=sink, stderr=sink, start_new_session=True,
                                     env={**os.environ, "LISTEN_FDS": "1", "NOTIFY_SOCKET": str(folder / "notify")})
        try:
            yield daemon, child, reports, listener
        finally:
            end(child, 30)
            listener.close()
            reports.close()


def test_a_client_that_comes_before_the_daemon_is_served_by_it(world):
    with activated(world) as (daemon, _, _, _):
        # Connected while tared still opens its rooms: the kernel keeps the client in the queue.
        version = daemon.command("version", "--format", "{{.Server.Version}}")[1].strip()
        if not version:
            raise Failure("no version was told")


def test_the_manager_is_told_of_readiness_and_of_the_end(world):
    with activated(world) as (daemon, child, reports, _):
        said = reports.recv(4096).decode()
        if "READY=1" not in said:
            raise Failure(f"said {said!r} instead of READY=1")
        if not daemon.ping():
            raise Failure("READY=1 was said before it was true")
        child.terminate()
        said = reports.recv(4096).decode()
        if "STOPPING=1" not in said:
            raise Failure(f"said {said!r} instead of STOPPING=1")
        child.wait(30)


def test_the_manager_s_socket_outlives_the_daemon(world):
    with activated(world) as (daemon, child, reports, _):
        reports.recv(4096)
        end(child, 30)
        # A client of that moment waits for the next daemon instead of being refused.
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as client:
            client.connect(str(daemon.socket))


@contextlib.contextmanager
def configured(world, text):
    with temporary_folder() as folder:
        daemon = Daemon(folder, world.programs)
        daemon.config = folder / "config.toml"
        daemon.config.write_text(text)
        daemon.start()
        try:
            yield daemon
        finally:
            daemon.stop()
            daemon.take_down()


def reload(daemon, text, says):
    daemon.config.write_text(text)
    known = len(daemon.log.read_text())
    os.kill(daemon.pid, signal.SIGHUP)
    wait_for(lambda: says in daemon.log.read_text()[known:], f"{says!r} in the log", 5)


def mirrors(daemon):
    return daemon.command("info", "--format", "{{json .RegistryConfig.Mirrors}}")[1].strip()


def test_sighup_has_the_registries_of_the_configuration_read_again(world):
    world.registry.push("library/of-a-mirror", "1", world.images.busybox)
    mirror = f"http://{world.registry.name}"
    with configured(world, "") as daemon:
        if mirrors(daemon) != "[]":
            raise Failure(f"mirrors at first: {mirrors(daemon)}")
        reload(daemon, f'registry.mirrors = ["{mirror}"]\n', "configuration reloaded")
        daemon.command("pull", "-q", "of-a-mirror:1")
        told = daemon.command("events", "--since", "1m", "--until", "0s", "--filter", "type=daemon", "--format", "{{.Action}}")[1]
        if told != "reload\n":
            raise Failure(f"told by events: {told!r}")
        reload(daemon, "registry.mirrors = 7\n", "registry.mirrors")
        if mirrors(daemon) != f'["{mirror}"]':
            raise Failure(f"a wrong file changed the mirrors to {mirrors(daemon)}")


def test_hosts_toml_leads_to_a_mirror_without_a_restart(world):
    world.registry.push("library/of-a-mirror", "1", world.images.busybox)
    with temporary_folder() as folder, configured(world, f'registry.certs = ["{folder}"]\n') as daemon:
        mirrored = folder / "docker.io"
        mirrored.mkdir()
        hosts = mirrored / "hosts.toml"
        hosts.write_text(f'[host."http://{world.registry.name}"]\ncapabilities = ["pull", "resolve"]\n')
        daemon.command("pull", "-q", "of-a-mirror:1")
        daemon.command("run", "--rm", "of-a-mirror:1", "true")
        hosts.write_text('[host."http://mirror"\n')
        code, _, error = daemon.command("pull", "of-a-mirror:1", check=False)
        if code != 1 or "hosts.toml:1: " not in error:
            raise Failure(f"a wrong hosts.toml: exit code {code}: {error}")


def test_the_configured_log_driver_is_told(world):
    with configured(world, '[container.log]\ndriver = "none"\n') as daemon:
        driver = daemon.command("info", "--format", "{{.LoggingDriver}}")[1].strip()
        if driver != "none":
            raise Failure(f"info names {driver!r}")


def test_the_units_are_sound(world):
    if not shutil.which("systemd-analyze"):
        raise Skip("systemd-analyze is not installed")
    units = [world.programs.parent / "generated/tare.service", world.programs.parents[2] / "packaging/tare.socket"]
    with temporary_folder() as folder:
        for unit in units:
            text = unit.read_text()
            # Not installed here: any program will do.
            (folder / unit.name).write_text(text.replace("/usr/local/bin/tared", "/bin/true"))
        run(["systemd-analyze", "verify", "--man=no", *(folder / unit.name for unit in units)])
