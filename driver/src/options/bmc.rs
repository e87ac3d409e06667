//! The options of BMCs.

use std::path::PathBuf;
use std::time::Duration;

use oslo_config::{Opt, OptType};

use super::{OptionReader, OptionsError};
use crate::node::truth_value;

/// How a BMC is reached and how long it may take, in addition to `[ilo] client_timeout` and `[ilo]
/// client_port`.
///
/// | option | default | |
/// |---|---|---|
/// | `[ilo] verify_ca` | `True` | Victoria to 2026.1 |
/// | `[ilo] ca_file` | none | since Newton, deprecated; takes precedence over `verify_ca` |
/// | `[ilo] power_wait` | `2` s | Juno to 2026.1 |
/// | `[ilo] power_retry` | none | Juno to Stein, with the default `6` |
/// | `[conductor] power_state_change_timeout` | `60` s | since Pike, `30` s before Ussuri |
/// | `[conductor] soft_power_off_timeout` | `600` s | since Ocata |
/// | `[redfish] post_boot_retry_attempts` | `6` | since 2026.1 |
/// | `[redfish] post_boot_retry_delay` | `5` s | since 2026.1 |
/// | `[redfish] boot_mode_config_timeout` | `900` s | since 2023.2 |
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BmcOptions {
    /// Which certificates are trusted.
    pub verify_ca: VerifyCa,
    /// The interval at which a server's power state is polled.
    pub power_wait: Duration,
    /// How long a server may take to change its power state: `power_retry` times `power_wait` if
    /// `power_retry` is set, or else `power_state_change_timeout`.
    pub power_timeout: Duration,
    /// How long the operating system of a server may take to shut down: `soft_power_off_timeout`.
    pub soft_power_off_timeout: Duration,
    /// How long a server that is starting may refuse its next boot device: as long as Ironic tries
    /// it `post_boot_retry_attempts` times, with pauses that double from `post_boot_retry_delay` to
    /// 30 seconds.
    pub boot_source_timeout: Duration,
    /// How long a server that was started may take to apply the boot mode and the boot order that
    /// were changed for this start: `boot_mode_config_timeout`.
    pub settings_timeout: Duration,
}

/// Which certificates of a BMC are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerifyCa {
    /// Certificates that this machine trusts.
    System,
    /// Certificates issued by the authorities in this PEM file, or in the files of this directory.
    Path(PathBuf),
    /// Any certificate. Whoever can impersonate the BMC obtains its password.
    No,
}

impl From<&str> for VerifyCa {
    /// Reads a boolean, as Ironic spells them, or else a path.
    ///
    /// ```
    /// use driver::options::VerifyCa;
    ///
    /// assert_eq!(VerifyCa::from("True"), VerifyCa::System);
    /// assert_eq!(VerifyCa::from("no"), VerifyCa::No);
    /// let path = "/etc/ironic/ilo-ca.pem";
    /// assert_eq!(VerifyCa::from(path), VerifyCa::Path(path.into()));
    /// ```
    fn from(text: &str) -> Self {
        match truth_value(text) {
            Some(true) => Self::System,
            Some(false) => Self::No,
            None => Self::Path(text.into()),
        }
    }
}

impl BmcOptions {
    /// Returns the definitions of these options.
    #[must_use]
    pub fn opts() -> Vec<Opt> {
        vec![
            Opt::new("ilo", "verify_ca", OptType::string()).with_default("True"),
            Opt::new("ilo", "ca_file", OptType::string()),
            Opt::new("ilo", "power_wait", OptType::int()).with_default("2"),
            Opt::new("ilo", "power_retry", OptType::int()),
            Opt::new("conductor", "power_state_change_timeout", OptType::int()).with_default("60"),
            Opt::new("conductor", "soft_power_off_timeout", OptType::int()).with_default("600"),
            Opt::new("redfish", "post_boot_retry_attempts", OptType::int()).with_default("6"),
            Opt::new("redfish", "post_boot_retry_delay", OptType::int()).with_default("5"),
            Opt::new("redfish", "boot_mode_config_timeout", OptType::int()).with_default("900"),
        ]
    }

    pub(super) fn read(reader: &OptionReader<'_>) -> Result<Self, OptionsError> {
        let verify_ca = match reader.path("ilo", "ca_file")? {
            Some(file) => VerifyCa::Path(file),
            None => match reader.filled("ilo", "verify_ca")? {
                Some(text) => VerifyCa::from(text.as_str()),
                None => VerifyCa::System,
            },
        };
        let power_wait = reader.seconds("ilo", "power_wait")?;
        let power_timeout = match reader.get("ilo", "power_retry")?.value.as_int() {
            Some(_) => {
                let times: u32 =
                    reader.number("ilo", "power_retry", "a number of tries, 0 or more")?;
                power_wait.saturating_mul(times)
            }
            None => reader.seconds("conductor", "power_state_change_timeout")?,
        };
        let attempts: u32 = reader.number(
            "redfish",
            "post_boot_retry_attempts",
            "a number of tries, 1 or more",
        )?;
        let delay = reader.seconds("redfish", "post_boot_retry_delay")?;
        Ok(Self {
            verify_ca,
            power_wait,
            power_timeout,
            soft_power_off_timeout: reader.seconds("conductor", "soft_power_off_timeout")?,
            boot_source_timeout: time_of_retries(attempts, delay),
            settings_timeout: reader.seconds("redfish", "boot_mode_config_timeout")?,
        })
    }
}

/// The longest pause between two of Ironic's tries.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Returns how long this number of tries takes with pauses that begin with `delay` and double.
fn time_of_retries(attempts: u32, delay: Duration) -> Duration {
    let longest = delay.max(PAUSE_MAX);
    let (mut total, mut pause) = (Duration::ZERO, delay);
    let mut left = attempts.saturating_sub(1);
    while left > 0 && pause < longest && !pause.is_zero() {
        total = total.saturating_add(pause);
        pause = (pause * 2).min(longest);
        left -= 1;
    }
    total.saturating_add(pause.saturating_mul(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_between_tries_double_to_half_a_minute() {
        let seconds = Duration::from_secs;
        for (attempts, delay, expected) in [
            (6, 5, 5 + 10 + 20 + 30 + 30),
            (1, 5, 0),
            (0, 5, 0),
            (3, 40, 80),
            (9, 0, 0),
        ] {
            assert_eq!(time_of_retries(attempts, seconds(delay)), seconds(expected));
        }
        assert!(time_of_retries(u32::MAX, seconds(1)) > seconds(1 << 32));
    }
}
