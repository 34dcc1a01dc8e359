"""tare-oci as the runtime of other engines."""
import contextlib
import os
import pathlib
import shutil

import machine
from machine import Failure, Skip, process, run, temporary_folder, wait_for
from oci_image import docker_archive


@contextlib.contextmanager
def archive(world):
    with temporary_folder() as folder:
        path = folder / "busybox.tar"
        path.write_bytes(docker_archive(world.images.busybox, "localhost/busybox:1"))
        yield folder, path


@contextlib.contextmanager
def parent_group(name):
    """The group that another engine puts its containers into, and leaves behind: gone again if it was not there."""
    def present():
        return {path for path in pathlib.Path("/sys/fs/cgroup").glob(f"**/{name}")}
    before = present()
    try:
        yield
    finally:
        for path in present() - before:
            path.rmdir()


def expect(command, out, code=0, **options):
    got, printed, error = run(command, 120, check=False, **options)
    if (got, printed) != (code, out):
        raise Failure(f"{' '.join(map(str, command))}: exit code {got}\n{printed}{error}\nexpected {out!r}, exit code {code}")


def test_podman_runs_containers_through_tare_oci(world):
    machine.need("podman")
    with archive(world) as (folder, path):
        podman = ["podman", "--root", folder / "root", "--runroot", folder / "run", "--runtime", world.programs / "tare-oci",
                  "--cgroup-manager", "cgroupfs", "--storage-driver", "vfs"]
        run([*podman, "load", "-q", "-i", path], 120)
        # Podman asks for more open files than a root without CAP_SYS_RESOURCE may give, whatever the runtime.
        flags = ["--rm", "--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "localhost/busybox:1"]
        try:
            expect([*podman, "run", *flags, "echo", "podman"], "podman\n")
            expect([*podman, "run", *flags, "sh", "-c", "exit 5"], "", 5)
        finally:
            run([*podman, "rm", "-af"], check=False)
            run(["umount", "-R", folder / "root"], check=False)


def test_docker_runs_containers_through_tare_oci(world):
    machine.need("dockerd")
    with parent_group("docker"), archive(world) as (folder, path):
        socket = f"unix://{folder}/docker.sock"
        command = ["dockerd", "--data-root", folder / "root", "--exec-root", folder / "exec", "-H", socket, "-p", folder / "pid",
                   "--bridge", "none", "--iptables=false", "--ip-forward=false",
                   "--add-runtime", f"tare={world.programs / 'tare-oci'}"]
        docker = ["docker", "-H", socket]
        with process(command, folder / "log") as child:
            wait_for(lambda: child.poll() is not None or run([*docker, "version"], check=False)[0] == 0, "dockerd", 60)
            if child.poll() is not None:
                raise Skip("dockerd does not start here: " + (folder / "log").read_text()[-300:])
            run([*docker, "load", "-q", "-i", path], 120)
            flags = ["--rm", "--network", "none", "--runtime", "tare", "localhost/busybox:1"]
            expect([*docker, "run", *flags, "echo", "docker"], "docker\n")
            expect([*docker, "run", *flags, "sh", "-c", "exit 6"], "", 6)
            run([*docker, "run", "-d", "--name", "beside", "--runtime", "tare", "--network", "none", "localhost/busybox:1",
                 "sleep", "60"], 120)
            expect([*docker, "exec", "beside", "echo", "exec"], "exec\n")
            run([*docker, "rm", "-f", "beside"], 120)


def test_containerd_runs_containers_through_tare_oci(world):
    machine.need("containerd", "ctr")
    with parent_group("default"), archive(world) as (folder, path):
        config = folder / "config.toml"
        config.write_text(f'version = 2\nroot = "{folder}/root"\nstate = "{folder}/state"\n'
                          f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "{folder}/c.sock"\n')
        ctr = ["ctr", "-a", folder / "c.sock"]
        with process(["containerd", "-c", config], folder / "log"):
            wait_for(lambda: os.path.exists(folder / "c.sock") and run([*ctr, "version"], check=False)[0] == 0, "containerd", 60)
            run([*ctr, "images", "import", path], 120)
            binary = ["--rm", "--runc-binary", world.programs / "tare-oci", "localhost/busybox:1"]
            expect([*ctr, "run", *binary, "one", "echo", "containerd"], "containerd\n")
            expect([*ctr, "run", *binary, "two", "sh", "-c", "exit 7"], "", 7)
        shutil.rmtree(folder / "root", ignore_errors=True)
