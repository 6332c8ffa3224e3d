# SPDX-License-Identifier: MIT
"""One attacker of validators that vote: a stranger, or one of them gone bad.

    flooding_votes.py ATTACK WORLD

As flooding.py; of WORLD besides: url (of the node's HTTP), bad (the PEM of the
validator that went bad), signer (its number in the set), count (how many there
are), full (a signed transaction's bytes, in hex), set (its hash), honest (the key of
a validator).
"""
import json
import os
import sys
import time
import urllib.request

import flooding
import ledger
import p2p
import votes
import wire
from flooding import forever, pour

FAR = (1 << 53) - 1
MOST_ROUNDS = 1 << 32
BLOCK = (2 << 20) - 4096


class World(flooding.World):
    def __init__(self, text):
        super().__init__(text)
        self.told = (0, 0)
        self.evil = wire.Account.load(self.bad)

    def height(self):
        """That is being agreed on; asked for five times a second."""
        when, height = self.told
        if time.monotonic() - when > 0.2:
            with urllib.request.urlopen(self.url + "/v1/status", None,
                                        20) as answer:
                height = json.load(answer)["height"] + 1
            self.told = (time.monotonic(), height)
        return height

    def noise(self, kind, height, round_=0, prepared=0, digest=None):
        """A vote of somebody's that nobody signed."""
        return votes.Vote(kind, height, round_, prepared,
                          os.urandom(32) if digest is None else digest,
                          os.urandom(1)[0] % self.count, os.urandom(64))

    def signed(self, kind, height, round_=0, prepared=0, digest=None):
        """... and of the one that went bad."""
        return votes.cast(
            self.evil, self.chain_id, self.signer, kind, height, round_,
            os.urandom(32) if digest is None else digest, prepared)

    def block(self, height, size=0, parent=None):
        """One that nobody can execute, and its hash."""
        full = bytes.fromhex(self.full)
        count = size // (len(full) + 1)
        agree = bytes.fromhex(self.set)
        header = [1, height, parent or os.urandom(32), p2p.now(),
                  self.evil.raw_address,
                  ledger.merkle([ledger.sha256(full)] * count), b"",
                  os.urandom(32), os.urandom(32), [agree, agree, []], b""]
        name = p2p.digest(wire.DOMAIN_HEADER, self.chain_id,
                          wire.pack(header))
        return [header, [b"", b"", 0], [wire.Raw(full)] * count], name

    def tip(self):
        """The hash of the last block."""
        with urllib.request.urlopen(self.url + "/v1/status", None,
                                    20) as answer:
            return bytes.fromhex(json.load(answer)["hash"])


def stream(make):
    """make()'s frames without end."""
    while True:
        yield make()


# --- by strangers -------------------------------------------------------------

def unsigned_votes(world):
    """Votes of validators whose signatures are noise."""
    pour(world.peer(), stream(lambda: p2p.frame("VOT", [
        world.noise(votes.PREPARE, world.height()) for _ in range(64)])))


def far_votes(world):
    """Of heights and rounds that nobody comes to."""
    def make():
        h = world.height()
        return (p2p.frame("VOT", [
            world.noise(votes.COMMIT, FAR - i) for i in range(32)]) +
            p2p.frame("VOT", [world.noise(votes.PREPARE, h + 2 + i,
                                          MOST_ROUNDS) for i in range(32)]) +
            p2p.frame("RCH", [world.noise(votes.ROUND_CHANGE, h + 9,
                                          MOST_ROUNDS, 0, votes.ZEROS), []]))
    pour(world.peer(), stream(make))


def votes_again(world):
    """Whatever the node says of votes is said back to it."""
    peer, said = world.peer(), []
    until = time.monotonic() + 0.5
    while time.monotonic() < until or not said:
        kind, value = peer.read()
        if kind in ("VOT", "PRP", "RCH", "LNK", "CRT"):
            said.append(p2p.frame(kind, value))
    pour(peer, forever(*said))


def unsigned_round_changes(world):
    """With a hundred prepares each, that nobody signed."""
    def make():
        h, name = world.height(), os.urandom(32)
        return p2p.frame("RCH", [
            world.noise(votes.ROUND_CHANGE, h, 2, 2, name),
            [world.noise(votes.PREPARE, h, 1, 0, name)._replace(signer=i)
             for i in range(world.count)]])
    pour(world.peer(), stream(make))


def long_justifications(world):
    """A hundred round changes and a hundred prepares, of four validators."""
    def make():
        h = world.height()
        block, name = world.block(h)
        return p2p.frame("PRP", [
            world.noise(votes.PROPOSAL, h, 1, 0, name), block,
            [world.noise(votes.ROUND_CHANGE, h, 1, 1, name)
             for _ in range(100)],
            [world.noise(votes.PREPARE, h, 0, 0, name)
             for _ in range(100)]])
    pour(world.peer(), stream(make))


