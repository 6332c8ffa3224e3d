# SPDX-License-Identifier: MIT
"""ccoin and ccoin-init beside a real node: what they print, and how they
end."""
import base64
import hashlib
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import urllib.parse

import lib

BOB = "22" * 20


class Wallet(lib.Case):
    """Each with a development chain whose account is the wallet's."""

    def setUp(self):
        super().setUp()
        self.n = self.dev()

    def ccoin(self, *args, status=0, **kw):
        env = {"CCOIN_DATADIR": self.n.datadir, "CCOIN_URL": self.n.url}
        return self.run_program("ccoin", *args, status=status, env=env, **kw)

    def out(self, *args, **kw):
        r = self.ccoin(*args, **kw)
        self.assertEqual(r.stderr, "")
        return r.stdout

    def refused(self, *args, status=1, **kw):
        """Its line on standard error; nothing went to standard output."""
        r = self.ccoin(*args, status=status, **kw)
        self.assertEqual(r.stdout, "")
        return r.stderr

    def test_the_first_account_stays_the_default(self):
        self.assertEqual(self.out("address"), self.n.account + "\n")
        made = self.out("create-account", "--type", "ed25519")
        self.assertRegex(made, r"^[0-9a-f]{40}\n$")
        self.assertEqual(self.out("address"), self.n.account + "\n")
        self.assertEqual(self.out("accounts").split(),
                         sorted([self.n.account, made.strip()]))

    def test_a_public_key_is_what_its_address_is_made_of(self):
        made = self.out("create-account").strip()
        for args, address in (((), self.n.account), ((made,), made)):
            key = base64.b64decode(self.out("public-key", *args))
            self.assertEqual(hashlib.sha256(key).hexdigest()[:40], address)
        self.assertIn("cannot open", self.refused("public-key", BOB))

    def test_send_prints_the_id_alone_and_moves_the_money(self):
        before = self.n.balance(self.n.account)
        tx = self.out("send", "1000", BOB, "--wait", "block",
                      "-M", "for the bread")
        self.assertRegex(tx, r"^[0-9a-f]{64}\n$")
        self.assertEqual(self.out("balance", BOB), "1000\n")
        self.assertEqual(self.out("balance"), f"{before - 1000}\n")
        shown = json.loads(self.out("tx", tx.strip(), "--json"))
        self.assertEqual(shown["tx"]["data"], "for the bread")
        self.assertEqual(shown["tx"]["amount"], 1000)
        self.assertIn("status settled\n", self.out("tx", tx.strip()))

    def test_a_pending_transaction_counts_with_confirmations_0(self):
        self.out("send", "5", BOB)
        self.assertEqual(self.out("balance", BOB, "--confirmations", "0"),
                         "5\n")

    def test_a_name_is_good_wherever_an_address_is(self):
        made = self.out("create-account").strip()
        self.assertEqual(self.out("name", "bob", made), f"bob {made}\n")
        self.out("send", "50", "bob", "--wait", "block")
        self.out("send", "20", BOB, "--from", "bob", "-F", "3",
                 "--wait", "block")
        self.assertEqual(self.out("balance", "bob"), "27\n")
        self.assertEqual(len(self.out("history", "bob").splitlines()), 2)
        self.assertEqual(self.out("names"), f"bob {made}\n")

    def test_what_sign_prints_goes_through_push_and_through_curl(self):
        signed = self.out("sign", "5", BOB)
        again = self.out("push", stdin=signed)
        self.assertEqual(again.strip(), json.loads(signed)["id"])
        lib.until(lambda: self.n.balance(BOB) == 5)
        signed = self.out("sign", "6", BOB)
        r = self.n.post("/pushtx", signed)
        self.assertEqual(r.status, 202, r)
        path = self.write("again.json", signed)
        self.assertEqual(self.out("push", path).strip(),
                         json.loads(signed)["id"])

    def test_sign_piped_into_curl(self):
        curl = shutil.which("curl")
        if not curl:
            self.skipTest("there is no curl")
        r = subprocess.run(
            [curl, "-s", "--noproxy", "*", "-d", "@-",
             self.n.url + "/pushtx"], input=self.out("sign", "5", BOB),
            text=True, stdout=subprocess.PIPE, timeout=lib.STOP_LIMIT,
            check=True)
        answer = json.loads(r.stdout)
        self.assertEqual(answer["status"], "pending")
        lib.until(lambda: self.n.balance(BOB) == 5)

    def test_send_waits_for_as_much_as_is_asked(self):
        for wait in "pool", "block", "settled":
            tx = self.out("send", "5", BOB, "--wait", wait).strip()
            status = json.loads(self.out("tx", tx, "--json"))["status"]
            self.assertIn(status, ("pending", "settled") if wait == "pool"
                          else ("settled",))

    def test_status_is_readable_and_the_nodes_own(self):
        self.out("send", "5", BOB, "--wait", "block")
        lines = self.out("status").splitlines()
        self.assertIn(f"chain_id {self.n.chain_id().hex()}", lines)
        self.assertIn("height 1", lines)
        self.assertIn(f"account {self.n.account}", lines)
        answer = json.loads(self.out("status", "--json"))
        self.assertEqual(answer["height"], 1)
        self.assertEqual(sorted(answer), sorted(self.n.status()))

    def test_validators_are_a_table_and_the_nodes_own(self):
        self.out("send", "5", BOB, "--wait", "block")
        head, line = self.out("validators").splitlines()
        self.assertEqual(head.split(), ["ADDRESS", "HEIGHT", "MADE", "MISSED",
                                        "SINCE", "ONLINE", "SELF"])
        self.assertEqual(line.split(),
                         [self.n.account, "1", "1", "0", "0", "yes", "yes"])
        self.assertEqual(json.loads(self.out("validators", "--json")),
                         self.n.get("/v1/validators").json())

    def test_peers_of_a_node_alone_are_a_line_of_titles(self):
        lines = self.out("peers").splitlines()
        self.assertEqual(len(lines), 1)
        self.assertEqual(lines[0].split()[:3], ["ID", "WHERE", "DIR"])
        self.assertEqual(json.loads(self.out("peers", "--json")),
                         {"items": [], "next": None})
        self.refused("peers", "x", status=2)

    def serve(self, answer):
        """A node of the test's own, whose answers are answer(path)."""
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path = urllib.parse.urlparse(self.path)
                body = json.dumps(answer(path)).encode() + b"\n"
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def test_validators_that_vote_are_told_with_their_silence(self):
        def answer(path):
            self.assertEqual(path.path, "/v1/validators")
            return {"items": [
                {"address": f"{i:040x}", "public_key": "AAAA",
                 "last_seen": seen and 1700000000000, "last_seen_ms": seen,
                 "missing": seen is None or seen > 10000,
                 "connected": seen == 0, "self": i == 0}
                for i, seen in enumerate((0, 14000, None))],
                "next": None, "quorum": 3}

        url = self.serve(answer)
        head, *lines, quorum = self.out("validators", "--url",
                                        url).splitlines()
        self.assertEqual(head.split(), ["ADDRESS", "MISSING", "LAST_SEEN_MS",
                                        "CONNECTED", "SELF"])
        self.assertEqual([line.split()[1:] for line in lines],
                         [["no", "0", "yes", "yes"],
                          ["yes", "14000", "no", "no"],
                          ["yes", "-", "no", "no"]])
        self.assertEqual(quorum, "quorum 3 of 3")

    def test_a_list_of_several_pages_is_one_table(self):
        """From a node of the test's own, which also sends what would move
        the cursor."""
        def page(path):
            at = int(urllib.parse.parse_qs(path.query).get(
                "cursor", ["0"])[0])
            item = {"id": f"{at:040x}", "where": "1.2.3.4:5",
                    "direction": "in", "authority": False, "height": at,
                    "settled_height": 0, "clock_offset_ms": -3,
                    "round_trip_ms": 1, "score": 0,
                    "agent": "a b\x1b[2J\n" + "z" * 100}
            return {"items": [item], "next": None if at == 2 else str(at + 1)}

        url = self.serve(page)
        lines = self.out("peers", "--url", url).splitlines()
        self.assertEqual([line.split()[0] for line in lines[1:]],
                         [f"{i:040x}" for i in range(3)])
        for line in lines[1:]:
            self.assertRegex(line, r"^[ -~]+$")
            self.assertEqual(line.split()[8:10], ["-", "-"])  # no traffic
            self.assertEqual(len(line.split()), 12)
        whole = json.loads(self.out("peers", "--json", "--url", url))
        self.assertEqual([p["height"] for p in whole["items"]], [0, 1, 2])
        self.assertIsNone(whole["next"])

    def test_push_of_an_array_says_which_was_refused(self):
        good = json.loads(self.out("sign", "5", BOB))
        bad = dict(good, amount=6)
        del bad["id"]
        r = self.ccoin("push", stdin=json.dumps([good, bad]), status=1)
        self.assertEqual(r.stdout, good["id"] + "\n")
        self.assertIn("(bad_signature)", r.stderr)

    def test_rnd_sends_as_many_as_asked(self):
        self.out("create-account", "--type", "ed25519")
        made = self.out("create-account", "--type", "ed25519").strip()
        # more than the queues of three accounts hold at once
        ids = self.out("rnd", "-n", "300", limit=120).split()
        self.assertEqual(len(set(ids)), 300)
        lib.until(lambda: all(
            self.n.get(f"/v1/txs/{i}").json()["status"] == "settled"
            for i in ids))
        self.assertGreater(self.n.balance(made), 0)
        self.assertEqual(sum(
            int(line.split()[1])
            for line in self.out("balances").splitlines()),
            self.n.status()["supply"])

    def test_history_goes_through_all_pages(self):
        self.out("create-account", "--type", "ed25519")
        ids = self.out("rnd", "-n", "250", limit=120).split()
        lib.until(lambda: len(self.out("history").splitlines()) == 250)
        shown = [line.split()[1] for line in
                 self.out("history").splitlines()]
        self.assertEqual(sorted(shown), sorted(ids))
        rows = self.out("history", "--csv").splitlines()
        self.assertEqual(len(rows), 251)
        self.assertTrue(rows[0].startswith("block,time,id,"))
        self.assertEqual([row.split(",")[2] for row in rows[1:]], shown)

    def test_blocks_by_number_and_hash(self):
        self.out("send", "5", BOB, "--wait", "block")
        latest = json.loads(self.out("--json", "block"))
        self.assertEqual(latest["number"], 1)
        for which in "1", latest["id"], "latest":
            self.assertEqual(
                json.loads(self.out("block", which, "--json")), latest)
        self.assertEqual(
            len(json.loads(self.out("block", "0", "--all-state",
                                    "--json"))["state"]), 1)
        self.assertIn("(not_found)", self.refused("block", "7"))

    def test_a_refusal_names_code_and_field_and_changes_nothing(self):
        root = self.n.status()["state_root"]
        text = self.refused("send", "9007199254740991", BOB)
        self.assertIn("amount:", text)
        self.assertIn("(insufficient_balance)", text)
        self.assertEqual(self.n.status()["state_root"], root)
        self.out("send", "5", BOB, "--wait", "block")
        self.assertIn("(expired)", self.refused(
            "send", "5", BOB, "--valid-until", "1"))
        self.assertIn("(no_finality)", self.refused(
            "send", "5", BOB, "--wait", "final"))
        self.assertIn("(not_found)", self.refused("tx", "00" * 32))
        self.assertEqual(self.n.height(), 1)

    def test_key_files_are_guarded(self):
        made = self.out("create-account", "--password-file",
                        self.secret("p", "geheim\n")).strip()
        send = ["send", "1", BOB, "--from", made, "--password-file"]
        self.assertIn("(bad_password)",
                      self.refused(*send, self.secret("q", "wrong\n")))
        self.assertIn("(bad_password)", self.refused(*send[:-1]))
        # the right one: it gets as far as the empty account
        self.assertIn("(insufficient_balance)",
                      self.refused(*send, self.secret("p", "geheim\n")))
        key = os.path.join(self.n.datadir, "keys", self.n.account + ".pem")
        os.chmod(key, 0o644)
        self.assertIn("(permission)", self.refused("send", "1", BOB))
        os.chmod(key, 0o600)
        os.rename(key, os.path.join(self.n.datadir, "keys", BOB + ".pem"))
        self.assertIn("(wrong_public_key)", self.refused(
            "send", "1", BOB, "--from", BOB))
        self.assertIn("(not_found)", self.refused("send", "1", BOB))

    def secret(self, name, text):
        path = self.write(name, text)
        os.chmod(path, 0o600)
        return path

    def test_verify_wants_a_stopped_node_and_finds_all_well(self):
        self.out("send", "5", BOB, "--wait", "block")
        self.assertIn("(locked)", self.refused("verify"))
        self.n.stop()
        self.assertIn("height 1\n", self.out("verify"))
        report = json.loads(self.out("verify", "--json"))
        self.assertEqual(report["transactions"], 1)
        self.n.start()
        self.assertEqual(self.n.balance(BOB), 5)

    def test_a_stopped_node_is_not_reachable(self):
        self.n.stop()
        for command in (["status"], ["balance"], ["send", "1", BOB]):
            self.assertIn("cannot be reached",
                          self.refused(*command, status=3))


