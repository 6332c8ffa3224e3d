# SPDX-License-Identifier: MIT
"""All validators of a chain but one, played here: they agree among each other
and with the one, which is a real node behind one connection. They have the
quorum without it, so they always come on; they are honest, but for a leader
that may propose another block to a node that came back (one of four may be
faulty). What they do at each height comes from a random generator: who speaks
when, which rounds fail, what is told again after the node was gone.
"""
import collections
import hashlib
import queue
import threading
import time

import ledger
import p2p
import votes
import wire
from votes import COMMIT, PREPARE, PROPOSAL, ROUND_CHANGE
from wire import Raw, pack

ROUNDS_OF_TROUBLE = 3  # from then on nobody stops half-way
VOTE_SECONDS = 0.15  # to wait for a vote of the node before going on
STUCK_SECONDS = 30
LATE_ROUND = 4  # fresh blocks are small from this round on
FAT_BYTES = 3800  # of a transaction's data


class Gone(Exception):
    """The node ended."""


class Stuck(Exception):
    """The node does not come to a height that is decided."""


class Height:
    """What was said of one height."""

    def __init__(self, number):
        self.number = number
        self.round = 0
        self.offers = {}  # round -> (hash, what PRP holds)
        self.blocks = {}  # hash -> block
        self.votes = {}  # (signer, kind, round) -> Vote, the node's included
        self.frames = []  # all that was sent
        self.prepared = None  # (round, hash, PREPAREs): what the others know
        self.seal = None
        self.name = None  # of the decided block

    def of(self, kind, round_, name):
        return [v for (_, k, r), v in sorted(self.votes.items())
                if k == kind and r == round_ and v.digest == name]


class Link:
    """The connection: a thread reads, so that a limit never cuts a frame."""

    def __init__(self, peer):
        self.peer = peer
        self.came = queue.SimpleQueue()
        peer.sock.settimeout(None)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        try:
            while True:
                self.came.put(self.peer.read())
        except p2p.Closed as end:
            self.came.put(end)
        except Exception as e:  # pylint: disable=broad-except
            self.came.put(p2p.Closed(repr(e)))

    def close(self):
        try:
            self.peer.sock.shutdown(2)
        except OSError:
            pass
        self.peer.close()


