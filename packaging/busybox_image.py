#!/usr/bin/env python3
"""busybox_image.py BUSYBOX NAME OUTPUT: a small image out of Debian's static busybox, as `docker save` writes one.

The same busybox gives the same bytes: times, owners and the order of members are fixed."""
import gzip
import hashlib
import io
import json
import platform
import subprocess
import sys
import tarfile

CREATED = "2023-01-01T00:00:00Z"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
DIRECTORIES = {"bin": 0o755, "dev": 0o755, "etc": 0o755, "home": 0o755, "proc": 0o555, "root": 0o700, "run": 0o755,
               "sbin": 0o755, "sys": 0o555, "tmp": 0o1777, "usr": 0o755, "usr/bin": 0o755, "usr/sbin": 0o755,
               "var": 0o755, "var/log": 0o755, "var/tmp": 0o1777}
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
                  "www-data:x:33:33:www-data:/var/www:/bin/false\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\ndaemon:x:1:\ntty:x:5:\nwww-data:x:33:\nnogroup:x:65534:\n",
}


def add(archive, name, data=b"", mode=0o644, kind=tarfile.REGTYPE, target=""):
    member = tarfile.TarInfo(name)
    member.mode, member.type, member.linkname, member.size = mode, kind, target, len(data)
    archive.addfile(member, io.BytesIO(data))


def layer_of(busybox):
    program = open(busybox, "rb").read()
    applets = subprocess.run([busybox, "--list-full"], check=True, capture_output=True, text=True).stdout.split()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, mode in DIRECTORIES.items():
            add(archive, name, mode=mode, kind=tarfile.DIRTYPE)
        add(archive, "bin/busybox", program, 0o755)
        for name, text in FILES.items():
            add(archive, name, text.encode())
        for applet in sorted(applets):
            if applet.split("/")[-1] != "busybox" and "/".join(applet.split("/")[:-1]) in DIRECTORIES:
                add(archive, applet, mode=0o777, kind=tarfile.SYMTYPE, target="/bin/busybox")
    return buffer.getvalue()


def main():
    busybox, name, output = sys.argv[1:]
    layer = layer_of(busybox)
    diff_id = hashlib.sha256(layer).hexdigest()
    config = json.dumps({
        "architecture": ARCHITECTURES[platform.machine()], "os": "linux", "created": CREATED,
        "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["sh"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + diff_id]},
        "history": [{"created": CREATED, "created_by": "Debian's busybox-static"}],
    }, sort_keys=True).encode()
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = json.dumps([{"Config": config_name, "RepoTags": [name], "Layers": [diff_id + "/layer.tar"]}]).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        add(archive, config_name, config)
        add(archive, diff_id + "/layer.tar", layer)
        add(archive, "manifest.json", manifest)
    with open(output, "wb") as file:
        file.write(gzip.compress(buffer.getvalue(), 9, mtime=0))


main()
