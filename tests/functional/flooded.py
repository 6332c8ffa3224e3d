# SPDX-License-Identifier: MIT
"""A node under attack, and what must hold whatever the attack was: its memory
stays bounded, who breaks the rules is banned, and who does not is not."""
import os
import re
import subprocess
import sys

import lib
import network
import p2p

# On a machine with nothing else to do (scripts/flood-test).
ALONE = os.environ.get("CCOIN_FLOOD_ALONE") == "1"
# Bytes of memory beyond what it had: what connections may hold (128 MiB), and
# some more. A sanitizer's heap takes three times as much.
GROWTH = 160 << 20
ATTACKERS = 2  # processes
FIRST = 1 << 20  # the number of the first attacker's first key
STEP = 1 << 24


def memory(node):
    """Anonymous, resident, bytes."""
    with open(f"/proc/{node.pid}/status", encoding="ascii") as f:
        return 1024 * int(re.search(r"RssAnon:\s+(\d+)", f.read()).group(1))


def growth():
    """What a node that is started from now on may grow by."""
    # a sanitizer keeps what is freed: that is not the node's
    os.environ.setdefault("ASAN_OPTIONS", "quarantine_size_mb=8")
    with open(lib.program("ccoind"), "rb") as f:
        return GROWTH * (3 if b"__asan_init" in f.read() else 1)


class Flooded(lib.Case):
    """One network for all of its tests, so that what an attack leaves behind
    is met by the next. A subclass says which module has the attacks and what
    world they are told of; its setUpClass() starts cls.parties, of whom
    cls.node is attacked, and ends with begin()."""

    attacks = None

    def world(self, first):
        """JSON for the attacks' World."""
        raise NotImplementedError

    @classmethod
    def setUpClass(cls):
        cls.place = lib.Case()
        cls.place.setUp()
        cls.growth = growth()

    @classmethod
    def tearDownClass(cls):
        cls.place.doCleanups()

    @classmethod
    def begin(cls):
        """The node runs, and no attack came yet."""
        cls.number = 0
        cls.before = memory(cls.node)

    @classmethod
    def peers(cls):
        return cls.node.must(cls.node.get("/v1/peers?limit=200")).json()[
            "items"]

    @classmethod
    def others(cls):
        """id -> since when, of the nodes of the network."""
        return {p["id"]: p["since"] for p in cls.peers()
                if p["agent"] != "flood"}

    @classmethod
    def port(cls):
        return int(cls.node.p2p.rpartition(":")[2])

    def attack(self, attack):
        """The processes, and the keys that they begin with."""
        processes, firsts = [], []
        for _ in range(ATTACKERS):
            first = FIRST + self.number * STEP
            type(self).number += 1
            firsts.append(first)
            process = subprocess.Popen(
                [sys.executable, self.attacks.__file__, attack.__name__,
                 self.world(first)], preexec_fn=lib._die_with_parent)
            processes.append(process)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
        return processes, firsts

    def end(self, processes):
        for process in processes:
            self.assertIsNone(process.poll(), "the attacker gave up")
            process.kill()
            process.wait()

    def is_banned(self, number):
        try:
            with p2p.Peer.dial(network.LOOPBACK, self.port(),
                               network.account(number)) as peer:
                peer.greet(self.parties.chain_id())
        except p2p.Bye as bye:
            return bye.code == "banned"
        except (p2p.Closed, OSError):
            pass
        return False

    def grew(self, most):
        """For the line that is printed."""
        return f"{most >> 20} MiB, before the first {self.before >> 20} MiB"

    def outlasts(self, most, others):
        """It took so much at most, and has lost none of these."""
        self.assertLess(most - self.before, self.growth)
        lib.until(lambda: all(p["agent"] != "flood" for p in self.peers()))
        self.assertEqual(self.others(), others)
        for p in self.peers():
            self.assertEqual(p["score"], 0)

    @classmethod
    def add(cls, attack, banned):
        """A test of it; banned: the attackers are, in the end."""
        def test(self):
            self.withstands(attack, banned)
        test.__doc__ = attack.__doc__
        setattr(cls, "test_withstands_" + attack.__name__, test)
