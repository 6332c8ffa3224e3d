# SPDX-License-Identifier: MIT
"""A chain of the test's own: its rules, its accounts, its one authority."""
import os
import time

import lib
import wire
from cryptography.hazmat.primitives.asymmetric import ed25519


def account(number):
    """The Ed25519 account of a small number: signing costs nothing."""
    return wire.Account(key=ed25519.Ed25519PrivateKey.from_private_bytes(
        number.to_bytes(32, "big")))


def now_ms():
    return time.time_ns() // 1000000


class Case(lib.Case):
    """A test whose node runs on a genesis of its own. `miner` makes the
    blocks, `rich` has money; wait for what happens with self.until()."""

    def setUp(self):
        super().setUp()
        self.miner, self.rich = account(1), account(2)
        self.nonces = {}
        self.n = None

    def put_key(self, datadir, who):
        keys = os.path.join(datadir, "keys")
        os.makedirs(keys, mode=0o700, exist_ok=True)
        os.chmod(datadir, 0o700)
        path = os.path.join(keys, who.address + ".pem")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as f:
            f.write(who.pem())

    def genesis(self, mining=None, alloc=None, **more):
        g = {"network_id": "own", "miners": [self.miner.address],
             "block_mining": {"interval": 0, **(mining or {})},
             "alloc": {a: {"balance": b} for a, b in (
                 alloc or {self.rich.address: 1000000}).items()}}
        g.update(more)
        return g

    def chain(self, mining=None, **kw):
        """A running node on self.genesis(...)."""
        path = self.write("genesis.json", self.genesis(mining, **kw))
        n = self.node("--genesis", path, "--validator", "--account",
                      self.miner.address)
        self.put_key(n.datadir, self.miner)
        self.n = n.start()
        self.chain_id = n.chain_id()
        return n

    def tx(self, to, amount, sender=None, **kw):
        """A signed transfer with the sender's next number."""
        sender = sender or self.rich
        nonce = self.nonces.get(sender.address, 0)
        self.nonces[sender.address] = nonce + 1
        to = to if isinstance(to, str) else to.address
        return wire.Tx(sender, nonce, to, amount, **kw).sign(self.chain_id)

    def push(self, *txs):
        """Push, in one array when there are several; their ids."""
        if len(txs) == 1:
            self.n.must(self.n.push(txs[0]), 202)
        else:
            r = self.n.must(self.n.post("/pushtx",
                                        [t.object() for t in txs]))
            for item in r.json():
                self.assertIn(item["status"], ("pending", "queued"), item)
        return [t.id(self.chain_id) for t in txs]

    def send(self, to, amount, **kw):
        """Push one and wait until it is in a block; its id."""
        tx_id, = self.push(self.tx(to, amount, **kw))
        self.wait_in_block(tx_id)
        return tx_id

    def state_of(self, tx_id):
        r = self.n.must(self.n.get(f"/v1/txs/{tx_id}"))
        return r.json()

    def wait_in_block(self, tx_id):
        """Its number."""
        lib.until(lambda: "height" in self.state_of(tx_id))
        return self.state_of(tx_id)["height"]

    def wait_for_height(self, height):
        lib.until(lambda: self.n.height() >= height)

    def block(self, number, more=""):
        return self.n.must(self.n.get(f"/block?index={number}{more}")).json()

    def blocks(self):
        return self.n.must(self.n.get("/blockchain")).json()
