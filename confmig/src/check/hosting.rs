//! What goes wrong in practice where iLO images are hosted.

use std::net::IpAddr;
use std::path::Path;

use bstr::ByteSlice;
use oslo_config::{Origin, Setting};

use super::Checker;
use crate::diagnostic::{Code, Diagnostic, Place};

/// The names of the options, the blueprint's and Ironic's.
const SWITCH: [&str; 2] = [
    "use_http_web_server_for_images",
    "use_web_server_for_images",
];
const URL: [&str; 2] = ["http_server_url", "http_url"];
const ROOT: [&str; 2] = ["http_server_root", "http_root"];

impl Checker<'_> {
    pub(super) fn hosting(&self, found: &mut Vec<Diagnostic>) {
        let Some(switch) = self.setting("ilo", &SWITCH) else {
            return;
        };
        let url = self.setting("deploy", &URL);
        let root = self.setting("deploy", &ROOT);
        if switch.value.as_bool() == Some(true) {
            self.url_missing(&switch, found);
        } else {
            self.swift_missing(&switch, found);
        }
        if let Some(url) = url {
            self.url(&url, found);
        }
        if let Some(root) = root {
            self.root_missing(&switch, &root, found);
        }
    }

    /// Where an option is set; `None` when it is not set in a file.
    fn place(&self, setting: &Setting<'_>) -> Option<Place> {
        let Origin::File { .. } = setting.origin else {
            return None;
        };
        let set = setting.occurrences.effective.last()?;
        Some(self.places.key(set.path, set.entry))
    }

    fn report(&self, found: &mut Vec<Diagnostic>, setting: &Setting<'_>, diagnostic: Diagnostic) {
        found.push(match self.place(setting) {
            Some(place) => diagnostic.at(place),
            None => diagnostic,
        });
    }

    fn url_missing(&self, switch: &Setting<'_>, found: &mut Vec<Diagnostic>) {
        let Some(opt) = self.option("deploy", &URL) else {
            return;
        };
        let texts = self
            .config
            .get(opt.name().group(), opt.name().name())
            .map(|url| url.texts);
        // A value that cannot be read is set, and has a diagnostic of its own.
        if texts.is_ok_and(|texts| texts.iter().all(String::is_empty)) {
            let message = "images are to be hosted on a web server, but its URL is not set";
            let help = format!("set [deploy] {} to where nodes reach it", opt.name().name());
            let diagnostic = Diagnostic::new(Code::WebServerUrlMissing, message).help(help);
            self.report(found, switch, diagnostic);
        }
    }

    fn swift_missing(&self, switch: &Setting<'_>, found: &mut Vec<Diagnostic>) {
        let mut sections = self.files.iter().flat_map(|file| file.document.sections());
        if !self.uses_ilo() || sections.any(|section| *section.group() == "swift") {
            return;
        }
        let message = "images are to be hosted in Swift, but there is no [swift] section";
        let named = |group: &str, names: &[&str; 2]| {
            self.option(group, names)
                .map_or(String::new(), |opt| opt.name().to_string())
        };
        let help = format!(
            "add [swift] with how to reach it, or host on a web server: set {} and {}",
            named("ilo", &SWITCH),
            named("deploy", &URL),
        );
        let diagnostic = Diagnostic::new(Code::SwiftSectionMissing, message).help(help);
        if let Some(place) = self.place(switch) {
            found.push(diagnostic.at(place));
            return;
        }
        let ilo = self.files.iter().find_map(|file| {
            let mut sections = file.document.sections();
            let section = sections.find(|section| *section.group() == "ilo")?;
            Some(self.places.header(file, section))
        });
        found.push(match ilo {
            Some(place) => diagnostic.at(place),
            None => diagnostic,
        });
    }

    /// Tells whether the files speak of iLO: a section of its own, or an enabled driver or hardware
    /// type.
    fn uses_ilo(&self) -> bool {
        let enabling = ["enabled_drivers", "enabled_hardware_types"];
        self.files
            .iter()
            .flat_map(|file| file.document.sections())
            .any(|section| {
                *section.group() == "ilo"
                    || section
                        .entries()
                        .filter(|entry| enabling.iter().any(|key| entry.key() == *key))
                        .any(|entry| {
                            let value = entry.value();
                            value
                                .split_str(",")
                                .map(<[u8]>::trim)
                                .any(|name| name.starts_with(b"ilo") || name.ends_with(b"_ilo"))
                        })
            })
    }

    /// What is wrong with the web server's URL as such.
    fn url(&self, url: &Setting<'_>, found: &mut Vec<Diagnostic>) {
        let Some(text) = url.value.as_str().filter(|text| !text.is_empty()) else {
            return;
        };
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host_and_port = authority.rsplit('@').next().unwrap_or_default();
        let host = match host_and_port.strip_prefix('[') {
            Some(literal) => literal.split(']').next().unwrap_or_default(),
            None => host_and_port.split(':').next().unwrap_or_default(),
        };
        let loopback = host.eq_ignore_ascii_case("localhost")
            || host
                .parse::<IpAddr>()
                .is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified());
        let diagnostic =
            |code, message: &str, help: &str| Diagnostic::new(code, message).help(help);
        if !["http", "https"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
        {
            let message = "the web server's URL does not start with http:// or https://";
            let help = "write the whole URL, as in http://192.0.2.1:8080";
            self.report(
                found,
                url,
                diagnostic(Code::UrlWithoutScheme, message, help),
            );
        }
        if text.contains(char::is_whitespace) {
            let message = "the web server's URL has white space in it";
            let help = "a comment needs a line of its own: there are no comments after a value";
            self.report(found, url, diagnostic(Code::MalformedUrl, message, help));
        } else if loopback {
            let message = "the web server's URL leads to this machine only: no iLO reaches it";
            let help = "give the address under which nodes and their iLOs reach the web server";
            self.report(found, url, diagnostic(Code::LoopbackUrl, message, help));
        }
        if authority.contains('@') {
            let message =
                "the web server's URL has a user in it, which every iLO and node would see";
            let help = "serve the images without a password, to the nodes' network only";
            self.report(
                found,
                url,
                diagnostic(Code::CredentialsInUrl, message, help),
            );
        }
    }

    fn root_missing(&self, switch: &Setting<'_>, root: &Setting<'_>, found: &mut Vec<Diagnostic>) {
        let asked_for = switch.value.as_bool() == Some(true)
            || matches!(
                root.origin,
                Origin::File { .. } | Origin::Environment { .. }
            );
        let Some(text) = root.value.as_str() else {
            return;
        };
        if asked_for && !(self.world.is_directory)(Path::new(text)) {
            let from_default = if root.origin == Origin::Default {
                ", its default"
            } else {
                ""
            };
            let name = self
                .option("deploy", &ROOT)
                .map_or(ROOT[0], |opt| opt.name().name());
            let message = format!(
                "the web server's directory [deploy] {name}{from_default} is not a directory on this machine"
            );
            let help = "make it, readable by the web server and writable by the conductor, or correct the path";
            let diagnostic = Diagnostic::new(Code::WebServerRootMissing, message).help(help);
            self.report(found, root, diagnostic);
        }
    }
}
