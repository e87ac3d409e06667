//! A ramdisk that prints what it was booted with and switches the machine off.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::tools::{packaged, printed, run, tool};

/// Drivers for the devices that virtual media appear as, and for their file systems.
const MODULES: &str = "floppy ata_piix ahci sr_mod sd_mod xhci-pci usb-storage isofs vfat \
                       nls_cp437 nls_ascii nls_iso8859-1 nls_utf8";

const INIT: &str = r#"#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc; $b mount -t sysfs sys /sys; $b mount -t devtmpfs dev /dev
echo
[ -d /sys/firmware/efi ] && echo "FIRMWARE uefi" || echo "FIRMWARE bios"
echo "CMDLINE $($b cat /proc/cmdline)"
while read -r m; do $b insmod "/lib/$m" 2>/dev/null; done < /modules
# After a network boot there are no media to wait for.
n=0; $b grep -q BOOTIF= /proc/cmdline && n=300
while [ $n -lt 300 ]; do
    ready=0
    for d in /dev/fd0 /dev/sd? /dev/sr0; do
        [ -b "$d" ] || continue
        label=$($b dd if="$d" bs=1 skip=43 count=10 2>/dev/null)
        [ "$label" = ir-vfd-dev ] && floppy=$d
        label=$($b dd if="$d" bs=1 skip=32808 count=15 2>/dev/null)
        [ "$label" = VMEDIA_BOOT_ISO ] && cdrom=$d
    done
    [ -n "$floppy" ] && [ -n "$cdrom" ] && break
    n=$((n+1)); $b usleep 100000
done
if $b mount -t vfat -o ro "$floppy" /mnt; then
    echo "LABEL ir-vfd-dev"
    echo "PARAMETERS $($b sed 's/$/|/' /mnt/parameters.txt | $b tr -d '\n')"
    $b umount /mnt
fi
if $b mount -t iso9660 -o ro "$cdrom" /mnt; then
    files=$(cd /mnt && $b ls -d initrd vmlinuz | $b tr '\n' ' ' | $b sed 's/ $//')
    echo "CDROM VMEDIA_BOOT_ISO $files"
    $b umount /mnt
fi
$b poweroff -f
"#;

/// Returns an uncompressed cpio archive with busybox, modules of this kernel and [`INIT`].
pub(crate) fn build(kernel: &str) -> Vec<u8> {
    let mut archive = Cpio(Vec::new());
    for dir in ["bin", "dev", "proc", "sys", "mnt", "lib"] {
        archive.entry(dir, 0o040_755, b"");
    }
    archive.entry("init", 0o100_755, INIT.as_bytes());
    let busybox = packaged("/bin/busybox", "busybox-static");
    archive.entry("bin/busybox", 0o100_755, &fs::read(busybox).unwrap());
    let mut names = String::new();
    let mut seen = BTreeSet::new();
    for path in module_paths(kernel) {
        if seen.insert(path.clone()) {
            let (name, bytes) = module(&path);
            archive.entry(&format!("lib/{name}"), 0o100_644, &bytes);
            names += &format!("{name}\n");
        }
    }
    archive.entry("modules", 0o100_644, names.as_bytes());
    archive.entry("TRAILER!!!", 0, b"");
    archive.0
}

/// The paths of the modules, each after those that it depends on.
fn module_paths(kernel: &str) -> Vec<String> {
    let modprobe = tool("modprobe", "kmod");
    let mut paths = Vec::new();
    for module in MODULES.split_whitespace() {
        let lines = printed(
            &modprobe,
            ["--set-version", kernel, "--show-depends", module],
        );
        paths.extend(
            lines
                .lines()
                .filter_map(|line| Some(line.strip_prefix("insmod ")?.trim().to_owned())),
        );
    }
    paths
}

fn module(path: &str) -> (String, Vec<u8>) {
    let name = Path::new(path).file_name().unwrap().to_str().unwrap();
    match name.strip_suffix(".xz") {
        Some(name) => (
            name.into(),
            run(&tool("xz", "xz-utils"), ["-dc", path]).stdout,
        ),
        None => (name.into(), fs::read(path).unwrap()),
    }
}

/// A cpio archive in the "newc" format, which the kernel unpacks.
struct Cpio(Vec<u8>);

impl Cpio {
    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) {
        let inode = self.0.len() as u32 + 1;
        let (size, name_size) = (content.len() as u32, name.len() as u32 + 1);
        let fields = [inode, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0];
        self.0.extend(b"070701");
        for field in fields {
            self.0.extend(format!("{field:08x}").bytes());
        }
        self.0.extend(name.bytes().chain([0]));
        self.pad();
        self.0.extend(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }
}
