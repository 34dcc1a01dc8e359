#!/usr/bin/env python3
"""run.py [--bin DIR] [--cache DIR] [--report FILE] [--reference] [NAME-PART...]

Runs the tests of the test_*.py files beside it whose `file: sentence` holds one of the parts (all of them
without one), against real processes: a line a test, and `N passed, N failed, N skipped`. Every test gets a
World. --reference plays the sessions against docker's own daemon instead of tared."""
import argparse
import contextlib
import importlib
import inspect
import os
import pathlib
import sys
import time
import traceback
import xml.etree.ElementTree as xml

import daemon
import registry
from images import Images
from machine import Failure, Skip

HERE = pathlib.Path(__file__).resolve().parent
CLIENTS = {"tare": "tare", "docker": "/usr/local/bin/docker", "docker-20.10": "/usr/bin/docker"}


class World:
    """What tests share: the programs, the images, one plain registry."""

    def __init__(self, options, stack):
        self.programs = options.bin
        self.reference = options.reference
        self.images = Images(options.cache)
        self._stack = stack
        self._registry = None

    @property
    def registry(self):
        if self._registry is None:
            self._registry = self._stack.enter_context(registry.plain())
        return self._registry

    def daemon(self, root=None):
        return daemon.running(self.programs, root, daemon.Dockerd if self.reference else daemon.Daemon)

    def clients(self):
        """Names of the clients on this machine; tare is always one."""
        return [name for name, path in CLIENTS.items() if name == "tare" or os.access(path, os.X_OK)]

    def client(self, name):
        return CLIENTS[name]


def find_tests(parts):
    """(title, function) in the order of the files. A test function may carry `cases`: one test for each."""
    found = []
    for path in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(path.stem)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if not name.startswith("test_"):
                continue
            title = f"{path.stem.removeprefix('test_')}: {name.removeprefix('test_').replace('_', ' ')}"
            cases = [(f"{title} [{case}]", lambda world, f=function, c=case: f(world, c))
                     for case in getattr(function, "cases", [])]
            found += cases or [(title, function)]
    return [test for test in found if not parts or any(part in test[0] for part in parts)]


def run_test(function, world):
    """(outcome, message)"""
    try:
        function(world)
        return "ok", ""
    except Skip as skip:
        return "skipped", str(skip)
    except Failure as failure:
        return "FAILED", str(failure)
    except Exception:  # a fault of the test is a failure of the test
        return "FAILED", traceback.format_exc()


def write_report(path, results):
    suite = xml.Element("testsuite", name="e2e")
    for title, outcome, message, seconds in results:
        case = xml.SubElement(suite, "testcase", classname="e2e", name=title, time=f"{seconds:.2f}")
        if outcome != "ok":
            xml.SubElement(case, "skipped" if outcome == "skipped" else "failure", message=message[:4000])
    path.parent.mkdir(parents=True, exist_ok=True)
    xml.ElementTree(suite).write(path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, default=os.environ.get("TARE_BIN", "build/release/bin"))
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path.home() / ".cache/tare-e2e")
    parser.add_argument("--report", type=pathlib.Path)
    parser.add_argument("--reference", action="store_true")
    parser.add_argument("parts", nargs="*")
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    results = []
    with contextlib.ExitStack() as stack:
        world = World(options, stack)
        for title, function in find_tests(options.parts):
            started = time.monotonic()
            outcome, message = ("skipped", "needs root") if os.geteuid() != 0 else run_test(function, world)
            results.append((title, outcome, message, time.monotonic() - started))
            print(f"{outcome:8}{title} ({results[-1][3]:.1f} s)", *message.splitlines(), sep="\n    ", flush=True)
    if options.report:
        write_report(options.report, results)
    count = {name: sum(1 for result in results if result[1] == name) for name in ("ok", "FAILED", "skipped")}
    print(f"{count['ok']} passed, {count['FAILED']} failed, {count['skipped']} skipped")
    return 1 if count["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main())
