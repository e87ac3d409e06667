//! What a name was in any release: what is known of it whichever release wrote a file.

use super::Service;
use super::auth::plugin_options;
use super::facts::{self, Fact, Key};

/// A name, as one line of the facts has it.
pub(crate) struct NameInAnyRelease {
    /// The group `*` stands for any section that chooses an authentication plugin.
    pub(crate) key: Key,
    pub(crate) is_multi: bool,
    pub(crate) is_secret: bool,
    /// Its value is a text, or has texts in it.
    pub(crate) is_text: bool,
    /// The options that read it as a former name.
    pub(crate) readers: Vec<Key>,
}

/// Every name that any release had, some more than once: the options and former names of the
/// service, and those of authentication plugins.
pub(crate) fn names_in_any_release(service: Service) -> Vec<NameInAnyRelease> {
    let of_options = facts::all(service).map(|(key, fact)| {
        let json = match fact {
            Fact::Definition(_, json) => json,
            Fact::Formerly(..) | Fact::Between => "",
        };
        // The kind and the mark are looked for in the text: reading the JSON takes ten times as long.
        let is = |part: &str| memchr::memmem::find(json.as_bytes(), part.as_bytes()).is_some();
        let is_kind = |kind: &str| json.ends_with(&format!("\"type\":\"{kind}\"}}"));
        NameInAnyRelease {
            key,
            is_multi: is_kind("multistr"),
            is_secret: is("\"secret\":true"),
            is_text: ["str", "uri", "list", "dict", "multistr"]
                .into_iter()
                .any(is_kind),
            readers: Vec::new(),
        }
    });
    let of_former = service.readers().iter().map(|reader| NameInAnyRelease {
        key: reader.former,
        is_multi: false,
        is_secret: false,
        is_text: false,
        readers: vec![reader.option],
    });
    let mut names: Vec<NameInAnyRelease> = of_options.chain(of_former).collect();
    for option in plugin_options(service).filter(|option| option.name != "-") {
        let own = ("*", option.name);
        let of_plugin = |name, readers: Vec<Key>| NameInAnyRelease {
            key: ("*", name),
            is_multi: false,
            is_secret: option.is_secret,
            is_text: readers.is_empty(),
            readers,
        };
        names.extend(option.former().map(|name| of_plugin(name, vec![own])));
        names.push(of_plugin(option.name, Vec::new()));
    }
    names
}
