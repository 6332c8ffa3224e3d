# SPDX-License-Identifier: MIT
"""Votes once more, in Python: what validators sign for each other, and the
messages that carry it. Written from doc/protocol.md and doc/bft.md, not from
the C code.
"""
import hashlib
from collections import namedtuple

import wire
from wire import Raw, pack, unpack

DOMAIN_VOTE = b"ccoin/vote/1"
DOMAIN_VALIDATORS = b"ccoin/validators/1"
PROPOSAL, PREPARE, COMMIT, ROUND_CHANGE = range(4)
KINDS = ("PROPOSAL", "PREPARE", "COMMIT", "ROUND_CHANGE")
ZEROS = bytes(32)


class Vote(namedtuple("Vote", "kind height round prepared digest signer "
                              "signature")):
    """prepared: 0, or one more than the prepared round."""

    @property
    def body(self):
        return [self.kind, self.height, self.round, self.prepared,
                self.digest]

    def to_sign(self, genesis):
        return wire.digest(DOMAIN_VOTE, genesis, pack(self.body))

    def value(self):
        return list(self)

    def __str__(self):
        at = f"{KINDS[self.kind]} {self.height}/{self.round}"
        prepared = f" prepared {self.prepared - 1}" if self.prepared else ""
        return f"{at}{prepared} {self.digest.hex()[:8]} by {self.signer}"


def vote(value):
    """From what a message holds."""
    v = Vote(*value)
    assert v.kind < len(KINDS), v
    return v


def cast(account, genesis, signer, kind, height, round_, digest=ZEROS,
         prepared=0):
    """A vote, signed."""
    v = Vote(kind, height, round_, prepared, digest, signer, b"")
    return v._replace(signature=account.sign(v.to_sign(genesis)))


def quorum(n):
    return (n + (n - 1) // 3) // 2 + 1


class Set:
    """Accounts, or public keys, in the order of their addresses."""

    def __init__(self, keys):
        self.keys = sorted(keys, key=address_of)
        self.addresses = [address_of(k) for k in self.keys]
        self.hash = hashlib.sha256(
            DOMAIN_VALIDATORS + pack(self.keys)).digest()
        self.n = len(self.keys)
        self.quorum = quorum(self.n)
        self.faults = (self.n - 1) // 3

    def leader(self, height, round_):
        return (height + round_) % self.n

    def index(self, key):
        return self.keys.index(key)

    def changed(self, change):
        """The set after a change as a header carries it."""
        if not change:
            return self
        kind, what, _few = change
        if kind == 0:
            return Set(self.keys + [what])
        return Set([k for k in self.keys if address_of(k) != what])


def address_of(spki):
    return hashlib.sha256(spki).digest()[:20]


def votes_in(kind, value):
    """All votes that a message carries, those beside it included."""
    if kind == "PRP":
        first, _block, changes, prepares = value
        return [vote(v) for v in [first, *changes, *prepares]]
    if kind == "VOT":
        return [vote(v) for v in value]
    if kind == "RCH":
        return [vote(v) for v in [value[0], *value[1]]]
    return []


def evidence_in(value):
    """The pairs of votes in an EVV: (key, vote, vote), signer unknown."""
    out = []
    for key, height, kind, round_, *two in value:
        out.append((key, *(Vote(kind, height, round_, p, d, None, s)
                           for p, d, s in two)))
    return out


def certificate(header_height, block_hash, seal):
    """The COMMITs of a seal: (round, signatures)."""
    round_, signatures = seal
    return [Vote(COMMIT, header_height, round_, 0, block_hash, signer, s)
            for signer, s in signatures]


def seal_of(commits):
    commits = sorted(commits, key=lambda v: v.signer)
    return [commits[0].round, [[v.signer, v.signature] for v in commits]]


__all__ = ["COMMIT", "KINDS", "PREPARE", "PROPOSAL", "ROUND_CHANGE", "Raw",
           "Set", "Vote", "address_of", "cast", "certificate",
           "evidence_in", "quorum", "seal_of", "unpack", "vote",
           "votes_in"]
