# SPDX-License-Identifier: MIT
"""A transfer that was put together here, not by ccoin, is accepted and moves
the money that it says."""
import os

import lib
import wire


class Transfer(lib.Case):
    def setUp(self):
        super().setUp()
        self.n = self.dev()
        self.genesis = self.n.chain_id()
        self.rich = wire.Account.load(os.path.join(
            self.n.datadir, "keys", self.n.account + ".pem"))

    def included(self, tx_id):
        r = self.n.get(f"/confirmations?transaction_id={tx_id}")
        return r.status == 200 and r.json() >= 1

    def transfer(self, sender, nonce, to, amount, **kw):
        return wire.Tx(sender, nonce, to, amount, **kw).sign(self.genesis)

    def test_json_with_either_kind_of_key(self):
        n = self.n
        old = n.balance(n.account)
        second = wire.Account("ed25519")
        tx = self.transfer(self.rich, 0, second.address, 1000, data="hello")
        r = n.push(tx)
        self.assertEqual(r.status, 202, r)
        self.assertEqual(r.json()["id"], tx.id(self.genesis))
        lib.until(lambda: self.included(tx.id(self.genesis)))
        self.assertEqual(n.balance(second.address), 1000)
        back = self.transfer(second, 0, n.account, 400)
        self.assertEqual(n.push(back).status, 202)
        lib.until(lambda: self.included(back.id(self.genesis)))
        self.assertEqual(n.balance(second.address), 600)
        self.assertEqual(n.balance(n.account), old - 600)

    def test_msgpack(self):
        n = self.n
        tx = self.transfer(self.rich, 0, "22" * 20, 5, data=b"\xff\x00")
        r = n.push_raw(tx.raw())
        self.assertEqual(r.status, 202, r)
        lib.until(lambda: self.included(tx.id(self.genesis)))
        self.assertEqual(n.balance("22" * 20), 5)

    def test_the_same_again_is_a_success(self):
        n = self.n
        tx = self.transfer(self.rich, 0, "22" * 20, 5)
        self.assertEqual(n.push(tx).status, 202)
        self.assertEqual(n.push(tx).status, 200)
        lib.until(lambda: self.included(tx.id(self.genesis)))
        self.assertEqual(n.push(tx).status, 200)
        self.assertEqual(n.balance("22" * 20), 5)

    def test_a_changed_amount_is_refused_and_changes_nothing(self):
        n = self.n
        tx = self.transfer(self.rich, 0, "22" * 20, 5)
        tx.amount = 6
        self.assert_problem(n.push(tx), 422, "bad_signature")
        self.assertEqual(n.balance("22" * 20, confirmations=0), 0)
        good = self.transfer(self.rich, 0, "22" * 20, 7)
        self.assertEqual(n.push(good).status, 202)

    def test_what_is_in_a_block_survives_kill(self):
        n = self.n
        for nonce in range(5):
            tx = self.transfer(self.rich, nonce, "33" * 20, 1)
            self.assertEqual(n.push(tx).status, 202)
            lib.until(lambda: self.included(tx.id(self.genesis)))
            n.kill()
            n.start()
            self.assertEqual(n.balance("33" * 20), nonce + 1)


if __name__ == "__main__":
    lib.main()
