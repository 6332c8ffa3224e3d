# SPDX-License-Identifier: MIT
"""A flood: attackers on loopback do to a validator whatever they like, as fast
as they can. Its slots are made, its memory stays bounded, who breaks the rules
is gone, and honest peers are not."""
import json
import time

import flooded
import flooding
import lib
import network
from flooded import ALONE, memory

SLOT_MS = 1000
SLOTS = 3  # that each attack lasts, at least
# Slots that may be missed of each authority, in each attack: on a machine with
# nothing else to do. Elsewhere they are told only; that blocks go on holds
# everywhere.
MISSED = 1


class Flood(flooded.Flooded):
    attacks = flooding
    limit = 60

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
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
        lib.until(lambda: len(cls.others()) == 2)
        cls.started = cls.others()
        cls.begin()

    def missed(self):
        return {v["address"]: v["missed"] for v in self.node.must(
            self.node.get("/v1/validators")).json()["items"]}

    def world(self, first):
        p = self.parties
        return json.dumps({
            "port": self.port(),
            "chain": p.chain_id().hex(), "slot_ms": SLOT_MS,
            "miners": [m.address for m in p.miners], "first": first,
            "sender": 1, "nonce": p.nonces[0]})

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
        self.end(processes)
        over()
        # its slots
        lost = max(count - missed[address]
                   for address, count in self.missed().items())
        blocks = self.parties.blocks(self.node, self.node.height())[height:]
        gap = max(b["time"] // SLOT_MS - a["time"] // SLOT_MS
                  for a, b in zip(blocks, blocks[1:]))
        print(f"# {attack.__name__}: {self.grew(most)}; "
              f"status in {1000 * slowest:.0f} ms; "
              f"{lost} slots missed, a block every {gap} slots or sooner",
              flush=True)
        if ALONE:
            self.assertLessEqual(lost, MISSED)
            self.assertLessEqual(gap, 1 + MISSED)
        self.outlasts(most, self.started)
        self.parties.together(above=height)
        self.parties.same_chain()


BANS = (flooding.garbage, flooding.oversized_frames, flooding.addresses,
        flooding.bad_transactions, flooding.unasked_transactions,
        flooding.far_future, flooding.bad_seals)
# What is wrong with these is their rate, which a busy machine lowers.
TOO_MANY = (flooding.pings, flooding.requests)
for _attack in flooding.ATTACKS:
    Flood.add(_attack, _attack in BANS or (ALONE and _attack in TOO_MANY))


if __name__ == "__main__":
    lib.main()
