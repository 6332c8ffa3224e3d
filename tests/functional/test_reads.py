# SPDX-License-Identifier: MIT
"""What a real node says about its ledger, now and at earlier blocks, before
and after a transfer, is what adding up the transfers gives."""
import base64
import csv
import io
import threading

import lib
import own
import wire

NEVER = 10**6  # s
START = 1000000


class Reads(own.Case):
    """A chain with some blocks, and the states that they must have."""

    def setUp(self):
        super().setUp()
        self.states = []  # by height: address -> [balance, nonce]

    def grow(self):
        """Five blocks, one transfer each."""
        self.chain({"reward": 3})
        self.states = [{self.rich.address: [START, 0]}]
        self.ids = []
        self.bob, self.eve = own.account(5), own.account(6)
        for sender, to, amount, fee in (
                (self.rich, self.bob, 1000, 2), (self.bob, self.eve, 300, 1),
                (self.rich, self.rich, 500, 0), (self.eve, self.bob, 300, 0),
                (self.rich, self.bob, 0, 1)):
            self.ids.append(self.send(to, amount, sender=sender, fee=fee))
            self.apply(sender, to, amount, fee)

    def apply(self, sender, to, amount, fee):
        state = {a: list(v) for a, v in self.states[-1].items()}
        for a in sender, to, self.miner:
            state.setdefault(a.address, [0, 0])
        state[sender.address][0] -= amount + fee
        state[sender.address][1] += 1
        state[to.address][0] += amount
        state[self.miner.address][0] += fee + 3
        self.states.append(state)

    def everyone(self):
        return [a.address for a in (self.miner, self.rich, self.bob,
                                    self.eve)] + ["77" * 20]

    @staticmethod
    def as_json(state):
        return {a: {"balance": b, "nonce": n} for a, (b, n) in state.items()}

    def check_balances(self):
        tip = len(self.states) - 1
        for address in self.everyone():
            for n in range(1, tip + 2):
                want = self.states[tip + 1 - n].get(address, [0, 0])[0]
                self.assertEqual(self.n.balance(address, n), want,
                                 (address, n))
            # before there was a chain
            self.assertEqual(self.n.balance(address, tip + 2), 0)
            self.assertEqual(self.n.balance(address, 0),
                             self.states[tip].get(address, [0, 0])[0])
        for n in 1, 2, tip, tip + 1:
            r = self.n.get(f"/balances?confirmations={n}").json()
            self.assertEqual(r, {a: b for a, (b, _) in
                                 self.states[tip + 1 - n].items()})

    def check_blocks(self):
        parent = "00" * 32
        for height, state in enumerate(self.states):
            before = self.states[height - 1] if height else {}
            b = self.block(height)
            self.assertEqual(b["number"], height)
            self.assertEqual(b["hash_parent"], parent)
            self.assertEqual(b["state"], self.as_json(
                {a: v for a, v in state.items() if v != before.get(a)}))
            everything = self.block(height, "&state=all")
            self.assertEqual(everything["state"], self.as_json(state))
            self.assertEqual(b["confirmations"], len(self.states) - height)
            self.assertEqual((b["settled"], b["final"]), (True, False))
            self.assertEqual([t["id"] for t in b["body"]],
                             self.ids[height - 1:height] if height else [])
            parent = b["id"]
            by_hash = self.n.get(f"/block?hash={parent}").json()
            self.assertEqual(by_hash, b)
            self.assertEqual(self.n.get(f"/v1/blocks/{height}").json(), b)
        self.assertEqual(self.blocks(), [self.block(i) for i in
                                         range(len(self.states))])
        self.assertEqual(self.n.get("/v1/blocks/latest").json()["id"], parent)

    def check_history(self):
        """Each account's transactions, newest first; and as CSV."""
        bodies = [t for b in reversed(self.blocks()) for t in b["body"]]
        for address in self.everyone():
            mine = [t for t in bodies if address in (t["from"], t["to"])]
            r = self.n.get(f"/v1/accounts/{address}/txs").json()
            self.assertEqual(r, {"items": mine, "next": None})
            text = self.n.get(f"/v1/accounts/{address}/txs", headers={
                "Accept": "text/csv"}).text()
            rows = list(csv.DictReader(io.StringIO(text)))
            self.assertEqual(
                [(r["id"], int(r["block"]), r["from"], r["to"],
                  int(r["amount"]), int(r["fee"])) for r in rows],
                [(t["id"], t["block"], t["from"], t["to"], t["amount"],
                  t["fee"]) for t in mine])

    def check_transactions(self):
        tip = len(self.states) - 1
        for i, tx_id in enumerate(self.ids):
            height = i + 1
            t = self.state_of(tx_id)
            self.assertEqual(t["status"], "settled")
            self.assertEqual(t["height"], height)
            self.assertEqual(t["confirmations"], tip - height + 1)
            self.assertEqual(t["tx"], self.block(height)["body"][0])
            self.assertEqual(t["tx"]["block_hash"], self.block(height)["id"])
            r = self.n.get(f"/confirmations?transaction_id={tx_id}")
            self.assertEqual(r.json(), tip - height + 1)

    def test_every_state_at_every_height_also_after_kill(self):
        self.grow()
        for again in False, True:
            if again:
                self.n.kill()
                self.n.start()
            self.check_balances()
            self.check_blocks()
            self.check_history()
            self.check_transactions()
            self.assertEqual(self.n.get("/chainlength").text(), "6\n")

    def test_what_a_block_says_of_a_transaction_checks_out_elsewhere(self):
        """Put together again from the JSON, it has its id and signature."""
        self.grow()
        for b in self.blocks()[1:]:
            t = b["body"][0]
            key = base64.b64decode(t["public_key"])
            tx = wire.Tx(self.rich, t["number"], t["to"], t["amount"],
                         fee=t["fee"], valid_until=t["valid_until"],
                         data=t["data"])
            tx.sender = type("Sender", (), {
                "raw_address": bytes.fromhex(t["from"])})
            self.assertEqual(tx.id(self.chain_id), t["id"])
            self.assertTrue(wire.verify(key, bytes.fromhex(t["id"]),
                                        base64.b64decode(t["signature"])))

    def test_a_pending_transaction_is_seen_where_pending_ones_count(self):
        n = self.chain({"interval": NEVER, "min_bound": 3},
                       genesis_block={"time": own.now_ms()})
        self.assertEqual(n.get("/unprocessed").json(), [])
        a, b = self.rich.address, "22" * 20
        tx = self.tx(b, 70, fee=5, data="rent")
        tx_id, = self.push(tx)
        self.assertEqual((n.balance(b), n.balance(b, 0)), (0, 70))
        self.assertEqual((n.balance(a), n.balance(a, 0)),
                         (START, START - 75))
        t, = n.get("/unprocessed").json()
        self.assertNotIn("block", t)
        self.assertEqual(t, {**tx.object(), "id": tx_id})
        self.assertEqual(self.state_of(tx_id), {"tx": t, "status": "pending"})
        self.assertEqual(n.get(
            f"/confirmations?transaction_id={tx_id}").json(), 0)
        account = n.get(f"/v1/accounts/{a}").json()
        self.assertEqual(account, {
            "address": a, "exists": True, "balance": START,
            "pending": START - 75, "nonce": 0, "next_nonce": 1})
        self.assertEqual(n.get(f"/v1/accounts/{b}").json()["exists"], False)
        self.assertEqual(n.get(f"/v1/accounts/{a}/txs").json()["items"], [])
        self.assertEqual(n.status()["mempool"]["transactions"], 1)
        # now three, and a block
        self.push(self.tx(b, 1), self.tx(b, 1))
        self.wait_in_block(tx_id)
        self.assertEqual((n.balance(b), n.balance(b, 0)), (72, 72))
        self.assertEqual(n.balance(b, 2), 0)
        self.assertEqual(n.get("/unprocessed").json(), [])
        self.assertEqual(n.get(
            f"/confirmations?transaction_id={tx_id}").json(), 1)
        account = n.get(f"/v1/accounts/{a}").json()
        self.assertEqual((account["nonce"], account["next_nonce"]), (3, 3))
        self.assertEqual(n.get("/confirmations?transaction_id=" + "00" * 32)
                         .status, 404)

    def test_history_in_pages_and_down_to_a_block(self):
        n = self.chain({"interval": NEVER, "min_bound": 4, "max_bound": 4},
                       genesis_block={"time": own.now_ms()})
        ids = self.push(*[self.tx("22" * 20, i) for i in range(20)])
        self.wait_in_block(ids[-1])
        got, cursor = [], ""
        while cursor is not None:
            page = n.get(f"/v1/accounts/{'22' * 20}/txs?limit=3{cursor}"
                         ).json()
            self.assertLessEqual(len(page["items"]), 3)
            got += [t["id"] for t in page["items"]]
            cursor = page["next"] and "&cursor=" + page["next"]
        self.assertEqual(got, ids[::-1])
        late = n.get(f"/v1/accounts/{'22' * 20}/txs?since=4").json()["items"]
        self.assertEqual([t["id"] for t in late], ids[:11:-1])


