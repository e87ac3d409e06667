//! Mutations of the fixtures, to show that no input makes the program panic.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use confmig::check::{Environment, check};
use confmig::diagnostic::Diagnostic;
use confmig::explain::Explanation;
use confmig::migrate::{Migration, Route, Settings, migrate};
use confmig::pack::Pack;
use confmig::policy::settle_by_comments;
use confmig::report::{self, Paint};
use confmig::secret::Secrets;
use confmig::target::PackTarget;
use oslo_config::{Config, ParsedFile, SourceFile};

use crate::support::{fixtures, line, read, visible};

/// A xorshift64* generator, with the same numbers in each run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}

/// Pieces that configurations typically have, and some that they should not.
const PIECES: [&[u8]; 24] = [
    b"[",
    b"]",
    b"=",
    b":",
    b"#",
    b"$",
    b"${",
    b"}",
    b"\"",
    b"\\",
    b"\n",
    b"\r",
    b"\r\n",
    b" ",
    b"\t",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xc2\xa0",
    b"\0",
    b"[pxe]\n",
    b"[deploy]\n",
    b"http_url = http://$http_root\n",
    b"http_server_root = $pxe.http_root\n",
    b"://a:b@",
];

fn mutate(numbers: &mut Numbers, pool: &[Vec<u8>]) -> Vec<u8> {
    let mut text = pool[numbers.below(pool.len())].clone();
    for _ in 0..=numbers.below(6) {
        let at = numbers.below(text.len() + 1);
        match numbers.below(6) {
            0 if at < text.len() => text[at] ^= 1 << numbers.below(8),
            1 => text.truncate(at),
            2 => {
                let other = &pool[numbers.below(pool.len())];
                let from = numbers.below(other.len() + 1);
                let length = numbers.below(200).min(other.len() - from);
                text.splice(at..at, other[from..from + length].iter().copied());
            }
            3 => {
                let end = (at + numbers.below(40)).min(text.len());
                text.drain(at..end);
            }
            4 => {
                let end = (at + numbers.below(120)).min(text.len());
                let piece = text[at..end].to_vec();
                text.splice(at..at, piece);
            }
            _ => {
                let piece = PIECES[numbers.below(PIECES.len())];
                text.splice(at..at, piece.iter().copied());
            }
        }
    }
    text
}

fn pool() -> Vec<Vec<u8>> {
    let pool: Vec<_> = fixtures("").iter().map(|fixture| read(fixture)).collect();
    // Mutations of short texts have more effect.
    pool.into_iter().filter(|text| text.len() < 4000).collect()
}

/// Does everything that the program does with a text. Returns the migration, if the text parses.
fn everything(text: &[u8], pack: &Pack, keep_old: bool) -> Option<Result<Migration, String>> {
    let secrets = Secrets::hidden(pack);
    let file = SourceFile {
        path: PathBuf::from("ironic.conf"),
        text: text.to_owned(),
    };
    let parsed = match file.parse() {
        Ok(parsed) => [parsed],
        Err(error) => {
            let diagnostics = Diagnostic::of_syntax(&error, text, &secrets);
            assert!(!diagnostics.is_empty());
            let _ = report::render(&diagnostics, Paint::Plain, None);
            let _ = report::check_json(&diagnostics);
            report_check(&diagnostics, pack);
            return None;
        }
    };
    let environment = Environment {
        keep_old: false,
        arguments: "",
        defaults: false,
        variables: &HashMap::new(),
        is_directory: &|_: &Path| false,
    };
    let target = PackTarget::new(pack.clone());
    let mut diagnostics = check(&parsed, &target, &secrets, &environment);
    settle_by_comments(&mut diagnostics, &parsed, &secrets);
    let _ = report::render(&diagnostics, Paint::Colour, Some(60));
    report_check(&diagnostics, pack);
    shown(&parsed, pack, &secrets);
    let settings = Settings {
        keep_old,
        ..Settings::default()
    };
    let migration = match migrate(&parsed, &Route::pack(pack), &settings) {
        Ok(migration) => migration,
        Err(error) => return Some(Err(error.to_string())),
    };
    let _ = report::unified_diff(&file, &migration.files[0], &secrets, Paint::Plain);
    let report = report::MigrationReport {
        migration: &migration,
        before: std::slice::from_ref(&file),
        written: &[],
        releases: None,
        pack,
        settings: &settings,
        secrets: &secrets,
    };
    report_migration(report, &migration.diagnostics(&parsed, &secrets));
    Some(Ok(migration))
}

