//! Reading single options: a value, or an error that names the place where it is set.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use oslo_config::{Config, Opt, OptName, Origin, ParsedFile, Setting, Value};

use super::OptionsError;
use crate::node::{BootMode, NotABootMode};

pub(super) struct OptionReader<'r> {
    config: Config<'r>,
    opts: &'r [Opt],
}

impl<'r> OptionReader<'r> {
    /// Creates a reader of `opts`, which must contain every option that will be read.
    pub(super) fn new(
        files: &'r [ParsedFile<'r>],
        opts: &'r [Opt],
        environment: &[(OsString, OsString)],
    ) -> Self {
        let config = Config::new(files, opts).with_environment(environment.iter().cloned());
        Self { config, opts }
    }

    pub(super) fn get(&self, group: &str, name: &str) -> Result<Setting<'_>, OptionsError> {
        let setting = self
            .config
            .setting(group, name)
            .map_err(|cause| OptionsError::Value { cause })?;
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

    /// Reads a string; `None` if it is unset and has no default.
    pub(super) fn text(&self, group: &str, name: &str) -> Result<Option<String>, OptionsError> {
        Ok(self.get(group, name)?.value.as_str().map(str::to_owned))
    }

    /// Reads a string that is not empty.
    pub(super) fn filled(&self, group: &str, name: &str) -> Result<Option<String>, OptionsError> {
        Ok(self.text(group, name)?.filter(|text| !text.is_empty()))
    }

    pub(super) fn path(&self, group: &str, name: &str) -> Result<Option<PathBuf>, OptionsError> {
        Ok(self.filled(group, name)?.map(PathBuf::from))
    }

    /// Reads a list of strings.
    pub(super) fn texts(&self, group: &str, name: &str) -> Result<Vec<String>, OptionsError> {
        Ok(texts(&self.get(group, name)?.value))
    }

    /// Reads a list of paths.
    pub(super) fn paths(&self, group: &str, name: &str) -> Result<Vec<PathBuf>, OptionsError> {
        let texts = self.texts(group, name)?;
        Ok(texts.into_iter().map(PathBuf::from).collect())
    }

    pub(super) fn seconds(&self, group: &str, name: &str) -> Result<Duration, OptionsError> {
        self.number(group, name, "a number of seconds, 0 or more")
            .map(Duration::from_secs)
    }

    pub(super) fn number<N: TryFrom<i128>>(
        &self,
        group: &str,
        name: &str,
        expected: &'static str,
    ) -> Result<N, OptionsError> {
        let number = self.get(group, name)?.value.as_int();
        number
            .and_then(|number| N::try_from(number).ok())
            .ok_or_else(|| self.out_of_range(group, name, expected))
    }

    /// Reads the boot mode of nodes that name none.
    pub(super) fn default_boot_mode(&self) -> Result<Option<BootMode>, OptionsError> {
        match self.boot_mode("ilo", &["auto"])? {
            Some(mode) => Ok(Some(mode)),
            None => self.boot_mode("deploy", &[]),
        }
    }

    /// Reads the boot mode of a group; `None` if it is unset or one of the words `none`.
    fn boot_mode(&self, group: &str, none: &[&str]) -> Result<Option<BootMode>, OptionsError> {
        let name = "default_boot_mode";
        match self.filled(group, name)? {
            Some(text) if !none.contains(&text.as_str()) => text
                .parse()
                .map(Some)
                .map_err(|_: NotABootMode| self.out_of_range(group, name, "bios or uefi")),
            _ => Ok(None),
        }
    }

    pub(super) fn out_of_range(
        &self,
        group: &str,
        name: &str,
        expected: &'static str,
    ) -> OptionsError {
        OptionsError::Range {
            option: OptName::new(group, name),
            place: self.place(group, name),
            expected,
        }
    }

    /// Reads a secret that is not empty. The cause of an error is dropped, as it may quote the
    /// secret.
    #[cfg(feature = "swift")]
    pub(super) fn secret(&self, group: &str, name: &str) -> Result<Option<Secret>, OptionsError> {
        let found = self.filled(group, name).map_err(|_| OptionsError::Secret {
            option: OptName::new(group, name),
            place: self.place(group, name),
        })?;
        Ok(found.map(Secret::new))
    }

    /// Returns where an option is set, for messages.
    fn place(&self, group: &str, name: &str) -> String {
        let named = |opt: &&Opt| opt.name().group() == group && opt.name().name() == name;
        match self
            .opts
            .iter()
            .find(named)
            .map(|opt| self.config.origin(opt))
        {
            Some(origin @ (Origin::File { .. } | Origin::Environment { .. })) => origin.to_string(),
            _ => format!("[{group}] {name}"),
        }
    }
}

/// Returns the strings of a list.
pub(super) fn texts(value: &Value) -> Vec<String> {
    let Value::List(values) = value else {
        return Vec::new();
    };
    let texts = values.iter().filter_map(|value| value.as_str());
    texts.map(str::to_owned).collect()
}

/// A password or another string that neither `Debug` nor a log shows.
#[cfg(feature = "swift")]
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

#[cfg(feature = "swift")]
impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the string itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "swift")]
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}
