#!/usr/bin/env python3
"""style.py ROOT: the rules of the source tree that a compiler does not hold.

Arrows between folders (layers.txt), kernel headers and close() in posix/ alone, third-party headers
in their one room, TRY outside braced lists, file names, a README in every folder, no promise in place of
code, and the size of ARCHITECTURE.md. Prints a line a breach; exits 1 if there is one."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
SRC = ROOT / "src"
breaches = []


def breach(path, line, message):
    breaches.append(f"{path.relative_to(ROOT)}:{line}: {message}")


def read_layers():
    """folder -> folders that it may include; a line may name only folders above it."""
    layers = {}
    for number, line in enumerate((ROOT / "layers.txt").read_text().splitlines(), 1):
        match = re.match(r"^([a-z0-9/-]+):\s*(.*)$", line)
        if not match:
            continue
        folder, allowed = match.group(1), match.group(2).split()
        for lower in allowed:
            if lower not in layers:
                breach(ROOT / "layers.txt", number, f"{folder} names {lower}, which stands below it")
        layers[folder] = set(allowed)
    return layers


def folder_of(include, layers):
    """The layered folder that an include path lies in, or None for one that is not ours."""
    parts = include.split("/")[:-1]
    while parts:
        if "/".join(parts) in layers:
            return "/".join(parts)
        parts.pop()
    return None


# Kernel interfaces have one place; tests may look at the kernel themselves.
KERNEL = re.compile(
    r"<(sys/(mount|prctl|syscall|ioctl|socket|epoll|eventfd|inotify|signalfd|timerfd|xattr|un|mman|sendfile|ptrace|reboot|swap)"
    r"|sched|linux/(openat2|close_range|mount|netlink|rtnetlink|if_link|sched)|grp|pwd|termios|pty|dirent|poll)\.h>")
# libmnl moves the bytes; what they mean stands in the kernel's own structs.
NETLINK = re.compile(r"<linux/(netlink|rtnetlink|if_link)\.h>")
THIRD_PARTY = {
    r"sqlite3\.h": ("store",),
    r"grpc.*": ("api/containerd", "api/cri", "cli/ctr", "cli/cri"),
    r"seccomp\.h": ("run/runtime",),
    r"fuse.*": ("image/lazy",),
    r"libtorrent/.*": ("image/p2p",),
    r"openssl/.*": ("base", "wire/http", "image/sign", "image/crypt"),
    r"curl/.*": ("wire/http",),
    r"boost/.*": ("wire/http",),
    r"rapidjson/.*": ("base",),
    r"protozero/.*": ("wire/ttrpc", "run/task", "run/shim"),
    r"(isa-l/)?igzip_lib\.h|zstd\.h|isa-l.*": ("image/layer",),
    r"libmnl/.*|libnftables?/.*|nftables/.*": ("engine/network",),
    r"toml\+\+/.*": ("base",),  # base/toml.h: one configuration for all
}
VAGUE = re.compile(r"(^|_)(utils?|helpers?|manager|misc|common)(_|\.|$)")
# Comments, raw strings, strings and characters, for what reads code alone.
TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
BLOCK = re.compile(r"(^|[)\];}:]|\b(else|do|try|const|noexcept|override|mutable)|->\s*[\w:<>,\s*&]+"
                   r"|\b(namespace|struct|class|union|enum)\b[^;{}()=]*)$")
TOKEN = re.compile(r"[(){}\[\]]|\bTRY(_CONTEXT)?\(")
PROMISE = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))")


def check_includes(path, folder, layers):
    is_test = re.search(r"_(test|suite|fixture)\.(cpp|h)$", path.name)
    text = path.read_text()
    # A method may be called close; the one of unistd.h may not be called.
    closes = r"(?<![\w.>])(::)?close\(" if "<unistd.h>" in text else r"(?<!\w)::close\("
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'#include "([^"]+)"', line)
        if match:
            target = folder_of(match.group(1), layers)
            if target is None:
                breach(path, number, f"{match.group(1)} is in no folder of layers.txt")
            elif target != folder and target not in layers[folder]:
                breach(path, number, f"forbidden arrow: {folder} -> {target}")
        is_netlink = folder == "engine/network" and NETLINK.search(line)
        if not is_test and folder != "posix" and not is_netlink and KERNEL.search(line):
            breach(path, number, "kernel header outside posix/")
        match = re.match(r"#include <([^>]+)>", line)
        if match and not is_test:
            for pattern, rooms in THIRD_PARTY.items():
                if re.fullmatch(pattern, match.group(1)) and folder not in rooms:
                    breach(path, number, f"<{match.group(1)}> belongs to {', '.join(rooms)}")
        code = line.split("//")[0]
        if not is_test and folder != "posix" and re.search(closes, code):
            breach(path, number, "close( by hand; posix::Fd owns descriptors")
        if PROMISE.search(line):
            breach(path, number, "a promise in place of code")


def check_try(path):
    """g++ 12 does not destroy the members made so far when TRY leaves a braced list: TRY stands before it."""
    text = TEXT.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), path.read_text())
    is_list = [False]  # for each open bracket: is it, or does it lie in, a braced list of values
    for token in TOKEN.finditer(text):
        word = token.group()
        if word.startswith("TRY") and is_list[-1]:
            breach(path, text.count("\n", 0, token.start()) + 1, "TRY in a braced list; name its value before")
        if word == "{":
            before = text[max(0, token.start() - 300):token.start()].rstrip()
            is_list.append(is_list[-1] if before.endswith("{") else not BLOCK.search(before))
        elif word in (")", "]", "}"):
            is_list.pop()
        else:
            is_list.append(is_list[-1])


def check_names(path):
    if not re.fullmatch(r"[a-z0-9_]+\.(cpp|h|sql|json)|README\.md", path.name):
        breach(path, 1, "file names are lower case with underscores")
    if VAGUE.search(path.name):
        breach(path, 1, "a file is a noun of the field")
    if path.suffix == ".h" and "#pragma once" not in path.read_text():
        breach(path, 1, "header without #pragma once")


def main():
    layers = read_layers()
    folders = set()
    for path in sorted(SRC.rglob("*")):
        if not path.is_file():
            continue
        relative = path.relative_to(SRC)
        folder = folder_of(str(relative), layers)
        if folder is None:
            breach(path, 1, "its folder has no line in layers.txt")
            continue
        folders.add(folder)
        check_names(path)
        if path.suffix in (".cpp", ".h"):
            check_includes(path, folder, layers)
            check_try(path)
    for folder in sorted(folders):
        if not folder.startswith("apps/") and not (SRC / folder / "README.md").exists():
            breach(SRC / folder, 0, "folder without README.md")
    architecture = (ROOT / "ARCHITECTURE.md").read_text().splitlines()
    if len(architecture) > 60:
        breach(ROOT / "ARCHITECTURE.md", len(architecture), "more than 60 lines")
    for line in breaches:
        print(line)
    print(f"style: {len(breaches)} breaches in {len(folders)} folders")
    return 1 if breaches else 0


sys.exit(main())
