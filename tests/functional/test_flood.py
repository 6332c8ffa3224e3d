# SPDX-License-Identifier: MIT
"""A flood: attackers on loopback do to a validator whatever they like, as fast
as they can. Its slots are made, its memory stays bounded, who breaks the rules
is gone, and honest peers are not."""
import json
import os
import re
import subprocess
import sys
import time

import flooding
import lib
import network
import p2p

SLOT_MS = 1000
SLOTS = 3  # that each attack lasts, at least
# Slots that may be missed of each authority, in each attack: on a machine with
# nothing else to do (scripts/flood-test). Elsewhere they are told only; that
# blocks go on holds everywhere.
MISSED = 1
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


class Flood(lib.Case):
    """One network for all of them, so that what an attack leaves behind is
    met by the next."""

    limit = 60

    @classmethod
    def setUpClass(cls):
        cls.place = lib.Case()
        cls.place.setUp()
        cls.growth = growth()
        cls.parties = network.Parties(
            cls.place, 2, 1, slot_ms=SLOT_MS, max_peers=64,
            block_mining={"allow_empty": True},
            # much to ask for: some 100 KiB of rules
            alloc={"%040x" % i: {"balance": 1} for i in range(4000)})
        first = cls.parties.nodes[0]
        cls.parties.start(which=[first])
        cls.parties.start("--connect", first.p2p,
                          which=cls.parties.nodes[1:])
        cls.node = first
        # a sender whose key everybody knows
        name, = cls.parties.send(first, sender=0)
        lib.until(lambda: (cls.parties.fate(first, name) or {}).get(
            "status") in ("included", "settled"))
        lib.until(lambda: len(cls.honest()) == 2)
        cls.number = 0
        cls.started = cls.honest()
        cls.before = memory(first)

    @classmethod
    def tearDownClass(cls):
        cls.place.doCleanups()

    @classmethod
    def peers(cls):
        return cls.node.must(cls.node.get("/v1/peers?limit=200")).json()[
            "items"]

    @classmethod
    def honest(cls):
        """id -> since when, of the nodes of the network."""
        return {p["id"]: p["since"] for p in cls.peers()
                if p["agent"] != "flood"}

    def missed(self):
        return {v["address"]: v["missed"] for v in self.node.must(
            self.node.get("/v1/validators")).json()["items"]}

    def world(self, first):
        p = self.parties
        return json.dumps({
            "port": int(self.node.p2p.rpartition(":")[2]),
            "chain": p.chain_id().hex(), "slot_ms": SLOT_MS,
            "miners": [m.address for m in p.miners], "first": first,
            "sender": 1, "nonce": p.nonces[0]})

    def attack(self, attack):
        """The processes, and the keys that they begin with."""
        processes, firsts = [], []
        for _ in range(ATTACKERS):
            first = FIRST + self.number * STEP
            type(self).number += 1
            firsts.append(first)
            process = subprocess.Popen(
                [sys.executable, flooding.__file__, attack.__name__,
                 self.world(first)], preexec_fn=lib._die_with_parent)
            processes.append(process)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
        return processes, firsts

    def is_banned(self, number):
        try:
            with p2p.Peer.dial(network.LOOPBACK,
                               int(self.node.p2p.rpartition(":")[2]),
                               network.account(number)) as peer:
                peer.greet(self.parties.chain_id())
        except p2p.Bye as bye:
            return bye.code == "banned"
        except (p2p.Closed, OSError):
            pass
        return False

    def withstands(self, attack, banned=False):
        missed = self.missed()
        height = self.node.height()
        processes, firsts = self.attack(attack)
        most, slowest = 0, 0

        def over():
            nonlocal most, slowest
            most = max(most, memory(self.node))
            began = time.monotonic()
            self.node.status()
            slowest = max(slowest, time.monotonic() - began)
            return self.node.height() >= height + SLOTS
        lib.until(over, 30)
        if banned:
            lib.until(lambda: self.is_banned(firsts[0]), 30)
        for process in processes:
            self.assertIsNone(process.poll(), "the attacker gave up")
            process.kill()
            process.wait()
        over()
        # its slots
        lost = max(count - missed[address]
                   for address, count in self.missed().items())
        blocks = self.parties.blocks(self.node, self.node.height())[height:]
        gap = max(b["time"] // SLOT_MS - a["time"] // SLOT_MS
                  for a, b in zip(blocks, blocks[1:]))
        print(f"# {attack.__name__}: {most >> 20} MiB, before the first "
              f"{self.before >> 20} MiB; status in {1000 * slowest:.0f} ms; "
              f"{lost} slots missed, a block every {gap} slots or sooner",
              flush=True)
        if ALONE:
            self.assertLessEqual(lost, MISSED)
            self.assertLessEqual(gap, 1 + MISSED)
        self.assertLess(most - self.before, self.growth)
        # who is here
        lib.until(lambda: all(p["agent"] != "flood" for p in self.peers()))
        self.assertEqual(self.honest(), self.started)
        for p in self.peers():
            self.assertEqual(p["score"], 0)
        self.parties.together(above=height)
        self.parties.same_chain()


def add(attack, banned):
    def test(self):
        self.withstands(attack, banned)
    test.__doc__ = attack.__doc__
    setattr(Flood, "test_withstands_" + attack.__name__, test)


BANS = (flooding.garbage, flooding.oversized_frames, flooding.addresses,
        flooding.bad_transactions, flooding.unasked_transactions,
        flooding.far_future, flooding.bad_seals)
# What is wrong with these is their rate, which a busy machine lowers.
TOO_MANY = (flooding.pings, flooding.requests)
for _attack in flooding.ATTACKS:
    add(_attack, _attack in BANS or (ALONE and _attack in TOO_MANY))


if __name__ == "__main__":
    lib.main()
