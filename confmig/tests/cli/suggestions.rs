//! What is suggested in place of unknown names, over all configurations.

use std::path::{Path, PathBuf};

use crate::support::{confmig, fixtures, ran, root};

/// What is suggested is read by the target, and not set already.
#[test]
fn did_you_mean() {
    let meant = |text: &str, to: &str| {
        let words = format!("check --to {to} ironic.conf");
        let said = ran(text, &words).stdout().to_owned();
        let meant = said.split_once("did you mean ");
        meant.map(|(_, rest)| rest.split('?').next().unwrap().to_owned())
    };
    let interfaces = "[keystone_authtoken]\nvalid_interfaces = internal\nauth_type = password\n\
                      [cinder]\nauth_type = password\nvalid_interfaces = internal\n";
    assert_eq!(meant(interfaces, "2026.2").as_deref(), Some("interface"));
    let rabbit = "[oslo_messaging_rabbit]\ntransport_url = rabbit://192.0.2.1\n";
    assert_eq!(meant(rabbit, "2026.2").as_deref(), Some("[DEFAULT]"));
    let both = format!("[DEFAULT]\ntransport_url = rabbit://192.0.2.2\n{rabbit}");
    assert_eq!(meant(&both, "2026.2"), None);
    let typo = "[pxe]\nipxe_enabld = true\n";
    assert_eq!(meant(typo, "train").as_deref(), Some("ipxe_enabled"));
    assert_eq!(meant(typo, "2026.2"), None);
}

/// The configurations of the tests, and those below the directory that `CONFMIG_CORPUS` names.
fn configurations() -> Vec<String> {
    let mut found = fixtures("");
    let mut left: Vec<_> = std::env::var_os("CONFMIG_CORPUS")
        .into_iter()
        .map(Into::into)
        .collect();
    while let Some(directory) = left.pop() {
        let directory: PathBuf = directory;
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "conf")
            {
                found.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    found
}

/// For each release and configuration: what is called unknown is an option of no release, and what
/// is suggested is read by that release and set nowhere in the file.
#[test]
fn no_suggestion_that_the_release_does_not_read() {
    use confmig::history::{History, Series, Service};
    let history = History::new(Service::IRONIC);
    let files = configurations();
    let (mut unknown, mut suggested) = (0, 0);
    for to in ["liberty", "train", "2026.2"] {
        let series = Series::parse(Service::IRONIC, to).unwrap();
        for file in &files {
            let words = ["check", "--service", "ironic", "--to", to, file];
            let ran = confmig(words).run();
            let text = std::fs::read(root().join(Path::new(file))).unwrap();
            let text = String::from_utf8_lossy(&text);
            for finding in ran.stdout().split("\n\n") {
                if !finding.contains("[unknown-option]: no release knows an option ") {
                    continue;
                }
                let (_, rest) = finding.split_once("an option ").unwrap();
                let (key, group) = rest.split_once(" in [").unwrap();
                let group = group.split(']').next().unwrap();
                assert!(history.of(group, key).is_none(), "{file}: {finding}");
                unknown += 1;
                let Some((_, meant)) = finding.split_once("did you mean ") else {
                    continue;
                };
                let meant = meant.split('?').next().unwrap();
                let (group, key) = match meant.strip_prefix('[') {
                    None => (group, meant),
                    Some(rest) => {
                        let (group, name) = rest.split_once(']').unwrap();
                        (group, if name.is_empty() { key } else { name.trim() })
                    }
                };
                let of_name = history.of(group, key);
                let is_option = of_name.is_some_and(|of_name| of_name.is_option(series));
                assert!(is_option, "{file} for {to}: {finding}");
                let mut in_group = false;
                let is_set = text.lines().any(|line| {
                    if line.starts_with('[') {
                        in_group = line.trim_end() == format!("[{group}]");
                    }
                    let name = line.split(['=', ':']).next().unwrap();
                    in_group && name.trim_end() == key
                });
                assert!(!is_set, "{file} for {to}: {finding}");
                suggested += 1;
            }
        }
    }
    assert!(unknown > 20 && suggested > 3, "{unknown} {suggested}");
}
