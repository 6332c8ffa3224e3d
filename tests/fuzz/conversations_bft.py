# SPDX-License-Identifier: MIT
"""Conversations for fuzz_bft: the heights that honest validators of the world
in world_chain.c agree on, with all their votes (tests/functional/votes.py), as
one node among them, or an observer, hears them."""
import json

import conversations
from conversations import START, Block, account, fulls, page, wire
from wire import Raw, pack

import votes
from votes import COMMIT, PREPARE, PROPOSAL, ROUND_CHANGE, ZEROS

KEYS = [account(n) for n in (1, 2, 3, 4)]
NEWCOMER = account(5)
TIMEOUT, TIMEOUT_MAX = 1000, 4000
SET = votes.Set([a.spki for a in KEYS])
# the key of each seat, as numbers from 0 on
SEATS = [next(i for i, a in enumerate(KEYS) if a.spki == key)
         for key in SET.keys]


def make_genesis():
    """The genesis of fuzz_node, and what bft adds to its rules."""
    values = json.loads(conversations.FILE)
    values["alloc"] = {KEYS[1].address: {"balance": 1000000}}
    del values["miners"]
    genesis = page.Genesis(json.dumps({**values, "miners": []}))
    rules = wire.unpack(genesis.rules)
    rules[22] = 1
    rules += [SET.keys, TIMEOUT, TIMEOUT_MAX, 15000, 0]
    header = wire.unpack(genesis.header)
    header[9] = [page.digest("ccoin/rules/1", ZEROS, pack(rules))]
    return genesis.state, page.digest("ccoin/header/1", ZEROS, pack(header))


STATE, CHAIN_ID = make_genesis()


def leader(height, round_=0):
    return SET.leader(height, round_)


def seat_of(who):
    """Of the node that has that key, from 1 on."""
    return SEATS.index(who - 1) if 0 < who < 5 else None


def vote(seat, kind, height, round_=0, name=ZEROS, prepared=0):
    return votes.cast(KEYS[SEATS[seat]], CHAIN_ID, seat, kind, height, round_,
                      name, prepared).value()


def vote_all(kind, block, round_=0, seats=range(3)):
    return [vote(s, kind, block.height, round_, block.hash) for s in seats]


class Chain:
    """Decided blocks, from genesis on."""

    def __init__(self):
        self.accounts = {a: list(v) for a, v in STATE.accounts.items()}
        self.history = [CHAIN_ID]
        self.blocks = []
        self.sets = [SET, SET]  # of the next block, of the one above it
        self.time = START

    def transfer(self, amount, fee=0):
        sender = KEYS[1]
        nonce = self.accounts.get(sender.raw_address, [0, 0])[1]
        return wire.Tx(sender, nonce, KEYS[2].address, amount,
                       fee).sign(CHAIN_ID)

    def add(self, txs=(), round_=0, change=(), extra=b""):
        """The next block, made in that round and decided in it."""
        height = len(self.blocks) + 1
        producer = KEYS[SEATS[leader(height, round_)]]
        state = page.State()
        state.accounts = self.accounts
        state.supply = sum(v[0] for v in self.accounts.values())
        for tx in txs:
            if isinstance(tx, wire.Vote):
                state.touch(tx.sender.raw_address)
                state.accounts[tx.sender.raw_address][1] += 1
                continue
            state.transfer({
                "from": tx.sender.address, "to": tx.to.hex(),
                "number": tx.nonce, "amount": tx.amount, "fee": tx.fee})
        state.end_block(producer.raw_address, sum(tx.fee for tx in txs),
                        conversations.REWARD)
        self.sets = [self.sets[1], self.sets[1].changed(list(change))]
        header = [1, height, self.history[-1], self.time,
                  producer.raw_address,
                  page.merkle([page.sha256(tx.raw()) for tx in txs]), b"",
                  state.root(), page.merkle(self.history),
                  [self.sets[0].hash, self.sets[1].hash, list(change)], extra]
        self.time += 1000
        block = Block(header, [b"", b"", 0], list(txs), CHAIN_ID)
        block.round = round_
        commits = [votes.vote(v)
                   for v in vote_all(COMMIT, block, round_)]
        block.plain = block.raw
        block.seal = Raw(pack(votes.seal_of(commits)))
        block.raw = Raw(pack([block.header, block.seal,
                              [Raw(tx.raw()) for tx in txs]]))
        self.history.append(block.hash)
        self.blocks.append(block)
        return block

    @property
    def tip(self):
        return self.blocks[-1]


