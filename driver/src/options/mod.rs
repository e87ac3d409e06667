//! The options of ironic.conf that say how iLO images are hosted, from either section, and how boot
//! ISOs are made.

mod bmc;
mod ipxe;
mod reader;
#[cfg(feature = "swift")]
mod swift;

use std::path::PathBuf;
use std::time::Duration;

use oslo_config::{GetError, Opt, OptName, OptType, ParsedFile, opts_as_set};

pub use self::bmc::{BmcOptions, VerifyCa};
pub use self::ipxe::{ByBootMode, IpVersion, IpxeOptions};
use self::reader::OptionReader;
#[cfg(feature = "swift")]
pub use self::{reader::Secret, swift::SwiftOptions};

/// The options, resolved. Those of BMCs and of iPXE stand in [`BmcOptions`] and [`IpxeOptions`].
///
/// | option | default | former names, in the order in which they are tried |
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
/// | `[ilo] kernel_append_params` | that of `[pxe]` | |
/// | `[DEFAULT] isolinux_bin` | `/usr/lib/syslinux/isolinux.bin` | |
/// | `[DEFAULT] ldlinux_c32` | none | |
/// | `[DEFAULT] isolinux_config_template` | built in | |
/// | `[DEFAULT] grub_config_template` | built in | |
/// | `[DEFAULT] grub_config_path` | where the boot image looks | |
/// | `[DEFAULT] esp_image` | none | |
/// | `[conductor] api_url` | that of `[service_catalog] endpoint_override` | |
///
/// The current names of the hosting options are those of the blueprint "Make ilo drivers standalone
/// in ironic by removing swift dependency"; Ironic has read the former ones since 4.2.0. The others
/// have Ironic's names: `[pxe] kernel_append_params` since Xena, `[ilo] kernel_append_params` since
/// Wallaby. With the cargo feature `swift` there are those of `[swift]` too: see `SwiftOptions`.
///
/// ```
/// use driver::options::Options;
/// use oslo_config::SourceFile;
///
/// let file = SourceFile { path: "ironic.conf".into(), text: b"[pxe]\nhttp_url = http://192.0.2.1\n".into() };
/// let options = Options::read(&[file.parse()?], [])?;
/// assert_eq!(options.http_server_url.as_deref(), Some("http://192.0.2.1"));
/// assert_eq!(options.http_server_root.to_str(), Some("/httpboot"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Where nodes reach the web server that hosts images; `None` when it is not set, or empty.
    pub http_server_url: Option<String>,
    /// The directory that the web server serves.
    pub http_server_root: PathBuf,
    /// Images are hosted on the web server; otherwise in Swift.
    pub use_http_web_server_for_images: bool,
    /// The Swift container that images are put in.
    pub swift_ilo_container: String,
    /// How long an object with a floppy image is kept in Swift.
    pub swift_object_expiry_timeout: Duration,
    /// How long an operation of an iLO may take.
    pub client_timeout: Duration,
    /// The port of an iLO.
    pub client_port: u16,
    /// Where BMCs reach the web server, when that is another URL than
    /// [`http_server_url`](Self::http_server_url); `None` when it is not set, or empty.
    pub external_http_url: Option<String>,
    /// The kernel's parameters in a boot ISO, after `root=`: those of `[ilo]` when they are set,
    /// even to nothing, else those of `[pxe]`.
    pub kernel_append_params: String,
    /// The kernel's parameters when it is booted by iPXE: those of `[pxe]`.
    pub pxe_kernel_append_params: String,
    /// isolinux, the boot loader for BIOS.
    pub isolinux_bin: PathBuf,
    /// The library that isolinux 5 and newer needs.
    pub ldlinux_c32: Option<PathBuf>,
    /// The template of isolinux's configuration.
    pub isolinux_config_template: Option<PathBuf>,
    /// The template of GRUB's configuration.
    pub grub_config_template: Option<PathBuf>,
    /// Where a boot ISO has GRUB's configuration.
    pub grub_config_path: Option<PathBuf>,
    /// The EFI system partition image for boot ISOs that are given none.
    pub esp_image: Option<PathBuf>,
    /// Where deploy ramdisks reach Ironic's API: `[conductor] api_url`, or where that is not set
    /// `[service_catalog] endpoint_override`; `None` when neither is.
    pub api_url: Option<String>,
    /// How BMCs are reached and waited for.
    pub bmc: BmcOptions,
    /// How nodes boot by iPXE.
    pub ipxe: IpxeOptions,
    /// How Swift is reached.
    #[cfg(feature = "swift")]
    pub swift: SwiftOptions,
}

/// Why the options cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// A value is not of its option's type, or has a reference that leads nowhere.
    #[error("{place}: {cause}; correct the value")]
    Value {
        /// Where it is set: file and line, or an environment variable.
        place: String,
        /// What is wrong.
        #[source]
        cause: Box<GetError>,
    },
    /// A secret has a reference that leads nowhere.
    #[error(
        "{place}: the value of {option}, which is not shown, has a reference that leads nowhere; \
         write $$ for a dollar sign"
    )]
    Secret {
        /// The option.
        option: OptName,
        /// Where it is set: file and line, or an environment variable.
        place: String,
    },
    /// A number is outside of what the option can mean.
    #[error("{place}: the value of {option} is not valid: expected {expected}")]
    Range {
        /// The option.
        option: OptName,
        /// Where it is set: file and line, or an environment variable.
        place: String,
        /// What was expected.
        expected: &'static str,
    },
}

impl Options {
    /// Where Ironic expects isolinux unless told otherwise.
    pub const ISOLINUX_BIN: &str = "/usr/lib/syslinux/isolinux.bin";

    /// The definitions of the options that say where images are hosted and how iLOs are reached,
    /// with their former names.
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

    /// The definitions of the other options: what else decides the URLs, and how boot ISOs are
    /// made.
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
            text("conductor", "api_url"),
            text("service_catalog", "endpoint_override"),
        ]
    }

    /// Resolves the options from `files`, in the order in which the service reads them, and the
    /// environment. Logs a warning for each option that is found under a former name, once.
    ///
    /// # Errors
    ///
    /// When a value is not of its option's type, a reference in it leads nowhere, or a number is
    /// outside of its bounds.
    pub fn read(
        files: &[ParsedFile<'_>],
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, OptionsError> {
        let mut opts = Options::opts();
        opts.extend(Options::image_opts());
        opts.extend(BmcOptions::opts());
        opts.extend(IpxeOptions::opts());
        // References in the values lead to options of Ironic that are not known here.
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
            api_url: match reader.filled("conductor", "api_url")? {
                Some(url) => Some(url),
                None => reader.filled("service_catalog", "endpoint_override")?,
            },
            bmc: BmcOptions::read(&reader)?,
            ipxe: IpxeOptions::read(&reader)?,
            #[cfg(feature = "swift")]
            swift: SwiftOptions::read(files, &environment)?,
        })
    }
}
