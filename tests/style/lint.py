#!/usr/bin/env python3
"""lint.py BUILD [SECONDS] < SOURCES: clang-tidy over the product's files that changed since they last passed.

A file that passes leaves a stamp in ~/.cache/tare-tidy named by the hash of all that the verdict rests on: its
text and that of every project header it reaches, its compile command, the checks, and clang-tidy's
version. So a second run costs nothing, and a change of one header rereads the files that include it.
With SECONDS, nothing is begun after that time: those changed last come first, the rest is the next run's.

Nearly all of the time goes into the standard library's headers, which every check walks through. So files
of different folders, whose names do not meet, are read as one; where they do meet, each is read by itself.
Tests are left out: they are half of the tree, and the sanitizers read them better."""
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time

TIDY = ["clang-tidy-19", "--quiet", "--config-file=.clang-tidy"]
INCLUDE = re.compile(rb'^#include "([^"]+)"', re.MULTILINE)
FINDING = re.compile(r"^(\S+?):\d+:\d+: error: .*\[([\w.-]+)", re.MULTILINE)
TOGETHER = 12


class Reader:
    """Texts and their transitive includes below src/, each read once."""

    def __init__(self):
        self.texts = {}

    def text(self, path):
        if path not in self.texts:
            self.texts[path] = pathlib.Path(path).read_bytes() if os.path.exists(path) else b""
        return self.texts[path]

    def reach(self, path):
        seen, left = set(), [path]
        while left:
            path = left.pop()
            if path not in seen:
                seen.add(path)
                left += ["src/" + name.decode() for name in INCLUDE.findall(self.text(path))]
        return seen


def flags_of(command):
    """What decides how a file is read: no output, no dependencies, no launcher."""
    words = shlex.split(command)
    words = words[next(place for place, word in enumerate(words) if "clang++" in word) + 1:]
    flags = words[:words.index("-o")]
    return tuple(word for word in flags if word != "-MD" and not word.endswith(".d") and word not in ("-MT", "-MF")
                 and not word.endswith(".o"))


def flags_by_file(build):
    root = os.getcwd()
    entries = json.loads((build / "compile_commands.json").read_text())
    return {os.path.relpath(entry["file"], root): flags_of(entry["command"]) for entry in entries}


def by_last_change(paths):
    """What is not committed first, then the files of the last commit, and so on."""
    def git(*words):
        return subprocess.run(["git", *words, "--name-only", "--", "src"], capture_output=True, text=True).stdout.split()
    changed = git("diff", "HEAD") + git("log", "-n", "500", "--format=")
    order = {path: place for place, path in reversed(list(enumerate(changed)))}
    return sorted(paths, key=lambda path: order.get(path, len(order)))


def together(paths, flags):
    """Lists of files of different folders and the same flags, in the order given as far as that goes."""
    open_batches, full = collections.defaultdict(list), []
    for path in paths:
        folder = os.path.dirname(path)
        batches = open_batches[flags[path]]
        batch = next((batch for batch in batches if all(os.path.dirname(other) != folder for other in batch)), None)
        if batch is None:
            batch = []
            batches.append(batch)
            full.append(batch)
        batch.append(path)
        if len(batch) == TOGETHER:
            batches.remove(batch)
    return full


class Linter:
    def __init__(self, flags, stamps, reader, seconds):
        self.reader = reader
        self.flags = flags
        self.stamps = stamps  # of each file
        self.deadline = time.monotonic() + seconds if seconds else None
        self.folder = tempfile.TemporaryDirectory(prefix="tare-lint-")

    def tidy(self, path, flags, *options):
        return subprocess.run([*TIDY, *options, str(path), "--", *flags], capture_output=True, text=True)

    def check(self, path):
        done = self.tidy(path, self.flags[path])
        if done.returncode == 0:
            self.stamps[path].touch()
            return True
        print(done.stdout or done.stderr, end="", flush=True)
        return False

    def check_batch(self, batch):
        """True or False for each file, None for those there was no time for."""
        if self.deadline and time.monotonic() > self.deadline:
            return [None] * len(batch)
        if len(batch) > 1:
            whole = pathlib.Path(self.folder.name) / (hashlib.sha256(" ".join(batch).encode()).hexdigest() + ".cpp")
            whole.write_text("".join(f'#include "{os.path.abspath(path)}"\n' for path in batch))
            done = self.tidy(whole, self.flags[batch[0]], "--checks=-bugprone-suspicious-include")
            found = FINDING.findall(done.stdout)
            if done.returncode == 0 or found and not any(check.startswith("clang-diagnostic") for _, check in found):
                print(done.stdout, end="", flush=True)
                return [self.passes(path, {os.path.relpath(place) for place, _ in found}) for path in batch]
        return [self.check(path) for path in batch]

    def passes(self, path, places):
        if self.reader.reach(path) & places:
            return False
        self.stamps[path].touch()
        return True


def main():
    build = pathlib.Path(sys.argv[1])
    folder = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tare-tidy"
    folder.mkdir(parents=True, exist_ok=True)
    flags, reader, root = flags_by_file(build), Reader(), os.getcwd()
    version = subprocess.run([TIDY[0], "--version"], capture_output=True, check=True).stdout
    fixed = version + pathlib.Path(".clang-tidy").read_bytes()
    stamps = {}
    for path in by_last_change(sys.stdin.read().split()):
        if path in flags and not re.search(r"_(test|fuzz)\.cpp$", path):
            digest = hashlib.sha256(fixed + " ".join(flags[path]).replace(root, "").encode())
            for name in sorted(reader.reach(path)):
                digest.update(name.encode() + b"\0" + reader.text(name))
            stamps[path] = folder / digest.hexdigest()
    linter = Linter(flags, stamps, reader, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    batches = together([path for path in stamps if not stamps[path].exists()], flags)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        passed = sum(pool.map(linter.check_batch, batches), [])
    left = passed.count(None)
    print(f"lint: {passed.count(False)} of {len(stamps)} files have findings, {len(passed) - left} were read now"
          + (f", {left} are left for the next run" if left else ""))
    return 1 if False in passed else 0


sys.exit(main())
