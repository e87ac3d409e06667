//! A real boot by iPXE: an emulated server's network card asks DHCP, and fetches the boot script, its
//! configuration, kernel and ramdisk from a real nginx; the guest reports its kernel line.
//!
//! Debian packages: nginx-light ipxe-qemu, and those of `image_support::machine`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by it")]
#![allow(clippy::print_stdout, reason = "figures for whoever runs it")]

mod host_support;
mod image_support;

use std::process::{Command, Stdio};
use std::time::Instant;

use driver::ipxe::{Ipxe, NodeBoot};
use driver::options::Options;
use host_support::nginx::Nginx;
use host_support::{names, node, open_dir, uuid};
use image_support::machine::{Firmware, PARTS};
use image_support::tools::{packaged, tool};
use oslo_config::SourceFile;

/// Where QEMU's network has this machine.
const HOST: &str = "10.0.2.2";

/// Boots a machine without any disk from its network, and gives what it printed.
fn boot(firmware: Firmware, mac: &str, script: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let mut command = Command::new("timeout");
    command
        .args(["-k", "5", "480"])
        .arg(tool("qemu-system-x86_64", "qemu-system-x86"));
    command.args(["-accel", "tcg", "-cpu", "max", "-m", "512M"]);
    command.args(["-nodefaults", "-display", "none", "-no-reboot"]);
    command.args(["-serial", "stdio", "-monitor", "none"]);
    // QEMU's own DHCP server.
    command.args(["-netdev", &format!("user,id=net,bootfile={script}")]);
    let rom = match firmware {
        Firmware::Bios => {
            command.args(["-M", "pc", "-boot", "n"]);
            packaged("/usr/lib/ipxe/qemu/pxe-e1000.rom", "ipxe-qemu")
        }
        Firmware::Uefi => {
            let code = packaged("/usr/share/OVMF/OVMF_CODE_4M.fd", "ovmf");
            let vars = dir.path().join("vars");
            std::fs::copy("/usr/share/OVMF/OVMF_VARS_4M.fd", &vars).unwrap();
            command.args(["-M", "q35,smm=off"]);
            let code = format!("if=pflash,format=raw,readonly=on,file={}", code.display());
            let vars = format!("if=pflash,format=raw,file={}", vars.display());
            command.args(["-drive", &code, "-drive", &vars]);
            packaged("/usr/lib/ipxe/qemu/efi-e1000.rom", "ipxe-qemu")
        }
    };
    let rom = rom.display();
    let card = format!("e1000,netdev=net,mac={mac},bootindex=0,romfile={rom}");
    command.args(["-device", &card]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let console = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{:?}\n{errors}\n{console}",
        output.status
    );
    let seconds = start.elapsed().as_secs_f32();
    println!("{firmware:?}: booted by iPXE and switched off in {seconds:.1} s");
    console
}

async fn check(firmware: Firmware, number: u32, mac: &str) {
    let www = open_dir();
    let nginx = Nginx::start(www.path(), "");
    let url = nginx.url("/images").replace("127.0.0.1", HOST);
    let root = www.path().display();
    let conf = format!(
        "[deploy]\nhttp_server_url = {url}\nhttp_server_root = {root}\n\
         [pxe]\nkernel_append_params = console=ttyS0,115200 quiet panic=-1\n"
    );
    let file = SourceFile {
        path: "ironic.conf".into(),
        text: conf.into(),
    };
    let options = Options::read(&[file.parse().unwrap()], []).unwrap();
    let ipxe = Ipxe::from_options(&options).unwrap();
    let [kernel, ramdisk] =
        ["vmlinuz", "initrd"].map(|name| PARTS.path(name).display().to_string());
    let boot_files = NodeBoot::deploy(kernel, ramdisk)
        .parameter("ipa-api-url", "http://192.0.2.1:6385")
        .mac("02:00:00:00:00:01".parse().unwrap())
        .mac(mac.parse().unwrap());
    let node = node(number);
    let published = ipxe.publish(&node, boot_files).await.unwrap();
    let script = published.boot_script.to_string();
    let told = ipxe.dhcp_options(&node, None);
    assert!(
        told.iter()
            .any(|option| option.name == "tag:ipxe,67" && option.value == script)
    );

    let console = boot(firmware, mac, &script);
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
    let mac = mac.replace(':', "-");
    let command_line = format!(
        "BOOTIF=01-{mac} console=ttyS0,115200 quiet panic=-1 ipa-api-url=http://192.0.2.1:6385"
    );
    // By BIOS, iPXE leaves its own word for the ramdisk out.
    let seen = line("CMDLINE ")
        .replace("initrd=deploy_ramdisk ", "")
        .replace("deploy_kernel ", "");
    assert_eq!(seen, command_line, "{console}");

    ipxe.clean_up(uuid(number)).await.unwrap();
    assert_eq!(names(www.path()), ["boot.ipxe", "pxelinux.cfg"]);
    assert_eq!(names(&www.path().join("pxelinux.cfg")), [""; 0]);
}

#[tokio::test]
async fn bios() {
    check(Firmware::Bios, 1, "52:54:00:12:34:56").await;
}

#[tokio::test]
async fn uefi() {
    check(Firmware::Uefi, 2, "52:54:00:12:34:57").await;
}
