# SPDX-License-Identifier: MIT
"""Several real daemons as one ledger: found through discovery, killed one
after the other, divided and healed, and the same at every height."""
import os
import threading

import lib
import network
import relay

# The long form, see scripts/net-test: the delays and slots of wide networks.
LONG = os.environ.get("CCOIN_NET_LONG") == "1"


class Network(lib.Case):
    limit = 900 if LONG else 300

    def discovery(self):
        d = lib.Node(None, "-h", network.LOOPBACK, binary="ccoin-discovery",
                     log=self.path("discovery.log"))
        self.addCleanup(d.discard)
        return d.start()

    def mesh(self, parties):
        """Everybody knows everybody."""
        for node in parties.nodes:
            for other in parties.nodes:
                if other is not node:
                    node.args += ["--connect", other.p2p]

    def test_found_through_discovery_and_killed_one_after_the_other(self):
        parties = network.Parties(self, 4, observers=2, slot_ms=500)
        meeting = self.discovery()
        for node in parties.nodes:
            node.args += ["--discovery", meeting.url]
        parties.start()
        lib.until(lambda: all(
            n.status()["peers"] >= 3 for n in parties.nodes), 60)
        watch = parties.settled_watch()

        def work(among, above):
            ids = parties.send(among[0], 5, sender=0)
            ids += parties.send(among[-1], 5, sender=1)
            for i in ids:
                # it may be on its way from the other node
                lib.until(lambda i=i: (parties.fate(among[0], i) or {}).get(
                    "status") in ("included", "settled"), 60)
            return parties.together(among, above)

        height = work(parties.nodes, 0)
        # in rotation: more than one authority makes the blocks of a while
        for _ in range(6):
            height = work(parties.nodes, height)
        made = {b["coinbase"] for b in parties.blocks(
            parties.nodes[0], height)[1:]}
        self.assertGreaterEqual(len(made), 3, made)
        # one dies, then two, then three
        for dead in range(3):
            parties.nodes[dead].kill()
            among = parties.nodes[dead + 1:]
            height = work(among, height)
        # they come back, and catch up
        for node in parties.nodes[:3]:
            node.start()
        height = work(parties.nodes, height)
        lib.until(lambda: all(
            n.get("/ready").status == 200 for n in parties.nodes), 60)
        parties.same_chain()
        self.assertEqual(watch.end().broken, [])
        self.assertGreater(watch.looks, 100)
        for node in parties.nodes:
            node.stop()
            self.run_program("ccoin", "-d", node.datadir, "verify")

    def test_divided_and_healed_is_one_chain_and_nothing_is_lost(self):
        delay, slot = (0.2, 5000) if LONG else (0.02, 500)
        parties = network.Parties(self, 7, slot_ms=slot)
        nodes = parties.nodes
        relays = relay.Relays(
            lambda: [n.process and n.pid for n in nodes], delay, seed=3)
        self.addCleanup(relays.stop)
        # nobody learns another way than through the relays
        ways = [relays.add(b, n.p2p) for b, n in enumerate(nodes)]
        for a, node in enumerate(nodes):
            node.args += ["--advertise", ways[a]]
            for b in range(a + 1, 7):
                node.args += ["--connect", ways[b]]
        parties.start()
        lib.until(lambda: all(n.status()["peers"] == 6 for n in nodes), 60)
        watch = parties.settled_watch()
        stop = threading.Event()

        def lose():  # connections, again and again
            while not stop.wait(2.0):
                relays.cut(0.1)

        losing = threading.Thread(target=lose, daemon=True)
        losing.start()
        ids = parties.send(nodes[0], 20, sender=0)
        height = parties.together(above=3, limit=400)
        before = nodes[0].status()["settled_height"]
        small, big = nodes[:3], nodes[3:]
        relays.divide(range(3), range(3, 7))
        # both sides go on; neither can settle
        ids += parties.send(small[0], 10, sender=1)
        ids += parties.send(big[0], 10, sender=2)
        # the same money on both sides: one of each pair must lose
        twins = self.rivals(parties, small[1], big[1], 3)
        lib.until(lambda: min(n.height() for n in nodes) >= height + 6, 400)
        self.assertNotEqual(*(n.must(n.get(
            f"/v1/blocks/{height + 6}")).json()["id"]
            for n in (small[0], big[0])))
        relays.heal()
        parties.together(above=height + 6, limit=400)
        stop.set()
        losing.join(20)
        last = parties.send(nodes[1], 5, sender=0)
        for i in ids + last:
            self.assertIn(lib.until(
                lambda i=i: parties.fate(nodes[2], i) and
                parties.fate(nodes[2], i)["status"] in
                ("included", "settled") and parties.fate(nodes[2], i), 400)
                ["status"], ("included", "settled"))
        # an idle chain settles, and then is silent
        lib.until(lambda: all(
            n.status()["settled_height"] > before and self.idle(n)
            for n in nodes), 400)
        parties.same_chain()
        for pair in twins:
            self.one_of(parties, pair, (small[1], big[1]))
        self.assertEqual(watch.end().broken, [])
        self.assertGreater(relays.resets, 0)
        reorgs = sum(int(self.metric(n, "ccoin_reorgs_total"))
                     for n in nodes)
        self.assertGreaterEqual(reorgs, 3)

    def one_of(self, parties, pair, pushed_to):
        """The same one of the pair is in the chain of every node; the other
        was refused for a reason, where somebody knows of it at all."""
        def is_in(fate):
            return fate and fate["status"] in ("included", "settled")
        fates = [[parties.fate(n, i) for i in pair] for n in parties.nodes]
        won = {tuple(bool(is_in(f)) for f in both) for both in fates}
        self.assertIn(won, ({(True, False)}, {(False, True)}), fates)
        lost = 0 if won == {(False, True)} else 1
        for both in fates:
            # never pushed to this node, and its number used when it came
            if both[lost] is None:
                continue
            self.assertEqual(both[lost]["status"], "dropped", both)
            self.assertTrue(both[lost]["reason"], both)
        self.assertIsNotNone(
            parties.fate(pushed_to[lost], pair[lost]),
            "it took the transaction and says nothing of its end")

    @staticmethod
    def metric(node, name):
        for line in node.get("/metrics").text().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise lib.Failed(f"no metric {name}")

    @staticmethod
    def idle(node):
        """Its last transactions are settled."""
        return not node.get("/v1/consensus").json()["filling"]

    def rivals(self, parties, one, other, sender):
        """Pairs of transfers of one number, one for each side; ids."""
        import wire
        chain = parties.chain_id()
        pairs = []
        for _ in range(3):
            number = parties.nonces[sender]
            pair = []
            for node, amount in ((one, 2), (other, 3)):
                tx = wire.Tx(parties.senders[sender], number,
                             network.account(600).address, amount)
                tx.sign(chain)
                node.must(node.push(tx), 200, 202)
                pair.append(tx.id(chain))
            parties.nonces[sender] += 1
            pairs.append(pair)
        return pairs


if __name__ == "__main__":
    lib.main(needs=("ccoind", "ccoin", "ccoin-discovery"))
