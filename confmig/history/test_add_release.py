"""Tests of add_release.py: merging, and the rules to fill in. Nothing is installed.

    python3 -m unittest discover confmig/history
"""

import contextlib
import copy
import io
import json
import pathlib
import sys
import tempfile
import tomllib
import unittest
from unittest import mock

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import add_release  # noqa: E402
import environment  # noqa: E402
import model  # noqa: E402
from skeleton import rule_id  # noqa: E402

ABOUT = 'title = "Tool"\npackage = "tool"\nmodules = ["tool"]\nnamespaces = ["tool", "old zed..2023.1", "new 2023.2.."]\n'
RELEASES = "yoga - 1.0\nzed - 2.0\n2023.1 antelope 3.0\n2023.2 bobcat 4.1\n"
OPTIONS = """\
DEFAULT debug yoga.. {"default":"false","type":"bool"}
DEFAULT debug zed..2023.1 formerly DEFAULT.verbose
DEFAULT host yoga..zed {"default":"localhost","runtime_default":true,"type":"str"}
DEFAULT host 2023.1.. {"default":"näme","type":"str"}
api port yoga..yoga {"default":"80","max":65535,"type":"port"}
api port 2023.1.. {"default":"80","max":65535,"type":"port"}
api retries between 3.5
"""
VALUES = "DEFAULT drivers fake yoga..\nDEFAULT drivers snmp yoga..zed\n"
PLUGINS = "none - yoga..zed\npassword password yoga.. secret\npassword username zed.. secret user-name,user_name\n"
INTERFACES = "ipmi power ipmitool yoga..\nsnmp power snmp yoga..zed\n"
TEXTS = {
    "releases.txt": RELEASES,
    "options.txt": OPTIONS,
    "values.txt": VALUES,
    "interfaces.txt": INTERFACES,
    "plugins.txt": PLUGINS,
}


def facts(release):
    """What read_release.py would print of a release."""
    return {
        "options": [
            [*key, json.loads(text), [name.rsplit(".", 1) for name in filter(None, release.former.get(key, "").split(","))]]
            for key, text in release.options.items()
        ],
        "values": [list(value) for value in release.values],
        "interfaces": [list(interface) for interface in release.interfaces],
        "plugins": [
            [*key, secret, list(filter(None, former.split(",")))] for key, (secret, former) in release.plugins.items()
        ],
        "distributions": {"tool": release.version, "Library": "1.2"},
        "notes": [],
    }


class Merging(unittest.TestCase):
    def test_the_text_is_canonical(self):
        self.assertEqual(model.parse(TEXTS).texts(), TEXTS)
        # Keys in another order and other white space are the same fact.
        spread = TEXTS | {"options.txt": OPTIONS.replace('{"default":"80","max":65535', '{"max": 65535, "default": "80"')}
        self.assertEqual(model.parse(spread).texts(), TEXTS)

    def test_runs_that_meet_are_one(self):
        split = OPTIONS.replace("debug yoga.. {", 'debug yoga..yoga {"default":"false","type":"bool"}\nDEFAULT debug zed.. {')
        self.assertEqual(model.parse(TEXTS | {"options.txt": split}).texts(), TEXTS)

    def test_each_release_removed_and_put_back(self):
        for series in ("yoga", "zed", "2023.1", "2023.2"):
            history = model.parse(TEXTS)
            release = history.get(series)
            history.remove(series)
            self.assertNotIn(f"{series}..", history.texts()["options.txt"])
            self.assertNotEqual(history.texts(), TEXTS)
            history.put(release)
            self.assertEqual(history.texts(), TEXTS)

    def test_two_releases_put_back_in_either_order(self):
        for back in (("2023.2", "2023.1"), ("2023.1", "2023.2")):
            history = model.parse(TEXTS)
            removed = {series: history.get(series) for series in back}
            for series in back:
                history.remove(series)
            self.assertIn("DEFAULT debug yoga.. {", history.texts()["options.txt"])
            self.assertIn("DEFAULT drivers snmp yoga..\n", history.texts()["values.txt"])
            for series in back:
                history.put(removed[series])
            self.assertEqual(history.texts(), TEXTS)

    def test_a_new_release_leaves_lines_that_go_on(self):
        history = model.parse(TEXTS)
        release = copy.deepcopy(history.get("2023.2"))
        release.series, release.name, release.version = "2024.1", "caracal", "5.0"
        release.options["DEFAULT", "host"] = '{"type":"str"}'
        del release.plugins["password", "username"]
        history.put(release)
        texts = history.texts()
        self.assertTrue(texts["releases.txt"].endswith("2024.1 caracal 5.0\n"))
        changed = set(texts["options.txt"].splitlines()) ^ set(OPTIONS.splitlines())
        self.assertEqual(
            changed,
            {
                'DEFAULT host 2023.1.. {"default":"näme","type":"str"}',
                'DEFAULT host 2023.1..2023.2 {"default":"näme","type":"str"}',
                'DEFAULT host 2024.1.. {"type":"str"}',
            },
        )
        self.assertIn("password username zed..2023.2 secret user-name,user_name\n", texts["plugins.txt"])

    def test_a_release_in_the_middle_is_replaced(self):
        history = model.parse(TEXTS)
        release = copy.deepcopy(history.get("zed"))
        release.version = "2.1"
        release.options["api", "port"] = history.get("yoga").options["api", "port"]
        release.values.add(("DEFAULT", "drivers", "ipmi"))
        history.put(release)
        texts = history.texts()
        self.assertEqual(texts["releases.txt"], RELEASES.replace("zed - 2.0", "zed - 2.1"))
        self.assertIn('api port yoga.. {"default":"80","max":65535,"type":"port"}\n', texts["options.txt"])
        self.assertIn("DEFAULT drivers ipmi zed..zed\n", texts["values.txt"])

    def test_a_text_that_is_no_fact_is_refused(self):
        wrong = {
            "releases.txt": ("yoga 1.0", RELEASES + "zed - 2.0"),
            "options.txt": ("api port ocata.. {}", "api port yoga.. {", "api port", OPTIONS + "api port zed.. {}"),
            "interfaces.txt": ("ipmi power ipmitool", "ipmi power ipmitool yoga..pike"),
            "values.txt": ("DEFAULT drivers fake", "DEFAULT drivers fake yoga..pike"),
            "plugins.txt": ("none -", "password user yoga.. secret a b", PLUGINS + "none - zed.."),
        }
        for name, texts in wrong.items():
            for text in texts:
                with self.assertRaises(model.BadFacts, msg=text):
                    model.parse(TEXTS | {name: text})


