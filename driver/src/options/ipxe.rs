//! The options of iPXE.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use oslo_config::{Opt, OptType, Value};

use super::{OptionReader, OptionsError};
use crate::http::url::redacted_text;

/// How nodes boot with iPXE, in addition to `[deploy] http_server_url` and `http_server_root`.
///
/// | option | default | |
/// |---|---|---|
/// | `[pxe] ipxe_boot_script` | built in, `boot.ipxe` | |
/// | `[pxe] ipxe_fallback_script` | none | since Yoga |
/// | `[pxe] ipxe_config_template` | built in | since Victoria; before: the two below |
/// | `[pxe] pxe_config_template` | built in | only with `ipxe_enabled` |
/// | `[pxe] uefi_pxe_config_template` | built in | only with `ipxe_enabled` |
/// | `[pxe] ipxe_bootfile_name` | `undionly.kpxe` | since Victoria |
/// | `[pxe] pxe_bootfile_name` | | before Victoria, only with `ipxe_enabled` |
/// | `[pxe] uefi_ipxe_bootfile_name` | `snponly.efi` | since Victoria; `ipxe.efi` before Xena |
/// | `[pxe] uefi_pxe_bootfile_name` | | before Victoria, only with `ipxe_enabled` |
/// | `[pxe] ipxe_bootfile_name_by_arch` | none | since Victoria |
/// | `[pxe] pxe_config_subdir` | `pxelinux.cfg` | |
/// | `[pxe] ipxe_timeout` | `0` s: none | |
/// | `[pxe] tftp_server` | `[DEFAULT] my_ip`, if it is set | |
/// | `[pxe] ip_version` | `4` | |
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IpxeOptions {
    /// The template of the script that every node's iPXE runs first.
    pub boot_script: Option<PathBuf>,
    /// The URL or path of the script for nodes without a configuration.
    pub fallback_script: Option<String>,
    /// The templates of a node's configuration.
    pub config_template: ByBootMode<Option<PathBuf>>,
    /// The files with which plain firmware starts iPXE.
    pub bootfile_name: ByBootMode<String>,
    /// The same file by the node's `properties.cpu_arch`, which takes precedence over the boot
    /// mode.
    pub bootfile_name_by_arch: BTreeMap<String, String>,
    /// The subdirectory of `http_server_root` with links from MAC addresses to nodes'
    /// configurations.
    pub config_subdir: String,
    /// How long iPXE tries to fetch a kernel or ramdisk; zero for iPXE's own limit.
    pub timeout: Duration,
    /// The address of the TFTP server that plain firmware fetches iPXE from.
    pub tftp_server: Option<String>,
    /// The IP version of the DHCP options.
    pub ip_version: IpVersion,
}

/// Shows URLs without their secrets.
impl fmt::Debug for IpxeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fallback_script = self.fallback_script.as_deref().map(redacted_text);
        f.debug_struct("IpxeOptions")
            .field("boot_script", &self.boot_script)
            .field("fallback_script", &fallback_script)
            .field("config_template", &self.config_template)
            .field("config_subdir", &self.config_subdir)
            .field("tftp_server", &self.tftp_server)
            .field("ip_version", &self.ip_version)
            .finish_non_exhaustive()
    }
}

/// A value for each boot mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByBootMode<T> {
    /// For BIOS.
    pub bios: T,
    /// For UEFI.
    pub uefi: T,
}

/// An IP version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IpVersion {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl IpxeOptions {
    /// Returns the definitions of these options.
    #[must_use]
    pub fn opts() -> Vec<Opt> {
        let text = |name| Opt::new("pxe", name, OptType::string());
        vec![
            text("ipxe_boot_script"),
            text("ipxe_fallback_script"),
            text("ipxe_config_template"),
            text("pxe_config_template"),
            text("uefi_pxe_config_template"),
            Opt::new("pxe", "ipxe_enabled", OptType::Bool).with_default("False"),
            text("ipxe_bootfile_name"),
            text("uefi_ipxe_bootfile_name"),
            text("pxe_bootfile_name"),
            text("uefi_pxe_bootfile_name"),
            Opt::new(
                "pxe",
                "ipxe_bootfile_name_by_arch",
                OptType::Dict {
                    value: Box::new(OptType::string()),
                },
            ),
            text("pxe_config_subdir").with_default("pxelinux.cfg"),
            Opt::new("pxe", "ipxe_timeout", OptType::int()).with_default("0"),
            text("tftp_server"),
            Opt::new("pxe", "ip_version", OptType::int()).with_default("4"),
            Opt::new("DEFAULT", "my_ip", OptType::string()),
        ]
    }

    pub(super) fn read(reader: &OptionReader<'_>) -> Result<Self, OptionsError> {
        // Releases with this option used the same names for PXE and iPXE.
        let enabled = reader.get("pxe", "ipxe_enabled")?.value.as_bool();
        let either = |name, older| -> Result<Option<String>, OptionsError> {
            match reader.filled("pxe", name)? {
                None if enabled == Some(true) => reader.filled("pxe", older),
                found => Ok(found),
            }
        };
        let template = |older| either("ipxe_config_template", older);
        let bios = either("ipxe_bootfile_name", "pxe_bootfile_name")?;
        let uefi = either("uefi_ipxe_bootfile_name", "uefi_pxe_bootfile_name")?;
        let ip_version: u8 = reader.number("pxe", "ip_version", "4 or 6")?;
        Ok(Self {
            boot_script: reader.path("pxe", "ipxe_boot_script")?,
            fallback_script: reader.filled("pxe", "ipxe_fallback_script")?,
            config_template: ByBootMode {
                bios: template("pxe_config_template")?.map(PathBuf::from),
                uefi: template("uefi_pxe_config_template")?.map(PathBuf::from),
            },
            bootfile_name: ByBootMode {
                bios: bios.unwrap_or_else(|| "undionly.kpxe".into()),
                uefi: uefi.unwrap_or_else(|| "snponly.efi".into()),
            },
            bootfile_name_by_arch: by_arch(reader)?,
            config_subdir: reader
                .filled("pxe", "pxe_config_subdir")?
                .unwrap_or_else(|| "pxelinux.cfg".into()),
            timeout: reader.seconds("pxe", "ipxe_timeout")?,
            tftp_server: match reader.filled("pxe", "tftp_server")? {
                None => reader.filled("DEFAULT", "my_ip")?,
                found => found,
            },
            ip_version: match ip_version {
                4 => IpVersion::V4,
                6 => IpVersion::V6,
                _ => return Err(reader.out_of_range("pxe", "ip_version", "4 or 6")),
            },
        })
    }
}

fn by_arch(reader: &OptionReader<'_>) -> Result<BTreeMap<String, String>, OptionsError> {
    let setting = reader.get("pxe", "ipxe_bootfile_name_by_arch")?;
    let Value::Dict(pairs) = setting.value else {
        return Ok(BTreeMap::new());
    };
    let pairs = pairs.into_iter();
    Ok(pairs
        .filter_map(|(arch, file)| Some((arch, file.as_str()?.to_owned())))
        .collect())
}