def chain(count, with_txs=False):
    c = Chain()
    for i in range(count):
        c.add([c.transfer(10 + i, fee=i)] if with_txs and not i % 2 else [])
    return c


def proposal(block, round_=0, changes=(), prepares=()):
    return [vote(leader(block.height, round_), PROPOSAL, block.height,
                 round_, block.hash), block.plain, list(changes),
            list(prepares)]


class Talk(conversations.Talk):
    """who: 0 for an observer, or which key the node has. The validators have
    the slots of their seats."""

    def __init__(self, types, who=0, boot=False, believes=False, idle=False):
        super().__init__(types, who | believes << 5 | idle << 6, boot)
        self.others = [s for s in range(4) if s != seat_of(who)]

    @staticmethod
    def hello(number, tip):
        who = KEYS[number] if number < 4 else number
        return conversations.hello(who, tip, CHAIN_ID)

    def greet_all(self, tip=None, seats=None):
        for s in self.others if seats is None else seats:
            self.meet(s, SEATS[s], tip)
        return self

    def propose(self, block, round_=0, changes=(), prepares=()):
        s = leader(block.height, round_)
        return self.say(s if s in self.others else self.others[0], "PRP",
                        proposal(block, round_, changes, prepares)).work()

    def votes(self, kind, block, round_=0, seats=None):
        for s in self.others if seats is None else seats:
            self.say(s, "VOT", vote_all(kind, block, round_, [s]))
        return self.work()

    def change(self, height, round_, block=None, seats=None):
        """Round changes; of the block that was prepared in the round before
        by the first three seats."""
        seats = self.others if seats is None else seats
        for s in seats:
            self.say(s, "RCH", [
                vote(s, ROUND_CHANGE, height, round_,
                     block.hash if block else ZEROS,
                     round_ if block else 0),
                vote_all(PREPARE, block, round_ - 1) if block else []])
        return self.work()

    def decide(self, block, round_=0):
        return (self.propose(block, round_)
                .votes(PREPARE, block, round_).votes(COMMIT, block, round_))

    def persist(self):
        self.out += bytes([10])
        return self

    def restart_with(self, journal):
        self.out += bytes([11, journal])
        return self

    def cast(self, slot, kind, seat, round_=0, block=0, height=1, prepared=0):
        """The step that has the world make a vote."""
        self.out += bytes([12, slot, kind | seat << 2 | height << 4,
                           round_ | prepared << 4, block])
        return self


    def propose_changed(self, slot, seat, at, flip, round_=0, block=0):
        """The step that has it propose a block with a byte changed."""
        self.out += bytes([13, slot, PROPOSAL | seat << 2 | 1 << 4, round_,
                           block]) + at.to_bytes(2, "little") + bytes([flip])
        return self

    def cast_all(self, kind, **where):
        for s in self.others:
            self.cast(s, kind, s, **where)
        return self.work()


def changes_of(height, round_, block=None, seats=range(3)):
    return [vote(s, ROUND_CHANGE, height, round_,
                 block.hash if block else ZEROS, round_ if block else 0)
            for s in seats]


def double(seat, height, kind, names):
    sides = sorted([0, name, vote(seat, kind, height, 0, name)[6]]
                   for name in names)
    return [KEYS[SEATS[seat]].spki, height, kind, 0, *sides]


def talks(types):
    """Name and input of fuzz_bft."""
    for name, talk in conversations_of(types):
        yield name, bytes(talk.out)


def who_leads(height, round_=0):
    return SEATS[leader(height, round_)] + 1


def who_follows(height, *rounds):
    """The first seat that leads none of these rounds."""
    led = [leader(height, r) for r in rounds]
    return SEATS[next(s for s in range(4) if s not in led)] + 1


