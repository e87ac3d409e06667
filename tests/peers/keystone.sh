#!/usr/bin/env bash
# A real OpenStack Keystone on 127.0.0.1 (SQLite, fernet), for as long as standard input stays open.
#
# Usage: tests/peers/keystone.sh run PORT SWIFT_PORT
#
# Makes a directory, starts it there and prints "ready DIR" once it answers. Whoever starts it need not stop it:
# when the other end of standard input is closed, for whatever reason, it ends and the directory goes.
#
# In it: the project "service" of the domain "default" with the users "ironic" (roles admin, member and service,
# password ironicpw), "swift" (for Swift's middleware) and "plain" (role reader, password ironicpw), and a catalogue
# with the object store on SWIFT_PORT as seen from the regions RegionOne (public, internal, admin) and RegionTwo
# (public, on a port where nothing listens).
#
# A new database takes ten seconds to make, so one is kept beside the Python environments and copied.
set -euo pipefail

if [[ $# -ne 3 || $1 != run ]]; then
    echo "usage: tests/peers/keystone.sh run PORT SWIFT_PORT" >&2
    exit 2
fi
port=$2
swift_port=$3
peers=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
venvs=$(dirname -- "$peers")/.venv
python=$venvs/keystone/bin/python
if [[ ! -x $python ]]; then
    echo "there is no $python: run tests/peers/venv.sh keystone" >&2
    exit 1
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/keystone.XXXXXX")

configure() { # DIR PORT
    mkdir -p "$1/log" "$1/fernet"
    chmod 700 "$1/fernet"
    cat >"$1/keystone.conf" <<EOF
[DEFAULT]
log_file = $1/log/keystone.log
public_endpoint = http://127.0.0.1:$2/
[database]
connection = sqlite:///$1/keystone.db
[token]
provider = fernet
expiration = 3600
[fernet_tokens]
key_repository = $1/fernet
[fernet_receipts]
key_repository = $1/fernet
[credential]
key_repository = $1/fernet
[cache]
enabled = false
[identity]
password_hash_algorithm = bcrypt
password_hash_rounds = 4
EOF
    # It parses sys.argv when the application is made: the server's own options are hidden from it.
    printf '%s\n' 'import sys' 'sys.argv = sys.argv[:1]' \
        'from keystone.server.wsgi import initialize_public_application' \
        'application = initialize_public_application()' >"$1/keystone_application.py"
}

manage() { # DIR ARGUMENT...
    local conf=$1/keystone.conf
    shift
    "$python" -c 'import sys; sys.argv[0] = "keystone-manage"; from keystone.cmd.manage import main; main()' \
        --config-file "$conf" "$@"
}

server=
stop() {
    [[ -z $server ]] || kill -KILL -- -"$server" 2>/dev/null || true
    { wait; } 2>/dev/null
    server=
}
trap 'stop; rm -rf -- "$dir"' EXIT
trap 'exit 1' TERM INT

serve() { # DIR PORT
    # In a group of its own, so that gunicorn's worker is ended with it.
    HOME=$1 OS_KEYSTONE_CONFIG_FILES=$1/keystone.conf OS_KEYSTONE_CONFIG_DIR=$1 setsid \
        "$python" -m gunicorn --chdir "$1" --bind "127.0.0.1:$2" --workers 1 keystone_application:application \
        </dev/null >"$1/log/server.log" 2>&1 &
    server=$!
    local end=$((SECONDS + 60))
    until curl --silent --fail --output /dev/null --max-time 5 "http://127.0.0.1:$2/v3/"; do
        if ! kill -0 "$server" 2>/dev/null || ((SECONDS >= end)); then
            echo "Keystone does not start:" >&2
            tail -n 20 "$1"/log/*.log >&2
            exit 1
        fi
        sleep 0.1
    done
}

populate() { # PORT
    "$python" - "http://127.0.0.1:$1" <<'EOF'
import json, sys, urllib.request

base, token = sys.argv[1], None


def call(method, path, body=None):
    request = urllib.request.Request(base + '/v3' + path, method=method,
                                     data=None if body is None else json.dumps(body).encode(),
                                     headers={'Content-Type': 'application/json'})
    if token:
        request.add_header('X-Auth-Token', token)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
        return answer.headers, json.loads(text) if text else None


headers, _ = call('POST', '/auth/tokens', {'auth': {
    'identity': {'methods': ['password'], 'password': {'user': {
        'name': 'admin', 'domain': {'id': 'default'}, 'password': 'adminpw'}}},
    'scope': {'project': {'name': 'admin', 'domain': {'id': 'default'}}}}})
token = headers['X-Subject-Token']
roles = {role['name']: role['id'] for role in call('GET', '/roles')[1]['roles']}
for name in {'service', 'ResellerAdmin'} - set(roles):
    roles[name] = call('POST', '/roles', {'role': {'name': name}})[1]['role']['id']
project = call('POST', '/projects', {'project': {'name': 'service', 'domain_id': 'default'}})[1]['project']['id']
for name, password, granted in (('ironic', 'ironicpw', ('admin', 'member', 'service')),
                                ('swift', 'swiftpw', ('admin', 'service')),
                                ('plain', 'ironicpw', ('reader',))):
    user = call('POST', '/users', {'user': {'name': name, 'domain_id': 'default', 'password': password,
                                            'default_project_id': project}})[1]['user']['id']
    for role in granted:
        call('PUT', f'/projects/{project}/users/{user}/roles/{roles[role]}')
service = call('POST', '/services', {'service': {'type': 'object-store', 'name': 'swift'}})[1]['service']['id']
call('PUT', '/regions/RegionTwo', {'region': {}})
for interface, region, port in (('public', 'RegionOne', 'SWIFT_PORT'), ('internal', 'RegionOne', 'SWIFT_PORT'),
                                ('admin', 'RegionOne', 'SWIFT_PORT'), ('public', 'RegionTwo', '1')):
    call('POST', '/endpoints', {'endpoint': {
        'service_id': service, 'interface': interface, 'region_id': region,
        # The port is put in when the database is copied; this one marks the place.
        'url': f'http://127.0.0.1:{port.replace("SWIFT_PORT", "65530")}/v1/AUTH_%(project_id)s'}})
EOF
}

# Makes the database that is kept, unless it is there: of this release, by this script.
keep() { # DIR
    local wanted
    wanted=$(cat -- "$peers/requirements-keystone.txt" "$peers/keystone.sh" | sha256sum)
    if [[ -f $1/stamp && $(<"$1/stamp") == "$wanted" ]]; then
        return
    fi
    rm -rf -- "$1"
    # The names of files stand in the configuration only, which each copy has of its own.
    configure "$1" "$port"
    {
        # With it, a transaction that is left open locks out no writer.
        "$python" -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("pragma journal_mode=wal")' \
            "$1/keystone.db"
        manage "$1" db_sync
        manage "$1" fernet_setup --keystone-user "$(id -un)" --keystone-group "$(id -gn)"
        manage "$1" bootstrap --bootstrap-password adminpw --bootstrap-region-id RegionOne \
            --bootstrap-public-url http://127.0.0.1:65531/v3/ --bootstrap-internal-url http://127.0.0.1:65531/v3/
    } >"$1/log/init.log" 2>&1 </dev/null || {
        tail -n 20 "$1/log/init.log" >&2
        exit 1
    }
    serve "$1" "$port"
    populate "$port"
    stop
    "$python" -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("pragma wal_checkpoint(truncate)")' \
        "$1/keystone.db"
    printf '%s\n' "$wanted" >"$1/stamp"
}

mkdir -p "$venvs"
exec 9>"$venvs/keystone-data.lock"
flock 9
keep "$venvs/keystone-data" </dev/null
configure "$dir" "$port"
cp -- "$venvs/keystone-data/keystone.db" "$dir/"
cp -- "$venvs/keystone-data/fernet/"* "$dir/fernet/"
exec 9>&-
"$python" - "$dir/keystone.db" "$port" "$swift_port" <<'EOF'
import sqlite3, sys

with sqlite3.connect(sys.argv[1]) as database:
    for mark, port in ((':65531/', sys.argv[2]), (':65530/', sys.argv[3])):
        database.execute('update endpoint set url = replace(url, ?, ?)', (mark, f':{port}/'))
EOF
serve "$dir" "$port"
echo "ready $dir"
# Nothing is ever written to it: this ends when the other end is closed.
cat >/dev/null
