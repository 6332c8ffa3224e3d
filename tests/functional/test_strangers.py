# SPDX-License-Identifier: MIT
"""A stranger who has read doc/protocol.md and nothing else takes part: p2p.py
on one side, real nodes on the other."""
import hashlib
import os

import lib
import p2p
import wire


def port_of(node):
    line = [x for x in node.output if x.startswith("p2p ")][-1]
    return int(line.rpartition(":")[2])


class Case(lib.Case):
    limit = 120

    def setUp(self):
        super().setUp()
        self.n = self.dev()
        self.sender = wire.Account.load(os.path.join(
            self.n.datadir, "keys", self.n.account + ".pem"))
        self.sent = 0

    def pay(self, count=1):
        """So many transfers, each in a block; the last one's full bytes."""
        for _ in range(count):
            tx = wire.Tx(self.sender, self.sent, "11" * 20, 5).sign(
                self.n.chain_id())
            height = self.n.height()
            self.n.must(self.n.push(tx), 202)
            lib.until(lambda h=height: self.n.height() > h)
            self.sent += 1
        return tx.raw()

    def dial(self, account="ed25519", greet=True, node=None, **fields):
        node = node or self.n
        if isinstance(account, str):
            account = p2p.Account(account)
        peer = p2p.Peer.dial("127.0.0.1", port_of(node), account,
                             limit=20 * lib.PATIENCE)
        self.addCleanup(peer.close)
        if greet:
            peer.greet(node.chain_id(), **fields)
        return peer


class Client(Case):
    def test_reads_the_whole_chain(self):
        self.pay(5)
        for kind in "ed25519", "rsa":
            peer = self.dial(kind)
            self.assertEqual(peer.id, self.sender.raw_address)
            self.assertEqual(peer.hello["height"], self.n.height())
            empty = p2p.Chain.from_node(self.n.url).truncated(0)
            mine = p2p.sync(peer, empty)
            self.assertEqual(mine.tip.hash, peer.hello["tip"])
            self.assertEqual(
                [block.raw for block in mine.list],
                [block.raw for block in
                 p2p.Chain.from_node(self.n.url).list])

    def test_asks_for_the_genesis_before_its_hello(self):
        peer = self.dial(greet=False)
        rules, nonce = peer.genesis()
        self.assertEqual(rules, self.n.get("/v1/genesis", headers={
            "Accept": "application/msgpack"}).body)
        self.assertEqual(
            nonce, self.n.get("/block?index=0").json()["nonce"])
        peer.greet(self.n.chain_id())

    def test_pings_are_answered_and_new_blocks_announced(self):
        peer = self.dial()
        self.assertEqual(peer.ping(7)[0], self.n.height())
        self.pay()
        kind, value = peer.read_until("BLK")
        self.assertEqual(value[0], 1)
        (block,), missing = peer.blocks([value[1]])
        self.assertEqual((block[0][1], missing), (1, []))
        self.assertEqual(peer.blocks([bytes(32)]), [[], [bytes(32)]])

    def test_gives_and_is_given_transactions(self):
        self.pay()
        giver, taker = self.dial(), self.dial()
        # behind a gap, so that it stays in the pool
        tx = wire.Tx(self.sender, 2, "22" * 20, 5).sign(self.n.chain_id())
        name = hashlib.sha256(tx.raw()).digest()
        giver.send("TXA", [name])
        self.assertEqual(giver.read_until("TXQ")[1], [name])
        giver.send("TXN", [wire.Raw(tx.raw())])
        self.assertEqual(taker.read_until("TXA")[1], [name])
        taker.send("TXQ", [bytes(32), name])
        value, = taker.read_until("TXN")[1]
        self.assertEqual(wire.pack(value), tx.raw())
        taker.send("TXQ", [bytes(32)])
        self.assertEqual(taker.read_until("TXN")[1], [])
        self.pay()
        lib.until(lambda: self.n.balance("22" * 20) == 5)

    def test_is_refused_with_the_word_of_the_page(self):
        account = p2p.Account("ed25519")
        for code, fields in (
                ("old_protocol", {"version": 0}),
                ("new_protocol", {"version": 2}),
                ("wrong_genesis", {"genesis": bytes(range(32))}),
                ("other_upgrades", {"upgrades": bytes(range(32))}),
                ("bad_id", {"id": bytes(20)}),
                ("malformed", {"agent": b"x" * 65}),
                ("malformed", {"listen": b"nowhere"})):
            with self.assertRaises(p2p.Bye) as refused:
                self.dial(account, **fields)
            self.assertEqual(refused.exception.code, code)
            self.assertIn(code, self.n.log())
        self.dial(account)
        with self.assertRaises(p2p.Bye) as refused:
            self.dial(account)
        self.assertEqual(refused.exception.code, "duplicate_id")
        with self.assertRaises(p2p.Bye) as refused:
            self.dial(self.sender)
        self.assertEqual(refused.exception.code, "duplicate_id")

    def test_is_banned_for_what_the_page_calls_a_fault(self):
        for kind, body in (("RHD", [[], 1]), ("BLK", [1]),
                           ("RGK", [1 << 20]), ("RBL", []),
                           ("TXA", [b"short"]), ("EVD", [[[], []]]),
                           ("RBH", [2**53, bytes(32), 0, 0, 0])):
            account = p2p.Account("ed25519")
            peer = self.dial(account)
            peer.send(kind, body)
            self.assertEqual(peer.ended().code, "banned", kind)
            with self.assertRaises(p2p.Bye) as refused:
                self.dial(account)
            self.assertEqual(refused.exception.code, "banned", kind)


