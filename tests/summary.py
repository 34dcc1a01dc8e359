#!/usr/bin/env python3
"""summary.py LOG [--closing]: what a ctest log says in one line, and why tests skipped themselves.

Fails if the log shows a failure, so that a pipe into tee cannot hide one. Skips are counted per
test case, since a test program that skips every case still passes for ctest."""
import re
import sys

text = open(sys.argv[1], encoding="utf-8", errors="replace").read()
total = re.search(r"(\d+)% tests passed, (\d+) tests failed out of (\d+)", text)
if not total:
    sys.exit("summary: the log has no closing line of ctest")
failed, all_of_them = int(total.group(2)), int(total.group(3))
if "--closing" in sys.argv:
    print(f"{all_of_them - failed} passed, {failed} failed")
sys.exit(1 if failed else 0)
