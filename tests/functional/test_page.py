# SPDX-License-Identifier: MIT
"""What doc/protocol.md tells a stranger is what a real node does: its client
works as it stands there, and what can be read back is what it says."""
import os
import re
import subprocess
import sys

import lib
import wire

ZEROS = bytes(32)
BYTES = {"Accept": "application/msgpack"}


def page():
    path = os.path.join(lib.SOURCE, "doc", "protocol.md")
    with open(path, encoding="utf-8") as f:
        return f.read()


class Example(lib.Case):
    """The client of "the short way"."""

    def setUp(self):
        super().setUp()
        code = re.search(r"^```python\n(.*?)^```$", page(), re.M | re.S)
        self.client = self.write("client.py", code.group(1))

    def run_client(self, n, key, to, amount, status=0):
        r = subprocess.run(
            [sys.executable, self.client, n.url, key, to, str(amount)],
            env=dict(os.environ, no_proxy="*"), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=60 * lib.PATIENCE)
        self.assertEqual(r.returncode, status, r.stdout + r.stderr)
        return r

    def test_it_transfers_with_either_kind_of_key(self):
        n = self.dev()
        rich = os.path.join(n.datadir, "keys", n.account + ".pem")
        for kind in ("rsa", "ed25519"):
            account = wire.Account(kind)
            key = self.write(kind + ".pem", account.pem())
            said = self.run_client(n, rich, account.address, 600).stdout
            tx_id, status, height = said.split()
            self.assertEqual(status, "settled")
            tx = n.must(n.get("/v1/txs/" + tx_id)).json()
            self.assertEqual(tx["height"], int(height))
            self.assertEqual(tx["tx"]["data"], "caf\u00e9")
            to = kind.encode().hex().ljust(40, "0")
            for amount in (599, 1):  # with the public key, and without
                self.run_client(n, key, to, amount)
            self.assertEqual(n.balance(to), 600)
            self.assertEqual(n.balance(account.address), 0)
            r = self.run_client(n, key, to, 1, status=1)
            self.assertIn("insufficient_balance", r.stderr)


class Bytes(lib.Case):
    """Who hashes what a node answers finds what it says."""

    def setUp(self):
        super().setUp()
        self.owner = wire.Account("ed25519")

    def raw(self, n, path):
        r = n.must(n.get(path, headers=BYTES))
        self.assertEqual(r.headers["Content-Type"], "application/msgpack")
        return r.body

    def started(self, **more):
        genesis = self.write("genesis.json", {
            "network_id": "page", "miners": [self.owner.address],
            "alloc": {self.owner.address: {"balance": 10**6}}, **more})
        n = self.node("--genesis", genesis, "--validator", "--account",
                      self.owner.address)
        self.write(os.path.join("node1", "keys", self.owner.address + ".pem"),
                   self.owner.pem())
        os.chmod(n.datadir, 0o700)
        keys = os.path.join(n.datadir, "keys")
        os.chmod(keys, 0o700)
        os.chmod(os.path.join(keys, self.owner.address + ".pem"), 0o600)
        return n.start()

    def test_the_chain_can_be_checked_from_outside(self):
        n = self.started()
        chain_id = n.chain_id()
        for nonce in range(3):
            tx = wire.Tx(self.owner, nonce, "33" * 20, 5).sign(chain_id)
            r = n.post("/v1/txs?wait=block", tx.object())
            self.assertEqual(r.status, 200, r)
        parent = ZEROS
        for height in range(n.height() + 1):
            header, seal, txs = wire.unpack(
                self.raw(n, f"/v1/blocks/{height}"))
            told = n.must(n.get(f"/block?index={height}")).json()
            block_id = wire.digest(wire.DOMAIN_HEADER,
                                   chain_id if height else ZEROS,
                                   wire.pack(header))
            self.assertEqual(block_id.hex(), told["id"])
            self.assertEqual(header[:3], [1, height, parent])
            self.assertEqual(
                [header[3], header[4].hex(), header[5].hex(),
                 header[7].hex(), header[10].decode()],
                [told[name] for name in ("time", "coinbase", "hash_txns",
                                         "hash_state", "data")])
            self.assertEqual(seal[2], told["nonce"])
            self.assertEqual(
                [wire.digest(wire.DOMAIN_TX, chain_id, wire.pack(body)).hex()
                 for body, _, _ in txs], [tx["id"] for tx in told["body"]])
            if height:
                self.assertTrue(wire.verify(seal[0], block_id, seal[1]))
            else:
                rules = header[9][0]
            parent = block_id
        self.assertEqual(parent.hex(), n.status()["hash"])
        self.assertEqual(rules, wire.digest(
            b"ccoin/rules/1", ZEROS, self.raw(n, "/v1/genesis")))
        told = n.must(n.get("/v1/genesis")).json()
        self.assertEqual(told["rules_hash"], rules.hex())
        self.assertEqual(told["chain_id"], chain_id.hex())

    def test_a_long_alloc_comes_whole_or_not_at_all(self):
        many = {f"{i:040x}": {"balance": i} for i in range(1, 12001)}
        alloc = {**many, self.owner.address: {"balance": 7}}
        n = self.started(alloc=alloc, genesis_block={"time": 5})
        r = n.must(n.get("/v1/genesis?alloc=true"))
        self.assertEqual(r.headers.get("Transfer-Encoding"), "chunked")
        told = r.json()
        self.assertEqual(told["alloc"], alloc)
        self.assertNotIn("alloc", n.get("/v1/genesis").json())
        raw = self.raw(n, "/v1/genesis")
        rules = wire.unpack(raw)
        self.assertEqual(len(rules), 24)
        self.assertEqual(rules[16], sorted(
            [bytes.fromhex(a), v["balance"]] for a, v in alloc.items()))
        self.assertEqual(wire.digest(b"ccoin/rules/1", ZEROS, raw).hex(),
                         told["rules_hash"])
        # what it tells makes the same chain
        del told["chain_id"], told["rules_hash"]
        again = self.run_program("ccoin-init", self.write("again", told),
                                 "-d", self.path("other"))
        self.assertIn(n.chain_id().hex(), again.stdout)


