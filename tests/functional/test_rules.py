# SPDX-License-Identifier: MIT
"""What genesis says about making blocks is what the blocks of a real node
show: their times and contents are compared, never the time of the test."""
import re

import lib
import own

CAP = 2**53 - 1
NEVER = 10**6  # s: an interval that does not pass


class Rules(own.Case):
    def gaps(self):
        times = [b["time"] for b in self.blocks()]
        return [b - a for a, b in zip(times, times[1:])]

    def test_fewer_than_min_bound_wait_for_the_interval(self):
        self.chain({"interval": 1, "min_bound": 100},
                   genesis_block={"time": own.now_ms()},
                   consensus={"slot_ms": 10})
        for amount in 1, 2, 3:
            self.send("22" * 20, amount)
        self.assertEqual([[t["amount"] for t in b["body"]]
                          for b in self.blocks()], [[], [1], [2], [3]])
        for gap in self.gaps():
            self.assertGreaterEqual(gap, 1000)

    def test_min_bound_makes_a_block_due_and_max_bound_ends_it(self):
        self.chain({"interval": NEVER, "min_bound": 5, "max_bound": 7},
                   genesis_block={"time": own.now_ms()})
        few = self.push(*[self.tx("22" * 20, 1) for _ in range(4)])
        few += self.push(self.tx("22" * 20, 1))
        for tx_id in few:
            self.assertEqual(self.wait_in_block(tx_id), 1)
        many = self.push(*[self.tx("22" * 20, 1) for _ in range(23)])
        self.wait_in_block(many[20])
        # 7, 7, 7; the last 2 are too few and wait
        self.assertEqual([len(b["body"]) for b in self.blocks()],
                         [0, 5, 7, 7, 7])
        waiting = self.n.get("/unprocessed").json()
        self.assertEqual([t["id"] for t in waiting], many[21:])
        self.assertEqual([t["id"] for b in self.blocks()
                          for t in b["body"]], few + many[:21])

    def test_transactions_behind_a_gap_do_not_count(self):
        self.chain({"interval": NEVER, "min_bound": 2},
                   genesis_block={"time": own.now_ms()})
        first, missing, third, fourth = [self.tx("22" * 20, i)
                                         for i in range(4)]
        ids = self.push(first)
        ids += self.push(third, fourth)
        self.assertEqual(self.state_of(ids[1])["reason"], "nonce_gap")
        ids += self.push(missing)
        for tx_id in ids:
            self.assertEqual(self.wait_in_block(tx_id), 1)
        self.assertEqual([t["amount"] for t in self.block(1)["body"]],
                         [0, 1, 2, 3])

    def test_empty_blocks_come_at_the_interval_when_allowed(self):
        self.chain({"interval": 1, "min_bound": 100, "allow_empty": True,
                    "placeholder_data": ["rnd", 15]},
                   consensus={"slot_ms": 10})
        self.wait_for_height(2)
        self.send("22" * 20, 5)
        blocks = self.blocks()
        # the genesis is of 1970: the first is due at once
        for gap in self.gaps()[1:]:
            self.assertGreaterEqual(gap, 1000)
        empty = [b for b in blocks[1:] if not b["body"]]
        self.assertGreaterEqual(len(empty), 2)
        for b in empty:
            self.assertTrue(re.fullmatch("[A-Za-z0-9_-]{15}", b["data"]), b)
        self.assertEqual(len({b["data"] for b in empty}), len(empty))
        for b in blocks:
            if b["body"]:
                self.assertEqual(b["data"], "")

    def test_predef_placeholder(self):
        self.chain({"interval": 1, "allow_empty": True,
                    "placeholder_data": ["predef", "nichts \u2013 nada"]})
        self.wait_for_height(2)
        self.assertEqual({b["data"] for b in self.blocks()[1:]},
                         {"nichts \u2013 nada"})

    def test_no_empty_blocks_unless_allowed(self):
        self.chain({"interval": 1}, consensus={"slot_ms": 10})
        self.send("22" * 20, 5)
        # let intervals pass: what is waited for is the clock of the blocks
        begun = self.block(1)["time"]
        lib.until(lambda: own.now_ms() > begun + 2500)
        self.send("22" * 20, 6)
        self.assertEqual([len(b["body"]) for b in self.blocks()], [0, 1, 1])
        self.assertGreater(self.gaps()[1], 2500)

    def test_reward_and_fees_go_to_the_producer(self):
        self.chain({"reward": 50}, min_fee=2)
        self.send("22" * 20, 100, fee=2)
        self.send("22" * 20, 100, fee=7)
        blocks = self.blocks()
        self.assertEqual([b["reward"] for b in blocks], [0, 50, 50])
        self.assertEqual([b["coinbase"] for b in blocks],
                         ["", self.miner.address, self.miner.address])
        self.assertEqual(self.n.balance(self.miner.address), 109)
        self.assertEqual(self.n.balance(self.rich.address), 1000000 - 209)
        self.assertEqual(self.n.status()["supply"], 1000100)
        self.assert_problem(self.n.push(self.tx("22" * 20, 1, fee=1)), 422,
                            "fee_too_low")

    def test_rewards_end_at_the_cap(self):
        self.chain({"reward": 100}, alloc={self.rich.address: CAP - 150})
        for _ in range(3):
            self.send("22" * 20, 1)
        self.assertEqual([b["reward"] for b in self.blocks()],
                         [0, 100, 50, 0])
        self.assertEqual(self.n.balance(self.miner.address), 150)
        self.assertEqual(self.n.status()["supply"], CAP)
        # the largest amount there is goes through JSON whole
        self.send("33" * 20, CAP - 153)
        self.assertEqual(self.n.balance("33" * 20), CAP - 153)
        self.assertEqual(self.n.status()["supply"], CAP)

    def test_new_addresses_are_given_what_genesis_says(self):
        self.chain(new_address_balance=10, alloc={
            self.rich.address: CAP - 25})
        n, new = self.n, own.account(50)
        self.assertEqual(n.balance(new.address), 10)
        self.assertEqual(n.status()["supply"], CAP - 25)
        self.send(new, 0)  # touched, with nothing
        self.assertEqual(n.balance(new.address), 10)
        self.assertEqual(n.status()["supply"], CAP - 15)
        self.send(self.rich, 4, sender=new)
        self.assertEqual(n.balance(new.address), 6)
        self.send("33" * 20, 1)
        self.assertEqual(n.balance("33" * 20), 11)
        self.send("44" * 20, 1)  # 5 are left below the cap
        self.assertEqual(n.balance("44" * 20), 6)
        self.assertEqual(n.status()["supply"], CAP)
        self.send("55" * 20, 1)
        self.assertEqual(n.balance("55" * 20), 1)
        self.assertEqual(n.status()["supply"], CAP)

    def test_size_limits_of_genesis(self):
        self.chain({"interval": NEVER, "min_bound": 12},
                   genesis_block={"time": own.now_ms()},
                   max_tx_bytes=600, max_block_bytes=4696)
        self.assert_problem(self.n.push(self.tx("22" * 20, 1,
                                                data="x" * 500)), 413,
                            "too_big")
        self.nonces.clear()
        ids = self.push(*[self.tx("22" * 20, 1, data="x" * 400)
                          for _ in range(12)])
        self.wait_in_block(ids[0])
        b = self.block(1)
        self.assertGreater(len(b["body"]), 1)
        self.assertLess(len(b["body"]), 12)

    def test_dev_with_seconds(self):
        self.n = n = self.node("--dev=1").start()
        self.wait_for_height(3)
        blocks = self.blocks()
        for gap in self.gaps():
            self.assertGreaterEqual(gap, 1000)
        self.assertEqual([b["body"] for b in blocks[:4]], [[]] * 4)
        self.assertGreater(n.balance(n.account), 0)

    def test_dev_seals_as_soon_as_there_is_a_transaction(self):
        n = self.dev()
        self.assertEqual(n.height(), 0)
        r = n.post(f"/{n.account}/txn/",
                   {"sendto_address": "22" * 20, "amount": 5},
                   headers=n.cookie())
        self.assertEqual(r.status, 202, r)
        lib.until(lambda: n.balance("22" * 20) == 5)
        self.assertEqual(n.height(), 1)


if __name__ == "__main__":
    lib.main()