class Waiting(own.Case):
    def push_and_wait(self, tx, wait, timeout=60):
        return self.n.post(f"/v1/txs?wait={wait}&timeout={timeout}",
                           tx.object())

    def test_for_the_pool(self):
        self.chain({"interval": NEVER, "min_bound": 2},
                   genesis_block={"time": own.now_ms()})
        tx = self.tx("22" * 20, 1)
        r = self.push_and_wait(tx, "pool")
        self.assertEqual((r.status, r.json()), (202, {
            "id": tx.id(self.chain_id), "status": "pending"}))
        r = self.push_and_wait(tx, "pool")
        self.assertEqual((r.status, r.json()["status"]), (200, "pending"))

    def test_for_a_block_and_until_it_is_settled(self):
        self.chain()
        for wait in "block", "settled":
            tx = self.tx("22" * 20, 1)
            r = self.push_and_wait(tx, wait)
            self.assertEqual(r.status, 200, r)
            height = r.json()["height"]
            self.assertEqual(r.json(), {
                "id": tx.id(self.chain_id), "status": "settled",
                "height": height, "confirmations": 1})
            self.assertEqual(self.block(height)["body"][0]["id"],
                             r.json()["id"])
        # and again: a success, at once
        r = self.push_and_wait(tx, "settled")
        self.assertEqual((r.status, r.json()["height"]), (200, height))

    def test_an_array(self):
        self.chain()
        txs = [self.tx("22" * 20, i) for i in range(10)]
        bad = self.tx("22" * 20, 1)
        bad.amount = 2
        r = self.n.post("/v1/txs?wait=block&timeout=60",
                        [t.object() for t in txs + [bad]])
        self.assertEqual(r.status, 200, r)
        self.assertEqual([i["status"] for i in r.json()],
                         ["settled"] * 10 + ["refused"])
        self.assertEqual(r.json()[10]["code"], "bad_signature")

    def test_that_ends_early_says_where_it_is(self):
        self.chain({"interval": NEVER, "min_bound": 2},
                   genesis_block={"time": own.now_ms()})
        tx = self.tx("22" * 20, 1)
        r = self.push_and_wait(tx, "block", 0)
        self.assertEqual((r.status, r.json()), (202, {
            "id": tx.id(self.chain_id), "status": "pending"}))

    def test_a_waiting_client_is_told_when_the_block_comes(self):
        self.chain({"interval": NEVER, "min_bound": 2},
                   genesis_block={"time": own.now_ms()})
        first, second = self.tx("22" * 20, 1), self.tx("22" * 20, 2)
        answers = []
        t = threading.Thread(target=lambda: answers.append(
            self.push_and_wait(first, "settled", 250)), daemon=True)
        t.start()
        lib.until(lambda: self.n.get("/unprocessed").json())
        self.push(second)
        t.join(60 * lib.PATIENCE)
        self.assertEqual(answers[0].json()["height"], 1)

    def test_for_finality_that_poa_does_not_have(self):
        self.chain()
        tx = self.tx("22" * 20, 1)
        self.assert_problem(self.push_and_wait(tx, "final"), 422,
                            "no_finality")
        self.assertEqual(self.n.get("/unprocessed").json(), [])
        self.assertEqual(self.n.height(), 0)
        self.assertEqual(self.push_and_wait(tx, "block").status, 200)


