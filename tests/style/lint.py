#!/usr/bin/env python3
"""lint.py BUILD [SECONDS] < SOURCES: clang-tidy over the product's files that changed since they last passed.

A file that passes leaves a stamp in ~/.cache/tare-tidy named by the hash of all that the verdict rests on: its
text and that of every project header it reaches, its compile command, the checks, and clang-tidy's
version. So a second run costs nothing, and a change of one header rereads the files that include it.
With SECONDS, no file is begun after that time: those changed last come first, the rest is the next run's.
Tests are left out: they are half of the tree, and the sanitizers read them better."""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

TIDY = "clang-tidy-19"
INCLUDE = re.compile(rb'^#include "([^"]+)"', re.MULTILINE)


class Reader:
    """Texts and their transitive includes below src/, each read once."""

    def __init__(self):
        self.texts = {}
        self.reached = {}

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


def commands_of(build):
    root = os.getcwd()
    entries = json.loads((build / "compile_commands.json").read_text())
    return {os.path.relpath(entry["file"], root): entry["command"].replace(root, "") for entry in entries}


def stamp_of(path, command, reader, fixed):
    digest = hashlib.sha256(fixed + command.encode())
    for name in sorted(reader.reach(path)):
        digest.update(name.encode() + b"\0" + reader.text(name))
    return digest.hexdigest()


def by_last_change(paths):
    """What is not committed first, then the files of the last commit, and so on."""
    log = subprocess.run(["git", "log", "-n", "500", "--format=", "--name-only", "--", "src"], capture_output=True, text=True).stdout
    changed = subprocess.run(["git", "diff", "HEAD", "--name-only"], capture_output=True, text=True).stdout
    order = {path: place for place, path in reversed(list(enumerate(changed.split() + log.split())))}
    return sorted(paths, key=lambda path: order.get(path, len(order)))


def check(path, build, stamp, deadline):
    """True if it passes, None if there was no time to read it."""
    if deadline and time.monotonic() > deadline:
        return None
    done = subprocess.run([TIDY, "--quiet", "-p", str(build), path], capture_output=True, text=True)
    if done.returncode == 0:
        stamp.touch()
        return True
    print(done.stdout or done.stderr, end="", flush=True)
    return False


def main():
    build = pathlib.Path(sys.argv[1])
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    deadline = time.monotonic() + seconds if seconds else None
    stamps = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tare-tidy"
    stamps.mkdir(parents=True, exist_ok=True)
    commands, reader = commands_of(build), Reader()
    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    fixed = version + pathlib.Path(".clang-tidy").read_bytes()
    todo, count = [], 0
    for path in by_last_change(sys.stdin.read().split()):
        if path in commands and not re.search(r"_(test|fuzz)\.cpp$", path):
            stamp = stamps / stamp_of(path, commands[path], reader, fixed)
            count += 1
            if not stamp.exists():
                todo.append((path, build, stamp, deadline))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        passed = list(pool.map(lambda work: check(*work), todo))
    left = passed.count(None)
    print(f"lint: {passed.count(False)} of {count} files have findings, {len(todo) - left} were read now"
          + (f", {left} are left for the next run" if left else ""))
    return 1 if False in passed else 0


sys.exit(main())
