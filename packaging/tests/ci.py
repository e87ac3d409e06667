#!/usr/bin/env python3
"""Tries what connects confmig to CI systems, without their services.

The hooks run in pre-commit itself, in a repository that is made for it; each `run` step of the
action runs in bash as on a runner, with files for its outputs; the script of the GitLab job runs in
sh, and the playbook of the Zuul job in Ansible. Their files are judged by the systems' own schemas.

Usage: ci.py CONFMIG CI_BIN ANSIBLE_BIN

CONFMIG is the program, CI_BIN the directory of pre-commit and check-jsonschema, ANSIBLE_BIN that of
ansible-playbook.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CI = ROOT / 'packaging/ci'
ACTION = ROOT / 'packaging/action/action.yml'
GOOD = '[deploy]\nhttp_server_url = http://192.0.2.7:8080\n'
BAD = '[pxe]\nhttp_url = http://192.0.2.7:8080\n'


def require(holds, what, output=''):
    if not holds:
        raise SystemExit(f'{what}\n{output[-8000:]}')


class Site:
    """The programs, and a directory for repositories."""

    def __init__(self, directory, confmig, ci_bin, ansible_bin):
        self.directory = pathlib.Path(directory)
        self.ci_bin = pathlib.Path(ci_bin).absolute()
        self.ansible_bin = pathlib.Path(ansible_bin).absolute()
        tools = self.directory / 'bin'
        tools.mkdir()
        (tools / 'confmig').symlink_to(pathlib.Path(confmig).resolve())
        self.environment = {
            'PATH': f'{tools}:{self.ci_bin}:{os.environ["PATH"]}',
            'HOME': str(self.directory / 'home'),
            'PRE_COMMIT_HOME': str(self.directory / 'pre-commit'),
            'LC_ALL': 'C.UTF-8',
            'GIT_CONFIG_GLOBAL': '/dev/null',
            'GIT_CONFIG_SYSTEM': '/dev/null',
        }

    def run(self, words, cwd, **variables):
        """Runs a command; returns its exit status and its output."""
        done = subprocess.run(
            words, cwd=cwd, env={**self.environment, **variables}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )
        return done.returncode, done.stdout

    def yaml(self, path):
        """Reads a YAML file, with the module that the environment of pre-commit has."""
        code = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))'
        text = path.read_text(encoding='utf-8')
        done = subprocess.run(
            [self.ci_bin / 'python', '-c', code], input=text, capture_output=True, text=True,
            check=True,
        )
        return json.loads(done.stdout)

    def git(self, repository, *words):
        who = ['-c', 'user.name=a', '-c', 'user.email=a@example.org', '-c', 'commit.gpgsign=false']
        status, output = self.run(['git', *who, *words], repository)
        require(status == 0, f'git {words}', output)
        return output.strip()

    def repository(self, name, files):
        """Makes a repository with one commit."""
        repository = self.directory / name
        for path, text in files.items():
            path = repository / path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git(repository, 'init', '--quiet')
        self.commit(repository)
        return repository

    def commit(self, repository):
        self.git(repository, 'add', '--all')
        self.git(repository, 'commit', '--quiet', '--allow-empty', '--message', 'files')


def schemas(site):
    """Judges all files by the schemas of the systems that read them."""
    judge = site.ci_bin / 'check-jsonschema'
    for schema, path in [
        ('vendor.github-actions', ACTION),
        ('vendor.github-workflows', CI / 'github.yaml'),
        *(('vendor.github-workflows', path) for path in (ROOT / '.github/workflows').iterdir()),
        ('vendor.gitlab-ci', CI / 'gitlab.yaml'),
    ]:
        words = [judge, '--builtin-schema', schema, path]
        if schema == 'vendor.gitlab-ci':
            words += ['--data-transform', 'gitlab-ci']
        status, output = site.run(words, ROOT)
        require(status == 0, f'{path} does not follow {schema}', output)
    for what, path in [
        ('validate-manifest', ROOT / '.pre-commit-hooks.yaml'),
        ('validate-config', CI / 'pre-commit.yaml'),
    ]:
        status, output = site.run([site.ci_bin / 'pre-commit', what, path], ROOT)
        require(status == 0, f'pre-commit {what}', output)


def hooks(site):
    """Runs the hooks in a repository that a project might have."""
    manifest = (ROOT / '.pre-commit-hooks.yaml').read_text()
    source = site.repository('hooks', {'.pre-commit-hooks.yaml': manifest})
    revision = site.git(source, 'rev-parse', 'HEAD')

    def config(*hooks):
        # YAML is a superset of JSON.
        return json.dumps({'repos': [{'repo': str(source), 'rev': revision, 'hooks': list(hooks)}]})

    files = {
        '.pre-commit-config.yaml': config({'id': 'confmig-check'}, {'id': 'confmig-migrate-check'}),
        'hosts/a/ironic.conf': GOOD,
        'hosts/b/ironic.conf': GOOD,
        'nginx.conf': 'server { }\n',
    }
    project = site.repository('project', files)

    def run():
        words = [site.ci_bin / 'pre-commit', 'run', '--all-files', '--color=never']
        return site.run(words, project)

    status, output = run()
    require(status == 0 and output.count('Passed') == 2, 'good files do not pass', output)

    (project / 'hosts/b/ironic.conf').write_text(BAD)
    site.commit(project)
    status, output = run()
    require(status == 1 and output.count('Failed') == 2, 'bad files pass', output)
    require('hosts/b/ironic.conf:2:1' in output, 'the finding has no place', output)
    require('hosts/a/' not in output, 'each file is not by itself', output)

    # A policy names the files, and what is not a finding there.
    ignored = 'reason = "the old driver"\nfiles = ["hosts/b/*.conf"]\n'
    (project / 'confmig.toml').write_text(
        f'[[ignore]]\ncode = "deprecated-name"\n{ignored}'
        '[[target]]\nfiles = ["hosts/*/ironic.conf"]\neach = true\nrules = ["standalone-ilo"]\n'
    )
    by_policy = {'id': 'confmig-check', 'args': [], 'pass_filenames': False}
    (project / '.pre-commit-config.yaml').write_text(config(by_policy))
    site.commit(project)
    status, output = run()
    require(status == 0, 'the policy is not followed', output)


class Action:
    """The composite action, run step by step as a runner would."""

    def __init__(self, site):
        self.site, self.action = site, site.yaml(ACTION)

    def run(self, workspace, **given):
        """Runs the action; returns its exit status, its log, its summary and its outputs."""
        inputs = {name: form.get('default', '') for name, form in self.action['inputs'].items()}
        inputs.update(given)
        outputs, log, summary, result = {}, '', workspace / '.summary', 0
        summary.write_text('')

        def filled(text):
            def value(match):
                room, *names = match[1].split('.')
                return inputs[names[0]] if room == 'inputs' else outputs.get(names[2], '')

            return re.sub(r'\$\{\{ ([a-z.-]+) \}\}', value, text)

        for step in self.action['runs']['steps']:
            installs = step.get('if') == "inputs.install != ''"
            if 'run' not in step or installs and not inputs['install']:
                continue
            require('${{' not in step['run'], f'{step["name"]}: an input could run commands')
            directory = workspace / filled(step.get('working-directory', '.'))
            output = workspace / '.output'
            output.write_text('')
            variables = {name: filled(text) for name, text in step.get('env', {}).items()}
            variables.update(GITHUB_OUTPUT=str(output), GITHUB_STEP_SUMMARY=str(summary))
            script = workspace / '.step.sh'
            script.write_text(step['run'])
            # How a runner starts `shell: bash`.
            bash = ['bash', '--noprofile', '--norc', '-e', '-o', 'pipefail', script]
            result, text = self.site.run(bash, directory, **variables)
            log += text
            outputs.update(line.split('=', 1) for line in output.read_text().splitlines())
            if result:
                break
        return result, log, summary.read_text(), outputs


def action(site):
    """Runs the action on good files, on bad ones, and with hostile inputs."""
    workspace = site.directory / 'workspace'
    (workspace / 'etc').mkdir(parents=True)
    action = Action(site)
    file = workspace / 'etc/ironic.conf'

    file.write_text(GOOD)
    status, log, summary, outputs = action.run(workspace, arguments='etc/ironic.conf\n')
    require(status == 0 and '::' not in log, 'good files fail', log)
    require('no findings' in summary and outputs['status'] == '0', 'the summary is wrong', summary)

    file.write_text(BAD)
    given = {'arguments': 'ironic.conf', 'working-directory': 'etc'}
    status, log, summary, outputs = action.run(workspace, **given)
    require(status == 1, 'bad files pass', log)
    require('::warning file=ironic.conf,line=2,' in log, 'there is no annotation', log)
    require('deprecated-name' in summary and '~~~text' in summary, 'the summary is wrong', summary)
    sarif = json.loads((workspace / outputs['sarif']).read_text())
    require(sarif['runs'][0]['results'], 'the SARIF log is empty', str(outputs))

    given = {'command': 'migrate --check', 'arguments': '--to=2026.2\netc/ironic.conf'}
    status, log, _, outputs = action.run(workspace, **given)
    require(status == 1 and outputs['status'] == '1', 'a change passes', log)

    for given in [
        {'arguments': 'no-such-file.conf'},
        {'arguments': '$(touch hacked)\n`touch hacked`; touch hacked'},
        {'command': 'undo', 'arguments': 'etc/ironic.conf'},
    ]:
        status, log, _, _ = action.run(workspace, **given)
        require(status == 2, f'{given} ends with {status}', log)
    require(not list(workspace.rglob('hacked')), 'an argument ran a command')


def project_of_fixtures(site, name):
    project = site.directory / name
    shutil.copytree(ROOT / 'fixtures/ci', project)
    return project


def gitlab(site):
    """Runs the script of the GitLab job in a project without findings and in one with some."""
    script = '\n'.join(site.yaml(CI / 'gitlab.yaml')['confmig']['script'])
    project = project_of_fixtures(site, 'gitlab')
    for wanted in [0, 1]:
        status, output = site.run(['sh', '-e', '-c', script], project)
        require(status == wanted, f'the GitLab job ends with {status} and not {wanted}', output)
        report = (project / 'confmig.xml').read_text()
        require('<testsuite' in report, 'there is no JUnit report', output)
        json.loads((project / 'confmig.sarif').read_text())
        (project / 'services/ironic/east.conf').write_text('[pxe]\nno_such_option = 1\n')


def zuul(site):
    """Runs the playbook of the Zuul job in the same two projects."""
    project = project_of_fixtures(site, 'zuul')
    logs = site.directory / 'output/logs'
    logs.mkdir(parents=True)
    variables = json.dumps({
        'confmig': 'confmig',
        'zuul': {'project': {'src_dir': str(project)}},
        'zuul_output_dir': str(logs.parent),
        'ansible_python_interpreter': sys.executable,
    })
    words = ['ansible-playbook', '-i', 'localhost,', '-c', 'local', '-e', variables]
    words[0] = site.ansible_bin / words[0]
    for wanted in [0, 2]:
        status, output = site.run([*words, CI / 'zuul/run.yaml'], site.directory)
        require(status == wanted, f'the Zuul job ends with {status} and not {wanted}', output)
        json.loads((logs / 'confmig.sarif').read_text())
        (project / 'services/ironic/east.conf').write_text('[pxe]\nno_such_option = 1\n')


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__.split('\n\n')[2])
    with tempfile.TemporaryDirectory(prefix='ci-') as directory:
        site = Site(directory, *sys.argv[1:])
        for part in [schemas, hooks, action, gitlab, zuul]:
            part(site)
            print(f'{part.__name__}: as expected', flush=True)


if __name__ == '__main__':
    main()
