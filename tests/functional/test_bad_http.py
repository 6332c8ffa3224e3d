# SPDX-License-Identifier: MIT
"""Requests that are wrong before anything of the ledger is asked: each is
refused with a status, a code, the field and what was expected; the state
stays, and the next good request is answered."""
import json
import os
import socket
from urllib.parse import urlsplit

import lib

A = "ab" * 20
H = "cd" * 32
MOST = 2**53 - 1
NUMBER = ("", "x", "1.0", "1e3", "-1", "+1", "%201", "0x1", "1,2", "1;2")
ADDRESS = ("", "zz", A[1:], A + "a", "0x" + A, A[:-1] + "g", "%00" + A[2:])
HASH = ("", "zz", H[1:], H + "a", A, H[:-1] + "%ZZ")


def over(most):
    return (str(most + 1), "18446744073709551616", "9" * 100)


# Every path that takes something, with a good query first, and then each
# parameter: its name, the code of what has the wrong form, values of that,
# and values out of range.
TABLE = (
    ("/block", "index=0", (
        ("index", "wrong_type", NUMBER, over(MOST)),
        ("hash", "bad_hash", HASH, ()),
        ("state", None, (), ("", "none", "ALL")))),
    ("/blockchain", "limit=1", (
        ("from", "wrong_type", NUMBER, over(MOST)),
        ("limit", "wrong_type", NUMBER, over(MOST)))),
    ("/balance", f"address={A}", (
        ("address", "bad_address", ADDRESS, ()),
        ("confirmations", "wrong_type", NUMBER, over(MOST)))),
    ("/balances", "limit=1", (
        ("prefix", "bad_address", ("x", "0x", "a+b", "%00", "%zz"),
         ("a" * 41,)),
        ("confirmations", "wrong_type", NUMBER, over(MOST)),
        ("after", "bad_address", ADDRESS, ()),
        ("limit", "wrong_type", NUMBER, ("0", *over(1000))))),
    ("/confirmations", None, (
        ("transaction_id", "bad_hash", HASH, ()),)),
    ("/v1/blocks", "limit=1", (
        ("cursor", "wrong_type", NUMBER, over(MOST)),
        ("limit", "wrong_type", NUMBER, ("0", *over(200))))),
    ("/v1/blocks/0", "state=all", (
        ("state", None, (), ("", "none")),)),
    (f"/v1/accounts/{A}/txs", "limit=1", (
        ("cursor", None, (), ("a" * 33,)),
        ("limit", "wrong_type", NUMBER, ("0", *over(200))),
        ("since", "wrong_type", NUMBER, over(MOST)),
        ("format", None, (), ("", "xml", "JSON")))),
)
# Paths that take no parameter.
BARE = ("/running", "/chainlength", "/nodes", "/unprocessed", "/v1/status",
        f"/v1/accounts/{A}", "/health", "/ready", "/metrics",
        "/openapi.json")
# Pieces of a path: (path, code, field)
PIECES = (
    ("/v1/blocks/first", "malformed", "id"),
    ("/v1/blocks/-1", "malformed", "id"),
    ("/v1/blocks/1.0", "malformed", "id"),
    (f"/v1/blocks/{'9' * 40}", "malformed", "id"),
    (f"/v1/blocks/{H}0", "out_of_range", "id"),
    (f"/v1/blocks/{H[1:]}", "malformed", "id"),
    ("/v1/blocks/%00", "malformed", "id"),
    ("/v1/blocks/%zz", "malformed", "id"),
    ("/v1/txs/x", "bad_hash", "id"),
    (f"/v1/txs/{H[1:]}", "bad_hash", "id"),
    ("/v1/accounts/x", "bad_address", "account"),
    (f"/v1/accounts/{A}a", "bad_address", "account"),
    (f"/v1/accounts/{A[1:]}/txs", "bad_address", "account"),
)
NOWHERE = ("/", "//", "/nothing", "/Running", "/running/x", "/v1", "/v1/",
           "/v1/nothing", "/v2/status", "/block/0", "/../etc/passwd",
           "/%72unning", "/v1/blocks/0/x", f"/{A}x", f"/{A}/blk",
           f"/{A[1:]}/", "/x" * 1000)
