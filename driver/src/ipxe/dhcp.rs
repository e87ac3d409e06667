//! What a DHCP server has to tell a node that boots by iPXE.

use std::net::Ipv6Addr;

use super::Ipxe;
use crate::node::{BootMode, boot_mode_of};
use crate::node::{Node, Section};
use crate::options::IpVersion;

/// A DHCP option, in the form of Neutron's `extra_dhcp_opts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DhcpOption {
    /// The option: its number, after the tag that says which clients are told it.
    pub name: String,
    /// What they are told.
    pub value: String,
    /// The version of IP.
    pub ip_version: IpVersion,
}

/// The name of the boot file, RFC 2132.
const BOOTFILE_NAME: &str = "67";
/// The same for IPv6, RFC 5970.
const BOOTFILE_NAME_V6: &str = "59";
/// Where plain firmware fetches it from: RFC 2132 by name, RFC 5859 by address, and dnsmasq's own
/// number for the field `siaddr`.
const TFTP_SERVER: [&str; 3] = ["66", "150", "255"];

impl Ipxe {
    /// What the DHCP server has to tell `node`: plain firmware is sent iPXE, and iPXE is sent the
    /// boot script.
    ///
    /// Which file plain firmware gets depends on `properties.cpu_arch`, else on the boot mode:
    /// `mode`, else the node's own (`boot_mode` among its capabilities, or
    /// `instance_info.deploy_boot_mode`), else BIOS. The tags are those of dnsmasq, and so of
    /// Neutron: dnsmasq sets `ipxe` for a client that has option 175, which only iPXE has.
    #[must_use]
    pub fn dhcp_options(&self, node: &Node, mode: Option<BootMode>) -> Vec<DhcpOption> {
        let ip_version = self.0.options.ip_version;
        let option = |name: String, value: &str| DhcpOption {
            name,
            value: value.to_owned(),
            ip_version,
        };
        let file = self.firmware_file(node, mode);
        let script = self.boot_script_url();
        let server = self.0.options.tftp_server.as_deref();
        match ip_version {
            IpVersion::V4 => {
                let mut options = vec![
                    option(format!("tag:!ipxe,{BOOTFILE_NAME}"), file),
                    option(format!("tag:ipxe,{BOOTFILE_NAME}"), script.as_str()),
                ];
                if let Some(server) = server {
                    options.extend(TFTP_SERVER.map(|name| option(name.to_owned(), server)));
                }
                options
            }
            IpVersion::V6 => {
                // By DHCPv6 a boot file is always a URL.
                let file = match server {
                    Some(server) => format!("tftp://{}/{file}", bracketed(server)),
                    None => file.to_owned(),
                };
                vec![
                    option(format!("tag:!ipxe6,{BOOTFILE_NAME_V6}"), &file),
                    option(format!("tag:ipxe6,{BOOTFILE_NAME_V6}"), script.as_str()),
                ]
            }
        }
    }

    /// The file by which the node's firmware starts iPXE.
    fn firmware_file(&self, node: &Node, mode: Option<BootMode>) -> &str {
        let options = &self.0.options;
        let arch = node.text(Section::Properties, "cpu_arch");
        let by_arch = arch.and_then(|arch| options.bootfile_name_by_arch.get(arch));
        by_arch.unwrap_or_else(|| match mode.or_else(|| boot_mode_of(node)) {
            Some(BootMode::Uefi) => &options.bootfile_name.uefi,
            Some(BootMode::Bios) | None => &options.bootfile_name.bios,
        })
    }
}

fn bracketed(server: &str) -> String {
    match server.parse::<Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => server.to_owned(),
    }
}
