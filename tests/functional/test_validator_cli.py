# SPDX-License-Identifier: MIT
"""ccoin validator: what it asks for, what it signs, and what it warns of,
beside a node of the test's own making that says what the test wants."""
import base64
import http.server
import json
import threading
import urllib.parse

import lib
import wire

CHAIN = "ab" * 32
DOMAIN_ACCEPT = b"ccoin/accept/1"


class Node:
    """The answers that the wallet reads; `pushed` is what it sent."""

    def __init__(self, case):
        self.answers = {
            "/v1/status": {"chain_id": CHAIN, "min_fee": 2},
            "/v1/peers": {"items": [], "next": None},
        }
        self.pushed = []
        node = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, status, value):
                body = json.dumps(value).encode() + b"\n"
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                path = urllib.parse.urlparse(self.path).path
                value = node.answers.get(path)
                if value is None and path.count("/") == 3:
                    value = {"balance": 9, "pending": 9, "nonce": 5,
                             "next_nonce": 5}
                self.answer(200 if value else 404, value or {})

            def do_POST(self):
                size = int(self.headers["Content-Length"])
                node.pushed.append(json.loads(self.rfile.read(size)))
                self.answer(202, {"id": node.pushed[-1]["id"],
                                  "status": "pending"})

            def log_message(self, *args):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        case.addCleanup(server.server_close)
        case.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_port}"

    def validators(self, members, missing=(), proposals=()):
        self.answers["/v1/validators"] = {
            "items": [{"address": a, "missing": a in missing,
                       "last_seen_ms": None, "made": 1, "self": False}
                      for a in members],
            "next": None, "quorum": 3, "proposals": list(proposals),
            "change": None, "offenders": []}


