"""The images of the tests, out of Debian's packages. Built once a run and pushed where a test needs them."""
import os
import pathlib
import shutil
import tarfile
import tempfile

import debian
from oci_image import Image, Index, Layer, tar_of

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PASSWD = """root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
carol:x:1000:1000:Carol:/home/carol:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
"""
GROUP = "root:x:0:\ndaemon:x:1:\nwww-data:x:33:\nstaff:x:50:carol\ncarol:x:1000:\nnogroup:x:65534:\n"
NGINX = """user www-data;
worker_processes 1;
pid /run/nginx.pid;
error_log /dev/stderr notice;
events { worker_connections 64; }
http {
    access_log /dev/stdout;
    default_type text/html;
    server { listen 80; root /var/www; }
}
"""


class Images:
    """Each property is built when first asked for."""

    def __init__(self, cache):
        self._packages = debian.Packages(pathlib.Path(cache) / "packages")
        self._architecture = debian.architecture()
        self._made = {}

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._made:
            with tempfile.TemporaryDirectory(prefix="tare-image-") as folder:
                self._made[name] = getattr(self, f"_make_{name}")(pathlib.Path(folder))
        return self._made[name]

    def _image(self, layers, **options):
        config = {"Env": [PATH], **options.pop("config", {})}
        return Image(layers, config, options.pop("architecture", self._architecture), **options)

    def _make_base_layer(self, root):
        """busybox with its applets, and what programs look for in /etc."""
        for name in ("bin", "dev", "etc", "home/carol", "proc", "root", "run", "sbin", "sys", "tmp", "usr/bin", "var/tmp"):
            (root / name).mkdir(parents=True)
        (root / "tmp").chmod(0o1777)
        (root / "var/tmp").chmod(0o1777)
        (root / "root").chmod(0o700)
        shutil.copy2("/bin/busybox", root / "bin/busybox")
        for applet in os.popen("/bin/busybox --list").read().split():
            if applet != "busybox":
                (root / "bin" / applet).symlink_to("busybox")
        (root / "etc/passwd").write_text(PASSWD)
        (root / "etc/group").write_text(GROUP)
        (root / "etc/os-release").write_text('NAME="test image"\nID=test\n')
        return Layer(tar_of(root))

    def _make_busybox(self, _):
        return self._image([self.base_layer], config={"Cmd": ["sh"]})

    def _make_docker_types(self, _):
        return self._image([self.base_layer], config={"Cmd": ["sh"], "Labels": {"kind": "schema2"}}, docker_types=True)

    def _make_many_platforms(self, root):
        (root / "platform").write_text("another one\n")
        others = [self._image([Layer(tar_of(root))], config={"Cmd": ["sh"]}, architecture=name)
                  for name in ("s390x", "riscv64")]
        return Index(*others[:1], self.busybox, *others[1:])

    def _make_foreign(self, root):
        (root / "platform").write_text("only another one\n")
        return Index(self._image([Layer(tar_of(root))], architecture="s390x"))

    def _make_whiteouts(self, root):
        """Layers that hide: a file, and all of a directory that then gets new content."""
        below = root / "1"
        (below / "kept").mkdir(parents=True)
        (below / "opaque").mkdir()
        for name in ("kept/gone", "kept/stays", "opaque/old"):
            (below / name).write_text(name + "\n")
        above = root / "2"
        (above / "kept").mkdir(parents=True)
        (above / "opaque").mkdir()
        (above / "kept/.wh.gone").touch()
        (above / "opaque/.wh..wh..opq").touch()
        (above / "opaque/new").write_text("new\n")
        return self._image([self.base_layer, Layer(tar_of(below)), Layer(tar_of(above))], config={"Cmd": ["sh"]})

    def _make_defaults(self, root):
        """Everything that a container takes over from its image."""
        (root / "data").mkdir()
        (root / "data/from-image").write_text("copied up\n")
        (root / "work").mkdir()
        owned = tarfile.TarInfo("data/of-carol")
        owned.uid = owned.gid = 1000
        owned.size = 5
        return self._image([self.base_layer, Layer(tar_of(root, [(owned, b"hers\n")]))], config={
            "Entrypoint": ["/bin/echo", "entry"], "Cmd": ["default"], "Env": [PATH, "COLOR=green"], "User": "carol",
            "WorkingDir": "/work", "Volumes": {"/data": {}}, "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
            "Labels": {"maintainer": "tests", "tier": "image"}, "StopSignal": "SIGUSR1",
        })

    def _make_healthy(self, _):
        return self._image([self.base_layer], config={"Cmd": ["sleep", "600"], "Healthcheck": {
            "Test": ["CMD-SHELL", "test -e /tmp/well"], "Interval": 1_000_000_000, "Timeout": 5_000_000_000,
            "Retries": 2}})

    def _make_nginx(self, root):
        self._packages.unpack("libc6", "nginx", "libpcre2-8-0", "libcrypt1", "libssl3", "zlib1g")
        self._packages.install("usr/sbin/nginx", root)
        for name in ("etc/nginx", "var/www", "var/lib/nginx", "var/log/nginx"):
            (root / name).mkdir(parents=True, exist_ok=True)
        (root / "etc/nginx/nginx.conf").write_text(NGINX)
        (root / "var/www/index.html").write_text("<p>nginx in a container</p>\n")
        return self._image([self.base_layer, Layer(tar_of(root))], config={
            "Cmd": ["nginx", "-g", "daemon off;"], "ExposedPorts": {"80/tcp": {}}, "StopSignal": "SIGQUIT"})

    def _make_debian(self, root):
        names = ("base-files", "bash", "coreutils", "dash", "grep", "hostname", "libacl1", "libattr1", "libc6", "libgmp10",
                 "libpcre2-8-0", "libselinux1", "libtinfo6", "procps", "libproc2-0", "sed", "login", "libcrypt1")
        system = debian.Packages(self._packages.cache / "debian")
        system.unpack(*names)
        shutil.copytree(system.root, root, symlinks=True, dirs_exist_ok=True)
        (root / "bin/sh").unlink(missing_ok=True)
        (root / "bin/sh").symlink_to("dash")
        (root / "etc/passwd").write_text(PASSWD)
        (root / "etc/group").write_text(GROUP)
        return self._image([Layer(tar_of(root))], config={"Cmd": ["bash"]})
