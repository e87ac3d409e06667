//! The options of ironic.conf that determine how images are created and hosted and how BMCs are
//! reached, under their current and former names.

mod bmc;
mod ipxe;
mod reader;
#[cfg(feature = "swift")]
mod swift;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use oslo_config::{GetError, Opt, OptName, OptType, ParsedFile, Source, SourceError, opts_as_set};

pub use self::bmc::{BmcOptions, VerifyCa};
pub use self::ipxe::{ByBootMode, IpVersion, IpxeOptions};
use self::reader::OptionReader;
#[cfg(feature = "swift")]
pub use self::{reader::Secret, swift::SwiftOptions};
use crate::http::networks::{Networks, NotANetwork};
use crate::http::url::redacted_text;
use crate::node::BootMode;

/// The values of the options. Those of BMCs and of iPXE are in [`BmcOptions`] and [`IpxeOptions`].
///
/// | option | default | former names, in order of precedence |
/// |---|---|---|
/// | `[deploy] http_server_url` | none | `[deploy] http_url`, `[pxe] http_url` |
/// | `[deploy] http_server_root` | `/httpboot` | `[deploy] http_root`, `[pxe] http_root` |
/// | `[ilo] use_http_web_server_for_images` | `False` | `[ilo] use_web_server_for_images` |
/// | `[ilo] swift_ilo_container` | `ironic_ilo_container` | |
/// | `[ilo] swift_object_expiry_timeout` | `900` s | |
/// | `[ilo] client_timeout` | `60` s | |
/// | `[ilo] client_port` | `443` | |
/// | `[deploy] external_http_url` | none | |
/// | `[pxe] kernel_append_params` | `nofb nomodeset vga=normal` | `[pxe] pxe_append_params` |
/// | `[ilo] kernel_append_params` | the value of `[pxe]` | |
/// | `[DEFAULT] isolinux_bin` | `/usr/lib/syslinux/isolinux.bin` | |
/// | `[DEFAULT] ldlinux_c32` | none | |
/// | `[DEFAULT] isolinux_config_template` | built in | |
/// | `[DEFAULT] grub_config_template` | built in | |
/// | `[DEFAULT] grub_config_path` | where the EFI boot image's GRUB looks | |
/// | `[DEFAULT] esp_image` | none | |
/// | `[conductor] file_url_allowed_paths` | Ironic's, in `/var/lib/ironic` and elsewhere | |
/// | `[ilo] image_networks` | none | |
/// | `[ilo] default_boot_mode` | `auto`: the value of `[deploy] default_boot_mode` | |
/// | `[deploy] default_boot_mode` | the mode that the server has | |
/// | `[conductor] api_url` | the value of `[service_catalog] endpoint_override` | |
///
/// The current names of the hosting options come from the blueprint "Make ilo drivers standalone in
/// ironic by removing swift dependency"; Ironic has read the former names since 4.2.0. The other
/// options have Ironic's names: `[pxe] kernel_append_params` since Xena, `[ilo]
/// kernel_append_params` since Wallaby. Only `[ilo] image_networks` is an option of this library.
/// The cargo feature `swift` adds the options of `[swift]`: see `SwiftOptions`.
///
/// ```
/// use driver::options::Options;
/// use oslo_config::SourceFile;
///
/// let text = b"[pxe]\nhttp_url = http://192.0.2.1\n".into();
/// let file = SourceFile { path: "ironic.conf".into(), text };
/// let options = Options::read(&[file.parse()?], [])?;
/// assert_eq!(options.http_server_url.as_deref(), Some("http://192.0.2.1"));
/// assert_eq!(options.http_server_root.to_str(), Some("/httpboot"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// The URL under which nodes reach the web server that hosts images; `None` if unset or empty.
    pub http_server_url: Option<String>,
    /// The directory that the web server serves.
    pub http_server_root: PathBuf,
    /// Whether images are hosted on the web server; otherwise they are in Swift.
    pub use_http_web_server_for_images: bool,
    /// The Swift container for images.
    pub swift_ilo_container: String,
    /// How long Swift keeps a floppy image.
    pub swift_object_expiry_timeout: Duration,
    /// How long an operation on an iLO may take.
    pub client_timeout: Duration,
    /// The port of an iLO.
    pub client_port: u16,
    /// The URL under which BMCs reach the web server, if it differs from
    /// [`http_server_url`](Self::http_server_url); `None` if unset or empty.
    pub external_http_url: Option<String>,
    /// The kernel parameters of a boot ISO, after `root=`: the value of `[ilo]` if it is set, even
    /// to nothing, or else the value of `[pxe]`.
    pub kernel_append_params: String,
    /// The kernel parameters for iPXE: the value of `[pxe]`.
    pub pxe_kernel_append_params: String,
    /// The path of isolinux, the boot loader for BIOS.
    pub isolinux_bin: PathBuf,
    /// The library that isolinux 5 and newer need.
    pub ldlinux_c32: Option<PathBuf>,
    /// The template of isolinux's configuration.
    pub isolinux_config_template: Option<PathBuf>,
    /// The template of GRUB's configuration.
    pub grub_config_template: Option<PathBuf>,
    /// The path of GRUB's configuration on a boot ISO.
    pub grub_config_path: Option<PathBuf>,
    /// The default EFI system partition image of boot ISOs.
    pub esp_image: Option<PathBuf>,
    /// The directories of the files that nodes may name as their images.
    pub file_url_allowed_paths: Vec<PathBuf>,
    /// The networks that the URLs of nodes' kernels, ramdisks and boot ISOs may lead to besides
    /// public addresses, such as `10.20.0.0/16, ::1`.
    pub image_networks: Networks,
    /// The URL under which deploy ramdisks reach Ironic's API: `[conductor] api_url`, or else
    /// `[service_catalog] endpoint_override`; `None` if neither is set.
    pub api_url: Option<String>,
    /// The boot mode of nodes that do not name one: that of `[ilo]` unless it is `auto`, or else
    /// that of `[deploy]`; `None` if neither is set, for the mode that the server has.
    pub default_boot_mode: Option<BootMode>,
    /// How BMCs are reached, and how long they may take.
    pub bmc: BmcOptions,
    /// How nodes boot with iPXE.
    pub ipxe: IpxeOptions,
    /// How Swift is reached.
    #[cfg(feature = "swift")]
    pub swift: SwiftOptions,
}

