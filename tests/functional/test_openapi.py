# SPDX-License-Identifier: MIT
"""The OpenAPI file says what each path answers: every answer of a real node
is of the shape that it gives, has nothing besides, and nothing is left out of
this test."""
import re

import lib
import wire

FORMS = ("application/json", "application/problem+json")


class Shapes:
    """As much of JSON Schema as the file uses, and stricter: a member that is
    not described is an error."""

    def __init__(self, document):
        self.document = document

    def faults(self, schema, value, place="answer"):
        if "$ref" in schema:
            at = self.document
            for step in schema["$ref"].lstrip("#/").split("/"):
                at = at[step]
            return self.faults(at, value, place)
        if "anyOf" in schema:
            each = [self.faults(s, value, place) for s in schema["anyOf"]]
            return [] if [] in each else min(each, key=len)
        kinds = {"object": dict, "array": list, "string": str,
                 "integer": int, "boolean": bool, "null": type(None)}
        kind = schema.get("type")
        if kind and (not isinstance(value, kinds[kind]) or
                     (kind == "integer" and isinstance(value, bool))):
            return [f"{place}: {value!r} is no {kind}"]
        found = []
        if "enum" in schema and value not in schema["enum"]:
            found.append(f"{place}: {value!r} is not in {schema['enum']}")
        if "pattern" in schema and not re.search(schema["pattern"], value):
            found.append(f"{place}: {value!r} is not {schema['pattern']}")
        if "minimum" in schema and value < schema["minimum"]:
            found.append(f"{place}: {value} is too small")
        if "maximum" in schema and value > schema["maximum"]:
            found.append(f"{place}: {value} is too large")
        if kind == "array":
            for i, item in enumerate(value):
                found += self.faults(schema["items"], item, f"{place}[{i}]")
        if kind == "object":
            known = schema.get("properties", {})
            rest = schema.get("additionalProperties")
            found += [f"{place}: {name} is missing"
                      for name in schema.get("required", [])
                      if name not in value]
            for name, member in value.items():
                below = known.get(name, rest)
                if below is None:
                    found.append(f"{place}: {name} is not described")
                else:
                    found += self.faults(below, member, f"{place}.{name}")
        return found


