# SPDX-License-Identifier: MIT
"""A network between nodes that a test can make slow, lossy and divided.

A Relays object is one thread with an event loop. add(a, b, target) opens a
port that forwards to host:port `target`, for connections from party a to
party b. Bytes arrive `delay` seconds late, in order; cut() resets some of the
connections; divide() resets and refuses those between two groups, one way or
both, until heal().
"""
import asyncio
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


class Relays:
    def __init__(self, delay=0.0, seed=1):
        self.delay = delay
        self.random = random.Random(seed)
        self.links = set()
        self.divided = set()  # pairs (a, b) that do not get through
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

    def add(self, a, b, target):
        """host:port to dial instead of target."""
        host, _, port = target.rpartition(":")

        async def opened():
            async def serve(reader, writer):
                await self._serve((a, b), host, int(port), reader, writer)
            return await asyncio.start_server(serve, LOOPBACK, 0)

        server = self._call(opened())
        self.servers.append(server)
        return f"{LOOPBACK}:{server.sockets[0].getsockname()[1]}"

    async def _serve(self, pair, host, port, reader, writer):
        link = Link(pair)
        link.writers.append(writer)
        if pair in self.divided:
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
            await asyncio.gather(self._pump(reader, far_writer),
                                 self._pump(far_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.links.discard(link)
            link.reset()

    async def _pump(self, reader, writer):
        line = asyncio.Queue(256)

        async def deliver():
            while True:
                due, data = await line.get()
                wait = due - self.loop.time()
                if wait > 0:
                    await asyncio.sleep(wait)
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

    def heal(self):
        self._soon(self.divided.clear)

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