class Init(lib.Case):
    def genesis(self, miner=BOB, **kw):
        g = {"network_id": "test", "miners": [miner],
             "block_mining": {"interval": 0, "min_bound": 1},
             "genesis_block": {"difficulty": 3},
             "alloc": {miner: {"balance": 1000}}}
        g.update(kw)
        return self.write("genesis.json", g)

    def init(self, datadir, *args, genesis=None, status=0):
        return self.run_program("ccoin-init", genesis or self.genesis(), "-d",
                                self.path(datadir), *args, status=status)

    def ccoin(self, n, *args, status=0, **kw):
        env = {"CCOIN_DATADIR": n.datadir, "CCOIN_URL": n.url or ""}
        return self.run_program("ccoin", *args, status=status, env=env, **kw)

    def test_the_same_file_gives_the_same_chain(self):
        one, two = self.init("one"), self.init("two")
        self.assertEqual(one.stdout, two.stdout)
        m = re.fullmatch(r"Genesis block has been mined: nonce=(\d+), "
                         r"pow_hash=([0-9a-f]{64})\n"
                         r"chain id: ([0-9a-f]{64})\n", one.stdout)
        self.assertTrue(m, one.stdout)
        self.assertTrue(m.group(2).startswith("000"))
        n = self.node(datadir=self.path("one")).start()
        self.assertEqual(n.status()["chain_id"], m.group(3))
        self.assertEqual(n.get("/block?index=0").json()["nonce"],
                         int(m.group(1)))

    def test_a_directory_with_a_chain_is_refused(self):
        chain = self.init("one").stdout.split()[-1]
        other = self.genesis(network_id="other")
        r = self.init("one", genesis=other, status=1)
        self.assertEqual(r.stdout, "")
        self.assertIn(self.path("one"), r.stderr)
        self.assertIn(chain, r.stderr)
        n = self.node(datadir=self.path("one")).start()
        self.assertEqual(n.status()["chain_id"], chain)

    def test_usage(self):
        self.run_program("ccoin-init", status=2)
        self.run_program("ccoin-init", "a", "b", status=2)
        self.run_program("ccoin-init", "--threads", "1", status=2)

    def test_a_bad_genesis_names_file_field_and_value(self):
        for block, field in ({"difficulty": 17}, "difficulty"), \
                ({"colour": 1}, "colour"), ({"difficulty": "1"}, "difficulty"):
            g = self.genesis(genesis_block=block)
            r = self.init("one", genesis=g, status=1)
            self.assertIn(f"genesis_block.{field}", r.stderr)
            self.assertIn(g, r.stderr)
        r = self.init("one", genesis=self.path("none.json"), status=1)
        self.assertIn("none.json", r.stderr)
        self.assertFalse(os.path.exists(self.path("one", "chain")))

    def test_mining_can_be_interrupted_and_nothing_is_left(self):
        g = self.genesis(genesis_block={"difficulty": 16})
        p = subprocess.Popen(
            [lib.program("ccoin-init"), g, "-d", self.path("one")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            # the store is there just before the mining begins
            lib.until(lambda: os.path.exists(self.path("one", "chain")))
            p.send_signal(signal.SIGINT)
            _, err = p.communicate(timeout=lib.STOP_LIMIT)
        finally:
            p.kill()
        # by our handler, or, before it was there, by the signal itself
        self.assertIn(p.returncode, (1, -signal.SIGINT), err)
        self.init("one", genesis=self.genesis())

    def test_a_chain_of_its_own_with_placeholder_data_and_fee(self):
        d = self.path("node")
        miner = self.run_program("ccoin", "create-account", "-d",
                                 d).stdout.strip()
        g = self.genesis(miner, min_fee=2, transaction={
            "placeholder_data": ["predef", "nothing to say"]})
        self.init("node", genesis=g)
        n = self.node("--validator", "--account", miner, datadir=d).start()
        tx = self.ccoin(n, "send", "5", BOB, "--wait", "block").stdout.strip()
        shown = json.loads(self.ccoin(n, "tx", tx, "--json").stdout)["tx"]
        self.assertEqual(shown["data"], "nothing to say")
        self.assertEqual(shown["fee"], 2)
        tx = self.ccoin(n, "send", "5", BOB, "-M", "", "--wait",
                        "block").stdout.strip()
        shown = json.loads(self.ccoin(n, "tx", tx, "--json").stdout)["tx"]
        self.assertEqual(shown["data"], "")
        self.assertIn("(fee_too_low)", self.ccoin(
            n, "send", "5", BOB, "-F", "1", status=1).stderr)

    def test_waiting_where_nobody_makes_blocks_times_out(self):
        d = self.path("node")
        rich = self.run_program("ccoin", "create-account", "-d",
                                d).stdout.strip()
        self.init("node", genesis=self.genesis(
            alloc={rich: {"balance": 10}}))
        n = self.node(datadir=d).start()
        r = self.ccoin(n, "send", "5", BOB, "--wait", "block", "--timeout",
                       "1", status=4)
        # it was taken all the same, and its id is what a user needs now
        self.assertRegex(r.stdout, r"^[0-9a-f]{64}\n$")
        self.assertIn("timed out", r.stderr)
        self.assertEqual(self.ccoin(n, "rnd", "-n", "200", "--timeout", "1",
                                    status=4).stderr.count("timed out"), 1)

    def test_balances_goes_through_all_pages(self):
        alloc = {f"{i:040x}": {"balance": i} for i in range(1, 2501)}
        self.init("node", genesis=self.genesis(alloc=alloc))
        n = self.node(datadir=self.path("node")).start()
        lines = self.ccoin(n, "balances").stdout.splitlines()
        self.assertEqual(lines, [f"{i:040x} {i}" for i in range(1, 2501)])
        lines = self.ccoin(n, "balances", "0" * 38).stdout.splitlines()
        self.assertEqual(len(lines), 255)
        self.assertEqual(self.ccoin(n, "balances", "f").stdout, "")


if __name__ == "__main__":
    lib.main(needs=("ccoind", "ccoin", "ccoin-init"))
