//! Common mistakes in where iLO images are hosted.

use std::net::IpAddr;
use std::path::Path;

use bstr::ByteSlice;
use oslo_config::{Entry, Origin, Setting};

use super::{Checker, finding, is_template};
use crate::diagnostic::{Code, Diagnostic, Place};

/// The options' names: the blueprint's, then Ironic's.
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

    /// Returns where an option is set; `None` when no file sets it.
    fn place(&self, setting: &Setting<'_>) -> Option<Place> {
        let Origin::File { .. } = setting.origin else {
            return None;
        };
        let set = setting.occurrences.effective.last()?;
        Some(self.places.key(set.path, set.entry))
    }

    /// Reports a diagnostic at the place of a setting.
    fn report(&self, found: &mut Vec<Diagnostic>, setting: &Setting<'_>, diagnostic: Diagnostic) {
        found.push(Diagnostic {
            place: self.place(setting),
            ..diagnostic
        });
    }

    fn url_missing(&self, switch: &Setting<'_>, found: &mut Vec<Diagnostic>) {
        let Some(opt) = self.option("deploy", &URL) else {
            return;
        };
        let url = self.config.setting(opt.name().group(), opt.name().name());
        // A value that cannot be read is set, and is reported separately.
        if url.is_ok_and(|url| url.texts.iter().all(String::is_empty)) {
            let message = "images are hosted on a web server, but its URL is not set";
            let help = format!(
                "set [deploy] {} to the URL that nodes use",
                opt.name().name()
            );
            self.report(
                found,
                switch,
                finding(Code::WebServerUrlMissing, message, help).about(opt.name()),
            );
        }
    }

    fn swift_missing(&self, switch: &Setting<'_>, found: &mut Vec<Diagnostic>) {
        let mut sections = self.files.iter().flat_map(|file| file.document.sections());
        if !self.uses_ilo() || sections.any(|section| section.group() == "swift") {
            return;
        }
        let message = "images are hosted in Swift, but there is no [swift] section";
        let named = |group: &str, names: &[&str; 2]| {
            self.option(group, names)
                .map_or(String::new(), |opt| opt.name().to_string())
        };
        let help = format!(
            "add a [swift] section, or host images on a web server: set {} and {}",
            named("ilo", &SWITCH),
            named("deploy", &URL),
        );
        let header = || {
            self.files.iter().find_map(|file| {
                let mut sections = file.document.sections();
                let section = sections.find(|section| section.group() == "ilo")?;
                Some(self.places.header(file, section))
            })
        };
        found.push(Diagnostic {
            place: self.place(switch).or_else(header),
            ..finding(Code::SwiftSectionMissing, message, help)
        });
    }

    /// Returns whether the files configure iLO: by an `[ilo]` section, or by an enabled driver or
    /// hardware type.
    fn uses_ilo(&self) -> bool {
        let enabling = ["enabled_drivers", "enabled_hardware_types"];
        let enables = |entry: Entry<'_, '_>| {
            let is_ilo = |name: &[u8]| name.starts_with(b"ilo") || name.ends_with(b"_ilo");
            let value = entry.value();
            let mut names = value.split_str(",").map(<[u8]>::trim);
            enabling.iter().any(|key| entry.key() == *key) && names.any(is_ilo)
        };
        let mut sections = self.files.iter().flat_map(|file| file.document.sections());
        sections.any(|section| section.group() == "ilo" || section.entries().any(enables))
    }

    /// Checks the web server's URL by itself.
    fn url(&self, url: &Setting<'_>, found: &mut Vec<Diagnostic>) {
        let text = url.value.as_str().filter(|text| !text.is_empty());
        let (Some(text), Some(opt)) = (text, self.option("deploy", &URL)) else {
            return;
        };
        if is_template(text.as_bytes()) {
            return;
        }
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
        let is_http = ["http", "https"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known));
        let has_space = text.contains(char::is_whitespace);
        let faults = [
            (
                !is_http,
                Code::UrlWithoutScheme,
                "the web server's URL does not start with http:// or https://",
                "write the whole URL, for example http://192.0.2.1:8080",
            ),
            (
                has_space,
                Code::MalformedUrl,
                "the web server's URL contains white space",
                "put comments on lines of their own: a comment cannot follow a value",
            ),
            (
                loopback && !has_space,
                Code::LoopbackUrl,
                "the web server's URL points to this machine itself: no iLO can reach it",
                "use an address at which nodes and their iLOs can reach the web server",
            ),
            (
                authority.contains('@'),
                Code::CredentialsInUrl,
                "the web server's URL contains credentials, which every iLO and node would see",
                "serve the images without a password, and only to the nodes' network",
            ),
        ];
        for (present, code, message, help) in faults {
            if present {
                self.report(found, url, finding(code, message, help).about(opt.name()));
            }
        }
    }

    fn root_missing(&self, switch: &Setting<'_>, root: &Setting<'_>, found: &mut Vec<Diagnostic>) {
        let is_used = switch.value.as_bool() == Some(true)
            || matches!(
                root.origin,
                Origin::File { .. } | Origin::Environment { .. }
            );
        let Some(text) = root.value.as_str() else {
            return;
        };
        if is_used
            && !is_template(text.as_bytes())
            && !(self.environment.is_directory)(Path::new(text))
        {
            let from_default = match root.origin {
                Origin::Default => ", its default",
                _ => "",
            };
            let opt = self.option("deploy", &ROOT);
            let name = opt.map_or(ROOT[0], |opt| opt.name().name());
            let message = format!(
                "the web server's directory, [deploy] {name}{from_default}, is not a directory on \
                 this machine"
            );
            let help = "create it, readable by the web server and writable by the conductor, \
                        or correct the path";
            let option = opt.map(|opt| opt.name().clone());
            let diagnostic = finding(Code::WebServerRootMissing, message, help);
            self.report(
                found,
                root,
                Diagnostic {
                    option,
                    ..diagnostic
                },
            );
        }
    }
}
