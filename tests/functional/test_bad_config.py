# SPDX-License-Identifier: MIT
"""A setting that is wrong is refused where it stands (command line,
environment, file), in words that say the place, the value and what was
expected, and before anything is made."""
import json
import os

import lib

A = "ab" * 20
PORT = "an integer 0..65535"
ADDRESS = "an address of 40 hex digits"
HASH = "a hash of 64 hex digits"
LISTEN = "PORT or ADDRESS:PORT, such as 127.0.0.1:5000 or [::1]:5000"
PLACE = "HOST:PORT, such as node.example:4999 or [::1]:4999"
URL = "a URL such as http://discovery.example:4444"
LEVELS = "one of error, warning, info, debug"
DEV = "true, false or an integer 1..3600 (seconds)"
FLAG = "true or false"
TEXT = "a text that is not empty"

# option, variable, path in the file, what is expected, and with the code:
# texts for the first two, JSON for the last.
RANGE, TYPE = "out_of_range", "wrong_type"
SETTINGS = (
    ("--port", "CCOIN_PORT", "p2p.port", PORT,
     (("-1", RANGE), ("65536", RANGE), ("18446744073709551616", RANGE),
      ("0x10", RANGE), ("5000.0", RANGE), ("", RANGE)),
     (("-1", RANGE), ("65536", RANGE), ("1.0", TYPE), ('"5000"', TYPE),
      ("null", TYPE), ("[5000]", TYPE))),
    ("--listen", "CCOIN_LISTEN", "p2p.listen", LISTEN,
     (("localhost:5000", RANGE), ("65536", RANGE), ("", RANGE)),
     (('"localhost:5000"', RANGE), ("5000", TYPE))),
    ("--advertise", "CCOIN_ADVERTISE", "p2p.advertise", PLACE,
     (("node", RANGE), ("node:0", RANGE), ("::1:4999", RANGE),
      ("300.0.0.1:1", RANGE), ("", RANGE)),
     (('"node"', RANGE), ("4999", TYPE))),
    ("--connect", "CCOIN_CONNECT", "p2p.connect", "HOST:PORT, at most 64",
     (("node", RANGE), ("a:1,,b:1", RANGE), ("a:1,a:1", RANGE),
      ("", RANGE)), ()),
    (None, None, "p2p.connect", "an array of at most 64 HOST:PORT",
     (), (('"a:1"', TYPE), ('["a:1", "b"]', RANGE), ('[1]', TYPE))),
    ("--discovery", "CCOIN_DISCOVERY", "p2p.discovery", URL,
     (("node:4444", RANGE), ("https://node", RANGE), ("http://", RANGE)),
     (('"node"', RANGE), ("4444", TYPE))),
    (None, "CCOIN_P2P_PLAIN", "p2p.plain", FLAG,
     (("yes", RANGE),), (("1", TYPE),)),
    (None, None, "upgrades", "an array of at most 64 {\"height\"",
     (), (("{}", TYPE), ("[1]", RANGE), ('[{"height": 1}]', RANGE))),
    ("--threads", "CCOIN_THREADS", "threads", "an integer 0..64",
     (("65", RANGE), ("two", RANGE)), (("65", RANGE), ("true", TYPE))),
    ("--http", "CCOIN_HTTP", "http.listen", LISTEN,
     (("localhost:5000", RANGE), ("127.0.0.1:65536", RANGE),
      ("::1:5000", RANGE), ("256.0.0.1:1", RANGE)),
     (('"localhost:5000"', RANGE), ("5000", TYPE))),
    ("--account", "CCOIN_ACCOUNT", "client.account_address", ADDRESS,
     ((A[1:], "bad_address"), (A + "0", "bad_address"),
      ("me", "bad_address")),
     ((f'"{A[1:]}"', "bad_address"), ("1", TYPE))),
    ("--genesis-hash", "CCOIN_GENESIS_HASH", "genesis_hash", HASH,
     ((A, "bad_hash"),), ((f'"{A}"', "bad_hash"), ("0", TYPE))),
    ("--log-level", "CCOIN_LOG_LEVEL", "log.level", LEVELS,
     (("loud", RANGE), ("INFO", RANGE)), (('"loud"', RANGE), ("1", TYPE))),
    ("--log-format", "CCOIN_LOG_FORMAT", "log.format", "one of text, json",
     (("xml", RANGE),), (('"xml"', RANGE), ("{}", TYPE))),
    ("--dev", "CCOIN_DEV", "dev", DEV,
     (("0", RANGE), ("3601", RANGE), ("yes", RANGE)),
     (("0", RANGE), ("3601", RANGE), ('"true"', TYPE))),
    ("--datadir", "CCOIN_DATADIR", "datadir", TEXT,
     (("", RANGE),), (('""', RANGE), ("7", TYPE))),
    ("--genesis", "CCOIN_GENESIS", "genesis", TEXT,
     (("", RANGE),), (('""', RANGE), ("{}", TYPE))),
    ("--password-file", "CCOIN_PASSWORD_FILE", "password_file", TEXT,
     (("", RANGE),), (("true", TYPE),)),
    ("--http-hosts", "CCOIN_HTTP_HOSTS", "http.hosts", "at most 64 texts",
     (("a,,b", RANGE), ("a,a", RANGE)), ()),
    (None, None, "http.hosts", "an array of at most 64 texts",
     (), (('"a"', TYPE), ('["a", ""]', RANGE), ('["a", 1]', TYPE))),
    (None, "CCOIN_VALIDATOR", "validator", FLAG,
     (("yes", RANGE),), (("1", TYPE), ('"true"', TYPE))),
    ("--type", None, None, "one of basic, validator",
     (("king", RANGE),), ()),
    (None, None, "app.base_path", TEXT, (), (('""', RANGE), ("1", TYPE))),
    (None, None, "discovery_service.host", TEXT, (), (("1", TYPE),)),
    (None, None, "discovery_service.port", "an integer 1..65535",
     (), (("0", RANGE), ('"4444"', TYPE))),
    (None, None, "discovery_service.proto", TEXT, (), (("1", TYPE),)),
)


