# SPDX-License-Identifier: MIT
"""Validators that vote, as real processes: what is final stays, whoever is
killed, stopped, wiped, cut off or has a wrong clock; work goes on whenever a
quorum can talk; and a third party that keeps every signature never sees two
that one validator may not both give. The long form is scripts/bft-test."""
import contextlib
import json
import os
import random
import shutil
import threading
import time
import unittest

import bftnet
import crash_points
import crashing
import lib
import network
import votes
import wire
import witness

LONG = os.environ.get("CCOIN_BFT_LONG") == "1"
TIMEOUT_MS = 300
# Rounds that fail one after the other take no longer.
LIMIT = 90


class Witnessing(lib.Case):
    """That the third party would notice."""

    def setUp(self):
        super().setUp()
        accounts = [network.account(700 + i) for i in range(4)]
        self.set = votes.Set([a.spki for a in accounts])
        self.by = {self.set.index(a.spki): a for a in accounts}
        self.chain = bytes(range(32))
        self.kept = witness.Kept(self.chain, self.set, self.path("kept"))
        self.addCleanup(self.kept.close)

    def vote(self, signer, kind, round_, digest=b"a" * 32, prepared=0):
        return votes.cast(self.by[signer], self.chain, signer, kind, 1,
                          round_, digest, prepared)

    def header(self, time):
        header = [1, 1, self.chain, time, b"", b"", b"", b"", b"",
                  [self.set.hash, self.set.hash, []], b""]
        name = wire.digest(wire.DOMAIN_HEADER, self.chain, wire.pack(header))
        commits = [votes.cast(self.by[i], self.chain, i, votes.COMMIT, 1,
                              time, name) for i in range(3)]
        return header, votes.seal_of(commits)

    def test_notices_two_votes_of_one_place(self):
        for kind in range(4):
            with self.subTest(kind=kind):
                self.assertTrue(self.kept.see(self.vote(1, kind, 2)))
                self.assertTrue(self.kept.see(self.vote(2, kind, 2)))
                self.assertTrue(self.kept.see(
                    self.vote(1, kind, 3, b"b" * 32)))
                self.assertEqual(self.kept.broken, [])
                self.kept.see(self.vote(1, kind, 2, b"b" * 32))
                self.assertEqual(len(self.kept.broken), 1)
                self.assertIn("signed twice", self.kept.broken.pop())

    def test_notices_another_prepared_round(self):
        self.kept.see(self.vote(0, votes.ROUND_CHANGE, 3, prepared=1))
        self.kept.see(self.vote(0, votes.ROUND_CHANGE, 3, prepared=2))
        self.assertIn("signed twice", self.kept.broken[0])

    def test_notices_a_signature_that_does_not_hold_or_is_made_anew(self):
        vote = self.vote(1, votes.COMMIT, 0)
        self.assertFalse(self.kept.see(vote._replace(
            signature=bytes(len(vote.signature)))))
        self.assertIn("does not hold", self.kept.broken.pop())
        key = wire.Account("rsa")
        self.by[0] = key
        self.kept.sets[1] = votes.Set([key.spki, *self.set.keys[1:]])
        i = self.kept.sets[1].index(key.spki)
        for _ in range(2):
            self.assertEqual(self.kept.broken, [])
            self.kept.see(votes.cast(key, self.chain, i, votes.COMMIT, 1, 0,
                                     b"a" * 32))
        self.assertIn("anew", self.kept.broken[0])

    def test_notices_two_blocks_of_one_height(self):
        self.assertEqual(self.kept.header(*self.header(1)), 1)
        self.assertEqual(self.kept.header(*self.header(1)), 1)
        self.assertEqual(self.kept.broken, [])
        self.kept.header(*self.header(2))
        self.assertIn("decided twice", self.kept.broken[0])

    def test_notices_a_certificate_of_too_few(self):
        header, (round_, signatures) = self.header(1)
        self.kept.header(header, [round_, signatures[:2]])
        self.assertIn("2 good signatures of 2", self.kept.broken[0])


