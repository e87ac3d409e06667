//! Boots emulated servers with iPXE: the network card's firmware gets an address by DHCP and
//! fetches the boot script, the node's configuration, a kernel and a ramdisk from nginx, and the
//! guest prints its command line.
//!
//! Debian package: ipxe-qemu. Needs also what `support::machine`, `support::nginx` and
//! `support::parts` need.

use driver::ipxe::{Ipxe, NodeBoot};

use crate::support::machine::{Firmware, Machine, line};
use crate::support::nginx::Nginx;
use crate::support::parts::PARTS;
use crate::support::tools::packaged;
use crate::support::web::{names, open_dir};
use crate::support::{node, options, uuid};

/// The address of this machine in QEMU's network.
const HOST: &str = "10.0.2.2";

/// Boots a machine without disks from the network, and returns what the guest printed.
fn boot(firmware: Firmware, mac: &str, script: &str) -> String {
    let mut machine = Machine::new(firmware);
    // QEMU's own DHCP server.
    machine.args(&["-netdev", &format!("user,id=net,bootfile={script}")]);
    let rom = match firmware {
        Firmware::Bios => {
            machine.args(&["-boot", "n"]);
            "/usr/lib/ipxe/qemu/pxe-e1000.rom"
        }
        Firmware::Uefi => "/usr/lib/ipxe/qemu/efi-e1000.rom",
    };
    let rom = packaged(rom, "ipxe-qemu");
    let rom = rom.display();
    let card = format!("e1000,netdev=net,mac={mac},bootindex=0,romfile={rom}");
    machine.args(&["-device", &card]);
    machine.run()
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
    let ipxe = Ipxe::from_options(&options(&conf)).unwrap();
    let [kernel, ramdisk] =
        ["vmlinuz", "initrd"].map(|name| PARTS.path(name).display().to_string());
    let boot_files = NodeBoot::deploy(kernel, ramdisk)
        .parameter("ipa-api-url", "http://192.0.2.1:6385")
        .mac("02:00:00:00:00:01".parse().unwrap())
        .mac(mac.parse().unwrap());
    let node = node(number);
    let published = ipxe.publish(&node, boot_files).await.unwrap();
    let script = published.boot_script.to_string();
    let dhcp = ipxe.dhcp_options(&node, None);
    assert!(
        dhcp.iter()
            .any(|option| option.name == "tag:ipxe,67" && option.value == script)
    );

    let console = boot(firmware, mac, &script);
    assert_eq!(line(&console, "FIRMWARE "), firmware.name());
    let mac = mac.replace(':', "-");
    let command_line = format!(
        "BOOTIF=01-{mac} console=ttyS0,115200 quiet panic=-1 ipa-api-url=http://192.0.2.1:6385"
    );
    // By BIOS, iPXE removes its own parameter for the ramdisk.
    let seen = line(&console, "CMDLINE ")
        .replace("initrd=deploy_ramdisk ", "")
        .replace("deploy_kernel ", "");
    assert_eq!(seen, command_line, "{console}");

    ipxe.clean_up(uuid(number)).await.unwrap();
    assert_eq!(names(www.path()), ["boot.ipxe", "pxelinux.cfg"]);
    assert_eq!(names(&www.path().join("pxelinux.cfg")), [""; 0]);
}

#[tokio::test]
async fn a_server_boots_with_ipxe_by_bios() {
    check(Firmware::Bios, 1, "52:54:00:12:34:56").await;
}

#[tokio::test]
async fn a_server_boots_with_ipxe_by_uefi() {
    check(Firmware::Uefi, 2, "52:54:00:12:34:57").await;
}
