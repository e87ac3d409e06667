#!/usr/bin/env python3
"""Installs each package that `packaging/build` made into a clean Debian 11, uses it, removes it.

Usage: packages.py DIST [TEST...]
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

import terminal
import tree

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURE = ROOT / 'fixtures/standalone-liberty/ironic.conf'
MOVED = '+http_server_url = http://$pxe.tftp_server:8080/images'
COMMANDS = 'migrate check show rules undo recover explain schema-of-report completions man'.split()
# What CentOS 7 has; RHEL 8, Ubuntu 20.04 and Debian 11 have a newer one.
OLDEST_GLIBC = (2, 17)

dist = pathlib.Path()
seconds = {}


def run(*words, status=0, **options):
    """Runs a command; returns what it wrote to standard output."""
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors='replace',
        check=False, **options,
    )
    if done.returncode != status:
        raise AssertionError(f'{words}: status {done.returncode}\n{done.stdout}')
    return done.stdout


def only(pattern):
    """Returns the one file of the packages whose name matches."""
    found = list(dist.glob(pattern))
    if not found:
        raise unittest.SkipTest(f'packaging/build made no {pattern}')
    if len(found) > 1:
        raise AssertionError(f'more than one {pattern}: {found}')
    return found[0]


def need(*programs, root=False):
    """Skips the test unless these programs are installed and, if asked for, this is root."""
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        raise unittest.SkipTest(f'{missing}: not installed; tests/packages.sh installs them')
    if root and os.geteuid() != 0:
        raise unittest.SkipTest('only root can enter a Debian or an image: use sudo')


class Result(unittest.TextTestResult):
    """Counts what passed, too."""

    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


class Timed(unittest.TestCase):
    def setUp(self):
        self.begun = time.monotonic()
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix='packages-'))
        self.addCleanup(shutil.rmtree, self.scratch)

    def tearDown(self):
        seconds[self.id().rpartition('__main__.')[2]] = time.monotonic() - self.begun

    def unpacked(self, kind):
        """Returns the program of an archive."""
        run('tar', '-xzf', only(f'*-linux-{kind}.tar.gz'), '-C', self.scratch)
        return next(self.scratch.glob(f'*-linux-{kind}/confmig'))


class InTree(Timed):
    """Tests in a Debian 11 that nothing else was installed in."""

    @classmethod
    def setUpClass(cls):
        need('mmdebstrap', 'unshare', root=True)
        cls.directory = tempfile.TemporaryDirectory(prefix='packages-')
        cls.addClassCleanup(cls.directory.cleanup)
        cls.tree = tree.Tree(cls.directory.name, ROOT / 'tests/.venv/debian-11.tar')

    def migrates(self, confmig):
        """Shows a migration of README's fixture, makes it, and undoes it."""
        work = self.tree.root / 'srv/ironic'
        work.mkdir()
        shutil.copy(FIXTURE, work)
        file = '/srv/ironic/ironic.conf'
        self.assertIn(MOVED, self.tree.run(confmig, 'migrate', file))
        self.tree.run(confmig, 'migrate', '--write', file)
        self.assertIn(MOVED[1:], (work / 'ironic.conf').read_text())
        self.tree.run(confmig, 'undo', file)
        self.assertEqual((work / 'ironic.conf').read_bytes(), FIXTURE.read_bytes())
        shutil.rmtree(work)

    def completes(self, directory, functions):
        """Completes a command and a release in each shell; `directory` has the program."""
        home = self.tree.root / 'srv/home'
        # Without this directory, fish would read all manual pages in the background.
        (home / '.local/share/fish/generated_completions').mkdir(parents=True)
        share = str(pathlib.Path(directory).parent / 'share')
        environment = {
            'HOME': '/srv/home', 'PATH': f'{directory}:/usr/sbin:/usr/bin:/sbin:/bin',
            'ZSH_FUNCTIONS': functions, 'XDG_DATA_DIRS': f'{share}:/usr/share',
        }
        for shell in terminal.SHELLS:
            with self.subTest(shell):
                keys, wanted = 'confmig che\t--to libert\t--help\r', 'Usage: confmig check'
                terminal.type_in(shell, self.tree.command, keys, wanted, environment)
        shutil.rmtree(home)
        # What fish keeps while it runs.
        shutil.rmtree(self.tree.root / 'tmp/fish.root', ignore_errors=True)

    def has_pages(self, **environment):
        """Shows the manual pages of the program and of its commands."""
        for page in ['confmig'] + [f'confmig-{command}' for command in COMMANDS]:
            text = self.tree.run('man', '-P', 'cat', page, MANWIDTH='100', **environment)
            self.assertIn(page.replace('-', ' ', 1).split()[0], text)
            self.assertIn('EXIT STATUS', text)

    def removed(self, before, folders_may_stay=False):
        """Compares the tree with what it was."""
        after = self.tree.files()
        more = {
            path for path in set(after) - set(before)
            if not (folders_may_stay and (self.tree.root / path).is_dir())
        }
        self.assertEqual(sorted(more), [], 'left behind')
        self.assertEqual(sorted(set(before) - set(after)), [], 'taken along')
        self.assertEqual([path for path in before if before[path] != after[path]], [], 'changed')


