"""tare-oci by its own commands, beside runc where that is installed."""
import json
import os
import pathlib
import shutil
import socket
import subprocess

import machine
from machine import Failure, run, temporary_folder


def bundle(world, folder, *command):
    """A bundle of busybox with the default config.json, which is `folder`/bundle."""
    path = folder / "bundle"
    (path / "rootfs/bin").mkdir(parents=True)
    shutil.copy("/bin/busybox", path / "rootfs/bin/busybox")
    run([world.programs / "tare-oci", "spec", "--bundle", path])
    config = json.loads((path / "config.json").read_text())
    config["process"].update(terminal=False, args=["/bin/busybox", *command])
    (path / "config.json").write_text(json.dumps(config))
    return path


def shape(value):
    """The names of an object's members, all the way down."""
    return {name: shape(member) for name, member in value.items()} if isinstance(value, dict) else None


def events_of(runtime, folder, path, *flags):
    command = [runtime, "--root", folder / runtime.name]
    # Not run(): the container keeps what it gets as output, and run() would wait for its end.
    subprocess.run([*command, "run", "--detach", "--bundle", path, "counted"], check=True, timeout=60,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return [json.loads(line) for line in run([*command, "events", *flags, "counted"], 60)[1].splitlines()]
    finally:
        run([*command, "delete", "--force", "counted"])


def test_events_tells_the_figures_until_the_container_ends(world):
    with temporary_folder() as folder:
        path = bundle(world, folder, "sleep", "2")
        tare = world.programs / "tare-oci"
        lines = events_of(tare, folder, path, "--interval", "300ms")
        if len(lines) < 3 or {line["type"] for line in lines} != {"stats"} or {line["id"] for line in lines} != {"counted"}:
            raise Failure(f"{lines}")
        if not lines[0]["data"]["cpu"]["usage"]["total"] or lines[0]["data"]["pids"]["current"] != 1:
            raise Failure(f"{lines[0]}")


def test_events_has_the_members_of_runc_s(world):
    machine.need("runc")
    with temporary_folder() as folder:
        path = bundle(world, folder, "sleep", "60")
        ours = shape(events_of(world.programs / "tare-oci", folder, path, "--stats")[0]["data"])
        theirs = shape(events_of(pathlib.Path(shutil.which("runc")), folder, path, "--stats")[0]["data"])
        for name, inner in theirs.items():
            missing = set(inner or ()) - set(ours.get(name) or ())
            # Figures that are zero are left out, and a new container has no cache; the level is none of tare's.
            if name not in ours or missing - {"cache", "sched_relax_domain_level"}:
                raise Failure(f"{name}: {missing} missing in {ours.get(name)}")


def test_features_is_a_document_that_engines_take(world):
    document = json.loads(run([world.programs / "tare-oci", "features"])[1])
    if document["ociVersionMin"] != "1.0.0" or "CAP_SYS_ADMIN" not in document["linux"]["capabilities"]:
        raise Failure(f"{document}")


def test_exec_goes_into_a_group_below_the_container_s(world):
    with temporary_folder() as folder:
        path = bundle(world, folder, "sleep", "60")
        command = [world.programs / "tare-oci", "--root", folder / "state"]
        subprocess.run([*command, "run", "--detach", "--bundle", path, "grouped"], check=True, timeout=60,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            own = json.loads((folder / "state/grouped/state.json").read_text())["cgroup_paths"]
            pids = pathlib.Path(own.get("pids", own.get("")))
            (pids / "below").mkdir()
            where = ["cat", "/proc/self/cgroup"]
            named = run([*command, "exec", "--cgroup", "pids:below" if "pids" in own else "below", "grouped",
                         "/bin/busybox", *where])[1]
            if "/below" not in named:
                raise Failure(named)
            for flag, reason in (("../..", "bad sub cgroup path: ../.."), ("nosuch:/", "unknown controller nosuch"),
                                 ("absent", "does not exist")):
                code, _, error = run([*command, "exec", "--cgroup", flag, "grouped", "/bin/busybox", "true"], check=False)
                if code != 255 or reason not in error:
                    raise Failure(f"{flag}: {code} {error}")
        finally:
            run([*command, "delete", "--force", "grouped"])


def test_run_passes_a_descriptor_of_the_process(world):
    with temporary_folder() as folder, socket.socket(socket.AF_UNIX) as server:
        path = bundle(world, folder, "true")
        server.bind(str(folder / "pidfd.sock"))
        server.listen(1)
        run([world.programs / "tare-oci", "--root", folder / "state", "run", "--bundle", path,
             "--pidfd-socket", folder / "pidfd.sock", "passed"])
        message, descriptors, _, _ = socket.recv_fds(server.accept()[0], 64, 2)
        if message != b"standard" or len(descriptors) != 1 or "Pid:" not in pathlib.Path(
                f"/proc/self/fdinfo/{descriptors[0]}").read_text():
            raise Failure(f"{message} {descriptors}")
        os.close(descriptors[0])


def test_each_command_tells_its_flags(world):
    tare = world.programs / "tare-oci"
    listed = run([tare, "--help"])[1].split("Commands:\n")[1].split("\n\n")[0].splitlines()
    for name in (line.split()[0] for line in listed):
        if f"Usage: tare-oci {name}" not in run([tare, name, "--help"])[1]:
            raise Failure(name)


def test_update_takes_sizes_with_a_unit_and_refuses_what_does_not_fit(world):
    with temporary_folder() as folder:
        path = bundle(world, folder, "sleep", "60")
        command = [world.programs / "tare-oci", "--root", folder / "state"]
        subprocess.run([*command, "run", "--detach", "--bundle", path, "limited"], check=True, timeout=60,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            run([*command, "update", "--memory", "64M", "--pids-limit", "20", "limited"])
            memory = json.loads(run([*command, "events", "--stats", "limited"])[1])["data"]["memory"]
            if memory["usage"]["limit"] != 64 << 20:
                raise Failure(f"{memory}")
            run([*command, "update", "--memory-swap", "-1", "--memory", "-1", "limited"])
            code, _, error = run([*command, "update", "--blkio-weight", "100000", "limited"], check=False)
            if code != 1 or "out of range" not in error:
                raise Failure(f"{code} {error}")
        finally:
            run([*command, "delete", "--force", "limited"])


def test_delete_finds_all_that_a_create_made_before_it_was_killed(world):
    """SIGKILL at each fourth call of the kinds that make or write something, from the first to the last."""
    machine.need("strace")
    with temporary_folder() as folder:
        path = bundle(world, folder, "true")
        command = [world.programs / "tare-oci", "--root", folder / "state"]
        kills = 0
        for call in ("openat", "mkdir", "write", "close", "rename", "clone3", "sendmsg", "recvmsg", "bpf"):
            for number in range(1, 200, 4):
                trace = folder / "trace"
                create = [*command, "create", "--bundle", path, "killed"]
                subprocess.run(["strace", "-o", trace, "-e", f"inject={call}:signal=KILL:when={number}", *create],
                               timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
                run([*command, "delete", "--force", "killed"])
                left = [str(group) for group in pathlib.Path("/sys/fs/cgroup").glob("**/killed")]
                if left or list((folder / "state").glob("*")):
                    raise Failure(f"{call} {number}: {left} {list((folder / 'state').glob('*'))}")
                if "killed by SIGKILL" not in trace.read_text():
                    break
                kills += 1
        if kills < 30:
            raise Failure(f"killed {kills} times only")