class Others:
    """accounts: of all validators but the node, whose key is `node_key`.
    push(full bytes): gives the node a transaction. rich: who has money.
    fat: blocks hold up to so many transactions, each of 4 kB."""

    def __init__(self, accounts, node_key, tip, kept, rng, rich, fat=0):
        self.set = votes.Set([a.spki for a in accounts] + [node_key])
        self.by_index = {self.set.index(a.spki): a for a in accounts}
        self.mine = self.set.index(node_key)
        self.tip = tip
        self.genesis = tip.chain_id
        self.kept = kept
        self.rng = rng
        self.rich = rich
        self.fat = fat
        self.engine = [self.set.hash, self.set.hash, []]
        self.chain = []  # [block with its seal], from height 1
        self.link = None
        self.account = self.by_index[min(self.by_index)]
        self.tls = p2p.Tls(self.account)
        self.node_tip = 0
        self.node_said = {}  # height -> hash that it has
        self.h = Height(1)
        self.count = collections.Counter()
        self.push = lambda raw: None
        self.came_back = False

    # the connection

    def connect(self, host, port):
        """Gone when it does not answer."""
        try:
            peer = p2p.Peer.dial(host, port, self.account, tls=self.tls)
            hello = peer.greet(self.genesis, height=self.tip.height,
                               tip=self.tip.hash, settled=self.tip.height)
        except (OSError, p2p.Closed) as e:
            raise Gone(str(e)) from None
        self.link = Link(peer)
        self.node_tip = 0
        self.node_is_at(hello["height"], hello["tip"])
        # the others are connected to each other
        self.say("LNK", sorted(a.raw_address
                               for a in self.by_index.values()))
        self.came_back = True

    def disconnect(self):
        if self.link:
            self.link.close()
            self.link = None

    def say(self, kind, value):
        try:
            self.link.peer.send(kind, value)
        except p2p.Closed as e:
            raise Gone(str(e)) from None

    def tell(self, kind, values):
        """Of this height: it may be told again, all of it."""
        frames = [p2p.frame(kind, value) for value in values]
        self.h.frames += frames
        for frame in frames:
            self.send(frame)

    def send(self, frame):
        try:
            self.link.peer.send_bytes(frame)
        except p2p.Closed as e:
            raise Gone(str(e)) from None

    def wait(self, question, seconds):
        """Take what comes until it holds; whether it does."""
        deadline = time.monotonic() + seconds
        while not question():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            try:
                came = self.link.came.get(timeout=left)
            except queue.Empty:
                continue
            if isinstance(came, p2p.Bye):
                self.kept.fail(f"the node said {came}")
                raise Gone(str(came))
            if isinstance(came, p2p.Closed):
                raise Gone(str(came))
            self.take(*came)
        return True

    # what the node says

    def take(self, kind, value):
        for vote in votes.votes_in(kind, value):
            self.kept.see(vote, "the node")
        handler = getattr(self, "on_" + kind, None)
        if handler:
            handler(value)

    def node_is_at(self, height, name):
        self.node_tip = max(self.node_tip, height)
        # it may decide before the others, by what they know only in part
        self.same(height, name)
        if height <= self.tip.height:
            self.same(height, self.chain_hash(height))

    def same(self, height, name):
        if self.node_said.setdefault(height, name) != name:
            self.kept.fail(f"at height {height} the node has "
                           f"{self.node_said[height].hex()}, and there is "
                           f"{name.hex()}")

    def chain_hash(self, height):
        if not height:
            return self.genesis
        return self.tip.name(self.chain[height - 1][0])

    def told_tip(self):
        return [self.tip.height, self.tip.hash, self.tip.height, p2p.now()]

    def on_RBH(self, value):
        self.node_is_at(value[0], value[1])
        self.say("BLH", [*self.told_tip(), value[4]])

    def on_BLH(self, value):
        self.node_is_at(value[0], value[1])

    def on_BLK(self, value):
        self.node_is_at(*value)

    def on_RHD(self, value):
        start = 0
        for name in value[0]:
            found = [i for i, b in enumerate(self.chain, 1)
                     if self.tip.name(b[0]) == name]
            if found:
                start = found[0]
                break
        self.count["headers asked"] += 1
        self.say("AHD", [[b[0], b[1]] for b in
                         self.chain[start:start + value[1]]])

    def on_RBL(self, value):
        have = {self.tip.name(b[0]): b for b in self.chain[-200:]}
        self.count["blocks asked"] += 1
        self.say("ABL", [[have[n] for n in value if n in have],
                         [n for n in value if n not in have]])

    def on_RPB(self, value):
        self.count["proposed block asked"] += 1
        block = self.h.blocks.get(value[1])
        self.say("APB", [block] if block else [])

    def on_RAD(self, _value):
        self.say("ADR", [])

    def on_TXQ(self, _value):
        self.say("TXN", [])

    def on_VOT(self, value):
        for v in value:
            self.note(votes.vote(v))

    def on_RCH(self, value):
        self.note(votes.vote(value[0]))

    def on_PRP(self, value):
        vote, block = votes.vote(value[0]), value[1]
        self.note(vote)
        if vote.signer != self.mine or vote.height != self.tip.height + 1 \
                or vote.round in self.h.offers:
            return
        try:
            self.tip.check(block, self.engine)
            assert self.tip.name(block[0]) == vote.digest
        except (AssertionError, KeyError) as e:
            self.kept.fail(f"{vote}: {e!r}")
            return
        self.count["blocks made by the node"] += 1
        self.h.blocks[vote.digest] = block
        self.h.offers[vote.round] = (vote.digest, value)

    def note(self, vote):
        h = self.h
        if vote.signer != self.mine:
            return
        if vote.height == h.number:
            h.votes.setdefault((self.mine, vote.kind, vote.round), vote)
        elif vote.height <= self.tip.height:
            block = self.chain[vote.height - 1]
            self.say("CRT", [block[0], block[1]])
            self.count["certificates told"] += 1

    def has_voted(self, kind, round_):
        return (self.mine, kind, round_) in self.h.votes

    # what the others say

    def cast(self, signer, kind, name=votes.ZEROS, prepared=0):
        """A vote in this round; each signs one of a kind."""
        h = self.h
        place = (signer, kind, h.round)
        vote = h.votes.get(place)
        if vote is None:
            vote = votes.cast(self.by_index[signer], self.genesis, signer,
                              kind, h.number, h.round, name, prepared)
            h.votes[place] = vote
        assert vote.digest == name, f"the others would sign twice: {vote}"
        return vote

    def vote_all(self, kind, name, signers):
        frames = [self.cast(i, kind, name).value() for i in signers]
        if self.rng.random() < 0.5:
            self.tell("VOT", [frames])
        else:
            self.tell("VOT", [[one] for one in frames])

    def new_block(self, leader):
        fulls, count = [], 0
        if self.fat and self.h.round < LATE_ROUND:
            count = self.rng.randrange(self.fat)
        elif self.rich and self.rng.random() < 0.5:
            count = 1
        sender = self.rng.choice(self.rich)
        for i in range(count):
            fulls.append(p2p.unpack(self.transfer(
                sender, i, bytes(FAT_BYTES if self.fat else 0))))
        # never two of one time: they would be one block
        skip = len(self.h.blocks)
        return self.tip.block(self.by_index[leader].raw_address,
                              p2p.now() + skip, self.engine, fulls)

    def transfer(self, sender, more=0, data=b""):
        """The one after so many more of the sender's."""
        number = self.tip.state.accounts[sender.raw_address][1] + more
        tx = wire.Tx(sender, number, self.rich[0].address,
                     self.rng.randrange(3), data=data)
        return tx.sign(self.genesis).raw()

    def justification(self):
        """(round changes, prepares, hash that must be offered or None)"""
        h = self.h
        changes = [h.votes[(i, ROUND_CHANGE, h.round)]
                   for i in sorted(self.by_index)][:self.set.quorum]
        best = max(changes, key=lambda v: v.prepared)
        if not best.prepared:
            return [v.value() for v in changes], [], None
        assert h.prepared[0] == best.prepared - 1
        return ([v.value() for v in changes],
                [v.value() for v in h.prepared[2]], best.digest)

    def offer(self, leader, again=False):
        """The leader proposes; again: another block than the one before."""
        h = self.h
        changes, prepares, must = ([], [], None)
        if h.round:
            changes, prepares, must = self.justification()
        if must:
            name, block = must, h.blocks[must]
        else:
            name, block = self.new_block(leader)
        h.blocks[name] = block
        if again:
            del h.votes[(leader, PROPOSAL, h.round)]
        vote = self.cast(leader, PROPOSAL, name)
        value = [vote.value(), block, changes, prepares]
        h.offers[h.round] = (name, value)
        self.tell("PRP", [value])

    # a height

    def stops(self, chance=0.2):
        return self.h.round < ROUNDS_OF_TROUBLE and \
            self.rng.random() < chance

    def dawdles(self):
        """Wait for the node here, sometimes."""
        return VOTE_SECONDS if self.rng.random() < 0.8 else 0

    def run_round(self):
        h, rng = self.h, self.rng
        leader = self.set.leader(h.number, h.round)
        if not self.have_offer(leader):
            return
        name = h.offers[h.round][0]
        self.wait(lambda: self.has_voted(PREPARE, h.round), self.dawdles())
        if self.stops():
            return
        order = sorted(self.by_index, key=lambda i: rng.random())
        # one waits for the node's vote, sometimes
        first = order if rng.random() < 0.5 else order[:-1]
        self.vote_all(PREPARE, name, first)
        self.wait(lambda: self.has_voted(COMMIT, h.round), self.dawdles())
        if len(h.of(PREPARE, h.round, name)) < self.set.quorum:
            self.vote_all(PREPARE, name, order)
        h.prepared = (h.round, name,
                      h.of(PREPARE, h.round, name)[:self.set.quorum])
        if self.stops():
            return
        first = order if rng.random() < 0.5 else order[:-1]
        self.vote_all(COMMIT, name, first)
        self.wait(lambda: self.has_voted(COMMIT, h.round), self.dawdles())
        if len(h.of(COMMIT, h.round, name)) < self.set.quorum:
            if self.stops():
                return
            self.vote_all(COMMIT, name, order)
        h.name = name
        h.seal = votes.seal_of(
            h.of(COMMIT, h.round, name)[:self.set.quorum])

    def have_offer(self, leader):
        h = self.h
        fresh, self.came_back = self.came_back, False
        if leader == self.mine:
            if h.round not in h.offers:
                if not h.round:
                    self.push(self.transfer(self.rng.choice(self.rich)))
                self.wait(lambda: h.round in h.offers, 1.0)
            return h.round in h.offers
        spoke = any(k == PREPARE and r == h.round and s != self.mine
                    for s, k, r in h.votes)
        if h.round not in h.offers:
            self.offer(leader)
        elif fresh and not spoke and not h.prepared and \
                self.rng.random() < 0.7:
            # the one that may be faulty
            self.count["other proposals"] += 1
            self.offer(leader, again=True)
        return True

    def change_round(self):
        h = self.h
        h.round += 1
        self.count["rounds changed"] += 1
        name, prepared, beside = votes.ZEROS, 0, []
        if h.prepared:
            prepared, name = h.prepared[0] + 1, h.prepared[1]
            beside = [v.value() for v in h.prepared[2]]
        cast = [self.cast(i, ROUND_CHANGE, name, prepared).value()
                for i in self.by_index]
        self.tell("RCH", [[vote, beside] for vote in cast])

    def again(self):
        """What was said of this height, once more."""
        for frame in list(self.h.frames):
            self.send(frame)

    def finish(self):
        """Bring this height to its end, whatever was said of it. Gone."""
        h = self.h
        deadline = time.monotonic() + STUCK_SECONDS
        if self.came_back and h.frames and self.rng.random() < 0.7:
            self.again()
        while not h.seal:
            self.run_round()
            if not h.seal:
                self.change_round()
        if self.tip.height < h.number:
            self.store()
        # it has all that it needs, or hears of it as from any node
        wait = 0.3 if self.rng.random() < 0.3 else 0.02
        while not self.wait(lambda: self.node_tip >= h.number, wait):
            wait = 0.1
            if time.monotonic() > deadline:
                raise Stuck(f"the node is at {self.node_tip}, "
                            f"{h.number} is decided")
            # as pings and retransmissions would
            if self.rng.random() < 0.5:
                self.again()
            else:
                self.say("BLK", [h.number, h.name])
            self.say("RBH", [*self.told_tip(), self.count["heights"]])
        self.count["heights"] += 1
        self.h = Height(h.number + 1)

    def store(self):
        h = self.h
        block = [h.blocks[h.name][0], h.seal, h.blocks[h.name][2]]
        self.kept.header(block[0], h.seal, "the others")
        if h.number in self.node_said:
            self.same(h.number, h.name)
        self.tip.append(block)
        self.chain.append(block)


__all__ = ["Gone", "Others", "Raw", "Stuck", "hashlib", "ledger", "pack"]