class Binaries(InTree):
    def test_needed_glibc(self):
        need('objdump')
        needed = {
            tuple(map(int, version.split('.')))
            for version in re.findall(r'GLIBC_([\d.]+)', run('objdump', '-T', self.unpacked('gnu')))
        }
        self.assertTrue(needed)
        self.assertLessEqual(max(needed), OLDEST_GLIBC)

    def test_static_needs_nothing(self):
        need('readelf')
        program = self.unpacked('static')
        self.assertNotIn('INTERP', run('readelf', '--program-headers', '--wide', program))
        self.assertNotIn('NEEDED', run('readelf', '--dynamic', '--wide', program))

    def test_both_run_with_the_libc_of_debian_11(self):
        for kind in ['gnu', 'static']:
            with self.subTest(kind):
                inside = self.tree.root / 'srv/confmig'
                shutil.copy(self.unpacked(kind), inside)
                self.migrates('/srv/confmig')
                inside.unlink()


class Deb(InTree):
    def test_is_used_and_removed(self):
        need('dpkg-deb')
        package = only('*.deb')
        depends = run('dpkg-deb', '--field', package, 'Depends')
        self.assertEqual(depends.strip(), 'libc6 (>= 2.17)')
        before = self.tree.files()
        inside = self.tree.root / 'srv/confmig.deb'
        shutil.copy(package, inside)
        self.tree.run('dpkg', '--install', '/srv/confmig.deb')
        inside.unlink()
        for name in ['copyright', 'changelog.gz', 'THIRD-PARTY-NOTICES', 'confmig.cdx.json']:
            self.assertTrue((self.tree.root / 'usr/share/doc/confmig' / name).is_file(), name)
        self.migrates('confmig')
        self.completes('/usr/bin', '')
        self.has_pages()
        self.tree.run('dpkg', '--purge', 'confmig')
        self.removed(before)


class Rpm(InTree):
    def test_is_used_and_removed(self):
        need('rpm')
        package = only('*.rpm')
        query = ['rpm', '--query', '--package', package]
        requires = run(*query, '--requires').splitlines()
        self.assertEqual(
            {line for line in requires if not line.startswith('rpmlib(')},
            {'/bin/sh', 'libc.so.6(GLIBC_2.17)(64bit)'},
        )
        # Older rpms do not know zstd.
        self.assertEqual(run(*query, '--queryformat', '%{PAYLOADCOMPRESSOR}'), 'gzip')
        rpm = ['rpm', '--root', self.tree.root, '--dbpath', '/var/lib/rpm']
        run(*rpm, '--initdb')
        # Packages that every host with rpm has own these.
        for folder in ['licenses', 'zsh/site-functions']:
            (self.tree.root / 'usr/share' / folder).mkdir(parents=True, exist_ok=True)
        before = self.tree.files()
        # What provides the libc in this tree is no rpm.
        run(*rpm, '--install', '--nodeps', package)
        self.migrates('confmig')
        self.completes('/usr/bin', '/usr/share/zsh/site-functions')
        self.has_pages()
        run(*rpm, '--erase', 'confmig')
        self.removed(before)


class Wheel(InTree):
    def test_is_used_and_removed(self):
        wheel = only('*.whl')
        inside = self.tree.root / 'srv' / wheel.name
        shutil.copy(wheel, inside)
        self.tree.run('python3', '-m', 'venv', '/srv/venv')
        # As pip leaves it: what Python compiled while pip ran is no trace of the package.
        pip = ['/srv/venv/bin/python', '-B', '-m', 'pip']
        self.tree.run(*pip, '--version')
        before = self.tree.files()
        self.tree.run(*pip, 'install', '--no-index', f'/srv/{wheel.name}')
        self.migrates('/srv/venv/bin/confmig')
        self.completes('/srv/venv/bin', '/srv/venv/share/zsh/site-functions')
        self.has_pages(MANPATH='/srv/venv/share/man')
        self.tree.run(*pip, 'uninstall', '--yes', 'confmig')
        # pip leaves the directories of what it removes from `share`, whatever the package.
        self.removed(before, folders_may_stay=True)

    def test_is_installed_by_the_action(self):
        wheel = only('*.whl')
        action = (ROOT / 'packaging/action/action.yml').read_text()
        step = action.partition('- name: Install confmig\n')[2]
        script = textwrap.dedent(step.partition('run: |\n')[2].partition('    - name:')[0])
        with tempfile.TemporaryDirectory(prefix='packages-') as runner:
            path = pathlib.Path(runner, 'path')
            given = {'INSTALL': str(wheel), 'RUNNER_TEMP': runner, 'GITHUB_PATH': str(path)}
            bash = ['bash', '--noprofile', '--norc', '-e', '-o', 'pipefail', '-c', script]
            run(*bash, env={**os.environ, **given})
            program = pathlib.Path(path.read_text().strip(), 'confmig')
            self.assertIn(MOVED, run(program, 'migrate', FIXTURE))

    def test_is_for_glibc_2_17(self):
        auditwheel = pathlib.Path(sys.executable).with_name('auditwheel')
        if not auditwheel.exists():
            raise unittest.SkipTest('no auditwheel here: use tests/.venv/packaging/bin/python')
        self.assertIn('"manylinux_2_17_', run(auditwheel, 'show', only('*.whl')))


