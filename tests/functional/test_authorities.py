# SPDX-License-Identifier: MIT
"""Four authorities as real processes: what each tells of the others, who is
waited for when too many are away, and that it goes on when one comes back."""
import lib

COUNT, QUORUM, SLOT_MS = 4, 3, 250
BOB = "22" * 20


class Authorities(lib.Case):
    limit = 180

    def setUp(self):
        super().setUp()
        self.nodes = [self.node("--listen", "127.0.0.1:0", "--validator")
                      for _ in range(COUNT)]
        self.accounts = [self.run_program(
            "ccoin", "create-account", "--type", "ed25519", "-d",
            n.datadir).stdout.strip() for n in self.nodes]
        genesis = self.write("genesis.json", {
            "network_id": "four", "miners": self.accounts,
            "block_mining": {"interval": 0, "difficulty": 1},
            "consensus": {"slot_ms": SLOT_MS},
            "alloc": {self.accounts[0]: {"balance": 1000000}}})
        for n, account in zip(self.nodes, self.accounts):
            self.run_program("ccoin-init", genesis, "-d", n.datadir)
            n.args += ["--account", account]
        self.listening = {}
        for i in range(COUNT):
            self.start(i)
        lib.until(lambda: all(len(self.peers(n)) == COUNT - 1
                              for n in self.nodes), limit=60)

    def start(self, i):
        """Each dials those that are there already."""
        n = self.nodes[i]
        self.listening.pop(i, None)
        n.start(*(a for where in self.listening.values()
                  for a in ("--connect", where)))
        self.listening[i] = next(line.split()[1] for line in n.output
                                 if line.startswith("p2p "))

    def ccoin(self, n, *args):
        return self.run_program("ccoin", *args, "--url", n.url, "-d",
                                self.nodes[0].datadir).stdout

    def peers(self, n):
        return n.must(n.get("/v1/peers")).json()["items"]

    def consensus(self, n):
        return n.must(n.get("/v1/consensus")).json()

    def validators(self, n):
        return {v["address"]: v for v in
                n.must(n.get("/v1/validators")).json()["items"]}

    def pay(self, wait):
        return self.ccoin(self.nodes[0], "send", "1", BOB, "--wait", wait,
                          "--timeout", "60")

    def settle(self):
        self.pay("settled")

    def test_each_tells_of_all_the_others(self):
        self.settle()
        for i, n in enumerate(self.nodes):
            peers = self.peers(n)
            self.assertEqual(sorted(p["id"] for p in peers), sorted(
                a for a in self.accounts if a != self.accounts[i]))
            for p in peers:
                self.assertTrue(p["authority"])
                self.assertGreater(p["bytes_in"], 0)
                self.assertGreater(p["messages_out"], 0)
                self.assertEqual(p["score"], 0)
            all_of_them = self.validators(n)
            self.assertEqual(list(all_of_them), self.accounts)
            for a, v in all_of_them.items():
                self.assertTrue(v["online"])
                self.assertEqual(v["self"], a == self.accounts[i])
            table = self.ccoin(n, "peers").splitlines()
            self.assertEqual(len(table), COUNT)
            self.assertEqual(n.get("/ready").status, 200)
            self.assertEqual(n.status()["peers"], COUNT - 1)
            self.assertEqual(n.get("/v1/evidence").json()["items"], [])
        # what the chain says is the same everywhere
        lib.until(lambda: len({tuple((v["made"], v["missed"]) for v in
                                     self.validators(n).values())
                               for n in self.nodes}) == 1)

    def test_two_of_four_settle_nothing_and_name_who_is_away(self):
        self.settle()
        first, away = self.nodes[0], self.nodes[2:]
        for n in away:
            n.kill()
        self.pay("block")
        lib.until(lambda: all(
            self.validators(first)[a]["missed_since"] > 1
            for a in self.accounts[2:]), limit=60)
        c = self.consensus(first)
        self.assertTrue(c["filling"])
        self.assertEqual((c["signed"], c["quorum"]), (2, QUORUM))
        self.assertEqual([w["address"] for w in c["waiting_for"]],
                         self.accounts[2:])
        for a in self.accounts[2:]:
            lib.until(lambda a=a: not self.validators(first)[a]["online"])
        before = first.status()
        self.assertGreater(before["height"], before["settled_height"])
        # one is enough
        self.start(2)
        lib.until(lambda: first.status()["settled_height"] >=
                  before["height"], limit=60)
        lib.until(lambda: not self.consensus(first)["filling"], limit=60)
        self.assertEqual(self.consensus(first)["waiting_for"], [])


if __name__ == "__main__":
    lib.main(needs=("ccoind", "ccoin", "ccoin-init"))
