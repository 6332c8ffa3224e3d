# SPDX-License-Identifier: MIT
"""The tests' own node: what the tests of hostile and honest peers trust. A
client and a server of it talk to each other over the chain of a real node."""
import json
import os
import ssl
import unittest

import lib
import p2p
import wire

with open(os.path.join(lib.SOURCE, "doc", "vectors.json"),
          encoding="utf-8") as _file:
    VECTORS = json.load(_file)


def vector_chain():
    """The chain of doc/vectors.json: genesis and two blocks."""
    full = [g for g in VECTORS["genesis"] if g["name"] == "full"][0]
    chain = p2p.Chain(bytes.fromhex(full["chain_id"]),
                      bytes.fromhex(full["rules"]), full["nonce"])
    chain.append(wire.pack([wire.Raw(bytes.fromhex(full["header"])),
                            [b"", b"", full["nonce"]], []]))
    for block in VECTORS["blocks"]:
        chain.append(bytes.fromhex(block["block"]))
    return chain


class Frames(unittest.TestCase):
    def test_frames_are_those_of_the_examples(self):
        for example in VECTORS["messages"]:
            body = bytes.fromhex(example["body"])
            self.assertEqual(p2p.frame(example["type"], body).hex(),
                             example["frame"])
            self.assertEqual(wire.pack(wire.unpack(body)), body)


class Talk(lib.Case):
    limit = 60

    def setUp(self):
        super().setUp()
        self.chain = vector_chain()

    def server(self, chain=None, account="ed25519", **kw):
        server = p2p.ChainServer(
            chain or self.chain,
            p2p.Account(account) if account else None, **kw)
        self.addCleanup(server.stop)
        return server

    def dial(self, server, account="ed25519", greet=True, **kw):
        peer = p2p.Peer.dial("127.0.0.1", server.port,
                             p2p.Account(account) if account else None, **kw)
        self.addCleanup(peer.close)
        if greet:
            peer.greet(self.chain.id)
        return peer

    def test_each_side_proves_its_key(self):
        for kind in "ed25519", "rsa":
            server = self.server(account=kind)
            peer = self.dial(server, account=kind)
            self.assertEqual(peer.id, server.account.raw_address)
            self.assertEqual(peer.hello["id"], peer.id)
            server.wait(lambda s=server: s.counts.get("HEY"))
            self.assertEqual(server.peers[0].id, peer.account.raw_address)

    def test_tls_1_2_and_no_certificate_are_refused(self):
        server = self.server()
        account = p2p.Account("ed25519")
        for tls in (p2p.Tls(account, low=ssl.TLSVersion.TLSv1_2,
                            high=ssl.TLSVersion.TLSv1_2),
                    p2p.Tls(account, show=False)):
            with self.assertRaises(p2p.Closed):
                peer = self.dial(server, greet=False, tls=tls)
                peer.greet(self.chain.id)

    def test_syncs_from_it_with_and_without_tls(self):
        for kind in "ed25519", None:
            server = self.server(account=kind)
            peer = self.dial(server, account=kind)
            self.assertEqual(peer.hello["height"], 2)
            mine = p2p.sync(peer, self.chain.truncated(0))
            self.assertEqual(mine.tip.hash, self.chain.tip.hash)
            self.assertEqual(server.served, 2)
            self.assertEqual(server.failures, [])

    def test_gives_the_genesis_before_a_hello(self):
        peer = self.dial(self.server(), greet=False)
        rules, nonce = peer.genesis()
        self.assertEqual(rules, self.chain.rules)
        self.assertEqual(nonce, self.chain.nonce)
        peer.greet(self.chain.id)

    def test_names_what_is_missing(self):
        peer = self.dial(self.server())
        blocks, missing = peer.blocks([self.chain.tip.hash, b"\xee" * 32])
        self.assertEqual(wire.pack(blocks[0]), self.chain.tip.raw)
        self.assertEqual(missing, [b"\xee" * 32])

    def test_hooks_stall_lie_and_send_garbage(self):
        lies = []

        def lie(_peer, value):
            lies.append(value)
            return [("AHD", [])]
        server = self.server(hooks={
            "RBL": lambda *_: p2p.STALL, "RHD": lie,
            "RAD": lambda *_: [p2p.garbage()]})
        peer = self.dial(server, limit=1)
        self.assertEqual(peer.headers(self.chain.locator()), [])
        self.assertEqual(lies[0][0], self.chain.locator())
        with self.assertRaises(TimeoutError):
            peer.blocks([self.chain.tip.hash])
        peer.send("RAD", [])
        with self.assertRaises(AssertionError):
            peer.read()
        server.wait(lambda: server.counts.get("RBL") == 1)

    def test_a_bye_is_told(self):
        server = self.server(hooks={"HEY": lambda *_: [
            ("BYE", [b"wrong_genesis", b"no"])]})
        peer = self.dial(server, greet=False)
        with self.assertRaises(p2p.Bye) as refused:
            peer.greet(self.chain.id)
        self.assertEqual(refused.exception.code, "wrong_genesis")

    def test_dials_and_announces(self):
        a, b = self.server(), self.server(self.chain.truncated(0))
        a.dial("127.0.0.1", b.port)
        b.wait(lambda: b.counts.get("HEY"))
        a.wait(lambda: a.counts.get("ACK"))
        a.announce()
        b.wait(lambda: b.counts.get("BLK"))
        peer = b.peers[0]
        peer.send("RBH", b.chain.tip_message(7))
        b.wait(lambda: b.counts.get("BLH"))
        b.announce_txs([b"\x90"])
        a.wait(lambda: a.counts.get("TXA"))
        a.peers[0].send("TXQ", list(b.txs))
        a.wait(lambda: a.counts.get("TXN"))
        self.assertEqual(a.failures + b.failures, [])

    def test_a_locator_thins_out_and_ends_at_genesis(self):
        chain = self.chain.truncated(0)

        class Stub:
            def __init__(self, height):
                self.height, self.hash = height, height
        for count in 1, 2, 12, 1000, 10**6:
            chain.list = [Stub(h) for h in range(count)]
            heights = chain.locator()
            self.assertEqual(heights[0], count - 1)
            self.assertEqual(heights[-1], 0)
            self.assertLessEqual(len(heights), 32)
            self.assertEqual(heights, sorted(set(heights), reverse=True))


class FromNode(lib.Case):
    limit = 120

    def test_a_chain_read_over_http_is_served_again(self):
        node = self.dev()
        sender = wire.Account.load(
            os.path.join(node.datadir, "keys", node.account + ".pem"))
        for n in range(3):
            node.push(wire.Tx(sender, n, "11" * 20, 5).sign(
                node.chain_id()))
            lib.until(lambda n=n: node.height() > n)
        chain = p2p.Chain.from_node(node.url)
        self.assertEqual(chain.id, node.chain_id())
        self.assertEqual(chain.tip.height, node.height())
        with p2p.ChainServer(chain, p2p.Account("rsa")) as server:
            peer = p2p.Peer.dial("127.0.0.1", server.port,
                                 p2p.Account("ed25519"))
            peer.greet(chain.id)
            again = p2p.sync(peer, chain.truncated(0))
            self.assertEqual([b.raw for b in again.list],
                             [b.raw for b in chain.list])
            self.assertEqual(peer.genesis(), (chain.rules, chain.nonce))
            peer.close()


if __name__ == "__main__":
    lib.main()
