"""A small Debian 11, in which packages are installed as on an old host: glibc 2.31, Python 3.9."""

import hashlib
import os
import pathlib
import subprocess

PACKAGES = 'bash-completion,fish,man-db,python3-venv,zsh'

# Inside, `/dev` and `/proc` are there while a command runs.
ENTER = '''
mount --rbind /dev "$0/dev"
mount --rbind /proc "$0/proc"
exec chroot "$0" "$@"
'''

# What a package manager notes of every run: its state, logs, and the index of manual pages. None
# may have a file for confmig.
NOTES = ('var/lib/dpkg/', 'var/lib/rpm/', 'var/log/', 'var/cache/man/')


def mirror():
    """Returns the arguments that name the Debian mirror which apt uses here, if it uses one."""
    form = '$(ORIGIN) $(CODENAME) $(REPO_URI)'
    targets = subprocess.run(
        ['apt-get', 'indextargets', '--format', form, 'Identifier: Packages'],
        check=True, capture_output=True, text=True,
    ).stdout
    for line in targets.splitlines():
        origin, name, uri = line.split(' ', 2)
        if origin == 'Debian' and '-' not in name:
            return [uri.rstrip('/')]
    return []


class Tree:
    """The tree, in a directory of its own."""

    def __init__(self, directory, archive):
        self.root = pathlib.Path(directory, 'debian-11')
        if not archive.exists():
            archive.parent.mkdir(parents=True, exist_ok=True)
            unfinished = archive.with_suffix(f'.{os.getpid()}.tar')
            subprocess.run(
                ['mmdebstrap', '--quiet', '--variant=essential', f'--include={PACKAGES}']
                + ['bullseye', unfinished] + mirror(),
                check=True,
            )
            unfinished.rename(archive)
        self.root.mkdir()
        subprocess.run(['tar', '-xf', archive, '-C', self.root], check=True)

    def command(self, *words):
        """Returns the command that runs these words in the tree, which leaves nothing mounted."""
        return ['unshare', '--mount', 'sh', '-ec', ENTER, str(self.root), *words]

    def run(self, *words, status=0, **environment):
        """Runs a command in the tree; returns what it wrote."""
        environment = {'PATH': '/usr/bin:/usr/sbin:/bin:/sbin', 'HOME': '/root', **environment}
        done = subprocess.run(
            self.command(*words), env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace',
            check=False,
        )
        if done.returncode != status:
            raise AssertionError(f'{words} in Debian 11: status {done.returncode}\n{done.stdout}')
        return done.stdout

    def files(self):
        """Returns each path in the tree with what is there."""
        found = {}
        for directory, folders, names in os.walk(self.root):
            for name in folders + names:
                path = pathlib.Path(directory, name)
                inside = str(path.relative_to(self.root))
                if inside.startswith(NOTES) and 'confmig' not in inside:
                    continue
                if path.is_symlink():
                    found[inside] = os.readlink(path)
                elif path.is_file():
                    found[inside] = hashlib.sha256(path.read_bytes()).hexdigest()
                else:
                    found[inside] = ''
        return found