class Command(unittest.TestCase):
    """The command, with facts that no environment was made for."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name) / "tool"
        self.folder.mkdir()
        (self.folder / "service.toml").write_text(ABOUT)
        for name, text in TEXTS.items():
            (self.folder / name).write_bytes(text.encode())
        self.installed = {}
        for target, value in (
            ("add_release.HERE", self.folder.parent),
            ("environment.Environment.install", lambda made, pins, requirements: self.installed.update(pins)),
            ("environment.Environment.read", lambda made, about: facts(self.release)),
        ):
            patch = mock.patch(target, value)
            patch.start()
            self.addCleanup(patch.stop)
        self.release = copy.deepcopy(model.parse(TEXTS).get("2023.2"))

    def run_with(self, *words):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = add_release.main(list(words))
        return status, out.getvalue(), err.getvalue()

    def texts(self):
        return {name: (self.folder / name).read_bytes().decode() for name in TEXTS}

    def test_remove_and_add_again(self):
        said = "removed the facts of 2023.2: 2023.1 is the newest release now\n"
        self.assertEqual(self.run_with("tool", "--remove", "2023.2"), (0, "", said))
        self.assertNotEqual(self.texts(), TEXTS)
        status, out, err = self.run_with("tool", "2023.2", "4.1", "--name", "bobcat")
        self.assertEqual((status, out), (0, ""))
        self.assertEqual(
            err.splitlines(),
            [
                "installing tool 4.1 with its libraries (some minutes)",
                "importing its modules, on two made-up hosts",
                "Tool 4.1 (2023.2): 3 options, changed: releases.txt, options.txt",
            ],
        )
        self.assertEqual(self.texts(), TEXTS)
        self.assertEqual((self.folder / "libraries" / "2023.2.txt").read_text(), "Library==1.2\ntool==4.1\n")
        # The second time with the same libraries.
        _, _, err = self.run_with("tool", "2023.2", "4.1")
        self.assertTrue(err.endswith("\nTool 4.1 (2023.2): 3 options, nothing changed\n"), err)
        self.assertEqual(self.installed, {"library": "1.2", "tool": "4.1"})

    def test_check_writes_nothing(self):
        status, out, err = self.run_with("tool", "2023.2", "4.1", "--check")
        self.assertEqual((status, out), (0, ""))
        self.assertTrue(err.endswith("\nTool 4.1 (2023.2): 3 options, as recorded\n"), err)
        self.release.options["DEFAULT", "host"] = '{"type":"str"}'
        self.release.former["api", "port"] = "DEFAULT.api_port"
        status, out, _ = self.run_with("tool", "2023.2", "4.1", "--check")
        self.assertEqual(status, 1)
        self.assertEqual(
            out.splitlines(),
            [
                '- DEFAULT host 2023.2 {"default":"näme","type":"str"}',
                '+ DEFAULT host 2023.2 {"type":"str"}',
                "+ api port 2023.2 formerly DEFAULT.api_port",
            ],
        )
        self.assertEqual(self.texts(), TEXTS)
        self.assertFalse((self.folder / "libraries").exists())

    def test_a_release_that_is_not_there_is_an_error(self):
        for words, said in (
            (["--remove", "2024.1"], "there are no facts of 2024.1"),
            (["2024.1", "5.0", "--check"], "there are no facts of 2024.1"),
            (["2024.1", "5.0"], "2024.1 has a code name: say --name CODENAME"),
            (["--remove", "zed"], "zed is not the newest release: expected 2023.2"),
        ):
            said = f"add_release.py: {said}; nothing was changed\n"
            self.assertEqual(self.run_with("tool", *words), (2, "", said))
        self.assertEqual(self.texts(), TEXTS)

    def test_a_service_that_is_not_there_is_an_error(self):
        status, out, err = self.run_with("nova", "2023.2", "4.1")
        self.assertEqual((status, out), (2, ""))
        said = "no service nova: expected one of tool, or write confmig/history/nova/service.toml"
        self.assertEqual(err, f"add_release.py: {said}; nothing was changed\n")

    def test_a_release_that_cannot_be_installed_leaves_its_facts(self):
        failure = environment.NotInstalled("tool 4.2 cannot be installed\nERROR: a reason")
        with mock.patch("environment.Environment.install", side_effect=failure):
            status, out, err = self.run_with("tool", "2023.2", "4.2")
        self.assertEqual((status, out), (2, ""))
        said = "add_release.py: tool 4.2 cannot be installed; nothing was changed\nERROR: a reason\n"
        self.assertTrue(err.endswith(f"\n{said}"), err)
        self.assertEqual(self.texts(), TEXTS)

    def test_namespaces_are_those_of_the_release(self):
        service = add_release.Service(self.folder)
        for series, namespaces in (
            ("yoga", ["tool"]),
            ("zed", ["tool", "old"]),
            ("2023.1", ["tool", "old"]),
            ("2023.2", ["tool", "new"]),
            ("2027.1", ["tool", "new"]),
        ):
            self.assertEqual(service.about_release(series)["namespaces"], namespaces)

    def test_an_option_that_vanished_gives_a_rule_to_fill_in(self):
        del self.release.options["api", "port"]
        self.release.options["web", "port"] = '{"type":"port"}'
        status, out, _ = self.run_with("tool", "2023.2", "4.1")
        self.assertEqual(status, 0)
        self.assertEqual(
            out,
            """\
