"""Images from a registry over http and over https with a password, and images that come as archives."""
import contextlib
import json

import machine
import registry
from machine import Failure
from oci_image import docker_archive
from test_bad_input import registry_trusted


def expect(daemon, words, out):
    got = daemon.command(*words, seconds=120)[1]
    if got != out:
        raise Failure(f"tare {' '.join(map(str, words))} printed {got!r} instead of {out!r}")


def test_pull_over_https_with_a_password(world):
    with registry.with_password() as guarded, world.daemon() as daemon, registry_trusted(guarded):
        name = guarded.push("team/busybox", "1", world.images.busybox)
        code, _, error = daemon.command("pull", name, check=False)
        if code != 1:
            raise Failure(f"pulled without a password: {error}")
        if f"docker login {guarded.name}'" not in error:
            raise Failure(f"the command that would help is not told: {error}")
        daemon.command("login", "-u", registry.USER, "-p", registry.PASSWORD, guarded.name)
        daemon.command("pull", "-q", name)
        expect(daemon, ["run", "--rm", name, "echo", "from behind a password"], "from behind a password\n")
        daemon.command("logout", guarded.name)
        config = json.loads((daemon.home / ".docker/config.json").read_text())
        if config.get("auths"):
            raise Failure(f"logout kept {config}")


def test_a_certificate_that_nobody_vouches_for_is_refused(world):
    # On loopback docker and tare do without one.
    with registry.with_password(machine.own_address()) as guarded, world.daemon() as daemon:
        name = guarded.push("busybox", "1", world.images.busybox)
        code, _, error = daemon.command("pull", name, check=False)
        if code != 1 or "certificate" not in error:
            raise Failure(f"exit code {code}: {error}")


def test_pull_and_run_what_people_run(world):
    """A Debian root, nginx, a schema 2 image and one of many platforms."""
    with world.daemon() as daemon:
        debian = world.registry.push("debian", "12", world.images.debian)
        daemon.command("pull", "-q", debian, seconds=300)
        expect(daemon, ["run", "--rm", debian, "bash", "-c", "echo $((6*7)) from ${BASH_VERSION%%.*}"], "42 from 5\n")
        expect(daemon, ["run", "--rm", debian, "sh", "-c", ". /etc/os-release; echo $ID"], "debian\n")
        for name, image in (("schema2", world.images.docker_types), ("many", world.images.many_platforms)):
            reference = world.registry.push(name, "1", image)
            daemon.command("pull", "-q", reference)
            expect(daemon, ["run", "--rm", reference, "echo", name], name + "\n")
        web = world.registry.push("nginx", "1", world.images.nginx)
        port = machine.free_port()
        daemon.command("run", "-d", "--name", "web", "-p", f"127.0.0.1:{port}:80", web)
        machine.wait_for(lambda: "nginx in a container" in machine.run(["curl", "-sS", "--max-time", "3",
                         f"http://127.0.0.1:{port}/"], check=False)[1], "nginx")


def test_load_and_run_an_archive(world):
    with world.daemon() as daemon:
        archive = daemon.folder / "image.tar"
        archive.write_bytes(docker_archive(world.images.busybox, "from/archive:2"))
        daemon.command("load", "-q", "-i", archive)
        expect(daemon, ["run", "--rm", "from/archive:2", "echo", "loaded"], "loaded\n")


def test_the_image_that_tare_carries_needs_no_network(world):
    with world.daemon() as daemon:
        expect(daemon, ["run", "--rm", "--network", "none", "tare.internal/busybox", "echo", "carried"], "carried\n")


def test_pulls_at_once_share_their_work(world):
    import subprocess
    with world.daemon() as daemon, contextlib.ExitStack() as stack:
        name = world.registry.push("busybox", "1", world.images.busybox)
        pulls = [stack.enter_context(subprocess.Popen(["tare", "pull", "-q", name], env=daemon.environment(),
                                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)) for _ in range(8)]
        bad = [pull.communicate(timeout=120)[1] for pull in pulls if pull.wait(120) != 0]
        if bad:
            raise Failure(f"{len(bad)} of 8 failed: {bad[0].decode()}")
        blobs = [path for path in (daemon.root / "content/blobs/sha256").iterdir()]
        if len(blobs) != 3:
            raise Failure(f"{len(blobs)} blobs for a manifest, a configuration and a layer")