class OtherSeed(own.Case):
    """The paths under the node's own address."""

    def test_reads(self):
        n = self.chain({"reward": 5})
        tx_id = self.send("22" * 20, 7, data="hi")
        me = "/" + self.miner.address
        for slash in "", "/":
            self.assertEqual(n.get(me + slash).json(), {"peers": 0})
            self.assertEqual(n.get(f"{me}/blk/cnt{slash}").text(), "2\n")
            self.assertEqual(n.get(f"{me}/blk/1{slash}").json(),
                             self.block(1))
            r = n.post(f"{me}/txn/{tx_id}{slash}", {"block_number": 1})
            self.assertEqual(r.status, 200, r)
            self.assertEqual(r.json(), self.block(1)["body"][0])
        self.assertEqual(n.get(f"{me}/blk/2").status, 404)
        for number in 0, 2:
            r = n.post(f"{me}/txn/{tx_id}", {"block_number": number})
            self.assertEqual(r.status, 404, r)
        self.assertEqual(n.get(me.upper()).json(), {"peers": 0})

    def test_another_address_is_not_found(self):
        n = self.chain()
        other = "/" + self.rich.address
        for path in "", "/blk/cnt", "/blk/0":
            self.assert_problem(n.get(other + path), 404, "not_found")
        self.assert_problem(n.post(other + "/txn/", {
            "sendto_address": "22" * 20, "amount": 1}, headers=n.cookie()),
            404, "not_found")

    def test_creating_needs_the_cookie_and_signs_with_the_nodes_account(self):
        n = self.chain(alloc={self.miner.address: 100})
        path = f"/{self.miner.address}/txn/"
        body = {"sendto_address": "22" * 20, "amount": 7, "data": "hi"}
        for headers in None, {"Authorization": "Bearer wrong"}:
            r = n.post(path, body, headers=headers)
            self.assertIn(r.status, (401, 403), r)
        self.assertEqual(n.get("/unprocessed").json(), [])
        for nonce in 0, 1, 2:
            r = n.post(path, body, headers=n.cookie())
            self.assertEqual(r.status, 202, r)
            t = r.json()
            self.assertEqual((t["from"], t["to"], t["amount"], t["data"],
                              t["number"]),
                             (self.miner.address, "22" * 20, 7, "hi", nonce))
            self.wait_in_block(t["id"])
        self.assertEqual(n.balance("22" * 20), 21)
        self.assert_problem(n.post(path, {**body, "amount": 100},
                                   headers=n.cookie()), 422,
                            "insufficient_balance")
        self.assertEqual(n.balance("22" * 20, 0), 21)


if __name__ == "__main__":
    lib.main()
