//! Boots images in emulated servers, by BIOS and by UEFI, with the floppy attached.
//!
//! Debian packages: qemu-system-x86 ovmf linux-image-amd64 busybox-static kmod xz-utils isolinux
//! syslinux-common grub-efi-amd64-bin grub-common mtools dosfstools xorriso.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by it"
)]
#![allow(clippy::print_stdout, reason = "figures for whoever runs it")]

mod image_support;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Instant;

use driver::image::{BootIso, DeployIso, EfiBoot, FileSource, Floppy, Isolinux};
use image_support::initramfs;
use image_support::tools::{missing, packaged, printed, run, tool};
use tempfile::TempDir;

const CONSOLE: &str = "console=ttyS0,115200 quiet panic=-1";

/// What all boots share: kernel, ramdisk, an EFI system partition image and a deploy ISO.
struct Parts {
    dir: TempDir,
}

static PARTS: LazyLock<Parts> = LazyLock::new(Parts::make);

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

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn source(&self, name: &str) -> FileSource {
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

fn isolinux() -> Isolinux {
    Isolinux::new(packaged("/usr/lib/ISOLINUX/isolinux.bin", "isolinux")).ldlinux_c32(packaged(
        "/usr/lib/syslinux/modules/bios/ldlinux.c32",
        "syslinux-common",
    ))
}

enum Firmware {
    Bios,
    Uefi,
}

/// Boots, waits for the guest to switch itself off, and gives what it printed.
fn boot(firmware: &Firmware, iso: &Path, floppy: &Path, vars: &Path) -> String {
    let qemu = tool("qemu-system-x86_64", "qemu-system-x86");
    let drive = |id: &str, file: &Path, more: &str| {
        let file = file.display().to_string().replace(',', ",,");
        format!("if=none,id={id},format=raw,readonly=on,file={file}{more}")
    };
    let mut command = Command::new("timeout");
    command.args(["-k", "5", "240"]).arg(qemu);
    command.args([
        "-accel",
        "tcg",
        "-cpu",
        "max",
        "-m",
        "512M",
        "-nodefaults",
        "-display",
        "none",
    ]);
    command.args(["-no-reboot", "-serial", "stdio", "-monitor", "none"]);
    command.args([
        "-drive",
        &drive("cd", iso, ",media=cdrom"),
        "-drive",
        &drive("fl", floppy, ""),
    ]);
    match firmware {
        Firmware::Bios => {
            command.args(["-M", "pc", "-boot", "d"]);
            command.args(["-device", "ide-cd,drive=cd,bus=ide.1,bootindex=0"]);
            command.args(["-device", "floppy,drive=fl"]);
        }
        Firmware::Uefi => {
            let code = packaged("/usr/share/OVMF/OVMF_CODE_4M.fd", "ovmf");
            fs::copy("/usr/share/OVMF/OVMF_VARS_4M.fd", vars).unwrap();
            command.args(["-M", "q35,smm=off", "-device", "qemu-xhci,id=x"]);
            let code = format!("if=pflash,format=raw,readonly=on,file={}", code.display());
            let vars = format!("if=pflash,format=raw,file={}", vars.display());
            command.args(["-drive", &code, "-drive", &vars]);
            command.args(["-device", "ide-cd,drive=cd,bus=ide.0,bootindex=0"]);
            command.args(["-device", "usb-storage,bus=x.0,drive=fl,removable=on"]);
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
    console
}

/// Writes the ISO and a floppy, boots them, and compares what the guest saw.
fn check(name: &str, firmware: &Firmware, iso: BootIso, command_line: &str) {
    let dir = tempfile::tempdir().unwrap();
    let [image, floppy, vars] = ["boot.iso", "floppy.img", "vars"].map(|n| dir.path().join(n));
    let planned = iso.plan().unwrap();
    planned
        .write_to_file(&File::create(&image).unwrap())
        .unwrap();
    planned.verify(File::open(&image).unwrap()).unwrap();
    let parameters = Floppy::new()
        .parameter("ipa-api-url", "http://192.0.2.1:6385")
        .parameter("boot_method", "vmedia");
    fs::write(&floppy, parameters.build().unwrap()).unwrap();

    let start = Instant::now();
    let console = boot(firmware, &image, &floppy, &vars);
    println!(
        "{name}: booted and switched off in {:.1} s",
        start.elapsed().as_secs_f32()
    );

    let line = |prefix: &str| {
        let found = console.lines().find_map(|line| line.strip_prefix(prefix));
        found
            .unwrap_or_else(|| panic!("no {prefix:?} in\n{console}"))
            .to_owned()
    };
    let expected = match firmware {
        Firmware::Bios => "bios",
        Firmware::Uefi => "uefi",
    };
    assert_eq!(line("FIRMWARE "), expected);
    assert_eq!(line("CMDLINE "), command_line);
    assert_eq!(line("LABEL "), "ir-vfd-dev");
    assert_eq!(
        line("PARAMETERS "),
        "ipa-api-url=http://192.0.2.1:6385|boot_method=vmedia|"
    );
    assert_eq!(line("CDROM "), "VMEDIA_BOOT_ISO initrd vmlinuz");
}

fn iso_with_deploy_iso(params: &str) -> BootIso {
    let deploy = File::open(PARTS.path("deploy.iso")).unwrap();
    let deploy = DeployIso::open("deploy.iso", deploy).unwrap();
    assert_eq!(deploy.efi_boot_image_path(), "images/efiboot.img");
    assert_eq!(deploy.grub_cfg_paths(), ["EFI/debian/grub.cfg"]);
    BootIso::new(PARTS.source("vmlinuz"), PARTS.source("initrd"))
        .kernel_params(format!("root=UUID=6fd0a1c2-5b1e {CONSOLE} {params}"))
        .bios(isolinux())
        .uefi(EfiBoot::from_deploy_iso(&deploy))
}

#[test]
fn bios() {
    check(
        "BIOS",
        &Firmware::Bios,
        iso_with_deploy_iso("nofb a.b=\"x y\" c=d;e"),
        "BOOT_IMAGE=/vmlinuz initrd=/initrd root=UUID=6fd0a1c2-5b1e console=ttyS0,115200 quiet \
         panic=-1 nofb a.b=\"x y\" c=d;e",
    );
}

#[test]
fn uefi_from_a_deploy_iso() {
    check(
        "UEFI, deploy ISO",
        &Firmware::Uefi,
        iso_with_deploy_iso("nofb a.b=\"x y\" c=d;e f=$g"),
        "BOOT_IMAGE=/vmlinuz root=UUID=6fd0a1c2-5b1e console=ttyS0,115200 quiet panic=-1 nofb \
         \"a.b=x y\" c=d;e f=$g",
    );
}

#[test]
fn uefi_from_an_esp_image() {
    let efi = EfiBoot::from_esp_image(PARTS.source("esp.img")).grub_cfg_path("EFI/debian/grub.cfg");
    let iso = BootIso::new(PARTS.source("vmlinuz"), PARTS.source("initrd"))
        .kernel_params(CONSOLE)
        .uefi(efi);
    check(
        "UEFI, ESP image",
        &Firmware::Uefi,
        iso,
        "BOOT_IMAGE=/vmlinuz console=ttyS0,115200 quiet panic=-1",
    );
}
