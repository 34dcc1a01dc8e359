#!/usr/bin/env python3
"""summary.py BUILD [FAILED-STAGE...]: every test case of a run in one line.

Reads below BUILD what ctest (*/reports/ctest.xml) and the test programs (*/reports/NAME.xml or
*/reports/NAME/*.xml, JUnit's format) reported. A program that has no report of its own counts as one
test, and so does one that failed although its cases passed: it crashed, hung or left something behind.
Prints each failure, the skipped cases by reason, and last `N passed, N failed, N skipped`."""
import collections
import pathlib
import re
import sys
import xml.etree.ElementTree as xml


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = collections.Counter()


def reason_of(element):
    """GoogleTest writes the place, then what the test streamed; ctest's runners the message alone."""
    text = (element.get("message") or element.text or "").strip()
    lines = [line for line in text.splitlines() if line and not re.match(r"^\S+\.cpp:\d+$", line)]
    return " ".join(lines).removeprefix("Skipped").strip() or "no reason given"


def read_cases(files, where, tally):
    """True if a case failed."""
    failed = False
    for file in files:
        for case in xml.parse(file).iter("testcase"):
            name = f"{where}: {case.get('classname')}.{case.get('name')}"
            if case.find("failure") is not None or case.find("error") is not None:
                tally.failed.append(name)
                failed = True
            elif case.find("skipped") is not None:
                tally.skipped[reason_of(case.find("skipped"))] += 1
            elif case.get("status") != "notrun":
                tally.passed += 1
    return failed


def read_run(report, tally):
    folder = report.parent
    where = folder.parent.name
    for test in xml.parse(report).iter("testcase"):
        name = test.get("name")
        files = [folder / f"{name}.xml"] if (folder / f"{name}.xml").exists() else sorted((folder / name).glob("*.xml"))
        broken = test.get("status") == "fail" or test.find("failure") is not None
        if test.find("skipped") is not None and not files:
            tally.skipped[f"{name}: {reason_of(test.find('skipped'))}"] += 1
            continue
        try:
            failed = read_cases(files, where, tally)
        except xml.ParseError:
            failed = False
        if broken and not failed:
            tally.failed.append(f"{where}: {name} (the program itself failed)")
        elif not broken and not files:
            tally.passed += 1


def main():
    tally = Tally()
    for report in sorted(pathlib.Path(sys.argv[1]).glob("*/reports/ctest*.xml")):
        read_run(report, tally)
    for name in tally.failed:
        print(f"failed: {name}")
    for reason, count in tally.skipped.most_common():
        print(f"skipped {count}: {reason}")
    for stage in sys.argv[2:]:
        print(f"failed stage: {stage}")
    failed = len(tally.failed) or len(sys.argv[2:])
    print(f"{tally.passed} passed, {failed} failed, {sum(tally.skipped.values())} skipped")
    return 1 if failed else 0


sys.exit(main())
