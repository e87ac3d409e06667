#!/usr/bin/env bash
# Runs a real OpenStack Swift on 127.0.0.1, with one replica, until standard input is closed.
#
# Usage: tests/peers/swift.sh run PORT      creates a directory, configures Swift in it and starts it. The
#                                           proxy listens on PORT, the other servers on the next four
#                                           ports. Prints "ready DIR" once Swift answers
#        tests/peers/swift.sh expire DIR    removes expired objects once
#
# There is no need to stop it: when standard input is closed for any reason, all its processes exit and the
# directory is removed. It is in TMPDIR, which must support user extended attributes (ext4, xfs, btrfs).
#
# Environment variables:
#   SWIFT_AUTH              tempauth (the default: the users ironic of the accounts test, fresh and other, with key
#                           "secret"; test:reader with "readonly"), or the URL of a Keystone that keystone.sh runs
#   SWIFT_TEMPURL_DIGESTS   the digests for temporary URLs; Swift's default if empty
#   SWIFT_MAX_FILE_SIZE     the maximum size of an object in bytes
#   SWIFT_TOKEN_CACHE_SECONDS   how long it caches that Keystone accepted a token
#   SWIFT_CLOCK             the offset of its clock, such as +1h
set -euo pipefail

if [[ $# -ne 2 || ! $1 =~ ^(run|expire)$ ]]; then
    sed -n '/^# Usage/,/^#$/s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
peers=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
bin=$(dirname -- "$peers")/.venv/swift/bin
python=$bin/python
if [[ ! -x $python ]]; then
    echo "there is no $python: run tests/peers/venv.sh swift" >&2
    exit 1
fi
if [[ $1 == run ]]; then
    dir=$(mktemp -d "${TMPDIR:-/tmp}/swift.XXXXXX")
else
    dir=$(cd -- "$2" && pwd)
fi
etc=$dir/etc
auth=${SWIFT_AUTH:-tempauth}
clock=()
if [[ -n ${SWIFT_CLOCK:-} ]]; then
    # Not through the faketime program: the server would be its child and outlive it.
    clock=(env "LD_PRELOAD=$(faketime -f +0 printenv LD_PRELOAD)" "FAKETIME=$SWIFT_CLOCK"
        FAKETIME_DONT_FAKE_MONOTONIC=1)
fi

server_conf() { # PORT
    cat <<EOF
[DEFAULT]
swift_dir = $etc
devices = $dir/node
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
bind_ip = 127.0.0.1
bind_port = $1
user = $(id -un)
workers = 0
log_level = INFO
EOF
}

storage_conf() { # account|container|object PORT
    server_conf "$2"
    cat <<EOF
[pipeline:main]
pipeline = $1-server
[app:$1-server]
use = egg:swift#$1
[container-updater]
interval = 1
account_suppression_time = 1
recon_cache_path = $dir/cache
EOF
}

proxy_conf() { # PORT
    local users
    case $auth in
    tempauth) users=tempauth ;;
    *) users="authtoken keystoneauth" ;;
    esac
    server_conf "$1"
    cat <<EOF
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck proxy-logging cache listing_formats bulk tempurl $users copy container-quotas account-quotas slo dlo versioned_writes proxy-logging proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
recheck_account_existence = 1
recheck_container_existence = 1
[filter:tempurl]
use = egg:swift#tempurl
${SWIFT_TEMPURL_DIGESTS:+allowed_digests = $SWIFT_TEMPURL_DIGESTS}
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$(($1 + 4))
[filter:slo]
use = egg:swift#slo
min_segment_size = 1
[filter:tempauth]
use = egg:swift#tempauth
user_test_ironic = secret .admin
user_fresh_ironic = secret .admin
user_other_ironic = secret .admin
user_test_reader = readonly
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = $auth
auth_url = $auth
auth_type = password
project_domain_id = default
user_domain_id = default
project_name = service
username = swift
password = swiftpw
delay_auth_decision = true
include_service_catalog = false
service_token_roles_required = true
cache = swift.cache
token_cache_time = ${SWIFT_TOKEN_CACHE_SECONDS:-300}
[filter:keystoneauth]
use = egg:swift#keystoneauth
operator_roles = admin, member, service
reseller_admin_role = ResellerAdmin
EOF
    # The names of filters in the pipeline and in Swift's package differ only in - and _.
    local filter
    for filter in catch_errors gatekeeper healthcheck proxy-logging listing_formats bulk copy container-quotas \
        account-quotas dlo versioned_writes; do
        printf '[filter:%s]\nuse = egg:swift#%s\n' "$filter" "${filter//-/_}"
    done
}

