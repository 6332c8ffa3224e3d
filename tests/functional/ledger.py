# SPDX-License-Identifier: MIT
"""The ledger once more, in Python: roots, state and blocks of transfers on a
chain without rewards, fees and new balances. Written from doc/protocol.md.
"""
import hashlib

from wire import DOMAIN_HEADER, Raw, digest, pack

DOMAIN_STATE = b"ccoin/state/1"
ZEROS = bytes(32)
NO_SEAL = [b"", b"", 0]


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def merkle(hashes):
    """RFC 6962 over hashes."""
    if not hashes:
        return sha256()
    if len(hashes) == 1:
        return sha256(b"\0", hashes[0])
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return sha256(b"\1", merkle(hashes[:k]), merkle(hashes[k:]))


class History:
    """The history root, block by block."""

    def __init__(self):
        self.peaks = []  # (leaves, root), largest first

    def add(self, name):
        self.peaks.append((1, sha256(b"\0", name)))
        while len(self.peaks) > 1 and \
                self.peaks[-1][0] == self.peaks[-2][0]:
            (n, right), (_, left) = self.peaks.pop(), self.peaks.pop()
            self.peaks.append((2 * n, sha256(b"\1", left, right)))

    def root(self):
        if not self.peaks:
            return sha256()
        rest = self.peaks[-1][1]
        for _, peak in self.peaks[-2::-1]:
            rest = sha256(b"\1", peak, rest)
        return rest


class State:
    """address -> [balance, nonce]"""

    def __init__(self, accounts):
        self.accounts = {a: list(v) for a, v in accounts.items()}

    def copy(self):
        return State(self.accounts)

    def apply(self, full):
        """A transfer's full bytes as a value: [body, key, signature]."""
        sender, number, operations = full[0][1], full[0][2], full[0][6]
        assert self.accounts[sender][1] == number
        for operation in operations:
            if operation[0]:
                continue  # a vote or evidence moves no money
            _, to, amount = operation
            self.accounts[sender][0] -= amount
            self.accounts.setdefault(to, [0, 0])[0] += amount
        self.accounts[sender][1] += 1

    def root(self):
        leaves = {}
        for address, (balance, nonce) in self.accounts.items():
            key = sha256(address)
            leaves[key] = sha256(b"\0", key, sha256(
                pack([address, balance, nonce])))
        supply = sum(b for b, _ in self.accounts.values())
        tree = self._tree(sorted(leaves), leaves, 0)
        return digest(DOMAIN_STATE, ZEROS, tree + supply.to_bytes(8, "big"))

    def _tree(self, keys, leaves, depth):
        if not keys:
            return ZEROS
        if len(keys) == 1:
            return leaves[keys[0]]
        sides = ([], [])
        for k in keys:
            sides[k[depth // 8] >> 7 - depth % 8 & 1].append(k)
        return sha256(b"\1", *(self._tree(s, leaves, depth + 1)
                               for s in sides))


class Tip:
    """A chain's end: enough to make the next block, and to check it."""

    def __init__(self, chain_id, state, time):
        self.chain_id = chain_id
        self.height, self.hash, self.time = 0, chain_id, time
        self.state = state
        self.history = History()
        self.history.add(chain_id)

    def block(self, producer, time, engine, fulls=()):
        """(hash, [header, empty seal, transactions])"""
        state = self.state.copy()
        for full in fulls:
            state.apply(full)
        header = [1, self.height + 1, self.hash, max(time, self.time + 1),
                  producer, merkle([sha256(pack(f)) for f in fulls]), b"",
                  state.root(), self.history.root(), engine, b""]
        return self.name(header), [header, NO_SEAL, list(fulls)]

    def name(self, header):
        return digest(DOMAIN_HEADER, self.chain_id, pack(header))

    def check(self, block, engine):
        """What another made follows this tip."""
        header, _seal, fulls = block
        made = self.block(header[4], header[3], engine, fulls)[1][0]
        assert header[3] > self.time, "its time"
        made[10] = header[10]
        assert made == header, f"{header} instead of {made}"

    def append(self, block):
        header, _seal, fulls = block
        for full in fulls:
            self.state.apply(full)
        self.height, self.hash, self.time = \
            header[1], self.name(header), header[3]
        self.history.add(self.hash)


__all__ = ["History", "NO_SEAL", "Raw", "State", "Tip", "merkle", "sha256"]