/// Shows URLs without their secrets, and no kernel parameters, which may be secret.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = |url: &Option<String>| url.as_deref().map(redacted_text);
        let mut shown = f.debug_struct("Options");
        shown
            .field("http_server_url", &url(&self.http_server_url))
            .field("http_server_root", &self.http_server_root)
            .field(
                "use_http_web_server_for_images",
                &self.use_http_web_server_for_images,
            )
            .field("external_http_url", &url(&self.external_http_url))
            .field("file_url_allowed_paths", &self.file_url_allowed_paths)
            .field("image_networks", &self.image_networks)
            .field("api_url", &url(&self.api_url))
            .field("bmc", &self.bmc)
            .field("ipxe", &self.ipxe);
        #[cfg(feature = "swift")]
        shown.field("swift", &self.swift);
        shown.finish_non_exhaustive()
    }
}

/// The default of Ironic from 2024.1 to 2025.2, the last releases with its iLO drivers.
const ALLOWED_PATHS: &str = "/var/lib/ironic,/shared/html,/templates,/opt/cache/files,/vagrant";

/// An invalid value of an option.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// A value does not have its option's type, or contains a reference that cannot be resolved.
    #[error("{cause}; correct the value")]
    Value {
        /// The cause, with the place where the value is set.
        cause: GetError,
    },
    /// A secret contains a reference that cannot be resolved.
    #[error(
        "{place}: the value of {option}, which is not shown, contains a reference that cannot be \
         resolved; write $$ for a dollar sign"
    )]
    Secret {
        /// The option.
        option: OptName,
        /// Where the option is set: file and line, or an environment variable.
        place: String,
    },
    /// A number is out of range.
    #[error("{place}: the value of {option} is not valid: expected {expected}")]
    Range {
        /// The option.
        option: OptName,
        /// Where the option is set: file and line, or an environment variable.
        place: String,
        /// The expected range.
        expected: &'static str,
    },
}

/// The reason why [`Options::load`] failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A file cannot be read or parsed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A value is invalid.
    #[error(transparent)]
    Options(#[from] OptionsError),
}

impl Options {
    /// The default path of isolinux in Ironic.
    pub const ISOLINUX_BIN: &str = "/usr/lib/syslinux/isolinux.bin";

    /// Returns the definitions of the options that determine where images are hosted and how iLOs
    /// are reached, with their former names.
    #[must_use]
    pub fn opts() -> Vec<Opt> {
        vec![
            Opt::new("deploy", "http_server_url", OptType::string())
                .with_deprecated("deploy", "http_url")
                .with_deprecated("pxe", "http_url"),
            Opt::new("deploy", "http_server_root", OptType::string())
                .with_default("/httpboot")
                .with_deprecated("deploy", "http_root")
                .with_deprecated("pxe", "http_root"),
            Opt::new("ilo", "use_http_web_server_for_images", OptType::Bool)
                .with_default("False")
                .with_deprecated("ilo", "use_web_server_for_images"),
            Opt::new("ilo", "swift_ilo_container", OptType::string())
                .with_default("ironic_ilo_container"),
            Opt::new("ilo", "swift_object_expiry_timeout", OptType::int()).with_default("900"),
            Opt::new("ilo", "client_timeout", OptType::int()).with_default("60"),
            Opt::new(
                "ilo",
                "client_port",
                OptType::Port {
                    min: Some(1),
                    max: None,
                    choices: Vec::new(),
                },
            )
            .with_default("443"),
        ]
    }

