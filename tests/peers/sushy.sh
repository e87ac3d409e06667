#!/usr/bin/env bash
# Runs sushy-emulator with its fake driver, a Redfish BMC without a hypervisor, on the loopback interface
# until it is killed. It writes only to DIR.
#
# Usage: tests/peers/sushy.sh VENV DIR PORT [USER PASSWORD]
#
# The system is named 1, its drives 1 (floppy, USB stick) and 2 (CD, DVD), as on an iLO. With a user and a
# password it requires them, and uses HTTPS with a certificate that DIR/tls.crt verifies.
set -euo pipefail

if [[ $# -ne 3 && $# -ne 5 ]]; then
    echo "usage: tests/peers/sushy.sh VENV DIR PORT [USER PASSWORD]" >&2
    exit 2
fi
venv=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.venv/$1" && pwd) dir=$2 port=$3

mkdir -p "$dir/state" "$dir/tmp"
cat >"$dir/sushy.conf" <<CONF
SUSHY_EMULATOR_LISTEN_IP = '127.0.0.1'
SUSHY_EMULATOR_LISTEN_PORT = $port
SUSHY_EMULATOR_STATE_DIR = '$dir/state'
SUSHY_EMULATOR_FAKE_DRIVER = True
SUSHY_EMULATOR_FEATURE_SET = 'full'
SUSHY_EMULATOR_FAKE_SYSTEMS = [
    {'uuid': '1', 'name': 'node-1', 'power_state': 'Off', 'external_notifier': False,
     'nics': [{'mac': '00:5c:52:31:3a:9c', 'ip': '172.22.0.100'}]}]
SUSHY_EMULATOR_VMEDIA_DEVICES = {
    '1': {'Name': 'Virtual Removable Media', 'MediaTypes': ['Floppy', 'USBStick']},
    '2': {'Name': 'Virtual CD', 'MediaTypes': ['CD', 'DVD']}}
CONF
if [[ $# -eq 5 ]]; then
    # The file format of htpasswd, with few rounds, since tests wait for each request.
    "$venv/bin/python" -c 'import bcrypt, sys
print(sys.argv[1] + ":" + bcrypt.hashpw(sys.argv[2].encode(), bcrypt.gensalt(4)).decode())' \
        "$4" "$5" >"$dir/htpasswd"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1 \
        -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \
        -keyout "$dir/tls.key" -out "$dir/tls.crt" 2>/dev/null
    cat >>"$dir/sushy.conf" <<CONF
SUSHY_EMULATOR_AUTH_FILE = '$dir/htpasswd'
SUSHY_EMULATOR_SSL_CERT = '$dir/tls.crt'
SUSHY_EMULATOR_SSL_KEY = '$dir/tls.key'
CONF
fi
# Inserted images are kept in the temporary directory.
TMPDIR=$dir/tmp exec "$venv/bin/sushy-emulator" --config "$dir/sushy.conf" --fake
