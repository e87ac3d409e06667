//! What a node is to boot.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use url::Url;

use super::error::NotAMac;
use crate::virtual_media::ImageRef;

/// The hardware address of a network card, by which iPXE finds its node's configuration.
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

    /// Reads six octets in hexadecimal, with colons or hyphens between them.
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

/// In lower case, with hyphens: the name of its link, and iPXE's `${mac:hexhyp}`.
impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets = self.0.map(|octet| format!("{octet:02x}"));
        f.write_str(&octets.join("-"))
    }
}

/// A kernel or a ramdisk.
#[derive(Debug, Clone)]
pub enum BootFile {
    /// Copied into the node's directory on the web server.
    Copy(ImageRef),
    /// Fetched by iPXE from where it is. It goes into the configuration as it stands, which anybody
    /// can read.
    Url(Url),
}

impl<I: Into<ImageRef>> From<I> for BootFile {
    fn from(image: I) -> Self {
        Self::Copy(image.into())
    }
}

/// A kernel or ramdisk by its name on the web server.
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

    /// What templates call its URL.
    pub(super) fn variable(self) -> &'static str {
        match self {
            Self::DeployKernel => "deployment_aki_path",
            Self::DeployRamdisk => "deployment_ari_path",
            Self::Kernel => "aki_path",
            Self::Ramdisk => "ari_path",
        }
    }
}

/// Which part of a configuration is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BootTarget {
    Deploy,
    Partition { root_uuid: String },
    Ramdisk,
    WholeDisk,
}

impl BootTarget {
    /// The label in the configuration; those of Ironic.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Partition { .. } => "boot_partition",
            Self::Ramdisk => "boot_ramdisk",
            Self::WholeDisk => "boot_whole_disk",
        }
    }
}

/// What a node is to boot by iPXE.
#[derive(Debug, Clone)]
pub struct NodeBoot {
    pub(super) target: BootTarget,
    pub(super) macs: Vec<MacAddress>,
    pub(super) files: BTreeMap<FileRole, BootFile>,
    pub(super) kernel_params: Option<String>,
    pub(super) parameters: Vec<(String, String)>,
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

    /// The deploy ramdisk.
    #[must_use]
    pub fn deploy(kernel: impl Into<BootFile>, ramdisk: impl Into<BootFile>) -> Self {
        let files = [
            (FileRole::DeployKernel, kernel.into()),
            (FileRole::DeployRamdisk, ramdisk.into()),
        ];
        Self::new(BootTarget::Deploy, files)
    }

    /// The instance's kernel and ramdisk, with its root file system on the node's disk.
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

    /// An instance that is nothing but its kernel and ramdisk.
    #[must_use]
    pub fn ramdisk(kernel: impl Into<BootFile>, ramdisk: impl Into<BootFile>) -> Self {
        Self::new(BootTarget::Ramdisk, instance_files(kernel, ramdisk))
    }

    /// The node's own disk.
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

    /// The kernel's parameters, instead of `[pxe] kernel_append_params`.
    #[must_use]
    pub fn kernel_params(mut self, params: impl Into<String>) -> Self {
        self.kernel_params = Some(params.into());
        self
    }

    /// Adds `name=value` after the kernel's parameters. A template also finds it as
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