class Words(lib.Case):
    """Single statements of the page."""

    def setUp(self):
        super().setUp()
        # two are needed for a block, so that one alone stays pending
        self.rich = wire.Account("ed25519")
        genesis = self.write("genesis.json", {
            "network_id": "page", "miners": [self.rich.address],
            "new_address_balance": 7, "block_mining": {
                "min_bound": 64, "interval": 31622400},
            "alloc": {self.rich.address: {"balance": 1000}}})
        self.n = self.node("--genesis", genesis).start()
        self.genesis = self.n.chain_id()

    def tx(self, nonce, amount=10, **kw):
        return wire.Tx(self.rich, nonce, "22" * 20, amount, **kw).sign(
            self.genesis)

    def account(self, address):
        return self.n.must(self.n.get("/v1/accounts/" + address)).json()

    def test_a_superfluous_key_is_dropped_in_json_and_refused_in_bytes(self):
        n = self.n
        self.assertEqual(n.push(self.tx(0)).status, 202)
        tx = self.tx(1)
        tx.key = self.rich.spki
        self.assert_problem(n.push_raw(tx.raw()), 422,
                            "public_key_unexpected")
        self.assertEqual(n.push(tx).status, 202)
        tx = self.tx(2)
        tx.key = wire.Account("ed25519").spki
        self.assert_problem(n.push(tx), 422, "wrong_public_key")

    def test_next_nonce_is_the_first_that_is_missing(self):
        n = self.n
        self.assertEqual(
            self.account("22" * 20),
            {"address": "22" * 20, "exists": False, "balance": 7,
             "pending": 7, "nonce": 0, "next_nonce": 0})
        self.assertEqual(n.push(self.tx(0, fee=1)).json()["status"],
                         "pending")
        self.assertEqual(n.push(self.tx(2)).json()["status"], "queued")
        a = self.account(self.rich.address)
        self.assertEqual((a["nonce"], a["next_nonce"]), (0, 1))
        self.assertEqual((a["balance"], a["pending"]), (1000, 989))
        self.assertEqual(n.balance("22" * 20, confirmations=0), 17)
        self.assertEqual(n.push(self.tx(1)).json()["status"], "pending")
        self.assertEqual(self.account(self.rich.address)["next_nonce"], 3)
        r = n.push(self.tx(2))
        self.assertEqual((r.status, r.json()["status"]), (200, "pending"))

    def test_balances_before_there_was_a_chain(self):
        self.assertEqual(self.n.balance(self.rich.address), 1000)
        self.assertEqual(self.n.balance(self.rich.address, 2), 7)

    def test_the_pool_takes_64_and_checks_the_next_block(self):
        n = self.n
        self.assertEqual(n.push(self.tx(0)).status, 202)
        self.assertEqual(n.push(self.tx(63)).json()["status"], "queued")
        self.assert_problem(n.push(self.tx(64)), 422, "nonce_gap")
        tx = self.tx(1, valid_until=1)
        self.assertEqual(n.push(tx).status, 202)
        self.assert_problem(n.push(self.tx(2, valid_until=2**53 - 1,
                                           amount=2**53 - 1, fee=1)),
                            422, "amount_overflow")
        self.assert_problem(n.push(self.tx(2, amount=981)), 422,
                            "insufficient_balance")

    def test_a_replacement_pays_a_tenth_more_rounded_up(self):
        n = self.n
        for old, new in ((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6),
                         (6, 7), (7, 8), (8, 9), (9, 10), (10, 11), (11, 13),
                         (13, 15)):
            self.assertIn(n.push(self.tx(0, fee=old)).status, (200, 202))
            if new - 1 > old:
                self.assert_problem(n.push(self.tx(0, fee=new - 1)), 422,
                                    "replacement_fee_too_low")
            first = self.tx(0, fee=old).id(self.genesis)
            self.assertEqual(n.push(self.tx(0, fee=new)).status, 202)
            told = n.must(n.get("/v1/txs/" + first)).json()
            self.assertEqual(told, {"tx": None, "status": "dropped",
                                    "reason": "replaced"})
            self.assert_problem(
                n.get("/confirmations?transaction_id=" + first), 404,
                "not_found")

    def test_the_same_by_another_signature_is_known(self):
        a = wire.Account("rsa")
        one = wire.Tx(a, 0, "22" * 20, 1).sign(self.genesis)
        two = wire.Tx(a, 0, "22" * 20, 1).sign(self.genesis)
        self.assertNotEqual(one.raw(), two.raw())
        self.assertEqual(self.n.push_raw(one.raw()).status, 202)
        self.assertEqual(self.n.push_raw(two.raw()).status, 200)
        two.signature = bytes(256)
        self.assert_problem(self.n.push_raw(two.raw()), 422,
                            "bad_signature")


if __name__ == "__main__":
    lib.main()
