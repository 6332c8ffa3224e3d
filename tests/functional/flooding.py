# SPDX-License-Identifier: MIT
"""One attacker of a node's P2P port, as a process of its own: as fast as
loopback allows, until it is killed.

    flooding.py ATTACK WORLD

WORLD is JSON: port, chain, slot_ms, miners, first (a number: the key of the
first identity), sender, nonce (whose transactions are forged). Who is dropped
comes again with a new key: a ban of an id alone ends nothing.
"""
import json
import os
import select
import socket
import ssl
import sys
import time

import network
import p2p
import wire

HOLD = 60  # connections that one attacker keeps


class World:
    def __init__(self, text):
        for name, value in json.loads(text).items():
            setattr(self, name, value)
        self.chain_id = bytes.fromhex(self.chain)
        self.numbers = self.first

    def identity(self):
        self.numbers += 1
        return network.account(self.numbers - 1)

    def peer(self, greet=True, **fields):
        p = p2p.Peer.dial(network.LOOPBACK, self.port, self.identity())
        if greet:
            p.greet(self.chain_id, agent=b"flood", **fields)
        return p


def pour(peer, pieces, reads=True):
    """Send without end, and read what comes and forget it."""
    sock = peer.sock
    sock.setblocking(False)
    for piece in pieces:
        view = memoryview(piece)
        while view:
            ready, _, _ = select.select([sock] if reads else [], [sock], [],
                                        10)
            try:
                while ready:
                    if not sock.recv(1 << 16):
                        raise p2p.Closed("end")
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                pass
            try:
                view = view[sock.send(view):]
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                select.select([sock] if reads else [], [sock], [], 0.1)


def forever(*pieces):
    while True:
        yield from pieces


# --- what breaks the form ----------------------------------------------------

def garbage(world):
    pour(world.peer(), iter(lambda: os.urandom(1 << 16), None))


def oversized_frames(world):
    pour(world.peer(), forever(b"\xff\xff\xff\xffABL" + bytes(1 << 16)))


def half_frames(world):
    """The largest frames, each but for its last byte."""
    held = []
    for _ in range(HOLD):
        held.append(world.peer())
        held[-1].send_bytes(p2p.frame("ABL", bytes(4 << 20)[:-4])[:-1])
    held[0].ended(3600)


def tiny_records(world):
    """A byte in a TLS record, that is a fortieth of its size on the wire."""
    frame = p2p.frame("RBL", bytes(4000))
    pour(world.peer(), (frame[i:i + 1] for _ in forever(0)
                        for i in range(len(frame))))


# --- connections -------------------------------------------------------------

def half_open(world):
    """Connections that never begin with TLS."""
    held = []
    while True:
        if len(held) > 2 * HOLD:
            held.pop(0).close()
        held.append(socket.create_connection((network.LOOPBACK, world.port)))


def handshakes(world):
    """A new id each time, and away."""
    while True:
        world.peer(greet=False).close()


def new_ids(world):
    """Hellos without end, each with an id of its own."""
    while True:
        try:
            world.peer().close()
        except p2p.Closed:
            pass


def crowd(world):
    """All places taken by strangers who stay."""
    held = []
    while True:
        try:
            held.append(world.peer())
        except (p2p.Closed, OSError):
            pass
        held = held[-HOLD:]


def never_reads(world):
    """Asks for the most there is, with each of many ids, and takes none."""
    ask = p2p.frame("RGK", [0]) * 75  # some 100 KiB each
    held = []
    while True:
        try:
            held.append(world.peer())
            held[-1].send_bytes(ask)
        except (p2p.Closed, OSError):
            pass
        held = held[-HOLD:]


# --- messages ----------------------------------------------------------------

def pings(world):
    peer = world.peer()
    pour(peer, forever(p2p.frame("RBH", peer.pong([0] * 5)) * 32))


def requests(world):
    peer = world.peer()
    name = os.urandom(32)
    pour(peer, forever(
        p2p.frame("RHD", [[os.urandom(32)] * 31 + [world.chain_id], 512]) +
        p2p.frame("RBL", [world.chain_id, peer.hello["tip"], name] * 21) +
        p2p.frame("TXQ", [name] * 1024) + p2p.frame("RGK", [0]) +
        p2p.frame("RAD", [])))


