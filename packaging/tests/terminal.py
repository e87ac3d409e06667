"""Types in a shell on a terminal, as a person does."""

import os
import pty
import re
import select
import signal
import time

READY = 'ready-to-type'
# In two halves, so that the terminal's echo of it is no prompt.
HALVES = "'ready-to''-type '"

# How each shell is started, and gets its prompt and the completions of other directories.
SHELLS = {
    'bash': (
        ['bash', '--noprofile', '--norc', '-i'],
        f'. /usr/share/bash-completion/bash_completion; PS1={HALVES}\r',
    ),
    'zsh': (
        ['zsh', '-f', '-i'],
        f'fpath=($ZSH_FUNCTIONS $fpath); autoload -U compinit; compinit -u -D; PS1={HALVES}\r',
    ),
    'fish': (
        ['fish', '-i'],
        f'function fish_prompt; echo -n {HALVES}; end\r',
    ),
}


def type_in(shell, wrap, keys, wanted, environment, seconds=120):
    """Starts a shell, types keys, and waits until the shell shows the wanted text."""
    words, setup = SHELLS[shell]
    command = wrap(*words)
    environment = {'TERM': 'xterm', 'LINES': '50', 'COLUMNS': '200', **environment}
    child, ours = pty.fork()
    if child == 0:
        os.execvpe(command[0], command, environment)
    screen = ''
    ends = time.monotonic() + seconds

    def wait_for(text):
        nonlocal screen
        while text not in re.sub(r'\x1b\[[0-9;?]*[a-zA-Z]', '', screen):
            left = ends - time.monotonic()
            if left <= 0 or not select.select([ours], [], [], left)[0]:
                raise AssertionError(f'{shell} does not show {text!r} after {keys!r}:\n{screen}')
            try:
                screen += os.read(ours, 65536).decode(errors='replace')
            except OSError as error:
                raise AssertionError(f'{shell} ended after {keys!r}:\n{screen}') from error

    try:
        os.write(ours, setup.encode())
        wait_for(READY)
        screen = ''
        os.write(ours, keys.encode())
        wait_for(wanted)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(ours)
