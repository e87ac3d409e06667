//! Finds the circles of modules and the violations of layers in a crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::source::{Files, Module, ModulePath, modules};

/// The modules of a crate and which of them use which.
pub(crate) struct Graph {
    modules: BTreeMap<ModulePath, Module>,
    uses: Vec<Use>,
}

/// A use of one module by another, and its place.
struct Use {
    from: ModulePath,
    to: ModulePath,
    place: String,
}

/// The places where one sibling uses another, by their two names.
type Siblings<'g> = BTreeMap<(&'g str, &'g str), BTreeSet<&'g str>>;

impl Graph {
    /// Reads the crate with the root `root` in `files`; places start with `folder`.
    pub(crate) fn read(files: &Files, root: &str, folder: &str) -> Self {
        let modules = modules(files, root)
            .into_iter()
            .map(|module| (module.path.clone(), module));
        let mut graph = Self {
            modules: modules.collect(),
            uses: Vec::new(),
        };
        let mut uses = Vec::new();
        for module in graph.modules.values() {
            for mention in &module.mentions {
                for to in graph.resolve(&module.path, &mention.path) {
                    let place = format!("{folder}{}:{}", module.file.display(), mention.line);
                    uses.push(Use {
                        from: module.path.clone(),
                        to,
                        place,
                    });
                }
            }
        }
        graph.uses = uses;
        graph
    }

    /// Returns the rooms, which are the modules that the crate's root declares.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = &str> {
        self.modules
            .keys()
            .filter(|path| path.len() == 1)
            .map(|path| path[0].as_str())
    }

    /// Returns the modules that a path leads to from the module `base`: the one that it names, and
    /// the one that this module re-exports its next word from.
    fn resolve(&self, base: &[String], path: &[String]) -> BTreeSet<ModulePath> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut next = Some((base.to_vec(), path.to_vec()));
        while let Some((mut at, path)) = next.take() {
            // `use a::a` in a module without `a` is a path of another crate.
            if !seen.insert((at.clone(), path.clone())) || !self.is_of_crate(&at, &path) {
                break;
            }
            for (index, word) in path.iter().enumerate() {
                match word.as_str() {
                    "crate" => at.clear(),
                    "self" => {}
                    "super" => {
                        at.pop();
                    }
                    _ if self.modules.contains_key(&child(&at, word)) => at.push(word.clone()),
                    _ => {
                        next = self.modules[&at].imports.get(word).map(|import| {
                            let whole = import.iter().chain(&path[index + 1..]);
                            (at.clone(), whole.cloned().collect())
                        });
                        break;
                    }
                }
            }
            found.insert(at);
        }
        found
    }

    /// Whether a path in the module `at` begins in this crate.
    fn is_of_crate(&self, at: &[String], path: &[String]) -> bool {
        path.first().is_some_and(|first| {
            matches!(first.as_str(), "crate" | "self" | "super")
                || self.modules.contains_key(&child(at, first))
        })
    }

    /// Returns the uses between the children of each module, each with all modules below it. Uses
    /// between a module and those below it are left out.
    fn siblings(&self) -> BTreeMap<&[String], Siblings<'_>> {
        let mut siblings: BTreeMap<&[String], Siblings<'_>> = BTreeMap::new();
        for found in &self.uses {
            let (from, to) = (&found.from, &found.to);
            let shared = from
                .iter()
                .zip(to)
                .take_while(|(from, to)| from == to)
                .count();
            if let (Some(user), Some(used)) = (from.get(shared), to.get(shared)) {
                let places = siblings.entry(&from[..shared]).or_default();
                places.entry((user, used)).or_default().insert(&found.place);
            }
        }
        siblings
    }

    /// Describes every circle of siblings that use each other.
    pub(crate) fn circles(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (parent, uses) in self.siblings() {
            let mut left: BTreeSet<&str> = uses.keys().map(|(user, _)| *user).collect();
            while let Some(name) = left.pop_first() {
                let reached = reachable(&uses, name);
                if !reached.contains(name) {
                    continue;
                }
                let circle: BTreeSet<&str> = reached
                    .into_iter()
                    .filter(|other| reachable(&uses, other).contains(name))
                    .collect();
                left.retain(|other| !circle.contains(other));
                found.push(describe(parent, &circle, &uses));
            }
        }
        found
    }

    /// Describes every use of a room by a lower one, and every room that `layers` lacks.
    pub(crate) fn violations(&self, layers: &[&str]) -> Vec<String> {
        let rank = |room: &str| layers.iter().position(|layer| *layer == room);
        let mut found: Vec<String> = self
            .rooms()
            .filter(|room| rank(room).is_none())
            .map(|room| format!("`{room}` is missing from the list of layers: add it\n"))
            .collect();
        for ((user, used), places) in self.siblings().remove(&[][..]).unwrap_or_default() {
            if let (Some(user_rank), Some(used_rank)) = (rank(user), rank(used))
                && user_rank < used_rank
            {
                found.push(format!(
                    "`{user}` is a lower layer than `{used}`, which it uses\n{}",
                    list(&places)
                ));
            }
        }
        found
    }
}

fn child(at: &[String], name: &str) -> ModulePath {
    at.iter().cloned().chain([name.to_owned()]).collect()
}

/// Returns all siblings that `start` uses, directly or indirectly.
fn reachable<'g>(uses: &Siblings<'g>, start: &str) -> BTreeSet<&'g str> {
    let mut reached = BTreeSet::new();
    let mut to_do = vec![start];
    while let Some(name) = to_do.pop() {
        for (user, used) in uses.keys() {
            if *user == name && reached.insert(*used) {
                to_do.push(used);
            }
        }
    }
    reached
}

fn describe(parent: &[String], circle: &BTreeSet<&str>, uses: &Siblings<'_>) -> String {
    let names: Vec<&str> = circle.iter().copied().collect();
    let among = match parent {
        [] => "the rooms".to_owned(),
        _ => format!("the modules of `{}`", parent.join("::")),
    };
    let mut text = format!("{} form a circle among {among}\n", names.join(", "));
    for ((user, used), places) in uses {
        if circle.contains(user) && circle.contains(used) {
            writeln!(text, "  {user} uses {used}").expect("a string takes what is written");
            text += &list(places);
        }
    }
    text
}

fn list(places: &BTreeSet<&str>) -> String {
    places
        .iter()
        .fold(String::new(), |text, place| text + "    " + place + "\n")
}
