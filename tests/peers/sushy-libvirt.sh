#!/usr/bin/env bash
# Runs sushy-emulator with its libvirt driver until it is killed: a Redfish BMC whose server boots the
# inserted media. It listens on the loopback interface and writes only to DIR. The server is named node-1,
# is powered off, and its serial console is DIR/console.log.
#
# Usage: tests/peers/sushy-libvirt.sh start DIR PORT
#        tests/peers/sushy-libvirt.sh stop DIR      stops the server and libvirt's daemon afterwards
#
# It needs neither a system service nor KVM: libvirt's session daemon starts on demand, and QEMU emulates.
# Root has no session daemon, so for root it runs as nobody.
set -euo pipefail

usage() {
    echo "usage: tests/peers/sushy-libvirt.sh start DIR PORT | stop DIR" >&2
    exit 2
}
[[ $# -ge 2 ]] || usage
venv=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.venv/sushy" && pwd)
dir=$2
uuid=4d1f4a6e-7c0b-4c1e-9a51-000000000001
export PATH=$PATH:/usr/sbin
as_user=(env HOME="$dir" XDG_RUNTIME_DIR="$dir/run" XDG_CONFIG_HOME="$dir/config" XDG_CACHE_HOME="$dir/cache"
    XDG_DATA_HOME="$dir/data" TMPDIR="$dir/tmp" PYTHONPATH="$dir/pylib")
if ((EUID == 0)); then
    as_user+=(setpriv "--reuid=$(id -u nobody)" "--regid=$(id -g nobody)" --clear-groups)
fi
virsh=("${as_user[@]}" virsh -q -c qemu:///session)

start() {
    [[ $# -eq 1 ]] || usage
    mkdir -p "$dir"/{run,config,cache,data,tmp,pool,pylib,state}
    # Debian's binding for the Python of the environment: it has none of its own.
    ln -sf /usr/lib/python3/dist-packages/libvirt*.py /usr/lib/python3/dist-packages/libvirtmod*.so "$dir/pylib/"
    : >"$dir/console.log"
    cat >"$dir/domain.xml" <<XML
<domain type='qemu'>
  <name>node-1</name><uuid>$uuid</uuid><memory unit='MiB'>512</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/></os>
  <features><acpi/><apic/></features><cpu mode='maximum'/>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <serial type='file'><source path='$dir/console.log' append='on'/><target port='0'/></serial>
    <memballoon model='none'/>
  </devices>
</domain>
XML
    # By default the emulator chooses firmware for Secure Boot, which takes minutes to boot without KVM.
    cat >"$dir/sushy.conf" <<CONF
SUSHY_EMULATOR_LISTEN_IP = '127.0.0.1'
SUSHY_EMULATOR_LISTEN_PORT = $1
SUSHY_EMULATOR_STATE_DIR = '$dir/state'
SUSHY_EMULATOR_FEATURE_SET = 'full'
SUSHY_EMULATOR_LIBVIRT_URI = 'qemu:///session'
SUSHY_EMULATOR_STORAGE_POOL = 'default'
SUSHY_EMULATOR_BOOT_LOADER_MAP = {
    'UEFI': {'x86_64': '/usr/share/OVMF/OVMF_CODE_4M.fd'}, 'Legacy': {'x86_64': None}}
SUSHY_EMULATOR_SECURE_BOOT_DISABLED_NVRAM = '/usr/share/OVMF/OVMF_VARS_4M.fd'
CONF
    if ((EUID == 0)); then
        chown -R nobody: "$dir"
    fi
    "${virsh[@]}" pool-define-as default dir --target "$dir/pool"
    "${virsh[@]}" pool-start default
    "${virsh[@]}" define "$dir/domain.xml"
    exec "${as_user[@]}" "$venv/bin/sushy-emulator" --config "$dir/sushy.conf" --libvirt-uri qemu:///session
}

stop() {
    [[ $# -eq 0 ]] || usage
    local daemon="$dir/run/libvirt/libvirtd.pid" pid
    [[ -s $daemon ]] || exit 0
    pid=$(<"$daemon")
    "${virsh[@]}" destroy node-1 2>/dev/null || true
    kill "$pid" 2>/dev/null || exit 0
    for _ in {1..50}; do
        # The process is gone, or a zombie.
        grep -qs '^State:[[:space:]]*[^Z]' "/proc/$pid/status" || exit 0
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
}

case $1 in
start | stop) "$1" "${@:3}" ;;
*) usage ;;
esac
