# SPDX-License-Identifier: MIT
"""Finality as users meet it: one validator that votes alone, what it answers
with, and the certificate checked from the protocol's page alone."""
import base64

import lib
import network
import own
import wire
from test_openapi import Shapes

DOMAIN_VOTE = b"ccoin/vote/1"
COMMIT = 2
BOB = "22" * 20


class Case(own.Case):
    def put_validator(self, n, who):
        """Its key, with the vote journal that is made with it: one that comes
        later has to listen to others first."""
        self.put_key(n.datadir, who)
        self.run_program("ccoin", "votes", "reset", "--from-height", "1",
                         "-d", n.datadir)


class Final(Case):
    def setUp(self):
        super().setUp()
        g = network.bft_genesis([self.miner], time=own.now_ms(),
                                consensus={"allow_few": True}, alloc={
                                    self.rich.address: {"balance": 1000000},
                                    self.miner.address: {"balance": 1000}})
        self.file = self.write("genesis.json", g)
        n = self.node("--genesis", self.file, "--validator", "--account",
                      self.miner.address)
        self.put_validator(n, self.miner)
        self.n = n.start()
        self.chain_id = n.chain_id()

    def pay(self, wait="final"):
        """The answer to one that is waited for."""
        r = self.n.post(f"/v1/txs?wait={wait}&timeout=60",
                        self.tx(BOB, 5).object())
        self.assertEqual(r.status, 200, r)
        return r.json()

    def ccoin(self, *args, **kw):
        return self.run_program("ccoin", *args, "--url", self.n.url, **kw)

    def metric(self, name):
        for line in self.n.get("/metrics").text().splitlines():
            if line.rpartition(" ")[0] == name:
                return int(line.rpartition(" ")[2])
        return None

    def commit_body(self, b):
        return wire.pack([COMMIT, b["number"], b["certificate"]["round"], 0,
                          bytes.fromhex(b["id"])])

    def test_the_certificate_proves_the_block_to_a_stranger(self):
        number = self.pay()["height"]
        b = self.n.get(f"/v1/blocks/{number}").json()
        vote, = b["certificate"]["votes"]
        self.assertEqual(vote["validator"], 0)
        self.assertEqual(vote["address"], self.miner.address)
        key = base64.b64decode(
            self.n.get("/v1/validators").json()["items"][0]["public_key"])
        self.assertEqual(key, self.miner.spki)
        signature = base64.b64decode(vote["signature"])
        good = self.commit_body(b)
        self.assertTrue(wire.verify(
            key, wire.digest(DOMAIN_VOTE, self.chain_id, good), signature))
        other = dict(b, id="00" + b["id"][2:])
        self.assertFalse(wire.verify(
            key, wire.digest(DOMAIN_VOTE, self.chain_id,
                             self.commit_body(other)), signature))
        # and it is the seal of the block's bytes
        raw = self.n.get(f"/v1/blocks/{number}", headers={
            "Accept": "application/msgpack"}).body
        self.assertEqual(wire.unpack(raw)[1], [
            b["certificate"]["round"], [[0, signature]]])

    def test_what_was_final_is_there_after_kill(self):
        for _ in range(3):
            answer = self.pay()
            self.assertEqual(answer["status"], "final")
            self.n.kill()
            self.n.start()
            t = self.n.get(f"/v1/txs/{answer['id']}").json()
            self.assertEqual((t["status"], t["height"]),
                             ("final", answer["height"]))
            b = self.n.get(f"/v1/blocks/{answer['height']}").json()
            self.assertIn("certificate", b)

    def test_every_block_is_final_in_every_answer(self):
        self.assertEqual(self.pay("block")["status"], "final")
        last = self.pay("settled")
        self.assertEqual((last["status"], last["height"]), ("final", 2))
        for name in "0", "1", "latest", "settled", "final":
            b = self.n.get(f"/v1/blocks/{name}").json()
            self.assertEqual((b["settled"], b["final"]), (True, True), name)
        self.assertEqual(b["number"], 2)
        r = self.n.get("/v1/blocks/" + b["id"])
        self.assertIn("immutable", r.headers["Cache-Control"])
        self.assertEqual(r.headers["ETag"], f'"{b["id"]}"')
        status = self.n.status()
        self.assertEqual((status["engine"], status["final_height"],
                          status["settled_height"]), ("bft", 2, 2))
        self.assertIsNone(status["silent"])
        self.assertEqual(self.metric("ccoin_final_height"), 2)

    def test_the_round_and_who_votes_are_told(self):
        self.pay()
        lib.until(lambda: self.n.get("/v1/consensus").json()["step"] ==
                  "idle")
        c = self.n.get("/v1/consensus").json()
        self.assertEqual((c["engine"], c["height"], c["round"], c["leader"],
                          c["quorum"], c["waiting_for"], c["waiting"]),
                         ("bft", 2, 0, self.miner.address, 1, [], None))
        # its floor, a proposal, a prepare and a commit
        self.assertEqual(c["journal"]["records"], 4)
        self.assertEqual(self.metric("ccoin_bft_journal_records_total"), 4)
        self.assertEqual(self.metric("ccoin_bft_round"), 0)
        self.assertEqual(self.metric("ccoin_bft_missing"), 0)
        self.assertEqual(self.n.get("/ready").status, 200)
        v = self.n.get("/v1/validators").json()
        self.assertEqual((v["quorum"], v["proposals"], v["change"],
                          v["offenders"], v["next"]), (1, [], None, [], None))
        self.assertEqual([(i["address"], i["self"], i["missing"])
                          for i in v["items"]],
                         [(self.miner.address, True, False)])
        self.assertEqual(self.n.get("/v1/evidence").json()["items"], [])

    def test_answers_are_of_their_shape(self):
        answer = self.pay()
        document = self.n.get("/openapi.json").json()
        shapes = Shapes(document)
        for template, name in (("/v1/blocks/{id}", "final"),
                               ("/v1/blocks/{id}", "0"),
                               ("/v1/txs/{id}", answer["id"]),
                               ("/v1/blocks", ""), ("/blockchain", ""),
                               ("/v1/status", ""), ("/v1/genesis", ""),
                               ("/v1/validators", ""), ("/v1/evidence", ""),
                               ("/v1/consensus", ""), ("/ready", "")):
            with self.subTest(template):
                described = document["paths"][template]["get"]["responses"]
                schema = described["200"]["content"]["application/json"]
                r = self.n.must(self.n.get(template.format(id=name)))
                self.assertEqual(shapes.faults(schema["schema"], r.json()),
                                 [])

    def test_the_wallet_waits_and_shows_it(self):
        out = self.ccoin("send", "5", BOB, "--wait", "final", "-d",
                         self.n.datadir, "--from", self.miner.address)
        tx_id = out.stdout.strip()
        self.assertIn("status final\n", self.ccoin("tx", tx_id).stdout)
        shown = self.ccoin("block", "final").stdout
        self.assertIn("final true\n", shown)
        self.assertIn("certificate\n", shown)
        head, line, quorum = self.ccoin("validators").stdout.splitlines()
        self.assertEqual(head.split()[0], "ADDRESS")
        self.assertEqual(line.split()[:2], [self.miner.address, "no"])
        self.assertEqual(quorum, "quorum 1 of 1")
        self.assertIn("final_height 1\n", self.ccoin("status").stdout)

    def test_a_newcomer_runs_before_it_is_voted_in(self):
        new = own.account(7)
        n = self.node("--genesis", self.file, "--validator", "--account",
                      new.address, "--connect", next(
                          line.split()[1] for line in self.n.output
                          if line.startswith("p2p ")))
        self.put_validator(n, new)
        n.start()
        self.assertIn(f"account {new.address} is not a validator", n.log())
        self.assertIn("is not a validator", n.status()["silent"])
        answer = self.pay()
        lib.until(lambda: n.height() == answer["height"])
        t = n.get(f"/v1/txs/{answer['id']}").json()
        self.assertEqual(t["status"], "final")
        self.assertEqual(n.get("/v1/consensus").json()["silent"],
                         n.status()["silent"])


