# SPDX-License-Identifier: MIT
"""A late joiner reaches the tip, with the same root, from one node, from two,
and from three of which one stalls and one sends garbage: the short form of
scripts/join-test, which also says how fast."""
import os
import shutil

import joining
import lib
import network
import wire

SENDERS, EACH = 100, 50  # 64 of each are kept waiting at most
BLOCK = 50  # at most, so that there are bodies for several to give


class Join(lib.Case):
    limit = 240

    def setUp(self):
        super().setUp()
        parties = network.Parties(self, 1, senders=SENDERS, slot_ms=20,
                                  block_mining={"interval": 0,
                                                "max_bound": BLOCK})
        parties.start()
        node, = parties.nodes
        chain = node.chain_id()
        for nonce in range(EACH):
            node.must(node.push_raw(wire.pack([
                wire.Raw(self.transfer(parties, s, nonce, chain))
                for s in range(SENDERS)])))
        lib.until(lambda: node.must(node.get(
            f"/v1/accounts/{parties.senders[-1].address}")).json()["nonce"]
            == EACH, 60)
        lib.until(lambda: node.status()["mempool"]["transactions"] == 0, 60)
        node.stop()
        shutil.copytree(node.datadir, self.path("second"))
        self.joining = joining.Joining(
            self.dir, [node.datadir, self.path("second")],
            limit=60 * lib.PATIENCE)
        self.addCleanup(self.joining.stop_all)
        self.joining.learn()

    @staticmethod
    def transfer(parties, sender, nonce, chain):
        tx = wire.Tx(parties.senders[sender], nonce,
                     network.account(500 + sender).address, 1)
        return tx.sign(chain).raw()

    def test_reaches_the_tip_whoever_helps(self):
        self.joining.from_honest(1)
        self.joining.from_honest(2)
        for trickles in False, True:
            self.joining.from_three(trickles, honest_last=True)
        self.assertEqual([], [name for name in os.listdir(self.dir)
                              if name.startswith("joiner") and
                              not name.endswith(".log")])


if __name__ == "__main__":
    lib.main()
