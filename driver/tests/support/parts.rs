//! What emulated servers boot.
//!
//! Debian packages: linux-image-amd64 busybox-static kmod xz-utils isolinux syslinux-common
//! grub-efi-amd64-bin grub-common mtools dosfstools xorriso.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use driver::image::{BootIso, EfiBoot, FileSource, Isolinux, PlannedBootIso};
use tempfile::TempDir;

use super::initramfs;
use super::tools::{missing, packaged, printed, run, tool};

/// A kernel, a ramdisk, an EFI system partition image and a deploy ISO, made once per process.
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

    /// Makes an EFI system partition with a GRUB that, like those of distributions, reads the
    /// configuration on the volume that has a kernel.
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

    /// Makes a deploy ISO with xorriso, as its makers do.
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
    let bin = packaged("/usr/lib/ISOLINUX/isolinux.bin", "isolinux");
    let modules = "/usr/lib/syslinux/modules/bios";
    let library = packaged(&format!("{modules}/ldlinux.c32"), "syslinux-common");
    Isolinux::new(bin).ldlinux_c32(library)
}

/// A boot ISO for BIOS and UEFI, made by this library of [`PARTS`].
pub(crate) fn boot_iso(params: &str) -> PlannedBootIso {
    let esp = EfiBoot::from_esp_image(PARTS.source("esp.img"));
    BootIso::new(PARTS.source("vmlinuz"), PARTS.source("initrd"))
        .kernel_params(params)
        .bios(isolinux())
        .uefi(esp.grub_cfg_path("EFI/debian/grub.cfg"))
        .plan()
        .unwrap()
}