def conversations_of(types):
    def talk(*args, **kw):
        return Talk(types, *args, **kw)

    c = chain(3, with_txs=True)
    b, second, third = c.blocks
    one = who_follows(1, 0, 1)  # seat 0: its peers have the slots 1 to 3
    yield "observed", talk().greet_all().decide(b).decide(second).decide(
        third)
    yield "votes", talk(one).greet_all().decide(b).decide(second)
    # what it makes itself at the start, as the leader
    own = Chain()
    empty = own.add()
    first = who_leads(1)
    yield "leads", (talk(first).greet_all().work()
                    .votes(PREPARE, empty).votes(COMMIT, empty)
                    .time(1000).work())
    yield "leads-late", (talk(who_leads(1, 1)).greet_all().time(1000).work()
                         .change(1, 1).time(5).work())
    yield "round-change", (talk(one).greet_all().propose(b)
                           .time(1000).work().change(1, 1))
    late = Chain()
    afresh = late.add(round_=1)
    yield "fresh-in-a-late-round", (
        talk(one).greet_all().time(1000).work().change(1, 1)
        .propose(afresh, 1, changes_of(1, 1))
        .votes(PREPARE, afresh, 1).votes(COMMIT, afresh, 1))
    prepares = vote_all(PREPARE, b)
    yield "proposed-again", (
        talk(one).greet_all().propose(b).votes(PREPARE, b)
        .time(1000).work().change(1, 1, b)
        .propose(b, 1, changes_of(1, 1, b), prepares)
        .votes(PREPARE, b, 1).votes(COMMIT, b, 1))
    yield "changes-after-their-proposal", (
        talk(one).greet_all().propose(afresh, 1, changes_of(1, 1))
        .change(1, 1).votes(PREPARE, afresh, 1).change(1, 1)
        .votes(COMMIT, afresh, 1))
    yield "leads-without-the-block", (
        talk(who_leads(1, 1)).greet_all().time(1000).work().change(1, 1, b)
        .say(0, "APB", [b.plain]).say(1, "APB", [b.plain]).work()
        .votes(PREPARE, b, 1).votes(COMMIT, b, 1))
    nobody = votes.vote(prepares[0])._replace(signer=50).value()
    yield "nobody-s-votes", (
        talk(one).greet_all().say(1, "VOT", [nobody])
        .say(1, "RCH", [vote(1, ROUND_CHANGE, 1, 1, b.hash, 1),
                        [nobody, *prepares[1:]]]).work()
        .time(1000).work())
    yield "jump", (talk(one).greet_all().change(1, 5).time(4000).work())
    yield "fetched", (talk(one).greet_all().votes(PREPARE, b)
                      .votes(COMMIT, b).time(1000)
                      .say(1, "APB", []).say(2, "APB", [b.plain])
                      .say(3, "APB", [b.plain]).work())
    yield "certificate", (talk(one).greet_all().propose(b)
                          .say(1, "CRT", [b.header, b.seal])
                          .say(2, "CRT", [b.header, b.seal]).work()
                          .bodies(1, [b]).bodies(2, [b])
                          .say(1, "CRT", [third.header, third.seal]).work())
    yield "sync", (talk(one).meet(1, SEATS[1], c.tip).time(10)
                   .headers(1, c.blocks).bodies(1, c.blocks).time(500)
                   .settle().say(1, "RBH", [3, c.tip.hash, 3, START, 3]))
    yield "behind", (talk().greet_all().decide(b).decide(second).time(1000)
                     .votes(COMMIT, b).votes(PREPARE, second)
                     .say(1, "RPB", [1, b.hash]).say(1, "RPB", [3, ZEROS])
                     .votes(COMMIT, Block(
                         [1, 9, *wire.unpack(third.header)[2:]],
                         [b"", b"", 0], [], CHAIN_ID)))
    yield "crashes", (talk(one).greet_all()
                      .say(leader(1), "PRP", proposal(b)).job(0, 0).job(0, 0)
                      .restart().greet_all().propose(b)
                      .votes(PREPARE, b, seats=[0, 1, 2]).restart()
                      .greet_all().votes(PREPARE, b).votes(COMMIT, b))
    yield "crash-while-flushing", (
        talk(one).greet_all().say(leader(1), "PRP", proposal(b)).job(0, 0)
        .job(0, 0).job(0, 0).restart_with(0).greet_all().time(500).propose(b)
        .votes(PREPARE, b).restart_with(0).greet_all().votes(COMMIT, b)
        .persist().commit())
    for name, way in (("new", 1), ("none", 2), ("older", 3)):
        yield "journal-" + name, (
            talk(one).greet_all().decide(b).propose(second)
            .votes(PREPARE, second).restart_with(way).greet_all(b).work()
            .decide(second).decide(third).time(2000).work().restart()
            .greet_all(third).time(1000).work())
    yield "journal-new-at-once", (
        talk(one).restart_with(1).greet_all().work().decide(b)
        .decide(second).decide(third))
    twice = Chain()
    other = twice.add(extra=b"other")
    yield "double-votes", (talk(one).greet_all().propose(b)
                           .votes(PREPARE, b)
                           .votes(PREPARE, other, seats=[1])
                           .meet(4, 5).time(1000).work())
    yield "double-proposals", (talk(one).greet_all().propose(b)
                               .propose(other).time(1000).work())
    yield "evidence", (talk(who_leads(1)).greet_all().meet(4, 5)
                       .say(4, "EVV", [double(leader(1, 1), 1, COMMIT,
                                              (b.hash, other.hash))])
                       .work().votes(PREPARE, empty).votes(COMMIT, empty)
                       .time(1000).work())
    addresses = sorted(a.raw_address for a in KEYS)
    yield "links", (talk().greet_all().say(0, "LNK", addresses)
                    .say(1, "LNK", addresses[1:3]).say(2, "LNK", [])
                    .meet(4, 5).decide(b).disconnect(0).time(1000)
                    .decide(second))
    joined = Chain()
    adding = [wire.Vote(a, joined.accounts.get(a.raw_address, [0, 0])[1],
                        add=NEWCOMER).sign(CHAIN_ID) for a in KEYS[:3]]
    joined.add(adding)
    joined.add(change=[0, NEWCOMER.spki, 0])
    yield "joins", (talk(5).greet_all().decide(joined.blocks[0])
                    .decide(joined.blocks[1]).time(3000).work()
                    .time(3000).work())
    yield "governed", (talk(one).greet_all()
                       .say(0, "TXN", [Raw(tx.raw()) for tx in adding])
                       .work().decide(joined.blocks[0])
                       .decide(joined.blocks[1]).time(3000).work().restart())
    txs = [Chain().transfer(7, fee=1)]
    yield "transactions", (talk(first).greet_all()
                           .say(1, "TXA", fulls(txs)).time(10)
                           .say(1, "TXN", [Raw(txs[0].raw())]).work()
                           .submit(adding[0].raw()).work()
                           .time(1000).work())
    wrong = Chain()
    wrong.accounts[KEYS[1].raw_address][0] += 1
    wrong = wrong.add()
    yield "proposed-wrong", (talk(one).greet_all().propose(wrong)
                             .time(1000).work())
    yield "decided-wrong", (talk(one).greet_all().propose(wrong)
                            .votes(PREPARE, wrong).votes(COMMIT, wrong)
                            .restart().greet_all().decide(b))
    yield "halts", (talk(one).greet_all().decide(b)
                    .headers(1, [other]).bodies(1, [other])
                    .meet(2, SEATS[2], other).headers(2, [other])
                    .time(5000).decide(second))
    yield "bad-votes", (talk(one).greet_all().say(
        1, "VOT", vote_all(PREPARE, b, seats=[2])).job(0, 1)
        .say(2, "RCH", [vote(2, ROUND_CHANGE, 1, 1), []]).job(0, 1)
        .time(2000).work())
    yield "late-proposal", (talk(one).greet_all().time(1000).work()
                            .propose(b).time(500).work())
    yield "made-by-steps", (
        talk(one, believes=True).greet_all().propose(b).cast_all(PREPARE)
        .cast_all(COMMIT).cast_all(ROUND_CHANGE, round_=2, prepared=1)
        .time(3000).work())
    yield "made-by-steps-again", (
        talk(one).greet_all().propose(b).cast_all(PREPARE)
        .cast_all(ROUND_CHANGE, round_=1, prepared=1)
        .cast(1, PROPOSAL, leader(1, 1), round_=1, prepared=1).work()
        .cast_all(PREPARE, round_=1).cast_all(COMMIT, round_=1))
    # its time, which is behind version, height and parent; then its state
    at = b.plain.index(b.header) + 1 + 1 + 1 + 34 + 8
    state = b.plain.index(wire.unpack(b.header)[7])
    yield "nearly-the-block", (
        talk().greet_all().propose(b).restart().greet_all()
        .propose_changed(1, leader(1), at, 1)
        .cast_all(PREPARE, block=1).cast_all(COMMIT, block=1))
    yield "nearly-the-state", (
        talk(one).greet_all().propose(b).time(1000).work().restart()
        .greet_all().change(1, 1).propose_changed(
            2, leader(1, 1), at, 1, round_=1).work()
        .cast_all(PREPARE, round_=1, block=1)
        .propose_changed(1, leader(1), state, 255).work()
        .cast_all(PREPARE, block=2).cast_all(COMMIT, block=2))
    # of another chain, but its workers find every signature good
    idle = talk(first, believes=True, idle=True)
    for s in idle.others:
        idle.connect(s, SEATS[s]).greet(s)
    yield "idle", (idle.time(5000).work().submit(txs[0].raw()).work()
                   .time(1000).work().cast_all(PREPARE).cast_all(COMMIT)
                   .time(5000).work().cast_all(ROUND_CHANGE, round_=1)
                   .time(5000).work())
    alone = talk(first)
    for _ in range(5):
        alone.time(3000).work()
    yield "alone", alone.greet_all().time(3000).work()
