//! What goes wrong in practice where iLO images are hosted.

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
            self.scheme_missing(&url, found);
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
        let help = "add [swift] with how to reach it, or host on a web server: set [ilo] \
                    use_http_web_server_for_images and [deploy] http_server_url";
        let diagnostic = Diagnostic::new(Code::SwiftSectionMissing, message).help(help);
        if let Some(place) = self.place(switch) {
            found.push(diagnostic.at(place));
            return;
        }
        let ilo = self.files.iter().find_map(|file| {
            let mut sections = file.document.sections();
            sections
                .find(|section| *section.group() == "ilo")
                .map(|section| (file, section.line()))
        });
        found.push(match ilo {
            Some((file, line)) => diagnostic.at(self.places.line(file, line)),
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

    fn scheme_missing(&self, url: &Setting<'_>, found: &mut Vec<Diagnostic>) {
        let Some(text) = url.value.as_str().filter(|text| !text.is_empty()) else {
            return;
        };
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        if !scheme.is_some_and(|scheme| scheme == "http" || scheme == "https") {
            let message = "the web server's URL does not start with http:// or https://";
            let diagnostic = Diagnostic::new(Code::UrlWithoutScheme, message);
            self.report(
                found,
                url,
                diagnostic.help("write the whole URL, as in http://192.0.2.1:8080"),
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
            let message = "the web server's directory is not a directory on this machine";
            let help = "make it, readable by the web server and writable by the conductor, or correct the path";
            let diagnostic = Diagnostic::new(Code::WebServerRootMissing, message).help(help);
            self.report(found, root, diagnostic);
        }
    }
}
