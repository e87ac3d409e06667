//! Requests for booting nodes through iPXE.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use url::Url;

use super::error::NotAMac;
use crate::http::url::redacted;
use crate::virtual_media::ImageRef;

/// The MAC address of a network card, by which iPXE finds the node's configuration.
///
/// ```
/// use driver::ipxe::MacAddress;
///
/// let mac: MacAddress = "52:54:00:AB:cd:EF".parse()?;
/// assert_eq!(mac.to_string(), "52-54-00-ab-cd-ef");
/// assert!("../../etc".parse::<MacAddress>().is_err());
/// # Ok::<(), driver::ipxe::NotAMac>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MacAddress([u8; 6]);

impl FromStr for MacAddress {
    type Err = NotAMac;

    /// Reads six hexadecimal octets, separated by colons or hyphens.
    ///
    /// # Errors
    ///
    /// [`NotAMac`] for anything else.
    fn from_str(text: &str) -> Result<Self, NotAMac> {
        let refused = || NotAMac(text.chars().take(80).collect());
        let separator = if text.contains('-') { '-' } else { ':' };
        let mut octets = [0; 6];
        let mut parts = text.split(separator);
        for octet in &mut octets {
            let part = parts.next().ok_or_else(refused)?;
            if part.len() != 2 || !part.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(refused());
            }
            *octet = u8::from_str_radix(part, 16).map_err(|_| refused())?;
        }
        match parts.next() {
            None => Ok(Self(octets)),
            Some(_) => Err(refused()),
        }
    }
}

/// Displays lower-case octets with hyphens: the name of the link, and iPXE's `${mac:hexhyp}`.
impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets = self.0.map(|octet| format!("{octet:02x}"));
        f.write_str(&octets.join("-"))
    }
}

/// A kernel or a ramdisk.
#[derive(Clone)]
pub enum BootFile {
    /// Copied into the node's directory on the web server.
    Copy(ImageRef),
    /// Fetched by iPXE from this URL. The URL is part of the configuration, which anybody can read.
    Url(Url),
}

/// Shows URLs without their secrets.
impl fmt::Debug for BootFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Copy(image) => write!(f, "Copy({image:?})"),
            Self::Url(url) => write!(f, "Url({})", redacted(url)),
        }
    }
}

impl<I: Into<ImageRef>> From<I> for BootFile {
    fn from(image: I) -> Self {
        Self::Copy(image.into())
    }
}

/// The role of a kernel or ramdisk, which is its name on the web server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum FileRole {
    DeployKernel,
    DeployRamdisk,
    Kernel,
    Ramdisk,
}

impl FileRole {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::DeployKernel => "deploy_kernel",
            Self::DeployRamdisk => "deploy_ramdisk",
            Self::Kernel => "kernel",
            Self::Ramdisk => "ramdisk",
        }
    }

    /// Returns the template variable with the file's URL.
    pub(super) fn variable(self) -> &'static str {
        match self {
            Self::DeployKernel => "deployment_aki_path",
            Self::DeployRamdisk => "deployment_ari_path",
            Self::Kernel => "aki_path",
            Self::Ramdisk => "ari_path",
        }
    }
}

/// The part of the configuration that is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BootTarget {
    Deploy,
    Partition { root_uuid: String },
    Ramdisk,
    WholeDisk,
}

impl BootTarget {
    /// Returns the label in the configuration, which is Ironic's.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Partition { .. } => "boot_partition",
            Self::Ramdisk => "boot_ramdisk",
            Self::WholeDisk => "boot_whole_disk",
        }
    }
}

/// A request for booting a node through iPXE.
#[derive(Clone)]
pub struct NodeBoot {
    pub(super) target: BootTarget,
    pub(super) macs: Vec<MacAddress>,
    pub(super) files: BTreeMap<FileRole, BootFile>,
    pub(super) kernel_params: Option<String>,
    pub(super) parameters: Vec<(String, String)>,
}

/// Shows the names of the parameters, whose values may be secret.
impl fmt::Debug for NodeBoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters: Vec<&str> = self.parameters.iter().map(|(name, _)| &**name).collect();
        f.debug_struct("NodeBoot")
            .field("target", &self.target)
            .field("macs", &self.macs)
            .field("files", &self.files)
            .field("parameters", &parameters)
            .finish_non_exhaustive()
    }
}

impl NodeBoot {
    fn new(target: BootTarget, files: impl IntoIterator<Item = (FileRole, BootFile)>) -> Self {
        Self {
            target,
            macs: Vec::new(),
            files: files.into_iter().collect(),
            kernel_params: None,
            parameters: Vec::new(),
        }
    }

    /// Boots the deploy ramdisk.
    #[must_use]
    pub fn deploy(kernel: impl Into<BootFile>, ramdisk: impl Into<BootFile>) -> Self {
        let files = [
            (FileRole::DeployKernel, kernel.into()),
            (FileRole::DeployRamdisk, ramdisk.into()),
        ];
        Self::new(BootTarget::Deploy, files)
    }

    /// Boots the instance's kernel and ramdisk, with the root file system on the node's disk.
    #[must_use]
    pub fn instance(
        kernel: impl Into<BootFile>,
        ramdisk: impl Into<BootFile>,
        root_uuid: impl Into<String>,
    ) -> Self {
        let root_uuid = root_uuid.into();
        Self::new(
            BootTarget::Partition { root_uuid },
            instance_files(kernel, ramdisk),
        )
    }

    /// Boots an instance that consists only of a kernel and a ramdisk.
    #[must_use]
    pub fn ramdisk(kernel: impl Into<BootFile>, ramdisk: impl Into<BootFile>) -> Self {
        Self::new(BootTarget::Ramdisk, instance_files(kernel, ramdisk))
    }

    /// Boots the node's disk.
    #[must_use]
    pub fn whole_disk() -> Self {
        Self::new(BootTarget::WholeDisk, [])
    }

    /// Adds a network card of the node.
    #[must_use]
    pub fn mac(mut self, mac: MacAddress) -> Self {
        self.macs.push(mac);
        self
    }

    /// Sets the kernel parameters, instead of `[pxe] kernel_append_params`.
    #[must_use]
    pub fn kernel_params(mut self, params: impl Into<String>) -> Self {
        self.kernel_params = Some(params.into());
        self
    }

    /// Adds `name=value` after the kernel parameters. Templates can also read it as
    /// `pxe_options['name']`.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }
}

fn instance_files(
    kernel: impl Into<BootFile>,
    ramdisk: impl Into<BootFile>,
) -> [(FileRole, BootFile); 2] {
    [
        (FileRole::Kernel, kernel.into()),
        (FileRole::Ramdisk, ramdisk.into()),
    ]
}
