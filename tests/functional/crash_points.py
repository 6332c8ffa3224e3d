# SPDX-License-Identifier: MIT
"""Crash points: a validator that is killed before, after and within every
write and flush of its chain and its votes and every message it sends, at work
and while it starts after the crash before; sometimes what was not flushed is
lost, too. The other three validators are played by others.py, which keeps
every signature and is told nothing twice: a second one that says something
else, another block at a height, or a node that does not come back is a
failure.

Alone: crash_points.py POINTS [SEED], see scripts/crash-test.
"""
import collections
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

import bftnet
import crashing
import ledger
import lib
import network
import others
import votes
import witness
from own import account

POINTS_OF_A_CHAIN = 250
HEIGHTS_OF_A_RUN = 12  # a call that is not reached by then is too far
RICH = 1 << 40
# Transactions of 4 kB in a block at most, on some chains: the vote journal
# comes to the end of its halves every few heights.
FAT = 200


class Broken(Exception):
    """A promise was not kept."""


class Plans:
    """Which call a run ends at: every class, moment and number in turn."""

    def __init__(self, rng):
        self.rng = rng
        # how far into a run; measured by measure()
        self.reach = {"chain": 9, "votes": 30, "send": 30, "other": 6}
        self.number = rng.randrange(1000)

    def measure(self, at_start, at_end, heights):
        for name in self.reach:
            each = (at_end[name] - at_start[name]) / heights
            self.reach[name] = max(1, round(at_start[name] + 2 * each))

    def next(self, datadir, http_port):
        rng = self.rng
        self.number += 1
        # most of what matters is in these two
        name = ("votes", "chain", "votes", "send", "votes", "chain", "send",
                "other")[self.number % 8]
        # the beginning of a run is recovery
        reach = self.reach[name]
        at = rng.randrange(1, 1 + (reach if rng.random() < 0.7
                                   else max(1, reach // 4)))
        lose = (None, 0, rng.randrange(1, 1 << 32))[self.number // 8 % 3]
        return crashing.Crash(datadir, at, crashing.WHENS[self.number // 24 % 3],
                              (name,), lose, http_port)


class Run:
    """One chain, one node, and as many crashes."""

    def __init__(self, top, seed, points, kind="ed25519", fat=0):
        self.rng = random.Random(seed)
        self.points = points
        self.fat = fat
        self.count = collections.Counter()
        self.calls = collections.Counter()
        self.datadir = os.path.join(top, "node")
        self.top = top
        self.mine = bftnet.create_account(self.datadir, kind)
        self.accounts = [account(700 + i) for i in range(3)]
        self.rich = [account(1 + i) for i in range(3)]
        genesis = os.path.join(top, "genesis.json")
        with open(genesis, "w", encoding="utf-8") as f:
            json.dump(self.genesis(), f)
        self.p2p, self.http = network.free_port(), network.free_port()
        self.node = lib.Node(
            self.datadir, "--genesis", genesis, "--threads", "1",
            "--listen", f"127.0.0.1:{self.p2p}",
            "--http", f"127.0.0.1:{self.http}",
            "--validator", "--account", self.mine.address, port=self.p2p)
        self.environment = dict(self.node.env)
        self.plans = Plans(self.rng)
        self.crash = None
        self.heights = 0  # of this run of the node
        self.others = None
        self.kept = None

    def genesis(self):
        everybody = [*self.accounts, self.mine, *self.rich]
        return network.bft_genesis(
            [*self.accounts, self.mine],
            alloc={a.address: {"balance": RICH} for a in everybody},
            consensus={"timeout_ms": 400, "timeout_max_ms": 2000})

    def begin(self):
        """A first run that only counts."""
        self.start(crashing.Crash(self.datadir, http_port=self.http))
        self.node.wait_ready()
        chain_id = self.node.chain_id()
        first = votes.Set([a.spki for a in [*self.accounts, self.mine]])
        self.kept = witness.Kept(chain_id, first,
                                 os.path.join(self.top, "signatures"))
        tip = ledger.Tip(chain_id, ledger.State({
            a.raw_address: [RICH, 0]
            for a in [*self.accounts, self.mine, *self.rich]}), 0)
        self.others = others.Others(self.accounts, self.mine.spki, tip,
                                    self.kept, self.rng, self.rich,
                                    self.fat)
        self.others.push = self.push
        before = self.crash.counts()
        self.others.connect("127.0.0.1", self.p2p)
        for _ in range(8):
            self.others.finish()
        self.plans.measure(before, self.crash.counts(), 8)
        self.check()

    def push(self, raw):
        try:
            self.node.push_raw(raw)
        except (OSError, lib.http.client.HTTPException):
            pass  # it is gone: the link says so

    def start(self, crash):
        self.crash = crash
        self.node.env = dict(self.environment, **crash.env())
        self.heights = 0
        self.node.start(ready=False)

    def run(self):
        self.begin()
        self.kill()
        self.up()
        while self.count["points"] < self.points:
            try:
                if self.heights >= HEIGHTS_OF_A_RUN:
                    self.count["not reached"] += 1
                    self.kill()
                    self.up()
                self.others.finish()
                self.heights += 1
            except others.Gone as gone:
                self.ended("at work", gone)
                self.up()
            self.check()
        self.end()

    def up(self):
        """Until a start is not one that ends."""
        while True:
            self.start(self.plans.next(self.datadir, self.http))
            try:
                self.node.wait_ready()
                self.others.connect("127.0.0.1", self.p2p)
                return
            except (lib.Failed, others.Gone) as e:
                self.ended("in recovery", e)
                self.check()

    def kill(self):
        self.node.discard()
        self.others.disconnect()

    def ended(self, where, why):
        """It must have ended where the plan says, in no other way."""
        self.others.disconnect()
        node = self.node
        if node.process is not None:
            try:
                status = node.process.wait(20 * lib.PATIENCE)
            except subprocess.TimeoutExpired:
                raise Broken(f"it lives, but: {why}\n{node.log()}") from None
            node.process = None
        else:
            status = -9 if "ended with -9" in str(why) else None
        at = self.crash.ended_at()
        if status != -9 or not at:
            raise Broken(f"it ended with {status}, {self.crash}, {why}\n"
                         f"{node.log()}")
        self.count["points"] += 1
        self.count[where] += 1
        if self.crash.lose is not None:
            self.count["losing"] += 1
        if self.fat:
            self.count["fat"] += 1
        self.calls[at] += 1

    def check(self):
        if self.kept.broken:
            raise Broken("; ".join(self.kept.broken[:5]))

    def end(self):
        """It works on, and what it has holds."""
        self.kill()
        self.start(crashing.Crash(self.datadir, http_port=self.http))
        self.node.wait_ready()
        self.others.connect("127.0.0.1", self.p2p)
        for _ in range(4):
            self.others.finish()
        self.check()
        self.others.disconnect()
        self.node.stop()
        r = subprocess.run(
            [lib.program("ccoin"), "verify", "-d", self.datadir], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=600 * lib.PATIENCE)
        if r.returncode:
            raise Broken(f"ccoin verify: {r.stdout}")
        self.count["signatures"] = self.kept.signatures()
        self.count.update({"others: " + k: n
                           for k, n in self.others.count.items()})
        self.kept.close()


def one(arguments):
    """A chain in a process of its own: (counts, calls, what broke)."""
    seed, points = arguments
    top = tempfile.mkdtemp(prefix="ccoin-crash-")
    run = None
    try:
        rng = random.Random(seed)
        run = Run(top, seed, points,
                  rng.choice(("ed25519", "ed25519", "rsa")),
                  rng.choice((0,) * 7 + (FAT,)))
        run.run()
    except Exception as e:  # pylint: disable=broad-except
        broken = f"seed {seed}: {e!r}, left in {top}"
        if not isinstance(e, (Broken, others.Stuck)):
            broken += "\n" + traceback.format_exc()
        if run:
            broken += f"\nthe last crash: {run.crash}"
            run.node.discard()
        return run.count if run else {}, run.calls if run else {}, broken
    finally:
        if run:
            run.node.discard()
    shutil.rmtree(top, ignore_errors=True)
    return run.count, run.calls, None


def summary(count, calls):
    told = {k: n for k, n in sorted(count.items())
            if k.startswith("others: ")}
    lines = [f"{n:6} {name}" for name, n in sorted(calls.items())]
    return "\n".join([
        *lines,
        ", ".join(f"{n} {k[8:]}" for k, n in told.items()),
        f"{count['points']} crash points, {count['in recovery']} of them in "
        f"recovery, {count['losing']} losing what was not flushed, "
        f"{count['fat']} with fat blocks; "
        f"{count['others: heights']} heights, {count['signatures']} "
        "signatures of validators kept, none twice; "
        f"{count['not reached']} runs went past their point"])


def main():
    if not 2 <= len(sys.argv) <= 3 or not sys.argv[1].isdigit():
        print("usage: crash_points.py POINTS [SEED]", file=sys.stderr)
        return 2
    points = int(sys.argv[1])
    seed = sys.argv[2] if len(sys.argv) > 2 else \
        str(random.SystemRandom().randrange(10 ** 6))
    parts = max(1, -(-points // POINTS_OF_A_CHAIN))
    share = -(-points // parts)
    count, calls, bad = collections.Counter(), collections.Counter(), []
    begin = time.monotonic()
    jobs = [(f"{seed}.{i}", share) for i in range(parts)]
    with multiprocessing.Pool(2 * os.cpu_count()) as pool:
        for got, where, broken in pool.imap_unordered(one, jobs):
            count.update(got)
            calls.update(where)
            if broken:
                bad.append(broken)
                print(f"not ok: {broken}", file=sys.stderr, flush=True)
            print(f"{count['points']} points, {len(bad)} chains broken, "
                  f"{time.monotonic() - begin:.0f} s", file=sys.stderr,
                  flush=True)
    print(summary(count, calls))
    print(f"{'not ok' if bad else 'ok'}: seed {seed}, "
          f"{time.monotonic() - begin:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