THERE_IS_NONE = (
    "/block?index=1", f"/block?index={MOST}", f"/block?hash={H}",
    "/v1/blocks/1", f"/v1/blocks/{MOST}", f"/v1/blocks/{H}",
    f"/confirmations?transaction_id={H}", f"/v1/txs/{H}",
)


class BadHttp(lib.Case):
    limit = 120

    def setUp(self):
        super().setUp()
        self.n = self.dev()
        self.connection = self.n.connect()
        self.addCleanup(self.connection.close)
        self.before = self.state()

    def state(self):
        status = self.n.status()
        return status["state_root"], status["mempool"]

    def ask(self, path, method="GET", **kw):
        return self.n.request(method, path, connection=self.connection, **kw)

    def refused(self, path, status, code, field=None, *words, **kw):
        """Refused in this way; the state is as before, and a good request on
        the same connection is answered."""
        with self.subTest(path=path[:100], **{
                k: v for k, v in kw.items() if k == "method"}):
            r = self.ask(path, **kw)
            problem = self.assert_problem(r, status, code)
            if field is not None:
                self.assertEqual(problem.get("field", ""), field, r)
            for word in words:
                self.assertIn(word, problem["detail"])
            self.assertTrue(r.body.endswith(b"\n"))
            self.assertEqual(self.state(), self.before)
            self.assertEqual(self.ask("/running").text(), "running\n")
            return r
        return None

    def raw(self, request):
        """Send these bytes; all that is answered."""
        at = urlsplit(self.n.url)
        with socket.create_connection((at.hostname, at.port), 30) as s:
            s.sendall(request)
            answer = b""
            while True:
                piece = s.recv(65536)
                answer += piece
                if not piece:
                    return answer

    def test_every_parameter_of_every_path(self):
        for path, good, params in TABLE:
            if good:
                r = self.ask(f"{path}?{good}")
                self.assertEqual(r.status, 200, (path, r))
            first = (good or f"transaction_id={H}")
            name = first.split("=")[0]
            required = "address=" + A + "&" if path == "/balance" else ""
            self.refused(f"{path}?{first}&{first}", 400, "duplicate_field",
                         name, "more than once")
            self.refused(f"{path}?{first}&lmit=1", 400, "unknown_field",
                         "lmit", "no parameter of that name")
            self.refused(f"{path}?{first}&{name.upper()}=1", 400,
                         "unknown_field", name.upper())
            self.refused(f"{path}?{first}&=1", 400, "unknown_field", "")
            self.refused(f"{path}?{first}&%zz=1", 400, "malformed", "",
                         "cannot be read")
            for name, code, forms, values in params:
                lead = required if name != "address" else ""
                for value in forms:
                    bad_escape = "%00" in value or "%zz" in value.lower()
                    self.refused(f"{path}?{lead}{name}={value}", 400,
                                 "malformed" if bad_escape else code, name)
                for value in values:
                    self.refused(f"{path}?{lead}{name}={value}", 400,
                                 "out_of_range", name)
        for path in BARE:
            self.refused(path + "?limit=1", 400, "unknown_field", "limit",
                         "no parameter of that name")

    def test_answers_say_the_value_and_the_range(self):
        self.refused("/balances?limit=1001", 400, "out_of_range", "limit",
                     '"1001" is not an integer from 1 to 1000')
        self.refused(f"/balance?address={A[1:]}", 400, "bad_address",
                     "address", f'"{A[1:]}" is not 40 hex digits')
        self.refused("/block?hash=12", 400, "bad_hash", "hash",
                     '"12" is not 64 hex digits')
        self.refused("/block?index=0&state=no", 400, "out_of_range", "state",
                     '"no" is not one of all')

    def test_what_is_required_or_does_not_go_together(self):
        self.refused("/balance", 400, "missing_field", "address",
                     "whose balance")
        self.refused("/balance?confirmations=1", 400, "missing_field",
                     "address")
        self.refused("/confirmations", 400, "missing_field",
                     "transaction_id")
        self.refused("/block", 400, "missing_field", None, "index", "hash")
        genesis = self.n.chain_id().hex()
        self.refused(f"/block?index=0&hash={genesis}", 400,
                     "duplicate_field", None, "index", "hash")

    def test_pieces_of_a_path(self):
        for path, code, field in PIECES:
            self.refused(path, 400, code, field)

    def test_nothing_there(self):
        for path in NOWHERE:
            self.refused(path, 404, "not_found", "", "nothing at this path")
        for path in THERE_IS_NONE:
            self.refused(path, 404, "not_found")

    def test_methods(self):
        api = self.ask("/openapi.json").json()["paths"]
        self.assertGreater(len(api), 20)
        for path, operations in api.items():
            at = (path.replace("{address}", self.n.account)
                  .replace("{account}", A).replace("{number}", "0")
                  .replace("{id}", H))
            allowed = {m.upper() for m in operations} & {
                "GET", "POST", "PUT", "DELETE"}
            # Two patterns can fit one path, with a method each.
            if "GET" in allowed:
                allowed.add("HEAD")
            for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS",
                           "TRACE", "BREW"):
                if method in allowed:
                    continue
                r = self.refused(at, 405, "method_not_allowed", "",
                                 "this path takes", method=method)
                if r is not None:
                    self.assertEqual(
                        set(r.headers["Allow"].split(", ")), allowed, path)

    def test_hosts(self):
        for host in ("evil.example", "localhost.evil.example", "evil", "",
                     "127.0.0.1.evil.example", "127.1", "[::1", "::1",
                     "localhost:x", "127.0.0.1:123456", "2130706433"):
            self.refused("/running", 403, "bad_host", "Host", f'"{host}"',
                         "http.hosts", headers={"Host": host})
            self.refused("/pushtx", 403, "bad_host", "Host", method="POST",
                         headers={"Host": host}, body="{}")
        for host in ("localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:80",
                     "192.0.2.1:5000"):
            r = self.ask("/running", headers={"Host": host})
            self.assertEqual(r.status, 200, (host, r))
        # Said twice, not at all, or in the request line.
        for request in (
                b"GET /running HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n",
                b"GET /running HTTP/1.1\r\n", b"GET /running HTTP/1.0\r\n",
                b"GET http://evil/running HTTP/1.1\r\nHost: localhost\r\n"):
            answer = self.raw(request + b"Connection: close\r\n\r\n")
            self.assertIn(b" 403 ", answer.split(b"\r\n")[0], request)
            self.assertIn(b'"code":"bad_host"', answer)
        self.n.restart("--http-hosts", "ledger.example,other.example")
        for host in "ledger.example", "Other.Example:5000", "localhost":
            r = self.n.get("/running", headers={"Host": host})
            self.assertEqual(r.status, 200, (host, r))
        r = self.n.get("/running", headers={"Host": "x.ledger.example"})
        self.assert_problem(r, 403, "bad_host")

    def test_requests_that_are_too_long(self):
        for request in (
                b"GET /running HTTP/1.1\r\nHost: localhost\r\nX: " +
                b"y" * 9000 + b"\r\n\r\n",
                b"GET /running?" + b"y" * 9000 +
                b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
                b"GET /running HTTP/1.1\r\nHost: localhost\r\n" +
                b"X: y\r\n" * 3000 + b"\r\n",
                b"nonsense\r\n\r\n",
                b"GET /running\r\n\r\n",
                b"GET /running HTTP/1.1\r\nno colon\r\n\r\n"):
            answer = self.raw(request)
            self.assertTrue(answer.startswith(b"HTTP/1.1 400 "),
                            (request[:50], answer))
            self.assertIn(b'"code":"malformed"', answer)
            self.assertIn(b"more than 8192 bytes", answer)
            self.assertEqual(self.state(), self.before)
            self.assertEqual(self.ask("/running").status, 200)
        # Most of it fits.
        r = self.ask("/running", headers={"X": "y" * 7000})
        self.assertEqual(r.status, 200)

    def test_lengths_that_lie(self):
        for request in (
                b"Content-Length: -1\r\n\r\n",
                b"Content-Length: x\r\n\r\n",
                b"Content-Length: 99999999999999999999\r\n\r\n",
                b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
                b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n"):
            answer = self.raw(
                b"POST /pushtx HTTP/1.1\r\nHost: localhost\r\n" + request)
            self.assertIn(answer.split(b" ")[1], (b"400", b"413"), request)
            self.assertIn(b"application/problem+json", answer)
            self.assertEqual(self.state(), self.before)
            self.assertEqual(self.ask("/running").status, 200)

    def create(self, body, **kw):
        return dict(path=f"/{self.n.account}/txn/", method="POST", body=body,
                    **kw)

    def test_cookie(self):
        good = self.n.cookie()
        bearer = good["Authorization"]
        body = {"sendto_address": A, "amount": 1, "data": "x"}
        for headers in (None, {}, {"Authorization": ""},
                        {"Authorization": "Bearer"},
                        {"Authorization": "Bearer "},
                        {"Authorization": bearer[:-1]},
                        {"Authorization": bearer + "0"},
                        {"Authorization": bearer.replace("Bearer", "Basic")},
                        {"Authorization": bearer.split(" ")[1]},
                        {"Cookie": bearer.split(" ")[1]},
                        {"Authorization": "Bearer " + "0" * 64}):
            with self.subTest(headers=headers):
                r = self.ask(**self.create(body, headers=headers))
                problem = self.assert_problem(r, 401, "unauthorized")
                self.assertEqual(problem["field"], "Authorization")
                self.assertIn("DATADIR/.cookie", problem["detail"])
                self.assertEqual(r.headers["WWW-Authenticate"], "Bearer")
                self.assertEqual(self.state(), self.before)
        r = self.ask(**self.create(body, headers=good))
        self.assertEqual(r.status, 202, r)
        self.assertEqual(r.json()["to"], A)
        # Made anew at each start: an old one is worth nothing.
        mode = os.stat(os.path.join(self.n.datadir, ".cookie")).st_mode
        self.assertEqual(mode & 0o777, 0o600)
        self.n.restart()
        r = self.n.request(**self.create(body, headers=good))
        self.assert_problem(r, 401, "unauthorized")

    def test_fields_of_the_other_seeds_transaction(self):
        good = {"sendto_address": A, "amount": 1, "data": "x"}

        def without(name):
            return {k: v for k, v in good.items() if k != name}
        for body, status, code, field, *words in (
                (without("amount"), 400, "missing_field", "amount",
                 "expected an integer"),
                (without("sendto_address"), 400, "missing_field",
                 "sendto_address", "40 hex digits"),
                ({**good, "amount": "1"}, 400, "wrong_type", "amount", '"1"',
                 "an integer"),
                ({**good, "amount": 1.0}, 400, "wrong_type", "amount",
                 "an integer"),
                ({**good, "amount": -1}, 400, "out_of_range", "amount", "-1"),
                ({**good, "amount": 2**53}, 422, "amount_overflow", "amount",
                 str(2**53)),
                ({**good, "amount": 2**64}, 422, "amount_overflow", "amount"),
                ({**good, "amount": MOST}, 422, "insufficient_balance",
                 "amount", "the balance is"),
                ({**good, "sendto_address": "zz"}, 400, "bad_address",
                 "sendto_address", '"zz"', "40 hex digits"),
                ({**good, "sendto_address": 5}, 400, "wrong_type",
                 "sendto_address", "5", "40 hex digits"),
                ({**good, "data": 5}, 400, "wrong_type", "data", "5",
                 "a string"),
                ({**good, "data": "x" * 5000}, 413, "too_big", "data",
                 "5000 bytes", "4096"),
                ({**good, "data": "x" * 4000}, 413, "too_big", None,
                 "4096"),
                ({**good, "fee": 1}, 400, "unknown_field", "fee",
                 "sendto_address", "amount", "data"),
                ([good], 400, "wrong_type", "", "an object"),
                ("", 400, "malformed", "", "empty"),
                ("{", 400, "malformed", "", "line 1"),
                ('{"amount": 1, "amount": 1}', 400, "duplicate_field",
                 "amount", "once"),
                ("[" * 10000, 400, "malformed", "", "nested too deeply"),
                (b" " * ((1 << 20) + 1), 413, "too_big", "",
                 "1048577 bytes; this path takes 1048576")):
            if not isinstance(body, (str, bytes)):
                body = json.dumps(body)
            self.refused(f"/{self.n.account}/txn", status, code, field,
                         *words, method="POST", body=body,
                         headers=self.n.cookie())
        r = self.ask(**self.create(json.dumps(good),
                                   headers=self.n.cookie()))
        self.assertEqual(r.status, 202, r)

    def test_the_other_seeds_paths(self):
        own, cookie = self.n.account, self.n.cookie()
        for path, method in ((f"/{A}/", "GET"), (f"/{A}", "GET"),
                             (f"/{A}/blk/cnt", "GET"),
                             (f"/{A}/blk/0", "GET"),
                             (f"/{A}/txn/", "POST"),
                             (f"/{A}/txn/{H}/", "POST")):
            self.refused(path, 404, "not_found", "address",
                         "not the node's account", method=method,
                         headers=cookie, body="{}" if method == "POST"
                         else None)
        self.refused(f"/{own}/blk/1", 404, "not_found")
        for number in "x", "-1", "1.5", "9" * 30:
            self.refused(f"/{own}/blk/{number}", 400,
                         "out_of_range" if number[0] == "9" else "wrong_type",
                         "number")
        self.refused(f"/{own}/?x=1", 400, "unknown_field", "x")
        self.refused(f"/{own}/txn/zz/", 400, "bad_hash", "id", '"zz"',
                     method="POST", body='{"block_number": 0}')
        for body, code, field in (
                ("{}", "missing_field", "block_number"),
                ('{"block_number": "0"}', "wrong_type", "block_number"),
                ('{"block_number": -1}', "out_of_range", "block_number"),
                ('{"block_number": 0, "x": 1}', "unknown_field", "x")):
            self.refused(f"/{own}/txn/{H}/", 400, code, field, method="POST",
                         body=body)
        self.refused(f"/{own}/txn/{H}/", 404, "not_found", "",
                     "this block has no transaction", method="POST",
                     body='{"block_number": 0}')

    def test_waiting(self):
        for query, code, field in (
                ("wait=later", "out_of_range", "wait"),
                ("wait=", "out_of_range", "wait"),
                ("wait=block&wait=block", "duplicate_field", "wait"),
                ("wait=block&timeout=-1", "wrong_type", "timeout"),
                ("wait=block&timeout=301", "out_of_range", "timeout"),
                ("wait=block&timeout=x", "wrong_type", "timeout"),
                ("until=block", "unknown_field", "until")):
            self.refused("/v1/txs?" + query, 400, code, field, method="POST",
                         body="{}")
        self.refused("/v1/txs?wait=final", 422, "no_finality", "wait",
                     "wait=settled", method="POST", body="{}")
        self.refused("/pushtx?wait=block", 400, "unknown_field", "wait",
                     method="POST", body="{}")


if __name__ == "__main__":
    lib.main()