class AmongThree(lib.Case):
    """One node among three validators that the test plays."""

    limit = 120

    def setUp(self):
        super().setUp()
        if not crashing.is_built():
            self.skipTest("the shims are not built: make with-shims")
        self.run_ = crash_points.Run(self.dir, "evidence", 0)
        self.addCleanup(self.run_.node.discard)
        self.run_.begin()
        self.addCleanup(self.run_.kept.close)
        self.others = self.run_.others
        self.node = self.run_.node

    def test_a_leader_that_proposes_twice_is_shown_to_all(self):
        o, told = self.others, []
        o.on_EVV = told.extend
        while o.set.leader(o.h.number, 0) == o.mine:
            o.finish()
        height, leader = o.h.number, o.set.leader(o.h.number, 0)
        culprit = o.set.addresses[leader].hex()
        o.offer(leader)
        o.offer(leader, again=True)
        self.assertTrue(o.wait(lambda: told, 20))
        key, at, kind, round_, one, other = told[0]
        self.assertEqual((key, at, kind, round_), (
            o.set.keys[leader], height, votes.PROPOSAL, 0))
        names = []
        for prepared, name, signature in (one, other):
            vote = votes.Vote(kind, at, round_, prepared, name, leader,
                              signature)
            self.assertTrue(wire.verify(key, vote.to_sign(o.genesis),
                                        signature))
            names.append(name)
        self.assertEqual(names, sorted(set(names)))
        # the height goes on, and a block of the node's has it
        def shown():
            o.finish()
            answer = self.node.must(self.node.get("/v1/validators")).json()
            return [x for x in answer["offenders"]
                    if (x["address"], x["height"]) == (culprit, height)]
        found = lib.until(shown, 60)
        self.assertGreater(found[0]["found"], height - 1)
        kept = self.node.must(self.node.get("/v1/evidence")).json()["items"]
        self.assertIn(culprit, json.dumps(kept))
        self.assertEqual(self.run_.kept.broken, [])


