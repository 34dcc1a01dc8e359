"""Programs out of Debian's packages, with the libraries they need and nothing else."""
import os
import pathlib
import re
import shutil
import subprocess

from machine import Skip, run


class Packages:
    """Packages by name, downloaded once into `cache` and unpacked into one tree, `root`."""

    def __init__(self, cache):
        self.cache = pathlib.Path(cache)
        self.cache.mkdir(parents=True, exist_ok=True)
        self.root = self.cache / "tree"

    def unpack(self, *names):
        missing = [name for name in names if not list(self.cache.glob(f"{name}_*.deb"))]
        if missing:
            self._download(missing)
        self.root.mkdir(exist_ok=True)
        for name in names:
            stamp = self.cache / f"{name}.unpacked"
            if not stamp.exists():
                run(["dpkg-deb", "-x", sorted(self.cache.glob(f"{name}_*.deb"))[-1], self.root])
                stamp.touch()

    def _download(self, names):
        apt = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root"]
        code, _, error = run([*apt, "download", *names], seconds=300, check=False, cwd=self.cache)
        if code != 0:  # a fresh machine has no lists of packages yet, an old one names versions that have gone
            run([*apt, "update"], seconds=300, check=False)
            code, _, error = run([*apt, "download", *names], seconds=300, check=False, cwd=self.cache)
        if code != 0:
            why = (error.strip().splitlines() or [f"exit code {code}"])[-1]
            raise Skip(f"this test's image is made of Debian packages, and apt-get download {' '.join(names)} failed: {why}")

    def install(self, program, root, target=None):
        """Copies `program` of the tree and its library closure into an image's `root`."""
        _copy(self.root / program, root / (target or program))
        loader = next(path for path in sorted(self.root.glob("lib*/ld-linux*.so.*")) if path.exists())
        folders = [self.root / "lib" / self._triplet(), self.root / "usr/lib" / self._triplet()]
        listing = subprocess.run([loader, "--library-path", ":".join(map(str, folders)), "--list", self.root / program],
                                 capture_output=True, text=True, check=True).stdout
        for path in re.findall(r"=> (/\S+)", listing):
            _copy(pathlib.Path(path), root / "lib" / self._triplet() / os.path.basename(path))
        _copy(loader, root / "lib64" / loader.name)

    def _triplet(self):
        return next(path.name for path in (self.root / "lib").iterdir() if path.name.endswith("-linux-gnu"))


def _copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        shutil.copy2(source.resolve(), target)


def architecture():
    return run(["dpkg", "--print-architecture"])[1].strip()