def addresses(world):
    """Unasked, and more of them than a book holds."""
    listen = b"10.%d.%d.%d:4999" % tuple(os.urandom(3))
    pour(world.peer(listen=listen), (p2p.frame("ADR", [
        b"10.%d.%d.%d:4999" % tuple(os.urandom(3)) for _ in range(64)])
        for _ in forever(0)))


def forged(world, count):
    """Transactions of somebody's account, whose signatures are noise."""
    sender = network.account(world.sender)
    for _ in range(count):
        tx = wire.Tx(sender, world.nonce, "22" * 20, 1,
                     data=os.urandom(8).hex())
        tx.signature = os.urandom(64)
        yield tx.raw()


def names(raws):
    return [p2p.hashlib.sha256(raw).digest() for raw in raws]


def bad_transactions(world):
    """Announced, and given to who asks."""
    peer = world.peer()
    while True:
        raws = list(forged(world, 256))
        known = dict(zip(names(raws), raws))
        peer.send("TXA", list(known))
        asked = peer.read_until("TXQ")[1]
        peer.send("TXN", [wire.Raw(known[name]) for name in asked
                          if name in known])


def unasked_transactions(world):
    body = p2p.frame("TXN", [wire.Raw(r) for r in forged(world, 256)])
    pour(world.peer(), forever(body))


def empty_promises(world):
    """Transactions announced that nobody has."""
    pour(world.peer(), (p2p.frame("TXA", [os.urandom(32)
                                          for _ in range(1024)])
                        for _ in forever(0)))


# --- headers -----------------------------------------------------------------

def tip_of(peer, world):
    """The last header and its hash."""
    found, locator = None, [world.chain_id]
    while headers := peer.headers(locator):
        found = headers[-1]
        locator = [header_hash(found[0], world), world.chain_id]
    return found[0], found[1]


def header_hash(header, world):
    return p2p.digest(wire.DOMAIN_HEADER, world.chain_id, wire.pack(header))


def following(header, world, after_ms):
    """A header that follows, of the slot after so many ms from now."""
    h = list(header)
    slot = (p2p.now() + after_ms) // world.slot_ms
    h[1], h[2] = header[1] + 1, header_hash(header, world)
    h[3] = slot * world.slot_ms
    h[4] = bytes.fromhex(world.miners[slot % len(world.miners)])
    return h


def far_future(world):
    """Blocks of next year, announced and given."""
    peer = world.peer()
    while True:
        header, seal = tip_of(peer, world)
        for i in range(8):
            h = following(header, world, (1 + i) * 86400000)
            name = header_hash(h, world)
            peer.send("BLK", [h[1], name])
            kind, value = peer.read_until("RBL", "RHD", "BLK")
            if kind == "RBL" and name in value:
                peer.send("ABL", [[[h, seal, []]], []])
            elif kind == "RHD":
                peer.send("AHD", [[h, seal]])
            else:
                break  # there is a new tip


def bad_seals(world):
    """Evidence that nobody signed."""
    peer = world.peer()
    header, seal = tip_of(peer, world)
    pairs = []
    for i in range(16):
        a, b = list(header), list(header)
        a[5], b[5] = os.urandom(32), os.urandom(32)
        a, b = sorted((a, b), key=lambda h: header_hash(h, world))
        pairs.append([a, seal, b, seal])
    pour(peer, forever(p2p.frame("EVD", pairs)))


def old_headers(world):
    """Tips that nobody knows, and the headers that everybody knows."""
    peer = world.peer()
    answer = peer.headers([world.chain_id])
    while True:
        peer.send("BLK", [answer[-1][0][1] + 100, os.urandom(32)])
        kind, _ = peer.read_until("RHD", "BLK")
        if kind == "RHD":
            peer.send("AHD", answer)


ATTACKS = [garbage, oversized_frames, half_frames, tiny_records, half_open,
           handshakes, new_ids, crowd, never_reads, pings, requests,
           addresses, bad_transactions, unasked_transactions, empty_promises,
           far_future, bad_seals, old_headers]


def run(attacks, world):
    attack = {f.__name__: f for f in attacks}[sys.argv[1]]
    # the attacker is another machine: it takes no time of the node's
    os.nice(19)
    while True:
        try:
            attack(world)
        except (p2p.Closed, OSError, ssl.SSLError, AssertionError):
            time.sleep(0.001)  # a refusal each is no attack on anybody


if __name__ == "__main__":
    run(ATTACKS, World(sys.argv[2]))