# Rules to fill in, one for each option that 2023.2 no longer has and no rule mentions. Put them into
# confmig/history/tool/rules/2023.2.toml, in the order of the ids. CONTRIBUTING.md describes the keys.

# In 2023.1: {"default":"80","max":65535,"type":"port"}
# Options of this name: [web]
[[rule]]
id = "tool-api-port"
automatic = "advice"
why = "removed in 2023.2 (4.1); FILL IN"
advice = "FILL IN"
remove.options = ["api.port"]
proof = ["FILL IN"]
[[rule.example]]
before = \"""
[api]
port = 8080
\"""
after = \"""
[api]
port = 8080
\"""
""",
        )
        (rule,) = tomllib.loads(out)["rule"]
        self.assertEqual(rule["example"], [{"before": "[api]\nport = 8080\n", "after": "[api]\nport = 8080\n"}])

    def test_ids_begin_with_the_service_unless_it_is_ironic(self):
        others = ["keystone", "tool"]
        for service, key, made in (
            ("ironic", ("keystone_authtoken", "auth_uri"), "authtoken-auth-uri"),
            ("ironic", ("DEFAULT", "debug"), "debug"),
            ("ironic", ("pxe", "HTTP_url"), "pxe-http-url"),
            ("keystone", ("keystone_authtoken", "auth_uri"), "keystone-authtoken-auth-uri"),
            ("keystone", ("DEFAULT", "debug"), "keystone-debug"),
        ):
            self.assertEqual(rule_id(service, key, others), made)

    def test_an_option_with_a_successor_needs_no_rule(self):
        del self.release.options["api", "port"]
        self.release.options["web", "port"] = '{"type":"port"}'
        self.release.former["web", "port"] = "web.bind,api.port"
        self.assertEqual(self.run_with("tool", "2023.2", "4.1")[:2], (0, ""))
        self.assertIn("web port 2023.2.. formerly web.bind,api.port\n", self.texts()["options.txt"])

    def test_a_successor_may_be_declared_by_the_release_before_only(self):
        options = OPTIONS.replace("api retries", "api new_port 2023.1.. {}\napi new_port 2023.1..2023.1 formerly api.port\napi retries")
        lines = sorted(options.splitlines(keepends=True), key=lambda line: line.split(" ")[:2])
        (self.folder / "options.txt").write_bytes("".join(lines).encode())
        del self.release.options["api", "port"]
        for is_there in (True, False):
            if is_there:
                self.release.options["api", "new_port"] = "{}"
            else:
                del self.release.options["api", "new_port"]
            status, out, _ = self.run_with("tool", "2023.2", "4.1")
            self.assertEqual((status, "api.port" in out), (0, not is_there))

    def test_an_option_with_a_rule_needs_no_other(self):
        del self.release.options["api", "port"]
        (self.folder / "rules").mkdir()
        for rule, wanted in (
            # Each rule, and what is asked for nevertheless.
            ('rename = [{ from = "api.port", to = "web.port" }]', ""),
            ('rename = [{ from = "{section}.port", to = "{section}.bind" }]\nin = ["web", "API"]', ""),
            ('rename = [{ from = "{section}.port", to = "{section}.bind" }]\nin = ["web"]', "api.port"),
            ('in = { having = "host" }\ntake = ["{section}.port"]', ""),
            ('part.port = { option = "api.port" }\nset = [{ option = "api.url", value = "{port}" }]', ""),
            ('items = { options = ["api.port"], drop = ["80"] }', ""),
            ('remove = { options = ["api.hosts", "api.port"] }', ""),
            ('report = { options = ["api.port"] }', ""),
            ('set = [{ option = "api.port", value = "80" }]', "api.port"),
        ):
            (self.folder / "rules" / "2023.2.toml").write_text(f"[[rule]]\n{rule}\n")
            status, out, _ = self.run_with("tool", "2023.2", "4.1")
            self.assertEqual((status, wanted in out, bool(out)), (0, True, bool(wanted)), rule)


