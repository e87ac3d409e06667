//! What an iLO answers before anything was changed, from `fixtures/ilo`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::Value;

use super::Generation;

/// The resources and messages of an iLO.
#[derive(Debug)]
pub(crate) struct Capture {
    /// The resources by their paths in lower case without a trailing slash.
    pub(crate) resources: BTreeMap<String, Resource>,
    /// The full names of the messages in the registries, with the number of their arguments.
    messages: BTreeMap<String, (String, usize)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// The path as the iLO spells it, without a trailing slash.
    pub(crate) path: String,
    pub(crate) content: Value,
}

/// The captures that were read.
static KNOWN: LazyLock<Mutex<BTreeMap<Generation, Arc<Capture>>>> = LazyLock::new(Mutex::default);

impl Capture {
    pub(crate) fn of(generation: Generation) -> Arc<Self> {
        let mut known = KNOWN.lock().unwrap();
        let capture = known.entry(generation);
        Arc::clone(capture.or_insert_with(|| Arc::new(Self::read(generation))))
    }

    fn read(generation: Generation) -> Self {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/ilo");
        let dir = fixtures.join(generation.directory());
        let mut resources = BTreeMap::new();
        for file in files(&dir.join("redfish")) {
            let path = file.parent().unwrap().strip_prefix(&dir).unwrap();
            let path = format!("/{}", path.display());
            let content = json(&file);
            resources.insert(path.to_ascii_lowercase(), Resource { path, content });
        }
        let mut messages = BTreeMap::new();
        let registries = json(&dir.join("messages.json"));
        for (registry, facts) in registries.as_object().unwrap() {
            let version = facts["RegistryVersion"].as_str().unwrap();
            // A message has no patch version: `iLO.2.15.ResetInProgress` of 2.15.0.
            let version = version.rsplit_once('.').unwrap().0;
            for (name, arguments) in facts["NumberOfArgs"].as_object().unwrap() {
                let id = format!("{registry}.{version}.{name}");
                let arguments = arguments.as_u64().unwrap() as usize;
                messages.insert(name.clone(), (id, arguments));
            }
        }
        Self {
            resources,
            messages,
        }
    }

    /// The full name of a message and the number of its arguments. Fails if the iLO has no such
    /// message: the stand-in may not invent one.
    pub(crate) fn message(&self, name: &str) -> (&str, usize) {
        match self.messages.get(name) {
            Some((id, arguments)) => (id, *arguments),
            None => panic!("{name} is in no registry of this iLO"),
        }
    }

    pub(crate) fn has_message(&self, name: &str) -> bool {
        self.messages.contains_key(name)
    }
}

fn json(file: &Path) -> Value {
    let text = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
