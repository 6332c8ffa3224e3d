# SPDX-License-Identifier: MIT
"""Real daemons on free ports, for the functional tests.

A test file is a unittest module that ends in `lib.main()`. Every test has a
directory of its own and a time limit; whatever it started is stopped when it
ends, also when it fails. Nothing sleeps to be right: a node is ready when it
says so, and `until()` asks again until a limit.
"""
import ctypes
import http.client
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import unittest
from urllib.parse import urlsplit

BUILD = os.environ.get("CCOIN_BUILD", os.getcwd())
SOURCE = os.environ.get("CCOIN_SOURCE", os.path.dirname(os.path.dirname(
    os.path.dirname(os.path.abspath(__file__)))))
# Sanitizers and busy machines: multiply every limit.
PATIENCE = float(os.environ.get("CCOIN_TEST_PATIENCE", "1"))
READY_LIMIT = 20 * PATIENCE
STOP_LIMIT = 20 * PATIENCE

SKIP = 77  # automake's word for a test that could not run


def program(name):
    return os.path.join(BUILD, name)


def _die_with_parent():
    """In the child: nothing outlives the test, however the test dies."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class Failed(Exception):
    """A program ended or answered in another way than the test needs."""


class Response:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def text(self):
        return self.body.decode()

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Node:
    """One ccoind. `args` are added to -d DIR -p PORT (0: a free one); without
    a datadir (then `log` says where its log goes) the configuration says
    where it is."""

    def __init__(self, datadir, *args, env=None, binary="ccoind", cwd=None,
                 prefix=(), log=None, port=0):
        self.port = port
        self.prefix = prefix  # a command that runs what follows it
        self.datadir = datadir
        self.args = list(args)
        self.env = dict(os.environ, **(env or {}))
        self.binary = binary
        self.cwd = cwd
        self.process = None
        self.url = None
        self.p2p = None  # host:port
        self.account = None
        self.log_path = log or datadir.rstrip("/") + ".log"

    def start(self, *more, ready=True):
        """Start and wait until it listens. Failed when it ends instead."""
        assert self.process is None
        self.url = self.account = None
        self.lines = queue.Queue()
        self.output = []
        place = ["-d", self.datadir] if self.datadir else []
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, program(self.binary), *place, "-p",
                 str(self.port),
                 *self.args, *more],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=log, text=True, env=self.env, cwd=self.cwd,
                preexec_fn=_die_with_parent)
        self.reader = threading.Thread(
            target=self._read, args=(self.process.stdout, self.lines),
            daemon=True)
        self.reader.start()
        if ready:
            self.wait_ready()
        return self

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.put(line.rstrip("\n"))
        lines.put(None)
        stream.close()

    def wait_ready(self, limit=READY_LIMIT):
        wants_account = any(a.startswith("--dev") for a in self.args)
        deadline = time.monotonic() + limit
        while not self.url or (wants_account and not self.account):
            line = self.next_line(deadline - time.monotonic())
            word, _, rest = line.partition(" ")
            if word == "http":
                self.url = rest
            elif word == "p2p":
                self.p2p = rest
            elif word == "account":
                self.account = rest

    def next_line(self, limit=READY_LIMIT):
        """The next line of standard output."""
        try:
            line = self.lines.get(timeout=max(limit, 0))
        except queue.Empty:
            raise Failed(f"no line within the limit; said {self.output};"
                         f" log:\n{self.log()}") from None
        if line is None:
            raise Failed(f"ended with {self.wait()}; log:\n{self.log()}")
        self.output.append(line)
        return line

    def log(self):
        """The end of what it wrote to standard error."""
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()[-8000:]

    @property
    def pid(self):
        return self.process.pid

    def wait(self, limit=STOP_LIMIT):
        """Wait until it has ended by itself; the exit status."""
        status = self.process.wait(limit)
        self.process = None
        return status

    def stop(self):
        """SIGTERM; Failed unless it ends cleanly."""
        self.process.send_signal(signal.SIGTERM)
        status = self.wait()
        if status != 0:
            raise Failed(f"stopped with {status}; log:\n{self.log()}")

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.wait()

    def restart(self, *more):
        self.stop()
        return self.start(*more)

    def discard(self):
        """At the end of a test, whatever the state."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    # HTTP

    def connect(self, timeout=30):
        parts = urlsplit(self.url)
        return http.client.HTTPConnection(parts.hostname, parts.port,
                                          timeout=timeout * PATIENCE)

    def request(self, method, path, body=None, headers=None,
                connection=None):
        """One request, on a connection of its own unless one is given."""
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers = {"Content-Type": "application/json", **(headers or {})}
        c = connection or self.connect()
        try:
            c.request(method, path, body, headers or {})
            r = c.getresponse()
            return Response(r.status, r.headers, r.read())
        finally:
            if connection is None:
                c.close()

    def get(self, path, **kw):
        return self.request("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.request("POST", path, body, **kw)

    def put(self, path, body=None, **kw):
        return self.request("PUT", path, body, **kw)

    def cookie(self):
        with open(os.path.join(self.datadir, ".cookie"),
                  encoding="utf-8") as f:
            return {"Authorization": "Bearer " + f.read().strip()}

    def must(self, response, *statuses):
        if response.status not in (statuses or (200,)):
            raise Failed(f"answered {response!r}; log:\n{self.log()}")
        return response

    def status(self):
        return self.must(self.get("/v1/status")).json()

    def chain_id(self):
        """The genesis hash, 32 bytes."""
        return bytes.fromhex(self.must(
            self.get("/block?index=0")).json()["id"])

    def height(self):
        return self.must(self.get("/chainlength")).json() - 1

    def balance(self, address, confirmations=1):
        return self.must(self.get(
            f"/balance?address={address}&confirmations={confirmations}"
        )).json()

    def push(self, tx):
        """Push a wire.Tx as JSON."""
        return self.request("POST", "/pushtx", tx.object())

    def push_raw(self, raw):
        return self.post("/pushtx", raw, headers={
            "Content-Type": "application/msgpack"})


def until(question, limit=20):
    """Ask until the answer is true; the answer."""
    deadline = time.monotonic() + limit * PATIENCE
    pause = threading.Event()
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Failed("did not come true within the limit")
        pause.wait(0.01)


class Case(unittest.TestCase):
    """A test with a directory, nodes and a limit (seconds)."""

    limit = 60

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="ccoin-test-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self._count = 0
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._late)
        signal.setitimer(signal.ITIMER_REAL, self.limit * PATIENCE)

    def _late(self, *_):
        raise Failed(f"not done within {self.limit * PATIENCE:g} s")

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, content):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if isinstance(content, (dict, list)):
            content = json.dumps(content)
        if isinstance(content, str):
            content = content.encode()
        with open(path, "wb") as f:
            f.write(content)
        return path

    def node(self, *args, datadir=None, configured=False, **kw):
        """A node that is not started yet; stopped when the test ends.
        configured: its configuration says where its data is."""
        self._count += 1
        name = self.path(f"node{self._count}")
        if configured:
            n = Node(None, *args, log=name + ".log", **kw)
        else:
            n = Node(datadir or name, *args, **kw)
        self.addCleanup(n.discard)
        return n

    def dev(self, *args, **kw):
        """A node with a development chain, running."""
        return self.node("--dev", *args, **kw).start()

    def run_program(self, name, *args, status=0, stdin=None, env=None,
                    limit=60, prefix=()):
        """Run to the end; the CompletedProcess. status None: any."""
        r = subprocess.run(
            [*prefix, program(name), *args], input=stdin, text=True, cwd=self.dir,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=dict(os.environ, HOME=self.dir, **(env or {})),
            timeout=limit * PATIENCE, preexec_fn=_die_with_parent)
        if status is not None and r.returncode != status:
            raise Failed(f"{name} {' '.join(args)}: exit status "
                         f"{r.returncode}, expected {status}\n"
                         f"{r.stdout}{r.stderr}")
        return r

    def assert_problem(self, response, status, code):
        """An error of RFC 9457."""
        self.assertEqual(response.status, status, response)
        self.assertEqual(
            response.headers.get("Content-Type", "").split(";")[0],
            "application/problem+json", response)
        problem = response.json()
        self.assertEqual(problem["code"], code, response)
        self.assertEqual(problem["status"], status, response)
        for field in ("type", "title", "detail"):
            self.assertIn(field, problem)
        return problem