class OpenApi(lib.Case):
    def setUp(self):
        super().setUp()
        self.n = n = self.dev()
        self.document = n.must(n.get("/openapi.json")).json()
        self.shapes = Shapes(self.document)
        self.seen = set()
        self.genesis = n.chain_id()
        self.rich = wire.Account.load(self.path(
            "node1", "keys", n.account + ".pem"))

    def responses(self, method, template):
        return self.document["paths"][template][method]["responses"]

    def check(self, method, template, *statuses, body=None, query="",
              headers=None, **names):
        """Ask, and compare the answer with what is described."""
        path = template.format(**names) + query
        r = self.n.request(method.upper(), path, body=body, headers=headers)
        self.assertIn(r.status, statuses or (200,), r)
        described = self.responses(method, template)
        one = described.get(str(r.status), described["default"])
        if r.status == 304:
            return r
        kind = r.headers["Content-Type"]
        self.assertIn(kind, one["content"], (path, r))
        schema = one["content"][kind].get("schema")
        if kind in FORMS:
            self.assertEqual(self.shapes.faults(schema, r.json()), [], path)
        self.seen.add((method, template, kind))
        return r

    def transfer(self, nonce, **kw):
        return wire.Tx(self.rich, nonce, "22" * 20, 5, **kw).sign(
            self.genesis)

    def test_every_answer_is_of_its_shape(self):
        n, check = self.n, self.check
        own, missing = n.account, "ff" * 32
        check("post", "/v1/txs", query="?wait=block",
              body=self.transfer(0, data=b"\xff").object())
        first = self.transfer(0, data=b"\xff").id(self.genesis)
        last = n.must(n.get("/block?index=1")).json()
        self.assertEqual(last["body"][0]["id"], first)
        check("post", "/v1/txs", 202, query="?wait=block&timeout=0",
              body=self.transfer(9).object())
        check("put", "/pushtx", 202, body=self.transfer(8).object())
        check("post", "/pushtx", 200, body=self.transfer(8).object())
        check("post", "/pushtx", 200, body=[
            self.transfer(8).object(), {}, self.transfer(99).object(),
            self.transfer(0, data=b"\xff").object()])
        check("post", "/pushtx", 422, body=self.transfer(99).object())
        check("post", "/pushtx", 400, body={"to": 1})
        queued = self.transfer(8).id(self.genesis)
        check("put", "/pushtx", 202, body=self.transfer(8, fee=1).object())
        for tx_id in (first, queued, self.transfer(9).id(self.genesis)):
            check("get", "/v1/txs/{id}", id=tx_id)
        check("get", "/v1/txs/{id}", 404, id=missing)
        check("get", "/running")
        for q in ("", "&confirmations=0", "&confirmations=9"):
            check("get", "/balance", query=f"?address={own}{q}")
        check("get", "/balance", 400, query="?address=1")
        for q in (f"?index={n.height()}", "?index=0&state=all",
                  "?hash=" + last["id"]):
            check("get", "/block", query=q)
        check("get", "/block", 404, query="?index=999")
        check("get", "/blockchain")
        check("get", "/chainlength")
        check("get", "/nodes")
        check("get", "/register", 400, query="?url=nowhere")
        # it is a node itself; one dial a second
        where = next(line.split()[1] for line in n.output
                     if line.startswith("p2p "))
        for method in "get", "post":
            lib.until(lambda: check(method, "/register", 200, 503,
                                    query="?url=" + where).status == 200)
        check("get", "/unprocessed")
        check("get", "/balances")
        check("get", "/confirmations", query="?transaction_id=" + first)
        check("get", "/confirmations", 404,
              query="?transaction_id=" + missing)
        check("get", "/{address}", address=own)
        check("get", "/{address}", 404, address="22" * 20)
        check("get", "/{address}/blk/cnt", address=own)
        check("get", "/{address}/blk/{number}", address=own, number=0)
        check("post", "/{address}/txn", 202, address=own,
              body={"sendto_address": "22" * 20, "amount": 1},
              headers=n.cookie())
        check("post", "/{address}/txn", 401, address=own, body={})
        check("post", "/{address}/txn/{id}", address=own, id=first,
              body={"block_number": 1})
        check("get", "/v1/status")
        check("get", "/v1/genesis")
        check("get", "/v1/genesis", query="?alloc=true")
        check("get", "/v1/blocks", query="?limit=1")
        for name in ("latest", "settled", "0", last["id"]):
            check("get", "/v1/blocks/{id}", id=name)
        check("get", "/v1/blocks/{id}", 422, id="final")
        check("get", "/v1/accounts/{account}", account=own)
        check("get", "/v1/accounts/{account}/txs", account=own)
        check("get", "/v1/peers")
        check("get", "/v1/validators")
        check("get", "/v1/validators", 400, query="?limit=0")
        check("get", "/v1/consensus")
        check("get", "/v1/evidence")
        check("get", "/health")
        check("get", "/ready")
        check("get", "/metrics")
        check("get", "/openapi.json")
        for template, names in (("/v1/blocks/{id}", {"id": "0"}),
                                ("/v1/genesis", {})):
            check("get", template, headers={"Accept": "application/msgpack"},
                  **names)
        check("get", "/v1/accounts/{account}/txs", account=own,
              headers={"Accept": "text/csv"})
        self.assert_all_seen()

    def assert_all_seen(self):
        for template, methods in self.document["paths"].items():
            for method, operation in methods.items():
                for kind in operation["responses"]["200"]["content"]:
                    self.assertIn((method, template, kind), self.seen)

    def test_what_may_be_304_is(self):
        for template, methods in self.document["paths"].items():
            if "get" not in methods or "304" not in methods["get"][
                    "responses"] or "{" in template:
                continue
            query = {"/balance": "?address=" + self.n.account,
                     "/block": "?index=0"}.get(template, "")
            if template == "/confirmations":
                continue
            r = self.n.must(self.n.get(template + query))
            again = self.n.get(template + query, headers={
                "If-None-Match": r.headers["ETag"]})
            if template != "/v1/status":  # its uptime moves on
                self.assertEqual((again.status, again.body), (304, b""),
                                 template)

    def test_shapes_can_fail(self):
        f = self.shapes.faults
        account = {"$ref": "#/components/schemas/AccountState"}
        good = {"balance": 1, "nonce": 2}
        self.assertEqual(f(account, good), [])
        for bad in ({}, {**good, "x": 1}, {**good, "nonce": "2"},
                    {**good, "nonce": True}, {**good, "nonce": -1},
                    {**good, "nonce": 2**53}, [], None):
            self.assertNotEqual(f(account, bad), [], bad)


if __name__ == "__main__":
    lib.main()
