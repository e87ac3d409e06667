//! The DHCP options of nodes that boot through iPXE.

use std::fmt;
use std::net::Ipv6Addr;

use super::Ipxe;
use crate::http::url::redacted_text;
use crate::node::{BootMode, boot_mode_of};
use crate::node::{Node, Section};
use crate::options::IpVersion;

/// A DHCP option in the form of Neutron's `extra_dhcp_opts`.
#[derive(Clone, PartialEq, Eq)]
pub struct DhcpOption {
    /// The option's number, after the tag that selects the clients.
    pub name: String,
    /// The option's value.
    pub value: String,
    /// The IP version.
    pub ip_version: IpVersion,
}

/// Shows a URL without its secrets.
impl fmt::Debug for DhcpOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DhcpOption")
            .field("name", &self.name)
            .field("value", &redacted_text(&self.value))
            .field("ip_version", &self.ip_version)
            .finish()
    }
}

/// The option with the name of the boot file, RFC 2132.
const BOOTFILE_NAME: &str = "67";
/// The same option for IPv6, RFC 5970.
const BOOTFILE_NAME_V6: &str = "59";
/// The options with the TFTP server from which plain firmware fetches the boot file: by name (RFC
/// 2132), by address (RFC 5859), and dnsmasq's own number for the field `siaddr`.
const TFTP_SERVER: [&str; 3] = ["66", "150", "255"];

impl Ipxe {
    /// Returns the DHCP options for `node`, with which plain firmware loads iPXE, and iPXE loads
    /// the boot script.
    ///
    /// The boot file of plain firmware depends on `properties.cpu_arch`, or else on the boot mode:
    /// `mode`, or else the node's own (the capability `boot_mode`, or
    /// `instance_info.deploy_boot_mode`), or else BIOS. The tags are those of dnsmasq, and
    /// therefore of Neutron: dnsmasq sets `ipxe` for clients that send option 175, which only iPXE
    /// does.
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
                // In DHCPv6 a boot file is always a URL.
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

    /// Returns the file with which the node's firmware starts iPXE.
    fn firmware_file(&self, node: &Node, mode: Option<BootMode>) -> &str {
        let options = &self.0.options;
        let arch = node.text(Section::Properties, "cpu_arch");
        let by_arch = arch.and_then(|arch| options.bootfile_name_by_arch.get(arch));
        // What is wrong with the node's own is reported where its files are published.
        let mode = mode.or_else(|| boot_mode_of(node).ok().flatten());
        by_arch.unwrap_or(match mode {
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
