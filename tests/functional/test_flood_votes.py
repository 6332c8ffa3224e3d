# SPDX-License-Identifier: MIT
"""A flood of votes: strangers, and one validator of four, do to another
whatever they like, as fast as they can. Transactions become final, memory stays
bounded, who breaks the rules is gone, and the other validators are not."""
import json
import os
import subprocess
import sys
import time

import bftnet
import flooding_votes
import lib
import network
import p2p
import wire
from test_flood import ALONE, ATTACKERS, FIRST, STEP, growth, memory

BLOCKS = 3  # that become final while each attack lasts, at least
SECONDS = 10 if ALONE else 0  # that it lasts, at least


class FloodOfVotes(lib.Case):
    """One network for all of them. The fourth validator's key is the
    attacker's: the other three are a quorum, so none of them may be lost."""

    limit = 90

    @classmethod
    def setUpClass(cls):
        cls.place = lib.Case()
        cls.place.setUp()
        cls.growth = growth()
        cls.parties = bftnet.BftParties(
            cls.place, 4, consensus={"timeout_ms": 500,
                                     "timeout_max_ms": 2000})
        cls.honest = cls.parties.nodes[:3]
        cls.parties.start(which=cls.honest)
        cls.parties.connected(cls.honest)
        cls.node = cls.honest[0]
        cls.parties.work(cls.honest)
        cls.number = 0
        cls.before = memory(cls.node)

    @classmethod
    def tearDownClass(cls):
        cls.place.doCleanups()

    def peers(self):
        return self.node.must(self.node.get("/v1/peers?limit=200")).json()[
            "items"]

    def others(self):
        """id -> since when, of the other two."""
        return {p["id"]: p["since"] for p in self.peers()
                if p["agent"] != "flood"}

    def world(self, first):
        p = self.parties
        evil = p.accounts[3]
        tx = wire.Tx(p.senders[1], 60, "22" * 20, 1, data="x" * 3000)
        tx.sign(p.chain_id())
        return json.dumps({
            "port": int(self.node.p2p.rpartition(":")[2]),
            "url": self.node.url, "chain": p.chain_id().hex(),
            "first": first, "count": 4, "signer": p.set.index(evil.spki),
            "bad": f"{p.dirs[3]}/keys/{evil.address}.pem",
            "full": tx.raw().hex(), "set": p.set.hash.hex(),
            "honest": p.accounts[0].spki.hex()})

    def attack(self, attack):
        processes, firsts = [], []
        for _ in range(ATTACKERS):
            firsts.append(FIRST + self.number * STEP)
            type(self).number += 1
            process = subprocess.Popen(
                [sys.executable, flooding_votes.__file__, attack.__name__,
                 self.world(firsts[-1])], preexec_fn=lib._die_with_parent)
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

    def has_met(self, said):
        """An attacker, since its log was that long."""
        with open(self.node.log_path, "rb") as f:
            f.seek(said)
            return b" flood, " in f.read()

    def withstands(self, attack, banned):
        others = self.others()
        self.assertEqual(len(others), 2)
        height = self.node.height()
        said = os.path.getsize(self.node.log_path)
        processes, firsts = self.attack(attack)
        most, began = 0, time.monotonic()
        # one who asks with its key whether it is banned would be in its way
        lib.until(lambda: self.has_met(said), 30)
        while (self.node.height() < height + BLOCKS or
               time.monotonic() - began < SECONDS):
            self.parties.work(self.honest, count=1)
            most = max(most, memory(self.node))
        blocks = self.node.height() - height
        took = time.monotonic() - began
        if banned:
            lib.until(lambda: self.is_banned(firsts[0]), 30)
        most = max(most, memory(self.node))
        for process in processes:
            self.assertIsNone(process.poll(), "the attacker gave up")
            process.kill()
            process.wait()
        print(f"# {attack.__name__}: {most >> 20} MiB, before the first "
              f"{self.before >> 20} MiB; {blocks} blocks in {took:.1f} s",
              flush=True)
        self.assertLess(most - self.before, self.growth)
        lib.until(lambda: all(p["agent"] != "flood" for p in self.peers()))
        self.assertEqual(self.others(), others)
        for p in self.peers():
            self.assertEqual(p["score"], 0)
        self.parties.together(self.honest, above=height)
        self.parties.same_chain(self.honest)


def add(attack, banned):
    def test(self):
        self.withstands(attack, banned)
    test.__doc__ = attack.__doc__
    setattr(FloodOfVotes, "test_withstands_" + attack.__name__, test)


# What else is wrong is a matter of rate alone, or of nobody but its signer; a
# proposal for a place that is taken is dropped before its signature is checked.
BANS = (flooding_votes.unsigned_votes, flooding_votes.unsigned_round_changes,
        flooding_votes.garbage_proposals,
        flooding_votes.long_justifications,
        flooding_votes.forged_certificates,
        flooding_votes.forged_double_votes)
for _attack in flooding_votes.ATTACKS:
    add(_attack, _attack in BANS)


if __name__ == "__main__":
    lib.main()
