"""Sessions: files of commands and what they print, run in one shell.

    ## a chapter
    $ tare run --rm busybox echo hello
    hello
    $ tare rm nobody
    Error response from daemon: No such container: nobody
    [1]

A line after `$ ` is a command (more lines of it begin with `> `); then follow its lines, standard error
among them, and `[code]` if it is not 0. In an expected line `$NAME` of the session's variables is replaced,
`(re)` at the end makes it a regular expression, and `...` alone stands for any number of lines."""
import difflib
import os
import re
import select
import subprocess
import time

MARK = "--end-of-output-7f3a--"


class Step:
    def __init__(self, line, command):
        self.line, self.command, self.expected, self.code = line, command, [], 0


class Chapter:
    def __init__(self, name):
        self.name, self.steps = name, []


def read(path):
    chapters = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("## "):
            chapters.append(Chapter(line[3:]))
        elif line.startswith("# ") or not chapters:
            continue
        elif line.startswith("$ "):
            chapters[-1].steps.append(Step(number, line[2:]))
        elif line.startswith("> "):
            chapters[-1].steps[-1].command += "\n" + line[2:]
        elif re.fullmatch(r"\[\d+\]", line):
            chapters[-1].steps[-1].code = int(line[1:-1])
        elif line or chapters[-1].steps:
            chapters[-1].steps[-1].expected.append(line)
    for chapter in chapters:
        for step in chapter.steps:  # the empty line before the next heading
            while step.expected and not step.expected[-1]:
                step.expected.pop()
    return chapters


class Shell:
    """One shell that lives through a session; a new one after a command that did not end."""

    def __init__(self, environment, folder):
        self._environment, self._folder, self._child = environment, folder, None

    def run(self, command, seconds):
        """(code, lines); code None if the command did not end in time or ended the shell."""
        if self._child is None:
            self._child = subprocess.Popen(["/bin/bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                           stderr=subprocess.STDOUT, env=self._environment, cwd=self._folder,
                                           start_new_session=True)
        script = f"{{ {command}\n}} </dev/null 2>&1\necho \"\n{MARK} $?\"\n"
        self._child.stdin.write(script.encode())
        self._child.stdin.flush()
        text, deadline = "", time.monotonic() + seconds
        while not (end := re.search(rf"\n{MARK} (\d+)\n$", text)):
            ready, _, _ = select.select([self._child.stdout], [], [], max(0.0, deadline - time.monotonic()))
            chunk = os.read(self._child.stdout.fileno(), 65536).decode(errors="replace") if ready else ""
            if not chunk:
                self.close()
                return None, text.splitlines()
            text += chunk
        return int(end.group(1)), text[:end.start()].replace("\r\n", "\n").splitlines()

    def close(self):
        if self._child:
            os.killpg(self._child.pid, 9)
            self._child.communicate()
            self._child = None


def matches(expected, actual, variables):
    """Whether the lines agree; `...` is tried against every number of lines."""
    if not expected:
        return not actual
    if expected[0] == "...":
        return any(matches(expected[1:], actual[skip:], variables) for skip in range(len(actual) + 1))
    return bool(actual) and line_matches(expected[0], actual[0], variables) and matches(expected[1:], actual[1:], variables)


def line_matches(pattern, line, variables):
    for name, value in variables.items():
        pattern = pattern.replace(f"${name}", re.escape(value) if pattern.endswith(" (re)") else value)
    if pattern.endswith(" (re)"):
        return re.fullmatch(pattern.removesuffix(" (re)"), line) is not None
    return pattern.rstrip() == line.rstrip()


def play(chapter, shell, variables, seconds=30.0):
    """What did not go as written, as text; empty if all did."""
    complaints = []
    for step in chapter.steps:
        code, lines = shell.run(step.command, seconds)
        if code == step.code and matches(step.expected, lines, variables):
            continue
        shown = [*lines, "(did not end)" if code is None else f"[{code}]"]
        wanted = [*step.expected, f"[{step.code}]"]
        diff = difflib.unified_diff(wanted, shown, "expected", "printed", lineterm="", n=100)
        complaints.append(f"line {step.line}: $ {step.command}\n" + "\n".join(list(diff)[3:]))
    return "\n".join(complaints)