fn report_migration(report: report::MigrationReport<'_>, diagnostics: &[Diagnostic]) {
    report::migrate_html(&report, diagnostics).unwrap();
    let reports = [report];
    let _ = report::migrate_json(&reports, diagnostics);
    let _ = report::migrate_sarif(&reports, diagnostics);
    let _ = report::migrate_github(&reports, diagnostics);
    report::migrate_junit(&reports, diagnostics).unwrap();
}

fn report_check(diagnostics: &[Diagnostic], pack: &Pack) {
    let _ = report::check_sarif(diagnostics);
    let page = report::CheckReport {
        files: &[Path::new("ironic.conf")],
        diagnostics,
        pack,
        shows_secrets: false,
        release: None,
    };
    report::check_html(&page).unwrap();
}

fn shown(parsed: &[ParsedFile<'_>], pack: &Pack, secrets: &Secrets<'_>) {
    let opts = confmig::registered(parsed, pack);
    let config = Config::new(parsed, &opts);
    let explained: Vec<_> = opts
        .iter()
        .map(|opt| Explanation::new(&config, opt, pack))
        .collect();
    let _ = report::show_json(parsed, &explained, secrets);
}

/// Returns what goes wrong with a text, if anything; `None` also if it cannot be parsed.
fn failure(text: &[u8], pack: &Pack, keep_old: bool) -> Option<Result<(), String>> {
    let once = match everything(text, pack, keep_old)? {
        Ok(once) => once,
        Err(error) => return Some(Err(error)),
    };
    let after = &once.files[0].after;
    if after.as_slice() == text {
        let nothing = once.is_empty();
        return Some(nothing.then_some(()).ok_or("changes nothing".into()));
    }
    Some(match everything(after, pack, keep_old) {
        Some(Ok(twice)) if twice.is_empty() => Ok(()),
        Some(Ok(twice)) => Err(format!(
            "changes again, from\n{}\nto\n{}",
            visible(after),
            visible(&twice.files[0].after)
        )),
        Some(Err(error)) => Err(format!("the second time: {error}")),
        None => Err("makes a text that does not parse".into()),
    })
}

#[test]
fn no_bytes_make_it_panic_and_twice_is_once() {
    let pack = Pack::load("standalone-ilo").unwrap();
    let pool = pool();
    let mut numbers = Numbers(20_150_813);
    let mut parsed = 0;
    let mut failures: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    // For more rounds: CONFMIG_FUZZ=100000 cargo test --test cli fuzz
    let cases = std::env::var("CONFMIG_FUZZ").map_or(600, |cases| cases.parse().unwrap());
    for case in 0..cases {
        let text = mutate(&mut numbers, &pool);
        match failure(&text, &pack, case % 4 == 0) {
            None => {}
            Some(Ok(())) => parsed += 1,
            Some(Err(error)) => {
                // Keep the shortest input of each failure.
                let kind: String = error
                    .chars()
                    .filter(|c| !c.is_ascii_digit())
                    .take(60)
                    .collect();
                let shortest = failures.entry(kind).or_insert_with(|| text.clone());
                if text.len() <= shortest.len() {
                    *shortest = text;
                }
            }
        }
    }
    let shown: String = failures
        .iter()
        .map(|(kind, text)| format!("{kind}, of:\n{}\n\n", visible(text)))
        .collect();
    assert!(failures.is_empty(), "{shown}");
    assert!(parsed > cases / 4, "only {parsed} texts were well-formed");
}

#[test]
fn the_program_ends_with_a_status_of_its_own() {
    let pool = pool();
    let mut numbers = Numbers(20_150_814);
    for case in 0..60 {
        let text = mutate(&mut numbers, &pool);
        let words = ["migrate -", "check -", "show -"][case % 3];
        let ran = line(words).input(&text).run();
        assert!(
            matches!(ran.status, Some(0..=2)),
            "{}\n{}",
            visible(&text),
            ran.transcript()
        );
    }
}
