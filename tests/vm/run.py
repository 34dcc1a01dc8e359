#!/usr/bin/env python3
"""run.py [--report DIR] [--seconds N] PROGRAM...: runs test programs as root in a virtual machine.

The machine is Debian's own kernel with nothing but cgroup v2, an initramfs of busybox, the programs and the
libraries they load, and an ext4 on /var/tmp, as users have it: a clean kernel, whatever the host's is. Skips
itself (77) with the reason where qemu or the kernel cannot be had from apt.

What the programs report (GoogleTest's XML) comes out through the second serial port and goes to DIR."""
import argparse
import base64
import gzip
import io
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

SKIPPED = 77
MODULES = ("overlay", "veth", "bridge", "nf_tables", "nft_chain_nat", "nft_masq", "nft_nat", "nft_fib_inet", "nft_ct",
           "nf_conntrack", "xt_conntrack", "loop", "virtio_pci", "virtio_blk", "ext4", "tun", "dummy")
# What promises a time holds on a machine that is not translated.
FILTER = "-*takes_less_than*:*keeps_asking*:*_ms:*_in_time*"
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
# pivot_root does not leave an initramfs, so the tests live on a tmpfs.
mkdir /new; mount -t tmpfs -o size=1500m root /new
cd /; for entry in bin sbin etc lib lib64 tests usr; do [ ! -e $entry ] || cp -a $entry /new/; done
cd /new; mkdir -p dev proc sys tmp run root var/tmp var/lib; chmod 1777 tmp var/tmp
mount -t proc proc proc; mount -t sysfs sysfs sys; mount -t devtmpfs dev dev; mkdir -p dev/pts dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts dev/pts; mount -t tmpfs shm dev/shm
mount -t cgroup2 cgroup2 sys/fs/cgroup; mount -t securityfs securityfs sys/kernel/security
exec switch_root /new /bin/sh /tests/main
"""
MAIN = """export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TARE_BIN=/tests/bin LC_ALL=C.UTF-8
for module in $(cat /tests/modules); do insmod /lib/modules/$module 2>/dev/null; done
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do echo +$controller > /sys/fs/cgroup/cgroup.subtree_control; done
# The tests' directories: tmpfs takes attributes of users (user.*) from kernel 6.6 on only.
mount -t ext4 /dev/vda /var/tmp && chmod 1777 /var/tmp && mount -o bind /var/tmp /tmp
ip link set lo up; hostname vm; mkdir /tests/reports
for test in /tests/programs/*; do
	name=$(basename $test)
	echo "== $name"
	GTEST_OUTPUT=xml:/tests/reports/$name.xml GTEST_FILTER="@FILTER@" timeout @SECONDS@ $test --gtest_brief=1
	echo "== $name: exit code $?"
done
(cd /tests/reports && tar -cf - . | gzip | base64) > /dev/ttyS1
echo "== done"
sync; sleep 1; poweroff -f
"""


class Skip(Exception):
    pass


def run(command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise Skip(f"{' '.join(map(str, command))}: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


def find_qemu():
    if not shutil.which("qemu-system-x86_64"):
        print("vm: installing qemu", flush=True)
        run(["apt-get", "-qq", "-y", "install", "--no-install-recommends", "qemu-system-x86"],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    return shutil.which("qemu-system-x86_64")


def unpack(package, cache, tree):
    cache.mkdir(parents=True, exist_ok=True)
    run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", package], cwd=cache)
    run(["dpkg-deb", "-x", next(cache.glob(f"{package}_*.deb")), tree])


def fetch_kernel(cache):
    """Debian's kernel for virtual machines, unpacked: (vmlinuz, directory of its modules)."""
    tree = cache / "tree"
    if not list(tree.glob("boot/vmlinuz-*")):
        depends = run(["apt-cache", "depends", "linux-image-cloud-amd64"])
        package = re.search(r"Depends: (linux-image-\S+)", depends)
        if not package:
            raise Skip("apt knows no kernel for virtual machines")
        unpack(package.group(1), cache, tree)
    return next(tree.glob("boot/vmlinuz-*")), next((tree / "lib/modules").iterdir())


def fetch_apparmor_parser(cache):
    """The machine's kernel has AppArmor, whatever the host's has; its policy compiler is not installed here."""
    parser = cache / "apparmor/sbin/apparmor_parser"
    if not parser.exists():
        unpack("apparmor", cache, cache / "apparmor")
    return parser


def modules_in_order(folder):
    """The files of MODULES and of what they depend on, dependencies first; what is built in is absent."""
    files = {path.name.removesuffix(".ko").replace("-", "_"): path for path in folder.rglob("*.ko")}
    ordered = []

    def add(name):
        path = files.get(name.replace("-", "_"))
        if path is None or path in ordered:
            return
        found = re.search(rb"\0depends=([^\0]*)\0", path.read_bytes())
        for needed in (found.group(1).decode().split(",") if found else []):
            add(needed)
        ordered.append(path)

    for module in MODULES:
        add(module)
    return ordered


def libraries_of(program):
    listing = subprocess.run(["ldd", str(program)], capture_output=True, text=True).stdout
    return {pathlib.Path(path) for path in re.findall(r"(/\S+\.so\S*)", listing)}


def fill(root, programs, seconds, modules, parser):
    def put(source, target):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
        target.chmod(0o755)

    put("/bin/busybox", root / "bin/busybox")
    put(parser, root / "sbin/apparmor_parser")
    needed = libraries_of(parser)
    for program in programs:
        put(program, root / "tests/programs" / program.name)
        needed |= libraries_of(program)
    for program in sorted((programs[0].parent.parent / "bin").iterdir()):
        put(program, root / "tests/bin" / program.name)
        needed |= libraries_of(program)
    for library in needed:
        put(library.resolve(), root / str(library).lstrip("/"))
    for module in modules:
        put(module, root / "lib/modules" / module.name)
    (root / "tests/modules").write_text("\n".join(module.name for module in modules) + "\n")
    (root / "tests/main").write_text(MAIN.replace("@SECONDS@", str(seconds)).replace("@FILTER@", FILTER))
    (root / "etc").mkdir()
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n")
    (root / "etc/group").write_text("root:x:0:\ntty:x:5:\nnogroup:x:65534:\n")
    for name in ("dev", "proc", "sys"):
        (root / name).mkdir()
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)


def initramfs_of(root, target):
    names = subprocess.run(["find", ".", "-print0"], cwd=root, capture_output=True, check=True).stdout
    archive = subprocess.run(["/bin/busybox", "cpio", "-0", "-o", "-H", "newc"], cwd=root, input=names, capture_output=True).stdout
    target.write_bytes(gzip.compress(archive, 1))


def make_disk(target):
    with open(target, "wb") as disk:
        disk.truncate(2 << 30)
    run(["/sbin/mkfs.ext4", "-q", "-F", target])


def start(qemu, kernel, initramfs, disk, reports, seconds):
    """Shows the console of the machine as it runs, and gives all of its text. Translated always: nested
    virtualization, where a machine has it, hangs on some clouds, and these tests take half a minute."""
    command = [qemu, "-accel", "tcg,thread=multi", "-cpu", "max", "-nographic", "-no-reboot", "-m", "3072", "-smp", "2",
               "-nodefaults", "-machine", "q35", "-kernel", kernel, "-initrd", initramfs,
               "-drive", f"file={disk},format=raw,if=virtio,cache=unsafe", "-serial", "stdio", "-serial", f"file:{reports}",
               "-append", "console=ttyS0 quiet loglevel=1 panic=-1 cgroup_no_v1=all"]
    text, deadline = "", time.monotonic() + seconds
    with subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as machine:
        os.set_blocking(machine.stdout.fileno(), False)
        while time.monotonic() < deadline:
            has_ended = machine.poll() is not None
            chunk = (machine.stdout.read() or b"").decode(errors="replace").replace("\r", "")
            print(chunk, end="", flush=True)
            text += chunk
            if has_ended:
                return text
            time.sleep(0.1)
        machine.kill()
    return text


def run_programs(options):
    cache = pathlib.Path.home() / ".cache/tare-vm"
    qemu = find_qemu()
    kernel, modules = fetch_kernel(cache)
    with tempfile.TemporaryDirectory(prefix="tare-vm-") as folder:
        work = pathlib.Path(folder)
        (work / "root").mkdir()
        fill(work / "root", options.programs, options.seconds, modules_in_order(modules), fetch_apparmor_parser(cache))
        initramfs_of(work / "root", work / "initramfs")
        make_disk(work / "disk")
        console = start(qemu, kernel, work / "initramfs", work / "disk", work / "reports", options.seconds + 300)
        codes = re.findall(r"^== (\S+): exit code (\d+)$", console, re.MULTILINE)
        packed = base64.b64decode((work / "reports").read_bytes() or b"")
        if packed:
            with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
                archive.extractall(options.report, filter="data")
    if "== done" not in console:
        print("vm: the machine did not come to its end")
        return 1
    bad = [name for name, code in codes if code != "0"]
    print(f"vm: {len(codes)} programs, {len(bad)} failed {' '.join(bad)}")
    return 1 if bad or len(codes) != len(options.programs) else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--report", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("programs", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    options.programs = [path.resolve() for path in options.programs if path.exists()]
    shutil.rmtree(options.report, ignore_errors=True)
    options.report.mkdir(parents=True)
    try:
        return run_programs(options)
    except Skip as skip:
        print(f"vm: SKIPPED: {skip}")
        report = '<testsuite name="vm"><testcase classname="vm" name="machine"><skipped message={}/></testcase></testsuite>'
        from xml.sax.saxutils import quoteattr
        (options.report / "vm.xml").write_text(report.format(quoteattr(f"vm: {skip}")))
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