class Quorum(Case):
    """Two of four validators."""

    def test_who_is_missing_is_named(self):
        accounts = sorted((own.account(i) for i in range(1, 5)),
                          key=lambda a: a.raw_address)
        path = self.write("genesis.json", network.bft_genesis(
            accounts, time=own.now_ms()))
        nodes = []
        for a in accounts[:2]:
            n = self.node("--genesis", path, "--validator", "--account",
                          a.address, *(("--connect", next(
                              line.split()[1] for line in nodes[0].output
                              if line.startswith("p2p "))) if nodes else ()))
            self.put_validator(n, a)
            nodes.append(n.start())
        first = nodes[0]
        lib.until(lambda: first.get("/v1/peers").json()["items"])
        lib.until(lambda: first.get("/ready").json().get("field") == "quorum")
        problem = self.assert_problem(first.get("/ready"), 503, "unavailable")
        self.assertIn(
            f"waiting for 2 of 4: {accounts[2].address} never seen, "
            f"{accounts[3].address} never seen; 3 are needed",
            problem["detail"])
        # one comes, and three are enough
        n = self.node("--genesis", path, "--validator", "--account",
                      accounts[2].address, "--connect", next(
                          line.split()[1] for line in first.output
                          if line.startswith("p2p ")))
        self.put_validator(n, accounts[2])
        n.start()
        lib.until(lambda: first.get("/ready").status == 200)
        self.assertEqual(
            [i["address"] for i in
             first.get("/v1/validators").json()["items"] if i["missing"]],
            [accounts[3].address])
        self.assertIsNone(first.status()["waiting"])


lib.main(needs=("ccoind", "ccoin"))
