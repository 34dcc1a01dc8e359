#!/usr/bin/env python3
"""leaks.py before|after FILE BUILD: what a machine holds before the tests that need root, and whether
they left something of it behind.

Looked at: mounts, control groups, named network namespaces, network links, nftables tables, loop
devices, and processes whose program lies below BUILD. `after` waits a few seconds, since the kernel
takes a namespace apart in its own time; then each thing that is new is a line, and the exit code 1."""
import json
import os
import pathlib
import subprocess
import sys
import time

PATIENCE_SECONDS = 10


def mounts():
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as lines:
        return {f"mount {fields[4]}" for fields in map(str.split, lines)}


def control_groups():
    # Systemd makes and drops groups of its own at any time.
    found = set()
    for root, folders, _ in os.walk("/sys/fs/cgroup"):
        folders[:] = [name for name in folders if not name.endswith((".slice", ".scope", ".service", ".mount"))]
        found.update(f"cgroup {root}/{name}" for name in folders)
    return found


def links():
    return {f"network link {name}" for name in os.listdir("/sys/class/net")}


def network_namespaces():
    folder = pathlib.Path("/run/netns")
    return {f"network namespace {path}" for path in folder.iterdir()} if folder.exists() else set()


def tables():
    try:
        out = subprocess.run(["nft", "-j", "list", "tables"], capture_output=True, text=True, timeout=30).stdout
        found = [item["table"] for item in json.loads(out)["nftables"] if "table" in item]
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired):
        return set()
    return {f"nft table {table['family']} {table['name']}" for table in found}


def loop_devices():
    files = pathlib.Path("/sys/block").glob("loop*/loop/backing_file")
    return {f"loop device {path.parts[3]}" for path in files}


def processes(build):
    found = set()
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            program = os.readlink(path / "exe")
            command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if program.startswith(build) and not program.endswith("ctest"):
            found.add(f"process {path.name} {command.strip()[:120]}")
    return found


def holdings(build):
    return (mounts() | control_groups() | links() | network_namespaces() | tables() | loop_devices() | processes(build))


def main():
    mode, file, build = sys.argv[1:4]
    build = os.path.realpath(build) + "/"
    if mode == "before":
        pathlib.Path(file).write_text(json.dumps(sorted(holdings(build))))
        return 0
    before = set(json.loads(pathlib.Path(file).read_text()))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (left := holdings(build) - before) and time.monotonic() < deadline:
        time.sleep(0.2)
    for thing in sorted(left):
        print(f"left behind: {thing}")
    return 1 if left else 0


sys.exit(main())
