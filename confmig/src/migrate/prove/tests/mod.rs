//! Tests of the proof itself: new texts that a faulty migration could make are not proved.

mod plans;
mod programs;
mod values;

use std::rc::Rc;

use oslo_config::{Document, Opt, OptName, OptType, ParsedFile, SourceFile};

use super::{Mismatch, Prover};
use crate::migrate::names::Names;
use crate::migrate::pass::{Held, Pass};
use crate::migrate::planned::{
    Applied, Effect, EffectKind, Planned, RemovalReason, Text, Transfer,
};
use crate::migrate::view::View;
use crate::migrate::{MigrateError, Settings};
use crate::pack::Pack;

/// Old and new texts, and what the proof is told about them.
struct Case<'t> {
    pack: Pack,
    before: &'t [&'t str],
    after: &'t [&'t str],
    planned: Plan,
    keep_old: bool,
    by_rules: bool,
}

/// What was planned for the first entry of the first file.
#[derive(Clone, Copy)]
enum Plan {
    Nothing,
    /// `[a] x` becomes `[b] x`.
    Transfer,
    /// A rule changes the value of `[c] x`.
    Replace(&'static str),
    /// A rule adds `[c] x`.
    Add(&'static str),
    /// A rule removes `[c] x`.
    Remove,
}

impl Plan {
    fn planned<'d>(self, files: &'d [ParsedFile<'d>]) -> Option<Planned<'d>> {
        let entry = files[0].document.entries().next()?;
        let value = |text: &str| Text::literal(text.into());
        let kind = match self {
            Plan::Nothing => return None,
            Plan::Transfer => {
                let (from, to) = (OptName::new("a", "x"), OptName::new("b", "x"));
                let transfer = Transfer {
                    file: 0,
                    entry,
                    from,
                    to: to.clone(),
                    hidden: false,
                    effective: true,
                    in_place: false,
                    order: 0,
                    before: None,
                };
                return Some(Planned::Options(vec![to], vec![transfer]));
            }
            Plan::Replace(text) => EffectKind::Replace(entry, value(text)),
            Plan::Add(text) => EffectKind::Add(vec![entry], value(text)),
            Plan::Remove => EffectKind::Remove(entry, RemovalReason::Unread),
        };
        let option = OptName::new("c", "x");
        let effect = Effect {
            file: 0,
            from: option.clone(),
            option,
            kind,
        };
        let rule = toml::from_str("id = \"r\"\nwhy = \"w\"").unwrap();
        Some(Planned::Rule(Rc::new(rule), vec![effect]))
    }
}

impl<'t> Case<'t> {
    fn new(opts: Vec<Opt>, before: &'t [&'t str], after: &'t [&'t str]) -> Self {
        Case {
            pack: Pack {
                // All options of this service are known, and none is in a group of these tests.
                project: Some("ironic".into()),
                ..Pack::from_opts("site", opts)
            },
            before,
            after,
            planned: Plan::Nothing,
            keep_old: false,
            by_rules: false,
        }
    }

    /// Runs the proof.
    fn prove(&self) -> Result<Option<Mismatch>, MigrateError> {
        let files = sources(self.before);
        let files: Vec<_> = files.iter().map(|file| file.parse().unwrap()).collect();
        let view = View::of_pack(&files, &self.pack);
        let files: Vec<_> = files.into_iter().map(|file| view.narrow(file)).collect();
        let applied = self.before.iter().zip(self.after).map(|(before, after)| {
            let document = Document::parse_owned(*after).unwrap();
            Applied {
                document: (before != after).then_some(document),
                ..Applied::default()
            }
        });
        let applied: Vec<Applied> = applied.collect();
        let settings = Settings {
            keep_old: self.keep_old,
            ..Settings::default()
        };
        let held = Held::default();
        let pass = Pass {
            files: &files,
            pack: &self.pack,
            settings: &settings,
            view: &view,
            was_empty: &|_, _| false,
            legacy_has: &|_| false,
            held: &held,
            is_undecided: &|_| false,
            is_superseded: &|_, _| false,
            releases: None,
            by_rules: self.by_rules,
        };
        let names = Names::new(&files, &self.pack, None);
        let planned = self.planned.planned(&files);
        let planned: Vec<&Planned<'_>> = planned.iter().collect();
        let prover = Prover {
            pass: &pass,
            names: &names,
        };
        prover.mismatch(&applied, &planned)
    }

    /// Returns what the proof says.
    fn said(&self) -> Option<String> {
        let mismatch = self.prove().unwrap();
        mismatch.map(|mismatch| mismatch.to_string())
    }
}

fn sources(texts: &[&str]) -> Vec<SourceFile> {
    let source = |(at, text): (usize, &&str)| SourceFile {
        path: format!("{at}.conf").into(),
        text: (**text).into(),
    };
    texts.iter().enumerate().map(source).collect()
}

fn text(group: &str, name: &str) -> Opt {
    Opt::new(group, name, OptType::string())
}

/// The option `[b] x`, formerly `[a] x`.
fn renamed() -> Vec<Opt> {
    vec![text("b", "x").with_deprecated("a", "x")]
}

#[track_caller]
fn says(opts: Vec<Opt>, before: &[&str], after: &[&str], expected: Option<&str>) {
    let said = Case::new(opts, before, after).said();
    assert_eq!(said.as_deref(), expected, "{before:?} {after:?}");
}

const CHANGED: &str = "the value of b.x would change";
const LOST: &str = "the value of b.x could no longer be read";
const GAINED: &str = "b.x would get a value although none can be read now";
