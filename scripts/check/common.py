# SPDX-License-Identifier: MIT
"""What the source checks share: which files there are, C without its
comments and strings, and how a finding is reported.

Every check takes the root of a source tree as its first argument, prints one
line `FILE:LINE: what is wrong` for each finding, and exits 1 when there was
one. They walk directories instead of asking git, so that they also run on an
unpacked tarball.
"""
import os
import re
import sys

SOURCE_DIRS = ("src", "tests", "bench")
SCRIPT_DIRS = ("scripts", "tests", "bench", ".ci")
# The base of the tree can hold a build; none of these is source.
SKIP_DIRS = {"build", "build-aux", "autom4te.cache", ".git", ".deps",
             "__pycache__", "corpus"}


def walk(root, dirs):
    """Yield paths relative to root, sorted, below the given directories."""
    for top in dirs:
        for here, subdirs, names in os.walk(os.path.join(root, top)):
            subdirs[:] = sorted(d for d in subdirs if d not in SKIP_DIRS)
            for name in sorted(names):
                yield os.path.relpath(os.path.join(here, name), root)


def c_files(root, dirs=SOURCE_DIRS, ends=(".c", ".h")):
    return [p for p in walk(root, dirs) if p.endswith(ends)]


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8",
              errors="replace") as f:
        return f.read()


_TOKEN = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'",
    re.DOTALL)


def strip_c(text, keep_strings=False):
    """Blank comments (and strings), keeping every newline in its place."""
    def blank(m):
        token = m.group(0)
        if keep_strings and token[0] in "\"'":
            return token
        return re.sub(r"[^\n]", " ", token)
    return _TOKEN.sub(blank, text)


class Report:
    def __init__(self, name):
        self.name = name
        self.findings = 0

    def add(self, path, line, text):
        self.findings += 1
        print(f"{path}:{line}: {text}")

    def done(self, looked_at):
        """Exit. A check that looked at nothing has not passed."""
        if not looked_at:
            print(f"{self.name}: nothing to check: wrong directory?")
            sys.exit(1)
        sys.exit(1 if self.findings else 0)


def root_argument(usage="ROOT"):
    if len(sys.argv) < 2:
        print(f"usage: {os.path.basename(sys.argv[0])} {usage}",
              file=sys.stderr)
        sys.exit(2)
    return sys.argv[1]
