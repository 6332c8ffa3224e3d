# SPDX-License-Identifier: MIT
"""A daemon that ends itself at a chosen write, flush or send: what goes into
its environment for tests/functional/crash_shim.c, and what comes out."""
import functools
import os
import re
import struct
import subprocess

import lib

WHENS = ("before", "after", "torn")
CLASSES = ("chain", "votes", "other", "send")
COUNTS = struct.Struct("<4QQQQ128s")
AT_OFFSET = 5 * 8


def shim(name):
    return os.path.join(lib.BUILD, "tests", "functional", name + "_shim.so")


def is_built():
    return all(os.access(shim(n), os.R_OK) for n in ("crash", "clock"))


@functools.lru_cache(None)
def runtime():
    """Sanitizers want to be first of what is loaded before."""
    told = subprocess.run(["ldd", lib.program("ccoind")], text=True,
                          stdout=subprocess.PIPE, check=True).stdout
    return tuple(re.findall(r"=> (/\S*lib(?:asan|tsan|ubsan)\.so\S*)", told))


def preload(*names):
    return ":".join([*runtime(), *(shim(n) for n in names)])


class Crash:
    """The settings of one run of a node. at 0: it only counts."""

    def __init__(self, datadir, at=0, when="before", classes=CLASSES,
                 lose=None, http_port=0):
        self.datadir = os.path.realpath(datadir)
        self.at = at
        self.when = when
        self.classes = classes
        self.lose = lose
        self.http_port = http_port
        self.path = self.datadir + ".counts"

    def env(self):
        """A new count begins."""
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            pass
        out = {"LD_PRELOAD": preload("crash"), "CRASH_DIR": self.datadir,
               "CRASH_CLASS": ",".join(self.classes),
               "CRASH_AT": str(self.at), "CRASH_WHEN": self.when,
               "CRASH_NOT_PORT": str(self.http_port),
               "CRASH_COUNT": self.path}
        if self.lose is not None:
            out["CRASH_LOSE"] = str(self.lose)
        return out

    def read(self):
        try:
            with open(self.path, "rb") as f:
                return COUNTS.unpack(f.read(COUNTS.size))
        except (FileNotFoundError, struct.error):
            return (0,) * 7 + (b"",)

    def counts(self):
        """{class: calls}"""
        return dict(zip(CLASSES, self.read()))

    def counted(self):
        """Calls of the chosen classes so far."""
        return self.read()[4]

    def arm(self, more, when="before"):
        """While it runs: end at so many calls from now; None: not at all."""
        self.at = 0 if more is None else self.counted() + more
        self.when = when
        with open(self.path, "r+b", buffering=0) as f:
            f.seek(AT_OFFSET)
            f.write(struct.pack("<QQ", self.at, WHENS.index(when)))

    def ended_at(self):
        """"before pwrite chain"; "" when it did not end at a call."""
        return self.read()[7].split(b"\0")[0].decode().replace("64 ", " ")

    def __str__(self):
        lose = "" if self.lose is None else f" losing {self.lose}"
        return (f"{self.when} call {self.at} of {','.join(self.classes)}"
                f"{lose}: {self.ended_at() or 'not reached'}")


def clock_env(offset_ms):
    return {"LD_PRELOAD": preload("clock"), "CLOCK_OFFSET_MS": str(offset_ms)}
