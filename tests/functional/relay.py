# SPDX-License-Identifier: MIT
"""A network between nodes that a test can make slow, lossy and divided.

A Relays object is one thread with an event loop. add(b, target) opens a port
that forwards to host:port `target` of party b; which party a dialled it is
seen from the process that owns the other end, so parties may tell each other
of these ports as they like. Bytes arrive `delay` seconds late, in order; cut()
resets some of the connections; divide() resets and refuses those between two
groups until heal(); stall() lets nothing through from one group to another,
while the other way works.
"""
import asyncio
import os
import random
import socket
import threading

LOOPBACK = "127.0.0.1"
CHUNK = 65536


class Link:
    """One relayed connection."""

    def __init__(self, pair):
        self.pair = pair
        self.writers = []

    def reset(self):
        for w in self.writers:
            if w.transport:
                w.transport.abort()


def inode_of(here, there):
    """Of the TCP socket on loopback whose own port is `here` and that talks to
    port `there`. The system gives one port to many connections."""
    with open("/proc/net/tcp", encoding="ascii") as f:
        for line in list(f)[1:]:
            words = line.split()
            ports = [int(w.rpartition(":")[2], 16) for w in words[1:3]]
            if ports == [here, there] and words[9] != "0":
                return words[9]
    return None


def owns(pid, inode):
    try:
        fds = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return False
    for fd in fds:
        try:
            if os.readlink(f"/proc/{pid}/fd/{fd}") == f"socket:[{inode}]":
                return True
        except OSError:
            pass
    return False


class Relays:
    """pids() gives the parties' process ids, in their order; None is down."""

    def __init__(self, pids, delay=0.0, seed=1):
        self.pids = pids
        self.delay = delay
        self.random = random.Random(seed)
        self.links = set()
        self.divided = set()  # pairs (a, b) that do not get through
        self.stalled = set()  # what a says does not reach b
        self.resets = 0
        self.loop = asyncio.new_event_loop()
        self.servers = []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine,
                                                self.loop).result(20)

    def add(self, b, target):
        """host:port to dial instead of target."""
        host, _, port = target.rpartition(":")

        async def opened():
            async def serve(reader, writer):
                try:
                    await self._serve(b, host, int(port), reader, writer)
                except asyncio.CancelledError:
                    pass  # stop(); asyncio would complain of it
            return await asyncio.start_server(serve, LOOPBACK, 0)

        server = self._call(opened())
        self.servers.append(server)
        return f"{LOOPBACK}:{server.sockets[0].getsockname()[1]}"

    def _dialler(self, writer):
        inode = inode_of(writer.get_extra_info("peername")[1],
                         writer.get_extra_info("sockname")[1])
        for a, pid in enumerate(self.pids()):
            if pid and inode and owns(pid, inode):
                return a
        return None

    async def _serve(self, b, host, port, reader, writer):
        pair = (self._dialler(writer), b)
        link = Link(pair)
        link.writers.append(writer)
        if pair[0] is None or pair in self.divided:
            link.reset()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(host, port)
        except OSError:
            link.reset()
            return
        link.writers.append(far_writer)
        if pair in self.divided:
            link.reset()
            return
        for w in link.writers:
            w.get_extra_info("socket").setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.links.add(link)
        try:
            await asyncio.gather(self._pump(reader, far_writer, pair),
                                 self._pump(far_reader, writer, pair[::-1]))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.links.discard(link)
            link.reset()

    async def _pump(self, reader, writer, way):
        line = asyncio.Queue(256)

        async def deliver():
            while True:
                due, data = await line.get()
                wait = due - self.loop.time()
                if wait > 0:
                    await asyncio.sleep(wait)
                while way in self.stalled:
                    await asyncio.sleep(0.02)
                if not data:
                    writer.close()
                    return
                writer.write(data)
                await writer.drain()

        task = self.loop.create_task(deliver())
        try:
            while True:
                data = await reader.read(CHUNK)
                await line.put((self.loop.time() + self.delay, data))
                if not data:
                    break
            await task
        finally:
            task.cancel()

    def _soon(self, fn):
        async def run():
            return fn()
        return self._call(run())

    def cut(self, share):
        """Reset that share of the connections, at random."""
        def run():
            for link in list(self.links):
                if self.random.random() < share:
                    self.resets += 1
                    link.reset()
        self._soon(run)

    def divide(self, group_a, group_b):
        def run():
            for a in group_a:
                for b in group_b:
                    self.divided |= {(a, b), (b, a)}
            for link in list(self.links):
                if link.pair in self.divided:
                    link.reset()
        self._soon(run)

    def stall(self, group_a, group_b):
        """One way: nothing of a reaches b."""
        self._soon(lambda: self.stalled.update(
            (a, b) for a in group_a for b in group_b if a != b))

    def heal(self):
        def run():
            self.divided.clear()
            self.stalled.clear()
        self._soon(run)

    def stop(self):
        def run():
            for s in self.servers:
                s.close()
            for link in list(self.links):
                link.reset()
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
        async def end():
            run()
        asyncio.run_coroutine_threadsafe(end(), self.loop)
        self.loop.call_soon_threadsafe(
            lambda: self.loop.call_later(0.1, self.loop.stop))
        self.thread.join(10)
