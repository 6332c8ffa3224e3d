# SPDX-License-Identifier: MIT
"""scripts/devnet: a network that is found through discovery, comes up again
where it was, and leaves everybody else's processes alone."""
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import lib

DEVNET = os.path.join(lib.SOURCE, "scripts", "devnet")


def is_alive(pid):
    """Not what only waits for its parent to hear of its end."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class Devnet(lib.Case):
    limit = 180

    def setUp(self):
        super().setUp()
        self.data = self.path("devnet")

    def devnet(self, *args, status=0):
        r = subprocess.run(
            [sys.executable, DEVNET, *map(str, args)], text=True,
            stdin=subprocess.DEVNULL, capture_output=True, cwd=self.dir,
            env=dict(os.environ, DEVNET_DIR=self.data,
                     CCOIN_BUILD=lib.BUILD), timeout=100 * lib.PATIENCE)
        self.assertEqual(r.returncode, status, r.stdout + r.stderr)
        return r

    def up(self, *args):
        self.addCleanup(self.devnet, "reset")
        self.devnet("up", *args)
        with open(os.path.join(self.data, "devnet.json"),
                  encoding="utf-8") as f:
            self.state = json.load(f)

    def names(self):
        return ["discovery"] + [
            f"node{i + 1}" for i in range(self.state["validators"] +
                                          self.state["observers"])]

    def pids(self):
        out = {}
        for name in self.names():
            with open(os.path.join(self.data, name + ".pid"),
                      encoding="utf-8") as f:
                out[name] = int(f.read().split()[0])
        return out

    def ask(self, i, path, method="GET"):
        """Of node i; of 0: the meeting point. None: it does not answer."""
        port = self.state["port"] + 2 * i
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}",
                                         method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as r:
                return json.load(r)
        except urllib.error.HTTPError as e:
            return json.load(e)
        except OSError:
            return None

    def place(self, i):
        return f"127.0.0.1:{self.state['port'] + 2 * i - 1}"

    def agree(self, height):
        """All at this height or above, with one block there; its id."""
        def ids():
            found = {(self.ask(i, f"/block?index={height}") or {}).get("id")
                     for i in range(1, len(self.names()))}
            return None not in found and len(found) == 1 and found.pop()
        return lib.until(ids, 60)

    def test_nodes_find_each_other_and_make_one_chain(self):
        self.up(3, "--observers", 1, "--slot-ms", 500)
        everybody = range(1, 5)
        lib.until(lambda: all(
            len(self.ask(i, "/nodes") or []) == 3 for i in everybody), 60)
        for i in everybody:
            self.assertEqual(
                sorted(self.ask(i, "/nodes")),
                [self.place(k) for k in everybody if k != i])
        self.assertEqual(
            {m["where"] for m in self.ask(0, "/members")},
            {self.place(i) for i in everybody})
        self.agree(6)
        makers = {self.ask(4, f"/block?index={h}")["coinbase"]
                  for h in range(1, 7)}
        self.assertGreater(len(makers), 1)
        self.assertLessEqual(makers, set(self.state["accounts"]))
        # who stops is gone from the meeting point at once
        os.kill(self.pids()["node4"], signal.SIGTERM)
        lib.until(lambda: self.place(4) not in [
            m["where"] for m in self.ask(0, "/members")])

    def test_validators_that_vote_agree_and_what_it_says_to_try_works(self):
        self.addCleanup(self.devnet, "reset")
        said = self.devnet("up", 4, "--observers", 1, "--engine", "bft",
                           "--timeout-ms", 500).stdout
        with open(os.path.join(self.data, "devnet.json"),
                  encoding="utf-8") as f:
            self.state = json.load(f)
        self.agree(6)
        makers = {self.ask(5, f"/block?index={h}")["coinbase"]
                  for h in range(1, 7)}
        self.assertLessEqual(makers, set(self.state["accounts"]))
        self.assertGreater(len(makers), 1)
        latest = self.ask(5, "/v1/blocks/latest")
        self.assertTrue(latest["settled"] and latest["final"], latest)
        # the three lines, as a reader would run them
        lines = [line.split() for line in said.splitlines()
                 if line.startswith("    curl ")]
        self.assertEqual(len(lines), 3, said)
        answers = []
        for _curl, url in lines:
            with urllib.request.urlopen(url.strip("'"), timeout=20) as r:
                answers.append(json.load(r))
        self.assertGreaterEqual(answers[0]["height"], 6)
        self.assertIn("validators", json.dumps(answers[1]))
        self.assertGreaterEqual(answers[2], 1)
        # again: the same network
        before = self.pids()
        self.devnet("up", 4, "--observers", 1, "--engine", "bft",
                    "--timeout-ms", 500)
        self.assertEqual(self.pids(), before)

    def test_what_registers_is_dialled(self):
        self.up(1, "--observers", 1)
        lib.until(lambda: self.ask(1, "/nodes"), 60)
        told = self.ask(1, "/register?url=" + self.place(2), "POST")
        self.assertEqual(told["registered"], self.place(2))
        members = {m["where"]: m["id"] for m in self.ask(0, "/members")}
        self.assertEqual(told["id"], members[self.place(2)])
        # the meeting point is no node
        point = f"127.0.0.1:{self.state['port']}"
        told = lib.until(lambda: self.second_try(point))
        self.assertEqual(told["code"], "unreachable")

    def second_try(self, where):
        told = self.ask(1, "/register?url=" + where)
        return told if told.get("code") != "overloaded" else None

    def test_up_again_starts_what_does_not_run(self):
        self.up(2, "--slot-ms", 500)
        before = self.pids()
        self.devnet(2, "--slot-ms", 500)
        self.assertEqual(self.pids(), before)
        os.kill(before["node2"], signal.SIGKILL)
        lib.until(lambda: "node2          down" in
                  self.devnet("status").stdout)
        self.devnet("up", 2, "--slot-ms", 500)
        after = self.pids()
        self.assertNotEqual(after.pop("node2"), before.pop("node2"))
        self.assertEqual(after, before)
        self.agree(self.ask(1, "/chainlength") + 2)

    def test_down_keeps_and_reset_removes(self):
        self.up(1, "--slot-ms", 500)
        first = self.agree(3)
        pids = self.pids()
        self.assertIn("2 stopped", self.devnet("down").stdout)
        for name, pid in pids.items():
            self.assertFalse(os.path.exists(
                os.path.join(self.data, name + ".pid")))
            self.assertFalse(is_alive(pid))
        self.assertIn("nothing runs", self.devnet("down").stdout)
        self.devnet("up", 1, "--slot-ms", 500)
        self.assertEqual(self.ask(1, "/block?index=3")["id"], first)
        self.devnet("reset")
        self.assertEqual(os.listdir(self.data), [".lock"])
        self.assertIn("no network", self.devnet("reset").stdout)
        self.devnet("status", status=1)

    def test_it_ends_only_what_it_started(self):
        self.up(1)
        # as if the number had gone to somebody else meanwhile
        other = subprocess.Popen(["sleep", "100"],
                                 preexec_fn=lib._die_with_parent)
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        path = os.path.join(self.data, "node1.pid")
        with open(path, encoding="utf-8") as f:
            mine = f.read()
        pid, start = mine.split()
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"{other.pid} {start}\n")
        self.devnet("down")
        self.assertIsNone(other.poll())
        with open(path, "w", encoding="utf-8") as f:
            f.write(mine)
        self.devnet("down")
        self.assertFalse(is_alive(pid))

    def test_logs_are_shown(self):
        self.up(2)
        text = self.devnet("logs").stdout
        for name in "node1: ", "node2: ":
            self.assertIn(name, text)
        self.assertIn("listening on " + self.place(2),
                      self.devnet("logs", 2).stdout)
        self.assertEqual(self.devnet("logs", "discovery").stdout, "")
        self.assertIn("there is no node3",
                      self.devnet("logs", 3, status=1).stderr)

    def test_what_it_does_not_do_it_says(self):
        self.assertIn("the engine pow is not in this version",
                      self.devnet(3, "--engine", "pow", status=1).stderr)
        self.assertFalse(os.path.exists(
            os.path.join(self.data, "devnet.json")))
        self.devnet(0, status=2)
        self.devnet(status=2)
        self.devnet("up", "x", status=2)
        self.up(1)
        self.assertIn("has a network of 1 validators and 0 observers",
                      self.devnet("up", 2, status=1).stderr)
        self.assertIn("with engine poa and slots of 1000 ms",
                      self.devnet("up", 1, "--engine", "bft",
                                  status=1).stderr)


if __name__ == "__main__":
    lib.main(needs=("ccoind", "ccoin", "ccoin-init", "ccoin-discovery"))
