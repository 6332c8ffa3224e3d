# SPDX-License-Identifier: MIT
"""A third party that trusts nobody: it is connected to every node as an
observer, checks and keeps every signature of a validator that it ever saw,
over all restarts, and notes when two of them cannot both be an honest one's
(doc/bft.md, rules 7 and 15), when a height has two blocks, or when what is
final is taken back.
"""
import collections
import hashlib
import threading
import time

import p2p
import votes
import wire
from wire import DOMAIN_HEADER, digest, pack

AHEAD_MAX = 10000  # votes whose height's set is not known yet


class Kept:
    """Signatures, for ever. Knows of the network nothing. `path`: a file that
    gets a line for each."""

    def __init__(self, genesis, first_set, path=None):
        self.genesis = genesis
        self.sets = {1: first_set}  # height -> votes.Set
        self.bodies = {}  # (address, height, round, kind) -> [body, Vote]
        self.checked = set()
        self.blocks = {}  # height -> hash that a certificate is for
        self.headers = {0: genesis}
        self.broken = []
        self.count = collections.Counter()
        self.ahead = []
        self.lock = threading.RLock()
        self.file = open(path, "a", encoding="ascii") if path else None

    def fail(self, text):
        self.broken.append(text)
        if self.file:
            self.file.write(f"# BROKEN: {text}\n")
            self.file.flush()

    def close(self):
        if self.file:
            self.file.close()
            self.file = None

    # votes

    def see(self, vote, source="?"):
        """A vote as it came. False when its signature does not hold, None
        when the set of its height is not known yet."""
        with self.lock:
            its_set = self.sets.get(vote.height)
            if its_set is None:
                if len(self.ahead) < AHEAD_MAX:
                    self.ahead.append((vote, source))
                return None
            if vote.signer >= its_set.n:
                self.count["not a signer"] += 1
                return False
            name = hashlib.sha256(pack(vote.value())).digest()
            if name in self.checked:
                return True
            if not wire.verify(its_set.keys[vote.signer],
                               vote.to_sign(self.genesis), vote.signature):
                self.count["bad signature"] += 1
                self.fail(f"{source} passed on {vote}, whose signature does "
                          "not hold")
                return False
            self.checked.add(name)
            self.keep(its_set.addresses[vote.signer], vote, source)
            return True

    def keep(self, address, vote, source):
        self.count[votes.KINDS[vote.kind]] += 1
        place = (address, vote.height, vote.round, vote.kind)
        body = (vote.prepared, vote.digest)
        old = self.bodies.setdefault(place, (body, source, vote.signature))
        if self.file:
            self.file.write(f"{address.hex()} {vote.height} {vote.round} "
                            f"{vote.kind} {vote.prepared} "
                            f"{vote.digest.hex()} "
                            f"{vote.signature.hex()} {source}\n")
        if old[0] != body:
            self.double(address, vote, old, source)
        elif old[2] != vote.signature:  # rule 7
            self.fail(f"{address.hex()} signed {vote} anew (from {source} "
                      f"and from {old[1]})")

    def double(self, address, vote, old, source):
        self.fail(f"{address.hex()} signed twice: {vote} (from {source}) and "
                  f"{old[0][1].hex()[:8]} prepared {old[0][0]} (from "
                  f"{old[1]})")

    # headers

    def header(self, header, seal, source="?"):
        """One of the chain, as AHD, CRT or a block gives it. Its height, when
        all below it are known too; else None."""
        with self.lock:
            height = header[1]
            its_set = self.sets.get(height)
            if its_set is None:
                return None
            name = digest(DOMAIN_HEADER, self.genesis, pack(header))
            if not self.certified(height, name, its_set, seal, source):
                return None
            if self.blocks.setdefault(height, name) != name:
                self.fail(f"height {height} was decided twice: "
                          f"{self.blocks[height].hex()} and {name.hex()} "
                          f"(from {source})")
            self.follow(height, header, its_set)
            return height

    def certified(self, height, name, its_set, seal, source):
        commits = votes.certificate(height, name, seal)
        good = {v.signer for v in commits if self.see(v, source)}
        if len(good) < its_set.quorum or len(good) != len(commits):
            self.fail(f"the certificate of {height} from {source} has "
                      f"{len(good)} good signatures of {len(commits)}")
            return False
        return True

    def follow(self, height, header, its_set):
        """The set of the height above."""
        mine, above, change = header[9]
        after = its_set.changed(change)
        if mine != its_set.hash or above != after.hash:
            self.fail(f"header {height} names other sets")
        if height + 1 not in self.sets:
            self.sets[height + 1] = after
            waiting, self.ahead = self.ahead, []
            for vote, source in waiting:
                self.see(vote, source)

    def tip(self):
        return max(self.blocks, default=0)

    def hash_at(self, height):
        return self.blocks.get(height, self.genesis)

    def signatures(self):
        return sum(self.count[k] for k in votes.KINDS)


