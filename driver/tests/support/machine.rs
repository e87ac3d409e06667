//! Emulated servers that boot from virtual media or the network.
//!
//! Debian packages: qemu-system-x86 qemu-block-extra ovmf.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use super::tools::{packaged, tool};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Firmware {
    Bios,
    Uefi,
}

impl Firmware {
    /// The name that the guest prints.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bios => "bios",
            Self::Uefi => "uefi",
        }
    }
}

/// A machine with a serial console and no other device.
pub(crate) struct Machine {
    qemu: Command,
    firmware: Firmware,
    /// Holds the UEFI variables while the machine runs.
    _dir: TempDir,
}

impl Machine {
    pub(crate) fn new(firmware: Firmware) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut qemu = Command::new("timeout");
        qemu.args(["-k", "5", "480"]);
        qemu.arg(tool("qemu-system-x86_64", "qemu-system-x86"));
        qemu.args(["-accel", "tcg", "-cpu", "max", "-m", "512M"]);
        qemu.args(["-nodefaults", "-display", "none", "-no-reboot"]);
        qemu.args(["-serial", "stdio", "-monitor", "none"]);
        match firmware {
            Firmware::Bios => {
                qemu.args(["-M", "pc"]);
            }
            Firmware::Uefi => {
                let code = packaged("/usr/share/OVMF/OVMF_CODE_4M.fd", "ovmf");
                let vars = dir.path().join("vars");
                fs::copy("/usr/share/OVMF/OVMF_VARS_4M.fd", &vars).unwrap();
                let code = format!("if=pflash,format=raw,readonly=on,file={}", code.display());
                let vars = format!("if=pflash,format=raw,file={}", vars.display());
                qemu.args(["-M", "q35,smm=off", "-drive", &code, "-drive", &vars]);
            }
        }
        Self {
            qemu,
            firmware,
            _dir: dir,
        }
    }

    pub(crate) fn args(&mut self, args: &[&str]) {
        self.qemu.args(args);
    }

    /// Boots, waits until the guest switches the machine off, and returns what it printed.
    pub(crate) fn run(mut self) -> String {
        let start = Instant::now();
        let output = self.qemu.stdin(Stdio::null()).output().unwrap();
        let console = String::from_utf8_lossy(&output.stdout).replace('\r', "");
        let (status, errors) = (output.status, String::from_utf8_lossy(&output.stderr));
        assert!(status.success(), "{status:?}\n{errors}\n{console}");
        let seconds = start.elapsed().as_secs_f32();
        println!(
            "{:?}: booted and switched off in {seconds:.1} s",
            self.firmware
        );
        console
    }
}

/// What the guest found and printed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) firmware: String,
    pub(crate) command_line: String,
    pub(crate) floppy_label: String,
    pub(crate) parameters: String,
    pub(crate) cdrom: String,
}

/// Boots an ISO with a floppy in the drive.
pub(crate) fn boot(firmware: Firmware, iso: &str, floppy: &str) -> Seen {
    Seen::read(&console(firmware, iso, Some(floppy)))
}

/// Boots an ISO, with or without a floppy in the drive, and returns what the guest printed.
pub(crate) fn console(firmware: Firmware, iso: &str, floppy: Option<&str>) -> String {
    let mut machine = Machine::new(firmware);
    machine.args(&["-drive", &drive("cd", iso, ",media=cdrom")]);
    if let Some(floppy) = floppy {
        machine.args(&["-drive", &drive("fl", floppy, "")]);
    }
    match firmware {
        Firmware::Bios => {
            machine.args(&["-boot", "d"]);
            machine.args(&["-device", "ide-cd,drive=cd,bus=ide.1,bootindex=0"]);
            if floppy.is_some() {
                machine.args(&["-device", "floppy,drive=fl"]);
            }
        }
        Firmware::Uefi => {
            machine.args(&["-device", "qemu-xhci,id=x"]);
            machine.args(&["-device", "ide-cd,drive=cd,bus=ide.0,bootindex=0"]);
            if floppy.is_some() {
                machine.args(&["-device", "usb-storage,bus=x.0,drive=fl,removable=on"]);
            }
        }
    }
    machine.run()
}

/// The argument of `-drive` for a medium: a file, or a URL that is read while the machine runs.
fn drive(id: &str, medium: &str, more: &str) -> String {
    let file = medium.replace(',', ",,");
    let file = match medium.split_once("://") {
        Some((scheme @ ("http" | "https"), _)) => {
            let curl = "/usr/lib/x86_64-linux-gnu/qemu/block-curl.so";
            packaged(curl, "qemu-block-extra");
            format!("file.driver={scheme},file.url={file}")
        }
        _ => format!("file={file}"),
    };
    format!("if=none,id={id},format=raw,readonly=on,{file}{more}")
}

/// What the guest printed after `prefix`.
#[track_caller]
pub(crate) fn line(console: &str, prefix: &str) -> String {
    let found = console.lines().find_map(|line| line.strip_prefix(prefix));
    found
        .unwrap_or_else(|| panic!("no {prefix:?} in\n{console}"))
        .to_owned()
}

impl Seen {
    /// Reads the guest's output on its serial console.
    pub(crate) fn read(console: &str) -> Self {
        Self {
            firmware: line(console, "FIRMWARE "),
            command_line: line(console, "CMDLINE "),
            floppy_label: line(console, "LABEL "),
            parameters: line(console, "PARAMETERS "),
            cdrom: line(console, "CDROM "),
        }
    }

    /// What the guest finds when it is booted from a boot ISO with a parameter floppy.
    pub(crate) fn expected(firmware: &str, command_line: String, parameters: &str) -> Self {
        Self {
            firmware: firmware.into(),
            command_line,
            floppy_label: "ir-vfd-dev".into(),
            parameters: parameters.into(),
            cdrom: "VMEDIA_BOOT_ISO initrd vmlinuz".into(),
        }
    }
}