class Libraries(unittest.TestCase):
    def test_pins_are_read_and_written(self):
        text = "Jinja2==3.1.6\noslo.config==10.7.0\nzope_interface==7\n"
        self.assertEqual(environment.read_pins(text), {"jinja2": "3.1.6", "oslo-config": "10.7.0", "zope-interface": "7"})
        self.assertEqual(
            environment.pins_text({"zope_interface": "7", "oslo.config": "10.7.0", "Jinja2": "3.1.6"}), text
        )
        with self.assertRaises(environment.NotInstalled):
            environment.read_pins("oslo.config>=10\n")

    def test_an_environment_that_is_kept_fits_its_pins_only(self):
        with tempfile.TemporaryDirectory() as folder:
            made = environment.Environment(folder, "tool", "4.1")
            self.assertFalse(made.fits({}))
            made.path.mkdir()
            made.record.write_text("Library==1.2\ntool==4.1\n")
            self.assertTrue(made.fits({"library": "1.2", "elsewhere": "1"}))
            self.assertFalse(made.fits({"library": "1.3"}))
            made.record.write_text("")
            self.assertFalse(made.fits({}))

    def test_an_installation_that_fails_leaves_nothing(self):
        said = "ERROR: Could not find tool==4.1 (from versions: 1.0, 2.0)\nERROR: No matching distribution found for {}\n"
        for missing, expected in (
            ("tool==4.1", [r"there is no tool 4\.1 on PyPI for Python 3\.\d+"]),
            (
                "library==1.2",
                [
                    r"tool 4\.1 cannot be installed from PyPI with Python 3\.\d+",
                    r"ERROR: Could not find tool==4\.1",
                    r"ERROR: No matching distribution found for library==1\.2",
                ],
            ),
        ):
            failed = mock.Mock(returncode=1, stderr="some words\n" + said.format(missing))
            with tempfile.TemporaryDirectory() as folder:
                made = environment.Environment(folder, "tool", "4.1")
                with (
                    mock.patch("environment.venv.create", lambda path, **how: path.mkdir()),
                    mock.patch("environment.Environment.pip", return_value=failed),
                    self.assertRaises(environment.NotInstalled) as raised,
                ):
                    made.install({"tool": "4.0", "library": "1.2"})
                self.assertEqual(list(pathlib.Path(folder).iterdir()), [])
            lines = str(raised.exception).splitlines()
            self.assertEqual(len(lines), len(expected))
            for line, pattern in zip(lines, expected):
                self.assertRegex(line, f"^{pattern}$")


class Committed(unittest.TestCase):
    def test_all_facts_are_canonical(self):
        for path in HERE.glob("*/service.toml"):
            service = add_release.Service(path.parent)
            for name, text in service.history.texts().items():
                self.assertEqual((path.parent / name).read_bytes(), text.encode(), f"{path.parent.name}/{name}")


if __name__ == "__main__":
    unittest.main()
