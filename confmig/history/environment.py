"""Makes the Python environment of a release, and reads the release there."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).resolve().parent


class NotInstalled(Exception):
    """A release cannot be installed or read."""


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(text):
    """Canonical name -> version, of lines `NAME==VERSION`."""
    pins = {}
    for line in text.split("\n"):
        line = line.partition("#")[0].strip()
        if line:
            name, equal, version = line.partition("==")
            if not equal or not version:
                raise NotInstalled(f"not a pin, NAME==VERSION: {line}")
            pins[canonical(name)] = version
    return pins


def pins_text(distributions):
    """The text of a libraries file, from name -> version."""
    lines = sorted((f"{name}=={version}" for name, version in distributions.items()), key=str.lower)
    return "".join(f"{line}\n" for line in lines)


class Environment:
    """The environment of one release in a folder that may keep those of others as well."""

    def __init__(self, folder, package, version):
        self.package, self.version = package, version
        self.path = pathlib.Path(folder).resolve() / f"{package}-{version}"
        self.python = self.path / "bin" / "python"
        # Only a finished environment has it.
        self.record = self.path / "installed.txt"

    def fits(self, pins):
        """Whether the release is installed already, with libraries as pinned."""
        if not self.record.exists():
            return False
        installed = read_pins(self.record.read_text())
        wanted = {canonical(self.package): self.version}
        return wanted.items() <= installed.items() and all(
            installed.get(name, version) == version for name, version in pins.items()
        )

    def install(self, pins, requirements=()):
        """Installs the release, with those versions of its libraries that are pinned."""
        pins = {name: version for name, version in pins.items() if name != canonical(self.package)}
        if self.fits(pins):
            return
        shutil.rmtree(self.path, ignore_errors=True)
        venv.create(self.path, with_pip=True, symlinks=True)
        constraints = self.path / "constraints.txt"
        constraints.write_text(pins_text(pins))
        wanted = [f"{self.package}=={self.version}", *requirements]
        done = self.pip("install", "--quiet", "--only-binary", ":all:", "--constraint", str(constraints), *wanted)
        if done.returncode:
            shutil.rmtree(self.path)
            raise NotInstalled(self.why_not(done.stderr))
        self.record.write_text(self.pip("list", "--format", "freeze").stdout)

    def why_not(self, stderr):
        """Why pip did not install the release."""
        python = "Python " + ".".join(map(str, sys.version_info[:2]))
        if f"No matching distribution found for {self.package}=={self.version}" in stderr:
            return f"there is no {self.package} {self.version} on PyPI for {python}"
        said = [line for line in stderr.splitlines() if line.startswith("ERROR:")] or ["pip failed"]
        said = [re.sub(r" \(from versions: [^)]*\)", "", line) for line in said]
        return "\n".join([f"{self.package} {self.version} cannot be installed from PyPI with {python}", *said[-3:]])

    def pip(self, *arguments):
        command = [self.python, "-m", "pip", "--no-input", "--disable-pip-version-check", *arguments]
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def read(self, service):
        """What read_release.py prints in this environment."""
        command = [self.python, str(HERE / "read_release.py")]
        done = subprocess.run(command, input=json.dumps(service), capture_output=True, text=True)
        if done.returncode:
            raise NotInstalled(f"{self.package} {self.version} cannot be read\n{done.stderr[-3000:]}")
        return json.loads(done.stdout)