    /// Returns the definitions of the other options: those that also affect URLs, and those of boot
    /// ISOs.
    #[must_use]
    pub fn image_opts() -> Vec<Opt> {
        let text = |group, name| Opt::new(group, name, OptType::string());
        vec![
            text("deploy", "external_http_url"),
            text("pxe", "kernel_append_params")
                .with_default("nofb nomodeset vga=normal")
                .with_deprecated("pxe", "pxe_append_params"),
            text("ilo", "kernel_append_params"),
            text("DEFAULT", "isolinux_bin").with_default(Self::ISOLINUX_BIN),
            text("DEFAULT", "ldlinux_c32"),
            text("DEFAULT", "isolinux_config_template"),
            text("DEFAULT", "grub_config_template"),
            text("DEFAULT", "grub_config_path"),
            text("DEFAULT", "esp_image"),
            Opt::new("conductor", "file_url_allowed_paths", OptType::list())
                .with_default(ALLOWED_PATHS),
            Opt::new("ilo", "image_networks", OptType::list()),
            text("conductor", "api_url"),
            text("service_catalog", "endpoint_override"),
            text("ilo", "default_boot_mode"),
            text("deploy", "default_boot_mode"),
        ]
    }

    /// Reads the options from files, in the order in which the service reads them, and the
    /// environment of this process, as [`read`](Options::read) does. A [`Source`] is the path of a
    /// file, or a directory of files.
    ///
    /// # Errors
    ///
    /// [`LoadError`] if a file cannot be read or parsed, or if a value is invalid.
    pub fn load(sources: impl IntoIterator<Item = impl Into<Source>>) -> Result<Self, LoadError> {
        let files = oslo_config::load(sources)?;
        Ok(Options::read(&files, std::env::vars_os())?)
    }

    /// Reads the options from `files`, in the order in which the service reads them, and the
    /// environment, such as [`std::env::vars_os`]. A variable that is not UTF-8 is ignored. Logs
    /// one warning for each option that is set under a former name.
    ///
    /// # Errors
    ///
    /// [`OptionsError`] for the first value that does not have its option's type, contains a
    /// reference that cannot be resolved, or is out of range.
    pub fn read(
        files: &[ParsedFile<'_>],
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, OptionsError> {
        let mut opts = Options::opts();
        opts.extend(Options::image_opts());
        opts.extend(BmcOptions::opts());
        opts.extend(IpxeOptions::opts());
        // Values may refer to options of Ironic that this crate does not define.
        opts.extend(opts_as_set(files, &opts));
        let environment: Vec<_> = environment.into_iter().collect();
        let reader = OptionReader::new(files, &opts, &environment);
        let pxe_kernel_append_params = reader
            .text("pxe", "kernel_append_params")?
            .unwrap_or_default();
        let kernel_append_params = reader
            .text("ilo", "kernel_append_params")?
            .unwrap_or_else(|| pxe_kernel_append_params.clone());
        Ok(Options {
            http_server_url: reader.filled("deploy", "http_server_url")?,
            http_server_root: reader
                .path("deploy", "http_server_root")?
                .unwrap_or_default(),
            use_http_web_server_for_images: reader
                .get("ilo", "use_http_web_server_for_images")?
                .value
                .as_bool()
                .unwrap_or_default(),
            swift_ilo_container: reader
                .text("ilo", "swift_ilo_container")?
                .unwrap_or_default(),
            swift_object_expiry_timeout: reader.seconds("ilo", "swift_object_expiry_timeout")?,
            client_timeout: reader.seconds("ilo", "client_timeout")?,
            client_port: reader.number("ilo", "client_port", "a port from 1 to 65535")?,
            external_http_url: reader.filled("deploy", "external_http_url")?,
            kernel_append_params,
            pxe_kernel_append_params,
            isolinux_bin: reader.path("DEFAULT", "isolinux_bin")?.unwrap_or_default(),
            ldlinux_c32: reader.path("DEFAULT", "ldlinux_c32")?,
            isolinux_config_template: reader.path("DEFAULT", "isolinux_config_template")?,
            grub_config_template: reader.path("DEFAULT", "grub_config_template")?,
            grub_config_path: reader.path("DEFAULT", "grub_config_path")?,
            esp_image: reader.path("DEFAULT", "esp_image")?,
            file_url_allowed_paths: reader.paths("conductor", "file_url_allowed_paths")?,
            image_networks: reader
                .texts("ilo", "image_networks")?
                .join(",")
                .parse()
                .map_err(|_: NotANetwork| {
                    let expected = "networks like 10.20.0.0/16, or addresses";
                    reader.out_of_range("ilo", "image_networks", expected)
                })?,
            api_url: match reader.filled("conductor", "api_url")? {
                Some(url) => Some(url),
                None => reader.filled("service_catalog", "endpoint_override")?,
            },
            default_boot_mode: reader.default_boot_mode()?,
            bmc: BmcOptions::read(&reader)?,
            ipxe: IpxeOptions::read(&reader)?,
            #[cfg(feature = "swift")]
            swift: SwiftOptions::read(files, &environment)?,
        })
    }
}