def garbage_proposals(world):
    """4 MiB that are no proposal."""
    pour(world.peer(), stream(lambda: p2p.frame("PRP", bytes(4194301))))


def unsigned_proposals(world):
    """2 MiB that are one, but for the signature."""
    def make():
        h = world.height()
        block, name = world.block(h, BLOCK)
        return p2p.frame("PRP", [
            world.noise(votes.PROPOSAL, h, 0, 0, name)._replace(
                signer=h % world.count), block, [], []])
    pour(world.peer(), stream(make))


def crowd(world):
    """Many at once, each with as many unsigned votes as are taken of one."""
    while True:
        held = [world.peer() for _ in range(12)]
        for peer in held:
            for _ in range(64):
                peer.send("VOT", [world.noise(votes.PREPARE, world.height())
                                  for _ in range(64)])


def half_proposals(world):
    """The largest, each but for its last byte."""
    held = []
    for _ in range(flooding.HOLD):
        held.append(world.peer())
        held[-1].send_bytes(p2p.frame("PRP", bytes(4194301))[:-1])
    held[0].ended(3600)


def asking_for_blocks(world):
    """By what nobody prepared, and by what the last one was."""
    peer = world.peer()
    pour(peer, stream(lambda: b"".join(
        p2p.frame("RPB", [world.height() - i % 2, name])
        for i in range(32) for name in (os.urandom(32),
                                        peer.hello["tip"]))))


def false_links(world):
    """Connected to everybody, then to nobody."""
    pour(world.peer(), forever(
        p2p.frame("LNK", [bytes([i]) * 20 for i in range(100)]) +
        p2p.frame("LNK", [])))


def forged_certificates(world):
    """Of the next block, and of one that nobody has."""
    def make():
        h = world.height()
        seal = [0, [[i, os.urandom(64)] for i in range(world.count)]]
        near, far = world.block(h, 0, world.tip()), world.block(FAR - 1)
        return (p2p.frame("CRT", [far[0][0], seal]) +
                p2p.frame("CRT", [near[0][0], seal]))
    pour(world.peer(), stream(make))


def forged_double_votes(world):
    """Against one that is honest, by nobody's signature."""
    def make():
        pairs = []
        for _ in range(16):
            two = sorted([0, os.urandom(32), os.urandom(64)]
                         for _ in range(2))
            pairs.append([bytes.fromhex(world.honest), world.height(),
                          votes.PREPARE, 0, *two])
        return p2p.frame("EVV", pairs)
    pour(world.peer(), stream(make))


# --- by a validator gone bad --------------------------------------------------

def two_faces(world):
    """Votes for anything that can be voted for, without end."""
    def make():
        h = world.height()
        return p2p.frame("VOT", [
            world.signed(kind, h + i % 2, i % 5)
            for i in range(20) for kind in (votes.PREPARE, votes.COMMIT)])
    pour(world.peer(), stream(make))


def leaps(world):
    """To the last round there is, with one's own signature, over and over."""
    def make():
        h = world.height()
        return b"".join(p2p.frame("RCH", [
            world.signed(votes.ROUND_CHANGE, h + i % 2, MOST_ROUNDS - i, 0,
                         votes.ZEROS), []]) for i in range(16))
    pour(world.peer(), stream(make))


def many_proposals(world):
    """For each place where it leads many blocks of 2 MiB, none of which can be
    executed."""
    def make():
        h = world.height()
        h += (world.signer - h) % world.count  # where it leads round 0
        h = h if h - world.height() < 2 else world.height()
        round_ = (world.signer - h) % world.count
        block, name = world.block(h, BLOCK)
        changes = [] if not round_ else [world.signed(
            votes.ROUND_CHANGE, h, round_, 0, votes.ZEROS)]
        return p2p.frame("PRP", [
            world.signed(votes.PROPOSAL, h, round_, 0, name), block,
            changes, []])
    pour(world.peer(), stream(make))


def double_votes(world):
    """True evidence against itself, more than can be kept."""
    def make():
        pairs = []
        for i in range(16):
            h = max(1, world.height() - 1)
            a, b = sorted((world.signed(votes.PREPARE, h, i),
                           world.signed(votes.PREPARE, h, i)),
                          key=lambda v: v.digest)
            pairs.append([world.evil.spki, h, votes.PREPARE, i,
                          [0, a.digest, a.signature],
                          [0, b.digest, b.signature]])
        return p2p.frame("EVV", pairs)
    pour(world.peer(), stream(make))


STRANGERS = [unsigned_votes, far_votes, votes_again, unsigned_round_changes,
             long_justifications, garbage_proposals, unsigned_proposals,
             crowd, half_proposals, asking_for_blocks, false_links,
             forged_certificates, forged_double_votes]
MEMBERS = [two_faces, leaps, many_proposals, double_votes]
ATTACKS = STRANGERS + MEMBERS


if __name__ == "__main__":
    flooding.run(ATTACKS, World(sys.argv[2]))