configure() { # PORT
    mkdir -p "$etc" "$dir/log" "$dir/node/d1" "$dir/cache"
    cat >"$etc/swift.conf" <<EOF
[swift-hash]
swift_hash_path_suffix = functional
swift_hash_path_prefix = test
[storage-policy:0]
name = Policy-0
default = yes
[swift-constraints]
max_file_size = ${SWIFT_MAX_FILE_SIZE:-5368709122}
EOF
    proxy_conf "$1" >"$etc/proxy-server.conf"
    storage_conf object $(($1 + 1)) >"$etc/object-server.conf"
    storage_conf container $(($1 + 2)) >"$etc/container-server.conf"
    storage_conf account $(($1 + 3)) >"$etc/account-server.conf"
    cat >"$etc/object-expirer.conf" <<EOF
[DEFAULT]
swift_dir = $etc
user = $(id -un)
[object-expirer]
recon_cache_path = $dir/cache
[pipeline:main]
pipeline = catch_errors proxy-server
[app:proxy-server]
use = egg:swift#proxy
[filter:catch_errors]
use = egg:swift#catch_errors
EOF
    cp "$etc/object-expirer.conf" "$etc/internal-client.conf"
    "$python" - "$etc" "$dir/node/d1" "$1" <<'EOF'
import os, sys
from swift.common.ring import RingBuilder

etc, device, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
probe = os.path.join(device, '.xattr')
open(probe, 'w').close()
os.setxattr(probe, 'user.swift.metadata', b'x' * 2048)
os.unlink(probe)
for offset, name in enumerate(('object', 'container', 'account'), start=1):
    ring = RingBuilder(4, 1, 0)  # 16 partitions, one replica
    ring.add_dev({'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': port + offset, 'device': 'd1', 'weight': 1.0,
                  'replication_ip': '127.0.0.1', 'replication_port': port + offset, 'meta': ''})
    ring.rebalance()
    ring.get_ring().save(os.path.join(etc, name + '.ring.gz'))
EOF
    # Swift's daemons read /etc/swift/swift.conf whatever swift_dir is, unless it is set before any import.
    cat >"$dir/launch.py" <<'EOF'
import os, runpy, sys

sys.path[:] = [p for p in sys.path if p != os.path.dirname(os.path.abspath(__file__))]
from swift.common import utils

if not utils.set_swift_dir(sys.argv[1]):
    sys.exit('cannot use ' + sys.argv[1])
from swift.common import constraints, storage_policy

storage_policy.reload_storage_policies()
constraints.reload_constraints()
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name='__main__')
EOF
}

launch() { # PROGRAM ARGUMENT...
    local program=$1
    shift
    "${clock[@]}" "$python" "$dir/launch.py" "$etc" "$bin/$program" "$@"
}

answers() { # URL
    curl --silent --output /dev/null --max-time 2 "$1"
}

pids=()
stop() {
    trap - EXIT
    # A graceful stop waits for idle connections. Whatever Swift acknowledged is already on disk.
    ((${#pids[@]})) && kill -KILL "${pids[@]}" 2>/dev/null || true
    { wait; } 2>/dev/null
    rm -rf -- "$dir"
}

run() { # PORT
    trap stop EXIT
    trap 'exit 1' TERM INT
    configure "$1"
    memcached -l 127.0.0.1 -p $(($1 + 4)) -U 0 -m 32 -u "$(id -un)" </dev/null >"$dir/log/memcached.log" 2>&1 &
    pids+=($!)
    local server
    for server in account container object proxy; do
        "${clock[@]}" "$python" "$dir/launch.py" "$etc" "$bin/swift-$server-server" "$etc/$server-server.conf" --verbose \
            </dev/null >"$dir/log/$server.log" 2>&1 &
        pids+=($!)
    done
    local end=$((SECONDS + 60)) pid
    until answers "http://127.0.0.1:$(($1 + 1))/" && answers "http://127.0.0.1:$(($1 + 2))/" &&
        answers "http://127.0.0.1:$(($1 + 3))/" && answers "http://127.0.0.1:$1/healthcheck"; do
        for pid in "${pids[@]}"; do
            if ! kill -0 "$pid" 2>/dev/null; then end=0; fi
        done
        if ((SECONDS >= end)); then
            echo "Swift does not start:" >&2
            tail -n 20 "$dir"/log/*.log >&2
            exit 1
        fi
        sleep 0.1
    done
    echo "ready $dir"
    # Nothing is ever written to standard input: this returns when the other end is closed.
    cat >/dev/null
}

if [[ $1 == run ]]; then
    run "$2"
else
    launch swift-container-updater "$etc/container-server.conf" once --verbose >>"$dir/log/updater.log" 2>&1 </dev/null
    launch swift-object-expirer "$etc/object-expirer.conf" once --verbose >>"$dir/log/expirer.log" 2>&1 </dev/null
fi
