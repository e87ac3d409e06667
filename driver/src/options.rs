//! The options of ironic.conf that say how iLO images are hosted, from either section.

use std::path::PathBuf;
use std::time::Duration;

use oslo_config::{
    Config, GetError, Opt, OptName, OptType, Origin, ParsedFile, Setting, opts_as_set,
};

/// The options, resolved.
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
///
/// The current names are those of the blueprint "Make ilo drivers standalone in ironic by removing
/// swift dependency"; Ironic has read the former ones since 4.2.0.
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
    /// The definitions of the options, with their former names.
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
        // References in the values lead to options of Ironic that are not known here.
        opts.extend(opts_as_set(files, &opts));
        let reader = Reader {
            config: Config::new(files, &opts).with_environment(environment),
            opts: &opts,
        };
        let text = |value: Setting<'_>| value.value.as_str().unwrap_or_default().to_owned();
        let url = text(reader.get("deploy", "http_server_url")?);
        Ok(Options {
            http_server_url: (!url.is_empty()).then_some(url),
            http_server_root: text(reader.get("deploy", "http_server_root")?).into(),
            use_http_web_server_for_images: reader
                .get("ilo", "use_http_web_server_for_images")?
                .value
                .as_bool()
                .unwrap_or_default(),
            swift_ilo_container: text(reader.get("ilo", "swift_ilo_container")?),
            swift_object_expiry_timeout: reader.seconds("ilo", "swift_object_expiry_timeout")?,
            client_timeout: reader.seconds("ilo", "client_timeout")?,
            client_port: reader.number("ilo", "client_port", "a port from 1 to 65535")?,
        })
    }
}

struct Reader<'r> {
    config: Config<'r>,
    opts: &'r [Opt],
}

impl<'r> Reader<'r> {
    fn get(&self, group: &str, name: &str) -> Result<Setting<'r>, OptionsError> {
        let setting = self
            .config
            .get(group, name)
            .map_err(|cause| OptionsError::Value {
                place: self.place(group, name),
                cause: Box::new(cause),
            })?;
        if let Some(former) = setting.origin.deprecated_name() {
            log::warn!(
                "{}: [{}] {} is a former name: use [{group}] {name}",
                self.place(group, name),
                former.group(),
                former.name(),
            );
        }
        Ok(setting)
    }

    fn seconds(&self, group: &str, name: &str) -> Result<Duration, OptionsError> {
        self.number(group, name, "a number of seconds, 0 or more")
            .map(Duration::from_secs)
    }

    fn number<N: TryFrom<i128>>(
        &self,
        group: &str,
        name: &str,
        expected: &'static str,
    ) -> Result<N, OptionsError> {
        let number = self.get(group, name)?.value.as_int();
        number
            .and_then(|number| N::try_from(number).ok())
            .ok_or_else(|| OptionsError::Range {
                option: OptName::new(group, name),
                place: self.place(group, name),
                expected,
            })
    }

    /// Where an option is set, for messages.
    fn place(&self, group: &str, name: &str) -> String {
        let named = |opt: &&Opt| opt.name().group() == group && opt.name().name() == name;
        match self
            .opts
            .iter()
            .find(named)
            .map(|opt| self.config.origin(opt))
        {
            Some(Origin::File { path, line, .. }) => format!("{}:{line}", path.display()),
            Some(Origin::Environment { variable }) => format!("environment variable {variable}"),
            _ => format!("[{group}] {name}"),
        }
    }
}