class Ear(threading.Thread):
    """A connection to one node, again and again."""

    def __init__(self, witness, name, where):
        super().__init__(daemon=True)
        self.witness = witness
        self.name_of_node = name
        self.where = where  # () -> (host, port), or None while it is down
        self.connected = threading.Event()
        self.heard = 0
        self.final = 0

    def run(self):
        w = self.witness
        while not w.ending.is_set():
            peer = None
            try:
                at = self.where()
                if at is None:
                    raise OSError
                peer = p2p.Peer.dial(*at, w.account, tls=w.tls, limit=5)
                peer.greet(w.kept.genesis)
                peer.send("LNK", [])
                self.connected.set()
                self.listen(peer)
            except (OSError, p2p.Closed):
                pass
            except (AssertionError, ValueError, TypeError, IndexError) as e:
                w.kept.fail(f"{self.name_of_node} said what is not in the "
                            f"protocol: {e!r}")
            finally:
                self.connected.clear()
                if peer:
                    peer.close()
            w.ending.wait(0.05)

    def listen(self, peer):
        last = time.monotonic()
        self.catch_up(peer)
        while not self.witness.ending.is_set():
            try:
                kind, value = peer.read()
                last = time.monotonic()
            except TimeoutError:
                if time.monotonic() - last > 30:
                    return
                continue
            self.heard += 1
            self.take(peer, kind, value)

    def catch_up(self, peer):
        kept = self.witness.kept
        tip = kept.tip()
        peer.send("RHD", [[kept.hash_at(tip)] +
                          ([kept.genesis] if tip else []), 512])

    def take(self, peer, kind, value):
        kept, name = self.witness.kept, self.name_of_node
        for vote in votes.votes_in(kind, value):
            kept.see(vote, name)
        if kind == "RBH":
            peer.send("BLH", peer.pong(value))
        elif kind == "BLK":
            if value[0] < self.final:
                kept.fail(f"{name} announced height {value[0]} after "
                          f"{self.final}")
            self.final = max(self.final, value[0])
            if value[0] > kept.tip():
                self.catch_up(peer)
        elif kind == "CRT":
            kept.header(*value, name)
        elif kind == "AHD":
            for header, seal in value:
                kept.header(header, seal, name)
            if value:
                self.catch_up(peer)
        elif kind == "EVV":
            for key, a, _b in votes.evidence_in(value):
                kept.fail(f"{name} has evidence against "
                          f"{votes.address_of(key).hex()} at {a.height}")


class Witness:
    """Ears on several nodes, and all that they ever heard."""

    def __init__(self, kept):
        self.kept = kept
        self.account = wire.Account("ed25519")
        self.tls = p2p.Tls(self.account)
        self.ending = threading.Event()
        self.ears = []

    def add(self, name, where):
        ear = Ear(self, name, where)
        self.ears.append(ear)
        ear.start()
        return ear

    def end(self):
        self.ending.set()
        for ear in self.ears:
            ear.join(20)
        self.kept.close()
        return self.kept
