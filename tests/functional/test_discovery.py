# SPDX-License-Identifier: MIT
"""ccoin-discovery: who is believed, what is told, what is refused."""
import base64
import time

import lib
import wire

DOMAIN = b"ccoin/member/1"
CHAIN = bytes(range(32))
OTHER = bytes(32 * [9])


def claim(account, where, when=None, verb="put", chain=CHAIN, **changed):
    """The body of PUT and DELETE /members/{id}."""
    when = time.time_ns() // 1_000_000 if when is None else when
    body = wire.pack([bytes.fromhex(account.address), where.encode(), when,
                      verb.encode()])
    signature = account.sign(wire.digest(DOMAIN, chain, body))
    return {"where": where, "chain": chain.hex(), "time": when,
            "public_key": base64.b64encode(account.spki).decode(),
            "signature": base64.b64encode(signature).decode(), **changed}


class Discovery(lib.Case):
    @classmethod
    def setUpClass(cls):
        cls.rsa = wire.Account("rsa")
        cls.ed = wire.Account("ed25519")

    def meeting_point(self, *args):
        return self.node(*args, "-h", "127.0.0.1", configured=True,
                         binary="ccoin-discovery").start()

    def put(self, d, account, *args, **kw):
        return d.put(f"/members/{account.address}",
                     claim(account, *args, **kw))

    def members(self, d, query=""):
        return {m["id"]: m["where"] for m in
                d.must(d.get("/members" + query)).json()}

    def test_signed_members_are_listed_until_they_go(self):
        d = self.meeting_point()
        start = time.time_ns() // 1_000_000
        self.assertEqual(self.members(d), {})
        for account in self.rsa, self.ed:
            told = d.must(self.put(d, account, "node.example:4999")).json()
            self.assertEqual(told["id"], account.address)
            self.assertEqual(told["where"], "node.example:4999")
            self.assertEqual(told["chain"], CHAIN.hex())
            self.assertEqual(told["ttl"], 120)
            self.assertGreaterEqual(told["seen"], start)
        self.assertEqual(self.members(d),
                         {a.address: "node.example:4999"
                          for a in (self.rsa, self.ed)})
        d.must(d.request("DELETE", f"/members/{self.rsa.address}",
                         claim(self.rsa, "", verb="delete")))
        self.assertEqual(list(self.members(d)), [self.ed.address])
        d.stop()

    def test_an_empty_host_is_the_address_that_was_seen(self):
        d = self.meeting_point()
        d.must(self.put(d, self.ed, ":4999"))
        self.assertEqual(self.members(d),
                         {self.ed.address: "127.0.0.1:4999"})

    def test_each_chain_sees_its_own(self):
        d = self.meeting_point()
        d.must(self.put(d, self.ed, "a:1"))
        d.must(self.put(d, self.rsa, "b:1", chain=OTHER))
        self.assertEqual(self.members(d, "?chain=" + CHAIN.hex()),
                         {self.ed.address: "a:1"})
        self.assertEqual(self.members(d, "?chain=" + OTHER.hex()),
                         {self.rsa.address: "b:1"})
        self.assert_problem(d.get("/members?chain=12"), 400, "bad_hash")
        self.assert_problem(d.get("/members?chian=12"), 400, "unknown_field")

    def test_what_another_signed_is_refused(self):
        d = self.meeting_point()
        good = claim(self.ed, "a:1")
        path = f"/members/{self.ed.address}"
        self.assert_problem(d.put(path, claim(self.rsa, "a:1")), 422,
                            "wrong_public_key")
        for field, value in (("where", "evil:1"), ("chain", OTHER.hex()),
                             ("time", good["time"] + 1)):
            with self.subTest(field=field):
                self.assert_problem(d.put(path, {**good, field: value}), 422,
                                    "bad_signature")
        self.assert_problem(d.request("DELETE", path, good), 422,
                            "bad_signature")
        self.assert_problem(d.put(path, {"where": "a:1"}), 422,
                            "signature_required")
        self.assertEqual(self.members(d), {})
        self.assert_problem(d.put("/members/12", good), 400, "bad_address")

    def test_what_was_said_before_is_refused(self):
        d = self.meeting_point()
        now = time.time_ns() // 1_000_000
        self.assert_problem(self.put(d, self.ed, "a:1", now - 600_000), 422,
                            "expired")
        self.assert_problem(self.put(d, self.ed, "a:1", now + 600_000), 400,
                            "out_of_range")
        first, gone = (claim(self.ed, "a:1", now),
                       claim(self.ed, "", now + 1, verb="delete"))
        path = f"/members/{self.ed.address}"
        d.must(d.put(path, first))
        self.assert_problem(d.put(path, first), 409, "exists")
        d.must(d.request("DELETE", path, gone))
        self.assert_problem(d.put(path, first), 409, "exists")
        self.assert_problem(d.request("DELETE", path, gone), 409, "exists")
        self.assertEqual(self.members(d), {})
        d.must(self.put(d, self.ed, "a:1", now + 2))

    def test_who_is_not_heard_of_again_is_forgotten(self):
        d = self.meeting_point("--ttl", "1")
        d.must(self.put(d, self.ed, "a:1"))
        lib.until(lambda: not self.members(d))

    def seed(self, d, command, account=None, at="10.0.0.1:5", proof=()):
        body = {"command": command, **dict(proof)}
        if account:
            host, port = at.rsplit(":", 1)
            body["peer"] = {"id": account.address, "ip": host,
                            "port": int(port)}
        return d.post("/", body)

    def test_the_seeds_commands_need_the_signature_too(self):
        d = self.meeting_point()
        self.assert_problem(self.seed(d, "add", self.ed), 422,
                            "signature_required")
        self.assert_problem(
            self.seed(d, "add", self.ed,
                      proof=claim(self.ed, "10.0.0.2:5")),
            422, "bad_signature")
        self.assertEqual(d.must(self.seed(d, "get_all")).json(), [])
        d.must(self.seed(d, "add", self.ed,
                         proof=claim(self.ed, "10.0.0.1:5")))
        self.assertEqual(d.must(self.seed(d, "get_all")).json(),
                         [{"id": self.ed.address, "ip": "10.0.0.1",
                           "port": 5}])
        self.assertEqual(self.members(d, "?chain=" + CHAIN.hex()),
                         {self.ed.address: "10.0.0.1:5"})
        self.assert_problem(self.seed(d, "remove", self.ed), 422,
                            "signature_required")
        d.must(self.seed(d, "remove", self.ed,
                         proof=claim(self.ed, "10.0.0.1:5",
                                     verb="delete")))
        self.assertEqual(d.must(self.seed(d, "get_all")).json(), [])
        self.assert_problem(self.seed(d, "remove_all"), 400, "out_of_range")
        self.assert_problem(d.post("/", "[]"), 400, "wrong_type")
        self.assert_problem(d.post("/", "{"), 400, "malformed")

    def test_open_takes_them_without(self):
        d = self.meeting_point("--open")
        d.must(self.seed(d, "add", self.rsa, "10.0.0.7:7"))
        d.must(self.seed(d, "add", self.rsa, "10.0.0.8:8"))
        self.assertEqual(d.must(self.seed(d, "get_all")).json(),
                         [{"id": self.rsa.address, "ip": "10.0.0.8",
                           "port": 8}])
        d.must(self.seed(d, "remove", self.rsa))
        self.assertEqual(self.members(d), {})
        # but nobody else may touch what was signed
        d.must(self.put(d, self.ed, "a:1"))
        for command in "add", "remove":
            self.assert_problem(self.seed(d, command, self.ed), 422,
                                "signature_required")
        # and PUT is signed in any case
        self.assert_problem(d.put(f"/members/{self.rsa.address}",
                                  {"where": "a:1"}), 422,
                            "signature_required")

    def test_health_metrics_and_what_is_not_there(self):
        d = self.meeting_point()
        d.must(self.put(d, self.ed, "a:1"))
        self.put(d, self.ed, "a:1", 5)
        self.assertEqual(d.must(d.get("/health")).json()["members"], 1)
        text = d.must(d.get("/metrics")).text()
        for line in ("ccoin_discovery_members 1",
                     'ccoin_discovery_claims_total{result="accepted"} 1',
                     'ccoin_discovery_claims_total{result="refused"} 1'):
            self.assertIn(line + "\n", text)
        self.assert_problem(d.get("/nodes"), 404, "not_found")
        r = d.post("/members", "{}")
        self.assert_problem(r, 405, "method_not_allowed")
        self.assertEqual(r.headers["Allow"], "GET, HEAD")
        self.assert_problem(
            d.put(f"/members/{self.ed.address}", " " * 4097), 413, "too_big")
        self.assert_problem(
            d.put(f"/members/{self.ed.address}", "[" + "1," * 500 + "1]"),
            413, "too_big")
        # it is the public's: a name of its own is as good as an address
        d.must(d.get("/members", headers={"Host": "meet.example"}))

    def test_how_it_starts_and_ends(self):
        for args, word in ((("--ttl", "0"), "--ttl: value 0, expected"),
                           (("-p", "65536"), "--port: value 65536"),
                           (("--opem",), "nearest is --open"),
                           (("x",), "x: unexpected argument"),
                           (("--log-level", "loud"), "--log-level")):
            r = self.run_program("ccoin-discovery", *args, status=2)
            self.assertIn(word, r.stderr)
            self.assertEqual(r.stdout, "")
        d = self.meeting_point()
        port = d.url.rsplit(":", 1)[1]
        r = self.run_program("ccoin-discovery", "-h", "127.0.0.1", "-p", port,
                             status=1)
        self.assertIn(f"127.0.0.1:{port}", r.stderr)
        d.stop()


if __name__ == "__main__":
    lib.main(needs=("ccoin-discovery",))
