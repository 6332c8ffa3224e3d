# SPDX-License-Identifier: MIT
"""A flood of votes: strangers, and one validator of four, do to another
whatever they like, as fast as they can. Transactions become final, memory stays
bounded, who breaks the rules is gone, and the other validators are not."""
import json
import os
import time

import bftnet
import flooded
import flooding_votes
import lib
import wire
from flooded import ALONE, memory

BLOCKS = 3  # that become final while each attack lasts, at least
SECONDS = 10 if ALONE else 0  # that it lasts, at least


class FloodOfVotes(flooded.Flooded):
    """The fourth validator's key is the attacker's: the other three are a
    quorum, so none of them may be lost."""

    attacks = flooding_votes
    limit = 90

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.parties = bftnet.BftParties(
            cls.place, 4, consensus={"timeout_ms": 500,
                                     "timeout_max_ms": 2000})
        cls.honest = cls.parties.nodes[:3]
        cls.parties.start(which=cls.honest)
        cls.parties.connected(cls.honest)
        cls.node = cls.honest[0]
        cls.parties.work(cls.honest)
        cls.begin()

    def world(self, first):
        p = self.parties
        evil = p.accounts[3]
        tx = wire.Tx(p.senders[1], 60, "22" * 20, 1, data="x" * 3000)
        tx.sign(p.chain_id())
        return json.dumps({
            "port": self.port(),
            "url": self.node.url, "chain": p.chain_id().hex(),
            "first": first, "count": 4, "signer": p.set.index(evil.spki),
            "bad": f"{p.dirs[3]}/keys/{evil.address}.pem",
            "full": tx.raw().hex(), "set": p.set.hash.hex(),
            "honest": p.accounts[0].spki.hex()})

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

        def work_while(more):
            nonlocal most
            while more():
                self.parties.work(self.honest, count=1)
                most = max(most, memory(self.node))
        # one who asks with its key whether it is banned would be in its way
        lib.until(lambda: self.has_met(said), 30)
        work_while(lambda: self.node.height() < height + BLOCKS)
        if banned:  # soon: of many bans the oldest are forgotten
            lib.until(lambda: self.is_banned(firsts[0]), 30)
        work_while(lambda: time.monotonic() - began < SECONDS)
        blocks = self.node.height() - height
        took = time.monotonic() - began
        most = max(most, memory(self.node))
        self.end(processes)
        print(f"# {attack.__name__}: {self.grew(most)}; "
              f"{blocks} blocks in {took:.1f} s", flush=True)
        self.outlasts(most, others)
        self.parties.together(self.honest, above=height)
        self.parties.same_chain(self.honest)


# What else is wrong is a matter of rate alone, or of nobody but its signer; a
# proposal for a place that is taken is dropped before its signature is checked.
BANS = (flooding_votes.unsigned_votes, flooding_votes.unsigned_round_changes,
        flooding_votes.garbage_proposals,
        flooding_votes.long_justifications,
        flooding_votes.forged_certificates,
        flooding_votes.forged_double_votes)
for _attack in flooding_votes.ATTACKS:
    FloodOfVotes.add(_attack, _attack in BANS)


if __name__ == "__main__":
    lib.main()