class _Result(unittest.TestResult):
    """One line a test."""

    def _say(self, word, test, extra=""):
        print(f"{word} {test.id().replace('__main__.', '')}{extra}",
              flush=True)

    def addSuccess(self, test):
        self._say("ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._say("skip", test, f": {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._say("not ok", test)
        print("".join(traceback.format_exception(*err)), flush=True)

    def addError(self, test, err):
        super().addError(test, err)
        self._say("not ok", test)
        print("".join(traceback.format_exception(*err)), flush=True)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._say("not ok", subtest)
            print("".join(traceback.format_exception(*err)), flush=True)


def main(needs=("ccoind",), quick=False):
    """Run the tests of the module __main__, or those named as arguments.

    CCOIN_CHECK=quick leaves out what does not call itself quick: scripts/test
    asks for that where it has run everything just before.
    """
    if os.environ.get("CCOIN_CHECK") == "quick" and not quick:
        print(f"skip {sys.argv[0]}: not quick")
        sys.exit(SKIP)
    for name in needs:
        if not os.access(program(name), os.X_OK):
            print(f"skip {sys.argv[0]}: {program(name)} is not built")
            sys.exit(SKIP)
    loader = unittest.defaultTestLoader
    module = sys.modules["__main__"]
    suite = loader.loadTestsFromNames(sys.argv[1:], module) \
        if len(sys.argv) > 1 else loader.loadTestsFromModule(module)
    result = _Result()
    suite.run(result)
    sys.exit(0 if result.wasSuccessful() else 1)