class Image(Timed):
    def test_is_used_and_removed(self):
        need('buildah', root=True)
        image = only('*-image.tar')
        shutil.copy(FIXTURE, self.scratch)
        environment = {**os.environ, 'STORAGE_DRIVER': 'vfs', 'BUILDAH_ISOLATION': 'chroot'}
        with tempfile.TemporaryDirectory(prefix='packages-') as storage:
            def buildah(*words):
                place = [f'--root={storage}/root', f'--runroot={storage}/run']
                return run('buildah', *place, *words, env=environment)

            name = buildah('pull', '--quiet', f'oci-archive:{image}').strip()
            container = buildah('from', name).strip()
            settings = json.loads(buildah('inspect', container))['OCIv1']['config']
            entry = settings['Entrypoint']
            self.assertEqual((entry, settings['WorkingDir']), (['/confmig'], '/work'))

            def confmig(*words):
                volume = f'--volume={self.scratch}:/work'
                return buildah('run', volume, container, '--', *entry, *words)

            self.assertIn(MOVED, confmig('migrate', 'ironic.conf'))
            confmig('migrate', '--write', 'ironic.conf')
            self.assertIn(MOVED[1:], (self.scratch / 'ironic.conf').read_text())
            confmig('undo', 'ironic.conf')
            self.assertEqual([path.name for path in self.scratch.iterdir()], ['ironic.conf'])
            self.assertIn('EXIT STATUS', confmig('man', 'migrate'))
            buildah('rm', container)
            buildah('rmi', name)
            self.assertFalse(json.loads(buildah('images', '--json')))


class Bill(Timed):
    def test_names_every_package_that_is_linked(self):
        bill = json.loads(only('*.cdx.json').read_text())
        self.assertEqual(bill['bomFormat'], 'CycloneDX')
        named = {(one['name'], one['version']) for one in bill['components']}
        notices = (self.unpacked('static').parent / 'THIRD-PARTY-NOTICES').read_text()
        linked = set(re.findall(r'^(\S+) (\d\S*) \(.*\)$', notices, re.MULTILINE))
        self.assertGreater(len(linked), 50)
        self.assertEqual(linked - named, set())


class Release(Timed):
    def notes(self, tag, heading, status):
        changelog = self.scratch / 'CHANGELOG.md'
        changelog.write_text(f'# Changelog\n\n## {heading}\n\n- New.\n\n## [0.0.1]\n\n- Old.\n')
        return run(
            ROOT / 'packaging/release-notes', tag, changelog, status=status,
            stderr=subprocess.STDOUT,
        )

    def test_says_what_the_changelog_says_of_its_version(self):
        manifest = (ROOT / 'Cargo.toml').read_text()
        version = re.search('^version = "(.*)"$', manifest, re.MULTILINE)[1]
        heading = f'[{version}] - 2026-12-01'
        self.assertEqual(self.notes(f'v{version}', heading, 0).strip(), '- New.')
        self.assertIn('not that of the version', self.notes('v0.0.1', heading, 1))
        self.assertIn('says nothing of', self.notes(f'v{version}', '[Unreleased]', 1))

    def test_workflow_runs_what_is_there(self):
        workflow = (ROOT / '.github/workflows/release.yml').read_text()
        scripts = set(re.findall(r'(?<=\s)packaging/[\w./-]+', workflow))
        scripts = {script for script in scripts if not script.startswith('packaging/dist')}
        self.assertEqual(len(scripts), 3)
        for script in scripts:
            self.assertTrue(os.access(ROOT / script, os.X_OK), script)


class Install(Timed):
    def test_with_cargo(self):
        need('cargo')
        # Not optimized: only the tests' libraries are there.
        install = ['cargo', 'install', '--quiet', '--locked', '--debug']
        run(*install, '--root', self.scratch, '--path', ROOT / 'confmig', cwd=ROOT)
        self.assertIn(MOVED, run(self.scratch / 'bin/confmig', 'migrate', FIXTURE))
        run('cargo', 'uninstall', '--quiet', '--root', self.scratch, 'confmig')
        self.assertEqual(list((self.scratch / 'bin').iterdir()), [])


def main():
    global dist
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    dist = pathlib.Path(sys.argv.pop(1)).resolve()
    runner = unittest.TextTestRunner(verbosity=2, resultclass=Result)
    result = unittest.main(argv=sys.argv, exit=False, testRunner=runner).result
    print('\ntimes of the tests of packages:')
    for name, took in seconds.items():
        print(f'{took:6.0f} s  {name}')
    for test, why in result.skipped:
        print(f'SKIPPED: {test}: {why}')
    failed = len({str(test) for test, _ in result.failures + result.errors})
    print(f'packages: {result.passed} passed, {failed} failed, {len(result.skipped)} skipped')
    sys.exit(not result.wasSuccessful())


if __name__ == '__main__':
    main()