class Server(Case):
    """Nodes that know nothing but the genesis join; p2p.py has the chain."""

    def setUp(self):
        super().setUp()
        self.pay(30)
        self.chain = p2p.Chain.from_node(self.n.url)
        self.assertGreaterEqual(self.chain.tip.height, 30)
        self.n.stop()

    def server(self, **kw):
        server = p2p.ChainServer(self.chain, p2p.Account("ed25519"), **kw)
        self.addCleanup(server.stop)
        return server

    def joiner(self, *servers):
        args = []
        for server in servers:
            args += ["--connect", server.address]
        return self.node("--genesis-hash", self.chain.id.hex(), *args)

    def caught_up(self, node):
        lib.until(lambda: node.height() == self.chain.tip.height, 60)
        self.assertEqual(
            node.get(f"/block?index={self.chain.tip.height}").json()["id"],
            self.chain.tip.hash.hex())

    def test_a_node_joins_with_a_genesis_hash_and_one_address(self):
        server = self.server()
        node = self.joiner(server).start()
        self.caught_up(node)
        self.assertEqual(server.failures, [])
        self.assertEqual(server.byes, [])
        self.assertEqual(server.served, self.chain.tip.height)

    def test_a_stalling_peer_does_not_hold_it_up(self):
        stalls = self.server(hooks={"RBL": lambda *_: p2p.STALL})

        def after_it(*_):
            stalls.wait(lambda: stalls.counts.get("RBL"))
        node = self.joiner(stalls, self.server(hooks={
            "RHD": after_it, "RBL": after_it})).start()
        self.caught_up(node)
        self.assertEqual(stalls.served, 0)

    def hears_of_it_and_goes_on(self, liar):
        """A node that has only the liar; and then an honest one, too."""
        lie, = liar.hooks
        node = self.joiner(liar).start()
        liar.wait(lambda: liar.counts.get(lie) and not liar.peers)
        self.assertEqual(node.height(), 0)
        node.restart("--connect", self.server().address)
        self.caught_up(node)

    def test_a_peer_of_wrong_bodies_is_banned_and_its_blocks_forgotten(self):
        def lie(_peer, value):
            have, _ = server.honest_RBL(value)[0][1]
            blocks = [wire.unpack(block) for block in have]
            for block in blocks:
                block[2] = block[2][:-1] or [[[], b"", b""]]
            return [("ABL", [blocks, []])]
        server = self.server(hooks={"RBL": lie})
        self.hears_of_it_and_goes_on(server)
        self.assertEqual(server.byes[0].code, "banned")

    def test_garbage_in_the_place_of_headers_ends_it(self):
        self.hears_of_it_and_goes_on(self.server(
            hooks={"RHD": lambda *_: [p2p.garbage()]}))

    def test_headers_with_bad_seals_are_not_taken(self):
        def lie(_peer, value):
            (kind, headers), = server.honest_RHD(value)
            key, signature, nonce = wire.unpack(headers[-1][1])
            headers[-1][1] = [key, bytes(len(signature)), nonce]
            return [(kind, headers)]
        server = self.server(hooks={"RHD": lie})
        self.hears_of_it_and_goes_on(server)
        self.assertEqual(server.byes[0].code, "banned")

    def test_another_genesis_is_not_taken(self):
        def lie(_peer, value):
            return [("GLK", [len(rules), value[0], 0,
                             rules[value[0]:]])]
        rules = self.chain.rules[:-1] + bytes([self.chain.rules[-1] ^ 1])
        liar = self.server(hooks={"RGK": lie})
        node = self.joiner(liar, self.server()).start()
        self.caught_up(node)
        self.assertGreaterEqual(liar.counts["RGK"], 1)


if __name__ == "__main__":
    lib.main()