def at_path(path, text):
    """JSON with one value, that is text as it stands, at path."""
    for name in reversed(path.split(".")):
        text = f"{{{json.dumps(name)}: {text}}}"
    return text


def shown(value):
    return value or "(empty)"


class BadConfig(lib.Case):
    def setUp(self):
        super().setUp()
        self.data = self.path("data")
        self.file = self.path("bad.json")

    def refused(self, args, status, said, env=None):
        """It ends with this and says that, on one line and perhaps how to
        get help; nothing was made."""
        run = self.run_program("ccoind", "-d", self.data, *args, env=env,
                               status=None)
        self.assertEqual(run.returncode, status, run.stderr)
        self.assertEqual(run.stdout, "")
        lines = run.stderr.splitlines()
        self.assertEqual(lines[1:], ["Try 'ccoind --help'."]
                         if status == 2 else [], run.stderr)
        self.assertTrue(lines[0].startswith("ccoind: " + said[0]), run.stderr)
        for word in said[1:]:
            self.assertIn(word, lines[0])
        self.assertFalse(os.path.exists(self.data))

    def refused_file(self, text, path, words, code):
        """The path of what is wrong, then the file, then why."""
        self.write("bad.json", text)
        self.refused(["-c", self.file], 1,
                     (f"{path}: {self.file}: " if path else self.file + ": ",
                      *words, f"({code})"))

    def test_each_setting_at_each_place(self):
        for option, env, path, want, texts, values in SETTINGS:
            for value, code in texts:
                said = (f"value {shown(value)}, expected {want}", f"({code})")
                if option:
                    with self.subTest(option=option, value=value):
                        self.refused([f"{option}={value}"], 2,
                                     (f"{option}: {said[0]}", said[1]))
                if env and option != "--datadir":  # -d is given here
                    with self.subTest(env=env, value=value):
                        self.refused([], 1, (f"{env}: {said[0]}", said[1]),
                                     env={env: value})
            for value, code in values:
                with self.subTest(path=path, value=value):
                    self.refused_file(at_path(path, value), path,
                                      (": value", ", expected " + want),
                                      code)
            if path:
                name = path.split(".")[-1]
                with self.subTest(path=path, given="twice"):
                    self.refused_file(
                        at_path(path, f'"x", "{name}": "x"'), path,
                        (": line 1, column", "once"), "duplicate_field")
        # The next good one runs in the same directory.
        n = self.node("--dev", datadir=self.data).start()
        self.assertEqual(n.get("/running").status, 200)

    def test_what_is_not_known(self):
        for word, said in (
                ("--prot", "there is no such option; the nearest is --port"),
                ("--quantum", "there is no such option ("),
                ("-x", "there is no such option ("),
                ("-xd", "there is no such option ("),
                ("--validator=1", "this option takes no value")):
            with self.subTest(word=word):
                name = word if word.startswith("--") else word[:2]
                self.refused([word], 2, (f"{name}: {said}",))
        self.refused(["-p"], 2, ("--port: expected PORT after it",))
        self.refused([], 1, ("CCOIN_PROT: there is no such variable; the"
                             " nearest is CCOIN_PORT (unknown_field)",),
                     env={"CCOIN_PROT": "1"})
        for path, near in (("p2p.prot", "p2p.port"), ("prot", None),
                           ("http.host", "http.hosts"),
                           ("client.account", None), ("p2p.x.y", None),
                           ("validators", "validator")):
            with self.subTest(path=path):
                self.refused_file(
                    at_path(path, "1"), path.replace(".x.y", ".x"),
                    ("this field is not known" +
                     (f"; the nearest is {near}" if near else ""),),
                    "unknown_field")

    def test_what_is_no_configuration(self):
        for text, path, said, code in (
                ("", "", "it is empty, expected JSON", "malformed"),
                ("{", "", "line 1, column", "malformed"),
                ("[]", "", "expected an object", "wrong_type"),
                ('{"p2p": 4999}', "p2p", "expected an object", "wrong_type"),
                ('{"p2p": {"port": 1}} {}', "", "line 1, column",
                 "malformed"),
                ('{"p2p": {"port": 1' + "0" * 30 + "}}", "p2p.port",
                 "line 1", "out_of_range"),
                ("[" * 10000, "", "line 1, column 65: nested too deeply",
                 "malformed"),
                ('{"app.base_path": "x"}', "app.base_path",
                 "this field is not known", "unknown_field"),
                (" " * (1 << 20) + "{}", "", "expected at most 1048576 bytes",
                 "too_big")):
            with self.subTest(text=text[:40]):
                self.refused_file(text, path, (said,), code)
        none = self.path("none.json")
        said = f"cannot open {none}: No such file", "(not_found)"
        self.refused(["-c", none], 1, said)
        self.refused([], 1, said, env={"CCOIN_CONFIG": none})
        self.refused(["-c", self.dir], 1, ("cannot read " + self.dir,
                                           "(io_error)"))

    def test_what_does_not_go_together(self):
        validator = ("a validator makes blocks with an account, expected"
                     " --account ADDRESS")
        self.refused(["--validator"], 2, ("--validator: " + validator,))
        self.refused([], 1, ("CCOIN_VALIDATOR: " + validator,),
                     env={"CCOIN_VALIDATOR": "1"})
        self.refused_file({"validator": True}, "validator", (validator,),
                          "missing_field")
        port = "port 65535, expected at most 65534"
        both = "value 5, but {} says port 6, expected one of them"
        self.refused(["-p", "5", "--listen", "127.0.0.1:6"], 2,
                     ("--port: " + both.format("--listen"),))
        self.refused([], 1, ("CCOIN_PORT: " + both.format("CCOIN_LISTEN"),),
                     env={"CCOIN_PORT": "5", "CCOIN_LISTEN": "6"})
        self.refused_file({"p2p": {"port": 5, "listen": "6"}}, "p2p.port",
                          (both.format("p2p.listen"),), "duplicate_field")
        self.refused(["--p2p-plain"], 2,
                     ("--p2p-plain: without TLS", "listens on every address;"))
        self.refused(["--p2p-plain", "--listen", "127.0.0.1:0", "--connect",
                      "192.0.2.1:5"], 2,
                     ("--p2p-plain: without TLS", "192.0.2.1:5;"))
        self.refused_file(
            {"upgrades": [{"height": 7, "version": 3}]}, "upgrades",
            ("from height 7 on the rules are of version 3, expected 1",),
            "unsupported_version")
        self.refused(["-p", "65535"], 2, ("--port: " + port, "--http"))
        self.refused_file({"p2p": {"port": 65535}}, "p2p.port", (port,),
                          "out_of_range")
        self.refused(["--dev", "--genesis", "x"], 2,
                     ("--genesis: --dev makes a genesis of its own",))
        self.write("bad.json", {"datadir": self.data,
                                  "app": {"base_path": self.data}})
        run = self.run_program("ccoind", "-c", self.file, status=1)
        self.assertIn(f"app.base_path: {self.file}: expected datadir or"
                      " app.base_path, not both", run.stderr)
        self.assertFalse(os.path.exists(self.data))

    def test_check_config_says_the_same_and_starts_nothing(self):
        self.refused(["--check-config", "-p", "x"], 2, ("--port: value x",))
        self.refused(["--print-config", "-p", "x"], 2, ("--port: value x",))
        run = self.run_program("ccoind", "-d", self.data, "--check-config")
        self.assertEqual(run.stderr, "")
        self.assertFalse(os.path.exists(self.data))

    def test_an_argument_that_is_none(self):
        run = self.run_program("ccoind", "-d", self.data, "start", status=2)
        self.assertIn("ccoind: start: unexpected argument", run.stderr)
        for args in ((), ("a", "b")):
            run = self.run_program("ccoin-init", "-d", self.data, *args,
                                   status=2)
            self.assertIn("ccoin-init: expected one genesis file", run.stderr)
        self.assertFalse(os.path.exists(self.data))


if __name__ == "__main__":
    lib.main(needs=("ccoind", "ccoin-init"))
