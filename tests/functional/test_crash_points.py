# SPDX-License-Identifier: MIT
"""A validator that is killed at its writes, flushes and sends never signs
against its word, and comes back: the short form of scripts/crash-test."""
import os
import subprocess

import crash_points
import crashing
import lib


class Shim(lib.Case):
    """That a process ends where it is told to, and loses what it is told to."""

    def setUp(self):
        super().setUp()
        if not crashing.is_built():
            self.skipTest("the shims are not built: make with-shims")
        os.mkdir(self.path("data"))
        # 1 open, 2 write, 3 flush, 4 write of the other half
        self.program = self.write("writes.py", """
import os, sys
fd = os.open(sys.argv[1] + "/votes", os.O_RDWR | os.O_CREAT)
os.pwrite(fd, b"a" * 8, 0)
os.fdatasync(fd)
os.pwrite(fd, b"b" * 8, 4)
os.fdatasync(fd)
os.rename(sys.argv[1] + "/votes", sys.argv[1] + "/votes.done")
""")

    def ended(self, at, when, lose=None, classes=crashing.CLASSES):
        """(where it ended, what the file holds)"""
        for name in os.listdir(self.path("data")):
            os.unlink(self.path("data", name))
        crash = crashing.Crash(self.path("data"), at, when, classes, lose)
        r = subprocess.run(
            ["/usr/bin/python3", self.program, crash.datadir],
            env=dict(os.environ, **crash.env()), check=False)
        self.assertEqual(r.returncode, -9 if crash.ended_at() else 0)
        self.crash = crash
        name, = os.listdir(self.path("data"))
        with open(self.path("data", name), "rb") as f:
            return crash.ended_at(), f.read()

    def test_counts_what_goes_to_disk(self):
        self.assertEqual(self.ended(0, "before"), ("", b"aaaabbbbbbbb"))
        self.assertEqual(self.crash.counts()["votes"], 5)
        self.assertEqual(self.crash.counted(), 5)
        self.ended(1, "before", classes=("chain",))
        self.assertEqual(self.crash.counted(), 0)

    def test_ends_before_within_and_after_a_call(self):
        for at, when, where, left in (
                (1, "before", "before pwrite votes", b""),
                (1, "torn", "in pwrite votes", b"aaaa"),
                (1, "after", "after pwrite votes", b"aaaaaaaa"),
                (2, "before", "before fdatasync votes", b"aaaaaaaa"),
                (3, "torn", "in pwrite votes", b"aaaabbbb"),
                (3, "after", "after pwrite votes", b"aaaabbbbbbbb"),
                (5, "before", "before rename votes", b"aaaabbbbbbbb")):
            with self.subTest(at=at, when=when):
                self.assertEqual(self.ended(at, when), (where, left))

    def test_loses_what_was_not_flushed_and_nothing_else(self):
        for at, when, left in ((1, "after", b""), (2, "before", b""),
                               (2, "after", b"aaaaaaaa"),
                               (3, "torn", b"aaaaaaaa"),
                               (3, "after", b"aaaaaaaa"),
                               (4, "before", b"aaaaaaaa"),
                               (4, "after", b"aaaabbbbbbbb")):
            with self.subTest(at=at, when=when):
                self.assertEqual(self.ended(at, when, lose=0)[1], left)


class CrashPoints(lib.Case):
    limit = 300

    def crash(self, kind):
        if not crashing.is_built():
            self.skipTest("the shims are not built: make with-shims")
        run = crash_points.Run(self.dir, "short", 40, kind)
        self.addCleanup(run.node.discard)
        run.run()
        print(crash_points.summary(run.count, run.calls), flush=True)
        self.assertGreaterEqual(run.count["points"], 40)
        for what in ("in recovery", "at work", "losing", "signatures"):
            self.assertGreater(run.count[what], 0)

    def test_killed_at_any_call_it_never_signs_against_its_word(self):
        self.crash("ed25519")


if __name__ == "__main__":
    lib.main(needs=("ccoind", "ccoin"))