class Validator(lib.Case):
    def setUp(self):
        super().setUp()
        self.node = Node(self)
        self.me = self.account("me")
        self.others = [f"{i:040x}" for i in range(1, 4)]
        self.node.validators([self.me] + self.others)

    def account(self, wallet):
        return self.ccoin(wallet, "create-account", "--type",
                          "ed25519").stdout.strip()

    def ccoin(self, wallet, *args, status=0):
        env = {"CCOIN_DATADIR": self.path(wallet), "CCOIN_URL": self.node.url}
        return self.run_program("ccoin", *args, status=status, env=env)

    def refused(self, *args, status=1):
        r = self.ccoin("me", "validator", *args, status=status)
        self.assertEqual(r.stdout, "")
        self.assertEqual(self.node.pushed, [])
        return r.stderr

    def accept(self, *args):
        """A newcomer, and the file with its acceptance."""
        self.account("newcomer")
        r = self.ccoin("newcomer", "validator", "accept", *args)
        return json.loads(r.stdout), self.write("accepted.json", r.stdout)

    def proposal(self, accepted, voter):
        """The newcomer's, as a node lists it; and the vote that made it."""
        add = {"public_key": accepted["public_key"],
               "address": accepted["address"]}
        self.node.answers[f"/v1/accounts/{voter}/txs"] = {
            "items": [{"to": voter, "amount": 1},
                      {"vote": {"approve": True, "add": add,
                                "allow_few": False,
                                "acceptance": accepted["acceptance"]}}],
            "next": None}
        return {"id": "0123abcd", "add": add, "allow_few": False,
                "votes": [voter], "needed": 3, "since": 7}

    def test_mistakes_are_named_and_nothing_is_sent(self):
        for args, said in (
                (("elect",), "value elect, expected propose, accept"),
                (("propose",), "say --add KEY --acceptance FILE"),
                (("propose", "--remove", self.me, "--add", "x"), "--remove"),
                (("propose", "0123abcd"), "expected options alone"),
                (("propose", "--reject", "--remove", self.me), "--reject"),
                (("propose", "--remove", "zz!"), "ADDRESS: value zz!"),
                (("vote",), "say --add KEY"),
                (("propose", "--add", "x", "--allow-few"), "--allow-few"),
                (("vote", "0123abcd", "--remove", self.me), "ID says all"),
                (("vote", "012"), "expected at least 4 digits"),
                (("accept", "--remove", self.me), "only --from"),
                (("accept", "--genesis-hash", "ab"), "genesis-hash"),
                (("list", "x"), "takes no argument")):
            with self.subTest(args=args):
                self.assertIn(said, self.refused(*args, status=2))

    def test_a_newcomer_accepts_for_one_chain_without_a_node(self):
        self.account("newcomer")
        r = self.ccoin("newcomer", "validator", "accept", "--url",
                       "http://127.0.0.1:1", "--genesis-hash", CHAIN)
        said = json.loads(r.stdout)
        key = base64.b64decode(said["public_key"])
        change = wire.pack([0, key, 0])
        due = wire.digest(DOMAIN_ACCEPT, bytes.fromhex(CHAIN), change)
        self.assertTrue(wire.verify(
            key, due, base64.b64decode(said["acceptance"])))
        self.assertEqual(said["chain_id"], CHAIN)

    def vote_in(self, text):
        tx = json.loads(text)
        self.assertEqual(tx["from"], self.me)
        self.assertEqual(tx["number"], 5)
        self.assertEqual(tx["fee"], 2)
        self.assertNotIn("to", tx)
        self.assertNotIn("amount", tx)
        return tx["vote"]

    def test_a_proposal_is_signed_with_what_the_newcomer_accepted(self):
        accepted, path = self.accept()
        peers = {"items": [{"id": accepted["address"]}], "next": None}
        self.node.answers["/v1/peers"] = peers
        for add in ((), ("--add", accepted["public_key"]),
                    ("--add", self.write("key", accepted["public_key"])),
                    ("--add", path)):
            r = self.ccoin("me", "validator", "propose", "--acceptance", path,
                           "--sign-only", *add)
            vote = self.vote_in(r.stdout)
            self.assertTrue(vote["approve"])
            self.assertEqual(vote["add"]["public_key"],
                             accepted["public_key"])
            self.assertEqual(vote["acceptance"], accepted["acceptance"])
        self.assertEqual(self.node.pushed, [])

    def test_an_acceptance_of_something_else_is_not_sent(self):
        accepted, path = self.accept()
        other, _ = self.accept()
        elsewhere = self.ccoin("newcomer", "validator", "accept",
                               "--genesis-hash", "cd" * 32).stdout
        signature = self.write("signature", "A" * 86 + "==")
        for args, said in (
                (("--acceptance", self.write("else", elsewhere)),
                 "(bad_signature)"),
                (("--acceptance", signature, "--add", path),
                 "(bad_signature)"),
                (("--acceptance", path, "--add", self.write("bad", "AAAA")),
                 "(bad_public_key)"),
                (("--acceptance", self.path("none")), "none")):
            with self.subTest(args=args):
                self.assertIn(said, self.refused("propose", "--force", *args))
        self.assertIn("--acceptance: missing", self.refused(
            "propose", "--add", other["public_key"], status=2))

    def test_others_vote_by_the_id_alone(self):
        accepted, _ = self.accept()
        proposal = self.proposal(accepted, self.others[0])
        self.node.validators([self.me] + self.others, proposals=[proposal])
        self.ccoin("me", "validator", "vote", "0123", "--force")
        vote = self.node.pushed[0]["vote"]
        self.assertEqual(vote["acceptance"], accepted["acceptance"])
        self.assertEqual(vote["add"]["address"], accepted["address"])
        self.ccoin("me", "validator", "vote", "0123abcd", "--reject")
        vote = self.node.pushed[1]["vote"]
        self.assertFalse(vote["approve"])
        self.assertNotIn("acceptance", vote)
        self.assertEqual(vote["add"]["address"], accepted["address"])
        self.node.pushed.clear()
        self.assertIn("(not_found)", self.refused("vote", "9999"))

    def test_a_change_that_would_strand_the_quorum_needs_force(self):
        # two of the three that are left must agree, and one is there
        self.node.validators([self.me] + self.others,
                             missing=self.others[1:])
        args = "propose", "--remove", self.others[0], "--allow-few"
        said = self.refused(*args)
        self.assertIn("2 of 3 validators must agree", said)
        self.assertIn("only 1 were seen", said)
        r = self.ccoin("me", "validator", *args, "--force")
        self.assertIn("only 1 were seen", r.stderr)
        vote = self.node.pushed.pop()["vote"]
        self.assertEqual(vote["remove"], self.others[0])
        self.assertTrue(vote["allow_few"])
        # who is missing may go, when enough are left
        self.node.validators([self.me] + self.others,
                             missing=[self.others[1]])
        r = self.ccoin("me", "validator", "propose", "--remove",
                       self.others[1], "--allow-few")
        self.assertEqual(r.stderr, "")
        self.assertEqual(r.stdout.strip(), self.node.pushed.pop()["id"])
        # nor does one's own way back need any
        self.ccoin("me", "validator", "vote", "--remove", self.others[0],
                   "--allow-few", "--reject")

    def test_a_newcomer_counts_when_it_is_connected(self):
        accepted, path = self.accept()
        self.node.validators([self.me] + self.others,
                             missing=[self.others[1]])
        args = "propose", "--acceptance", path
        self.assertIn("4 of 5 validators", self.refused(*args))
        self.node.answers["/v1/peers"] = {
            "items": [{"id": accepted["address"]}], "next": None}
        self.ccoin("me", "validator", *args)
        self.assertEqual(len(self.node.pushed), 1)

    def test_a_chain_without_votes_says_so(self):
        self.node.answers["/v1/validators"] = {"items": [], "next": None}
        self.assertIn("not bft",
                      self.refused("propose", "--remove", self.others[0]))
        self.assertIn("not bft", self.refused("vote", "0123"))

    def test_the_list_shows_all_and_moves_no_cursor(self):
        accepted, _ = self.accept()
        proposal = self.proposal(accepted, self.others[0])
        evil = dict(proposal, id="\x1b[2J\n", votes=["a\nb"])
        self.node.validators([self.me] + self.others,
                             missing=[self.others[1]],
                             proposals=[proposal, evil])
        answer = self.node.answers["/v1/validators"]
        answer["change"] = {"height": 12, "remove": self.others[2],
                            "allow_few": True}
        answer["offenders"] = [{"address": self.others[2], "height": 9,
                                "found": 10}]
        text = self.ccoin("me", "validator", "list").stdout
        for said in ("quorum 3 of 4", "proposal 0123abcd: add "
                     + accepted["address"] + ", 1 of 3 votes, since block 7",
                     "  by " + self.others[0],
                     "change from block 12 on: remove " + self.others[2]
                     + " (fewer than four allowed)",
                     f"offender {self.others[2]}: signed twice at 9, shown "
                     "in block 10"):
            self.assertIn(said + "\n", text)
        self.assertNotIn("\x1b", text)
        self.assertNotIn("a\nb", text)
        whole = json.loads(self.ccoin("me", "validator", "list",
                                      "--json").stdout)
        self.assertEqual(whole, answer)


if __name__ == "__main__":
    lib.main(("ccoin",), quick=True)
