//! An emulated server that boots from virtual media, and what it boots.
//!
//! Debian packages: qemu-system-x86 qemu-block-extra ovmf linux-image-amd64 busybox-static kmod
//! xz-utils isolinux syslinux-common grub-efi-amd64-bin grub-common mtools dosfstools xorriso.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Instant;

use driver::image::{FileSource, Isolinux};
use tempfile::TempDir;

use super::initramfs;
use super::tools::{missing, packaged, printed, run, tool};

/// What all boots share: kernel, ramdisk, an EFI system partition image and a deploy ISO.
pub(crate) struct Parts {
    dir: TempDir,
}

pub(crate) static PARTS: LazyLock<Parts> = LazyLock::new(Parts::make);

impl Parts {
    fn make() -> Self {
        let parts = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        let kernel = newest_kernel();
        fs::copy(
            Path::new("/boot").join(format!("vmlinuz-{kernel}")),
            parts.path("vmlinuz"),
        )
        .unwrap_or_else(|_| missing("a kernel in /boot", "linux-image-amd64"));
        fs::write(parts.path("initrd"), initramfs::build(&kernel)).unwrap();
        parts.make_esp();
        parts.make_deploy_iso();
        parts
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn source(&self, name: &str) -> FileSource {
        FileSource::new(self.path(name)).unwrap()
    }

    /// GRUB that reads the configuration of whatever volume has a kernel, as distributions' do.
    fn make_esp(&self) {
        let early = "search --no-floppy --file --set=root /vmlinuz\n\
                     set prefix=($root)/EFI/debian\n\
                     configfile ($root)/EFI/debian/grub.cfg\n";
        fs::write(self.path("early.cfg"), early).unwrap();
        packaged("/usr/lib/grub/x86_64-efi/linux.mod", "grub-efi-amd64-bin");
        let (efi, early) = (self.path("bootx64.efi"), self.path("early.cfg"));
        let mut args: Vec<_> = ["-O", "x86_64-efi", "-p", "/EFI/debian", "-o"]
            .map(PathBuf::from)
            .into();
        args.extend([efi.clone(), "-c".into(), early]);
        let modules = "normal configfile search search_fs_file search_label iso9660 fat linux echo";
        args.extend(modules.split(' ').map(PathBuf::from));
        run(&tool("grub-mkimage", "grub-common"), args);
        let kib = fs::metadata(&efi).unwrap().len() / 1024 + 256;
        let esp = self.path("esp.img");
        let size = kib.next_multiple_of(32).to_string();
        run(
            &tool("mkfs.fat", "dosfstools"),
            ["-C".as_ref(), esp.as_os_str(), size.as_ref()],
        );
        let image = ["-i".as_ref(), esp.as_os_str()];
        run(
            &tool("mmd", "mtools"),
            image
                .into_iter()
                .chain(["::EFI", "::EFI/BOOT"].map(AsRef::as_ref)),
        );
        let copy = [efi.as_os_str(), "::EFI/BOOT/BOOTX64.EFI".as_ref()];
        run(&tool("mcopy", "mtools"), image.into_iter().chain(copy));
    }

    /// A deploy ISO as its makers make it, with other tools.
    fn make_deploy_iso(&self) {
        let tree = self.path("tree");
        fs::create_dir_all(tree.join("EFI/debian")).unwrap();
        fs::create_dir_all(tree.join("images")).unwrap();
        fs::copy(self.path("esp.img"), tree.join("images/efiboot.img")).unwrap();
        fs::write(
            tree.join("EFI/debian/grub.cfg"),
            "echo the deploy ramdisk\n",
        )
        .unwrap();
        let iso = self.path("deploy.iso");
        let args =
            ["-as", "mkisofs", "-quiet", "-r", "-J", "-V", "deploy", "-o"].map(AsRef::as_ref);
        let boot = ["-e", "images/efiboot.img", "-no-emul-boot"].map(AsRef::as_ref);
        let args = args
            .into_iter()
            .chain([iso.as_os_str()])
            .chain(boot)
            .chain([tree.as_os_str()]);
        run(&tool("xorriso", "xorriso"), args);
    }
}

fn newest_kernel() -> String {
    let kernels = printed(Path::new("/bin/sh"), ["-c", "ls -1 /lib/modules | sort -V"]);
    let installed = |name: &&str| Path::new("/boot").join(format!("vmlinuz-{name}")).is_file();
    let newest = kernels.lines().rfind(installed);
    newest
        .unwrap_or_else(|| missing("a kernel in /boot", "linux-image-amd64"))
        .into()
}

pub(crate) fn isolinux() -> Isolinux {
    Isolinux::new(packaged("/usr/lib/ISOLINUX/isolinux.bin", "isolinux")).ldlinux_c32(packaged(
        "/usr/lib/syslinux/modules/bios/ldlinux.c32",
        "syslinux-common",
    ))
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Firmware {
    Bios,
    Uefi,
}

/// What the guest saw and printed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) firmware: String,
    pub(crate) command_line: String,
    pub(crate) floppy_label: String,
    pub(crate) parameters: String,
    pub(crate) cdrom: String,
}

/// A medium: a file, or where it is fetched from while the machine runs.
pub(crate) fn drive(id: &str, medium: &str, more: &str) -> String {
    let file = medium.replace(',', ",,");
    let file = match medium.split_once("://") {
        Some((scheme @ ("http" | "https"), _)) => {
            packaged(
                "/usr/lib/x86_64-linux-gnu/qemu/block-curl.so",
                "qemu-block-extra",
            );
            format!("file.driver={scheme},file.url={file}")
        }
        _ => format!("file={file}"),
    };
    format!("if=none,id={id},format=raw,readonly=on,{file}{more}")
}

/// Boots, waits for the guest to switch itself off, and gives what it saw.
pub(crate) fn boot(firmware: Firmware, iso: &str, floppy: &str) -> Seen {
    Seen::read(&console(firmware, iso, Some(floppy)))
}

/// Boots, with or without a floppy in the drive, waits for the guest to switch itself off, and gives what it
/// printed.
pub(crate) fn console(firmware: Firmware, iso: &str, floppy: Option<&str>) -> String {
    let dir = tempfile::tempdir().unwrap();
    let qemu = tool("qemu-system-x86_64", "qemu-system-x86");
    let start = Instant::now();
    let mut command = Command::new("timeout");
    command.args(["-k", "5", "480"]).arg(qemu);
    command.args(["-accel", "tcg", "-cpu", "max", "-m", "512M"]);
    command.args(["-nodefaults", "-display", "none"]);
    command.args(["-no-reboot", "-serial", "stdio", "-monitor", "none"]);
    command.args(["-drive", &drive("cd", iso, ",media=cdrom")]);
    if let Some(floppy) = floppy {
        command.args(["-drive", &drive("fl", floppy, "")]);
    }
    match firmware {
        Firmware::Bios => {
            command.args(["-M", "pc", "-boot", "d"]);
            command.args(["-device", "ide-cd,drive=cd,bus=ide.1,bootindex=0"]);
            if floppy.is_some() {
                command.args(["-device", "floppy,drive=fl"]);
            }
        }
        Firmware::Uefi => {
            let code = packaged("/usr/share/OVMF/OVMF_CODE_4M.fd", "ovmf");
            let vars = dir.path().join("vars");
            fs::copy("/usr/share/OVMF/OVMF_VARS_4M.fd", &vars).unwrap();
            command.args(["-M", "q35,smm=off", "-device", "qemu-xhci,id=x"]);
            let code = format!("if=pflash,format=raw,readonly=on,file={}", code.display());
            let vars = format!("if=pflash,format=raw,file={}", vars.display());
            command.args(["-drive", &code, "-drive", &vars]);
            command.args(["-device", "ide-cd,drive=cd,bus=ide.0,bootindex=0"]);
            if floppy.is_some() {
                command.args(["-device", "usb-storage,bus=x.0,drive=fl,removable=on"]);
            }
        }
    }
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    let console = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{:?}\n{errors}\n{console}",
        output.status
    );
    let seconds = start.elapsed().as_secs_f32();
    println!("{firmware:?}: booted {iso} and switched off in {seconds:.1} s");
    console
}

impl Seen {
    /// What the guest printed on its serial console.
    pub(crate) fn read(console: &str) -> Self {
        let line = |prefix: &str| {
            let found = console.lines().find_map(|line| line.strip_prefix(prefix));
            found
                .unwrap_or_else(|| panic!("no {prefix:?} in\n{console}"))
                .to_owned()
        };
        Self {
            firmware: line("FIRMWARE "),
            command_line: line("CMDLINE "),
            floppy_label: line("LABEL "),
            parameters: line("PARAMETERS "),
            cdrom: line("CDROM "),
        }
    }
}