class Agreement(lib.Case):
    limit = 3600 if LONG else 240
    slowest = 0

    def parties(self, count=4, start=True, **kw):
        kw.setdefault("consensus", {"timeout_ms": TIMEOUT_MS,
                                    "timeout_max_ms": 3000})
        p = bftnet.BftParties(self, count, **kw)
        if start:
            p.start()
            p.connected()
            p.watch()
        return p

    def done(self, p):
        """At the end of a test: one chain, whose every block holds."""
        p.together(p.up())
        p.same_chain(p.up())
        kept = p.end_watch()
        for kind in (votes.PREPARE, votes.COMMIT):
            self.assertGreater(kept.count[votes.KINDS[kind]], 0)
        for node in p.up():
            node.stop()
            self.run_program("ccoin", "-d", node.datadir, "verify")
        return kept

    # agreeing

    def agree(self, count):
        p = self.parties(count, observers=1)
        for i in range(2 * count):
            p.work(p.nodes, sender=i % 4)
        heights = {n.height() for n in p.nodes}
        self.assertEqual(len(heights), 1)
        makers = {b["coinbase"] for b in p.same_chain()[1:]}
        self.assertGreaterEqual(len(makers), count // 2)
        kept = self.done(p)
        everybody = {a for a, *_ in kept.bodies}
        self.assertEqual(everybody, {p.address(i) for i in range(count)})

    def test_four_agree_and_all_sign(self):
        self.agree(4)

    def test_seven_agree_and_all_sign(self):
        self.agree(7)

    def test_an_idle_chain_is_silent(self):
        p = self.parties()
        p.work()
        height = p.together()

        def silent():
            """Longer than several timeouts; pings are all that comes."""
            before = p.witness.kept.signatures()
            self.assertFalse(threading.Event().wait(5 * TIMEOUT_MS / 1000))
            return p.witness.kept.signatures() == before
        # the last COMMIT may come after the block
        lib.until(silent, LIMIT)
        self.assertEqual(p.together(), height)
        p.work()
        self.done(p)

    def test_they_agree_through_one_that_is_no_validator(self):
        p = self.parties(start=False, observers=1, mesh=False)
        for node in p.nodes[:4]:
            node.args += ["--connect", p.nodes[4].p2p]
        p.start()
        lib.until(lambda: p.nodes[4].status()["peers"] >= 4)
        p.watch()
        for _ in range(5):
            p.work(p.nodes)
        self.done(p)

    # killed

    def shimmed(self, count=4):
        if not crashing.is_built():
            self.skipTest("the shims are not built: make with-shims")
        p = self.parties(count, start=False)
        self.crashes = [p.crash(i) for i in range(count)]
        p.start()
        p.connected()
        p.watch()
        p.work()
        return p

    def crash_at(self, p, i, step, when, above):
        """Party i at a call of the height after `above`, or of a later one
        if that height has fewer; where it ended."""
        crash = self.crashes[i]
        among = [n for k, n in enumerate(p.nodes) if k != i]
        crash.arm(step, when)
        begin = time.monotonic()
        ids = p.send(among[0], sender=0)
        tx = p.sent[ids[0]]
        with contextlib.suppress(OSError, lib.http.client.HTTPException):
            p.nodes[i].push(tx)
        p.final(ids, among, LIMIT)
        self.slowest = max(self.slowest, time.monotonic() - begin)
        while not crash.ended_at():
            p.work(among, 1, limit=LIMIT)
        where = crash.ended_at()
        self.assertEqual(p.nodes[i].wait(), -9)
        self.crashes[i] = p.crash(i)
        p.nodes[i].start()
        p.connected()
        p.together(p.nodes, above, limit=LIMIT)
        p.check()
        return where

    def crash_leaders(self, p, points):
        seen = []
        for step, when, ahead in points:
            height = p.together(limit=LIMIT)
            i = p.leader(height + 1 + ahead)
            seen.append(self.crash_at(p, i, step, when, height))
        print(f"ended at: {seen}\nslowest: {self.slowest:.1f} s",
              flush=True)
        if LONG:  # no more rounds than four, and what a busy machine adds
            self.assertLess(self.slowest, (1 + 2 + 4 + 8) * TIMEOUT_MS / 1000
                            + 5 * lib.PATIENCE)
        return seen

    def steps(self, p):
        """Calls that the leader of a height makes."""
        most = 0
        for _ in range(len(p.nodes)):
            height = p.together()
            crash = self.crashes[p.leader(height + 1)]
            before = crash.counted()
            p.work(count=1)
            p.together(above=height)
            most = max(most, crash.counted() - before)
        return most

    def every_step(self, count):
        p = self.shimmed(count)
        steps = self.steps(p)
        points = [(k, when, 0) for k in range(1, steps + 1)
                  for when in ("before", "after")]
        if not LONG:
            rng = random.Random(count)
            points = sorted(rng.sample(points, min(8, len(points))))
        print(f"{steps} steps, {len(points)} crashes", flush=True)
        self.crash_leaders(p, points)
        self.crashes = []
        for i in range(count):
            p.plain(i)
        p.work()
        self.done(p)

    def test_the_leader_is_killed_at_every_step_of_a_height(self):
        self.every_step(4)

    @unittest.skipUnless(LONG, "in scripts/bft-test")
    def test_the_leader_of_seven_is_killed_at_every_step(self):
        self.every_step(7)

    def test_killed_one_after_the_other_work_goes_on(self):
        count = 7 if LONG else 4
        p = self.parties(count)
        for i in range(count):
            p.nodes[i].kill()
            p.work(p.up(), limit=LIMIT)
            p.nodes[i].start()
            p.connected()
            p.work(p.nodes, limit=LIMIT)
        # more than may be faulty: nothing moves, and nothing is lost
        down = range(p.set.faults + 1)
        for i in down:
            p.nodes[i].kill()
        left = p.up()
        height = p.together(left)
        ids = p.send(left[0], 3, sender=0)
        self.assertFalse(threading.Event().wait(4 * TIMEOUT_MS / 1000))
        self.assertEqual({n.height() for n in left}, {height})
        p.nodes[0].start()
        p.final(ids, p.up(), LIMIT)
        for i in down[1:]:
            p.nodes[i].start()
        p.work(p.nodes, limit=LIMIT)
        self.done(p)

    # stopped, wiped

    def test_one_that_is_stopped_for_a_while_comes_back(self):
        p = self.parties()
        height = p.work()
        with p.stopped(2):
            among = [n for i, n in enumerate(p.nodes) if i != 2]
            seconds = 60 if LONG else 2
            pause = threading.Event()
            height = p.work(among, limit=LIMIT)
            self.assertFalse(pause.wait(seconds))
            height = p.work(among, limit=LIMIT)
        p.connected()
        p.together(p.nodes, height - 1, limit=LIMIT)
        self.signs_again(p, 2)
        self.done(p)

    def signs_again(self, p, i, above=0):
        """Work until it has signed for a new height; that height."""
        who = p.address(i)

        def signed():
            p.work(p.nodes, 1, limit=LIMIT)
            with p.witness.kept.lock:
                return max((h for a, h, _r, k in p.witness.kept.bodies
                            if a == who and k == votes.COMMIT and
                            h > start), default=0)
        start = max(above, p.together(p.nodes, limit=LIMIT))
        return lib.until(signed, LIMIT)

    def test_one_whose_chain_is_wiped_comes_back(self):
        p = self.parties()
        for _ in range(4):
            height = p.work()
        for i in (1, 3) if LONG else (1,):
            p.nodes[i].kill()
            shutil.rmtree(os.path.join(p.nodes[i].datadir, "chain"))
            p.witness.ears[i].final = 0
            ids = p.send(p.up()[0], 2, sender=0)
            p.nodes[i].start()
            p.final(ids, p.nodes, LIMIT)
            self.signs_again(p, i, height)
        self.done(p)

    def test_one_whose_votes_are_wiped_signs_only_above_what_it_may_have(
            self):
        p = self.parties()
        for _ in range(4):
            p.work()
        p.nodes[2].kill()
        os.unlink(os.path.join(p.nodes[2].datadir, "votes"))
        with p.witness.kept.lock:
            last = max(h for a, h, *_ in p.witness.kept.bodies
                       if a == p.address(2))
        p.nodes[2].start()
        self.assertIn("vote journal", p.nodes[2].log())
        self.assertTrue(self.silent(p.nodes[2]))
        signed = self.signs_again(p, 2)
        self.assertGreater(signed, last)
        self.assertIsNone(self.silent(p.nodes[2]))
        self.done(p)

    @staticmethod
    def silent(node):
        """Why it signs nothing; None: it does."""
        return node.must(node.get("/v1/consensus")).json()["silent"]

    # divided

    def test_a_minority_stands_still_and_the_majority_goes_on(self):
        p = self.parties(relayed=True)
        height = p.work()
        small, big = p.nodes[:1], p.nodes[1:]
        p.relays.divide(range(1), range(1, 4))
        height = p.work(big, limit=LIMIT)
        self.assertLess(small[0].height(), height)
        ids = p.send(small[0], 2, sender=3)
        p.relays.heal()
        p.final(ids, p.nodes, LIMIT)
        # halves: nobody has a quorum
        height = p.together(limit=LIMIT)
        p.relays.divide(range(2), range(2, 4))
        ids = p.send(p.nodes[0], 2, sender=1) + p.send(p.nodes[3], 2,
                                                       sender=2)
        self.assertFalse(threading.Event().wait(6 * TIMEOUT_MS / 1000))
        self.assertEqual({n.height() for n in p.nodes}, {height})
        p.relays.heal()
        p.final(ids, p.nodes, LIMIT)
        self.done(p)

    def test_one_that_hears_and_is_not_heard_holds_up_nobody(self):
        p = self.parties(relayed=True)
        p.work()
        for one in range(4) if LONG else (1,):
            p.relays.stall([one], range(4))
            rest = [n for i, n in enumerate(p.nodes) if i != one]
            for _ in range(4):
                p.work(rest, limit=LIMIT)
            p.relays.heal()
            p.work(p.nodes, limit=LIMIT)
        self.done(p)

    # who validates

    class Load(threading.Thread):
        """Transfers of one sender, one final before the next."""

        def __init__(self, parties):
            super().__init__(daemon=True)
            self.parties = parties
            self.ending = threading.Event()
            self.ids = []
            self.failed = None

        def run(self):
            p = self.parties
            chain = p.chain_id()
            number = 0
            while not self.ending.is_set():
                tx = wire.Tx(p.senders[3], number, p.senders[2].address, 1)
                tx.sign(chain)
                if self.push(tx, tx.id(chain)):
                    self.ids.append(tx.id(chain))
                    number += 1

        def push(self, tx, name):
            """Again and again, to whoever is up."""
            while not self.ending.is_set():
                for node in self.parties.nodes:
                    with contextlib.suppress(
                            OSError, AttributeError, ValueError, lib.Failed,
                            lib.http.client.HTTPException):
                        node.push(tx)
                        if self.parties.is_final(node, name):
                            return True
            return False

        def end(self):
            self.ending.set()
            self.join(60)
            return self.ids

    def crash_one(self, p, rng, members):
        """kill -9 at any moment; it comes back before the next."""
        i = rng.choice(sorted(members))
        p.nodes[i].kill()
        p.work([n for k, n in enumerate(p.nodes)
                if n.process and k in members], 1, limit=LIMIT)
        p.nodes[i].start()
        p.connected()

    def change_sets(self, count, more, changes):
        """changes: (join, number) or (leave, number)"""
        p = self.parties(count, more=more)
        load = self.Load(p)
        load.start()
        rng = random.Random(count)
        members = set(range(count))
        for verb, i in changes:
            self.crash_one(p, rng, members)
            voters = sorted(members)[:votes.quorum(len(members))]
            getattr(p, verb)(i, voters)
            (members.add if verb == "join" else members.discard)(i)
            p.is_set(members, LIMIT)
            self.crash_one(p, rng, members)
            if verb == "join":
                self.signs_again(p, i)
        height = p.work(p.nodes, 1, limit=LIMIT)
        self.assertGreater(len(load.end()), len(changes))
        p.final(load.ids, p.nodes, LIMIT)
        p.is_set(members)
        # all of them, and nobody else, sign
        for i in members:
            self.signs_again(p, i, height)
        with p.witness.kept.lock:
            signers = {a for a, h, *_ in p.witness.kept.bodies
                       if h > height + 2}
        self.assertEqual(signers, {p.address(i) for i in members})
        return self.done(p)

    def test_one_joins_and_one_leaves_under_load_with_crashes(self):
        self.change_sets(4, 1, (("join", 4), ("leave", 1)))

    @unittest.skipUnless(LONG, "in scripts/bft-test")
    def test_four_become_five_four_and_seven_under_load_with_crashes(self):
        self.change_sets(4, 4, (("join", 4), ("leave", 0), ("join", 5),
                                ("join", 6), ("join", 7)))

    # far apart

    @unittest.skipUnless(LONG, "in scripts/bft-test")
    def test_seven_far_apart_that_lose_connections_agree(self):
        p = self.parties(7, relayed=True, consensus={
            "timeout_ms": 1000, "timeout_max_ms": 8000})
        p.relays.delay = 0.1
        load = self.Load(p)
        load.start()
        pause = threading.Event()
        for _ in range(30):
            self.assertFalse(pause.wait(2))
            p.relays.cut(0.1)
        self.assertGreater(len(load.end()), 20)
        self.assertGreater(p.relays.resets, 0)
        p.final(load.ids, p.nodes, LIMIT)
        self.done(p)

    # clocks

    def wrong_clock(self, offset_ms):
        if not crashing.is_built():
            self.skipTest("the shims are not built: make with-shims")
        p = self.parties(start=False)
        p.plain(1, **crashing.clock_env(offset_ms))
        p.start()
        p.connected()
        p.watch()
        for _ in range(6):
            p.work(p.nodes, limit=LIMIT)
        self.done(p)

    def test_a_clock_five_minutes_ahead_holds_up_nobody(self):
        self.wrong_clock(300000)

    def test_a_clock_five_minutes_behind_holds_up_nobody(self):
        self.wrong_clock(-300000)


if __name__ == "__main__":
    lib.main(needs=("ccoind", "ccoin"))
