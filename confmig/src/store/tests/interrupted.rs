//! Tests of transactions that were interrupted at a moment that no kill hits reliably, and of
//! journals that no run wrote.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::rc::Rc;
use std::slice;

use rustix::fs::{CWD, FileType, Mode};
use tempfile::TempDir;

use super::super::directory::Directory;
use super::super::journal::{Entry, Journal, Kind, Name, sum};
use super::super::{Direction, Recovered, State, StoreError, UndoSettings};
use super::super::{interrupted, recover, replace_all, undo};
use super::{text, to_new};

const BACKUP: &str = "f.confmig-20260131T235959Z-0123456789ab";
const STAGED: &str = ".f.confmig-1-0.tmp";
const SAVED: &str = ".f.confmig-1-1.tmp";

/// Files `f`, each in a directory of its own, in a transaction that was interrupted.
struct Killed {
    _root: TempDir,
    paths: Vec<PathBuf>,
}

impl Killed {
    /// Makes a transaction from `old` to `new`, killed while it replaced files that now hold these
    /// texts. The directories are called `a`, `b` and so on.
    fn new(kind: Kind, texts: &[&str]) -> Self {
        Self::in_directories(kind, &["a", "b", "c"].map(OsStr::new)[..texts.len()], texts)
    }

    fn in_directories(kind: Kind, directories: &[&OsStr], texts: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let paths = directories
            .iter()
            .map(|name| root.path().join(name).join("f"));
        let paths: Vec<PathBuf> = paths.collect();
        let mut opened = Vec::new();
        let mut entries = Vec::new();
        for (directory, (path, text)) in paths.iter().zip(texts).enumerate() {
            let here = path.parent().unwrap();
            fs::create_dir(here).unwrap();
            fs::write(path, text).unwrap();
            // The two files were exchanged, or are about to be.
            let staged = if *text == "old" { "new" } else { "old" };
            fs::write(here.join(STAGED), staged).unwrap();
            fs::write(here.join(SAVED), "old").unwrap();
            if kind == Kind::Undo {
                fs::write(here.join(BACKUP), "new").unwrap();
            }
            opened.push(Rc::new(Directory::open(here).unwrap()));
            let backup_if = |is: bool| is.then(|| Name(BACKUP.into()));
            entries.push(Entry {
                directory,
                name: Name("f".into()),
                staged: Name(STAGED.into()),
                saved: Name(SAVED.into()),
                backup: backup_if(kind == Kind::Write),
                used: backup_if(kind == Kind::Undo),
                before: sum(b"old"),
                after: sum(b"new"),
            });
        }
        let journal = Journal::new(kind, "20260131T235959Z", &opened, entries).unwrap();
        journal.write(&opened).unwrap();
        Killed { _root: root, paths }
    }

    fn beside(&self, file: usize, name: &str) -> PathBuf {
        self.paths[file].with_file_name(name)
    }

    /// Returns the names beside a file.
    fn names(&self, file: usize) -> Vec<String> {
        let names = fs::read_dir(self.paths[file].parent().unwrap()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name != "f").collect();
        names.sort();
        names
    }

    /// Returns the path of the journal beside a file.
    fn journal(&self, file: usize) -> PathBuf {
        let names = self.names(file);
        let journal = names.iter().find(|name| name.ends_with(".journal"));
        self.beside(file, journal.unwrap())
    }

    fn texts(&self) -> Vec<String> {
        self.paths.iter().map(|path| text(path)).collect()
    }

    /// Returns the states of the files, if they are in an interrupted transaction.
    fn states(&self) -> Result<Option<Vec<State>>, StoreError> {
        let mut found = interrupted(self.paths.iter().map(PathBuf::as_path))?;
        assert!(found.len() <= 1, "{found:?}");
        Ok(found.pop().map(|found| {
            let (paths, states): (Vec<_>, Vec<_>) = found.files.into_iter().unzip();
            assert_eq!(paths, self.paths);
            states
        }))
    }

    fn recover(&self, direction: Option<Direction>) -> Vec<Recovered> {
        recover(self.paths.iter().map(PathBuf::as_path), direction).unwrap()
    }
}

#[test]
fn a_transaction_is_open_while_some_files_are_old_and_some_new() {
    use State::{Edited, New, Old};
    for (texts, found, ended) in [
        (["new", "old"], Some(vec![New, Old]), ["new", "new"]),
        (["old", "new"], Some(vec![Old, New]), ["new", "new"]),
        // It had not begun to switch, had ended, or someone has decided since.
        (["old", "old"], None, ["old", "old"]),
        (["new", "new"], None, ["new", "new"]),
        (["theirs", "old"], None, ["theirs", "old"]),
        (["new", "theirs"], None, ["new", "theirs"]),
        (["theirs", "theirs"], None, ["theirs", "theirs"]),
    ] {
        for kind in [Kind::Write, Kind::Undo] {
            let killed = Killed::new(kind, &texts);
            assert_eq!(killed.states().unwrap(), found, "{texts:?}");
            let recovered = killed.recover(None);
            assert_eq!(recovered.len(), usize::from(found.is_some()), "{texts:?}");
            assert!(recovered.iter().all(|one| one.found.kind == kind));
            assert_eq!(killed.texts(), ended);
            assert_eq!(killed.states().unwrap(), None);
            // Nothing is left but the backups that are needed, and the record of both.
            let is_used = if kind == Kind::Undo { "new" } else { "old" };
            let backups = ended.map(|text| usize::from(text != is_used));
            let record = usize::from(kind == Kind::Write && backups == [1, 1]);
            for (file, backup) in backups.into_iter().enumerate() {
                let names = killed.names(file);
                assert_eq!(names.len(), backup + record, "{kind:?} {texts:?} {names:?}");
                assert_eq!(killed.beside(file, BACKUP).exists(), backup == 1);
            }
        }
    }
    // With three files, an edited one does not decide for the others.
    let killed = Killed::new(Kind::Write, &["new", "theirs", "old"]);
    assert_eq!(killed.states().unwrap(), Some(vec![New, Edited, Old]));
    let [recovered] = killed.recover(None).try_into().unwrap();
    let [first, second, third] = [0, 1, 2].map(|file| killed.paths[file].display());
    assert_eq!(
        recovered.found.to_string(),
        format!(
            "a migration of 3 files was interrupted: replaced: {first}; \
             not replaced yet: {third}; edited since: {second}"
        )
    );
    assert_eq!(recovered.changed, [killed.paths[2].clone()]);
    assert_eq!(recovered.left[0].0, killed.paths[1]);
    assert!(
        recovered.left[0].1.contains("edited"),
        "{:?}",
        recovered.left
    );
    assert_eq!(killed.texts(), ["new", "theirs", "new"]);
    assert_eq!(killed.states().unwrap(), None);
}

#[test]
fn the_texts_that_are_left_decide_the_direction() {
    use Direction::{Finish, Revert};
    let all_old = [(0, STAGED), (0, SAVED)];
    let all = [(0, STAGED), (0, SAVED), (1, STAGED)];
    for (gone, asked, direction, texts, is_done) in [
        (&all[..0], None, Finish, ["new", "new"], true),
        (&all[..0], Some(Revert), Revert, ["old", "old"], true),
        // The new text of the second file is gone, or the old one of the first.
        (&[(1, STAGED)], None, Revert, ["old", "old"], true),
        (&[(1, STAGED)], Some(Finish), Finish, ["new", "old"], false),
        (&all_old, None, Finish, ["new", "new"], true),
        (&all_old, Some(Revert), Revert, ["new", "old"], false),
        (&[(0, STAGED)], Some(Revert), Revert, ["old", "old"], true),
        (&all, None, Finish, ["new", "old"], false),
    ] {
        let killed = Killed::new(Kind::Write, &["new", "old"]);
        for (file, name) in gone {
            fs::remove_file(killed.beside(*file, name)).unwrap();
        }
        let [recovered] = killed.recover(asked).try_into().unwrap();
        assert_eq!(recovered.direction, direction, "{gone:?} {asked:?}");
        assert_eq!(killed.texts(), texts, "{gone:?} {asked:?}");
        assert_eq!(recovered.left.is_empty(), is_done);
        // What could not be done can be tried again.
        assert_eq!(killed.states().unwrap().is_none(), is_done);
        if direction == Revert && is_done {
            assert_eq!(killed.names(0).len() + killed.names(1).len(), 0);
        }
    }
}

#[test]
fn files_in_a_directory_that_is_gone_are_named() {
    for becomes_a_file in [false, true] {
        let killed = Killed::new(Kind::Write, &["old", "new"]);
        let gone = killed.paths[1].parent().unwrap();
        let elsewhere = gone.with_file_name("elsewhere");
        fs::rename(gone, &elsewhere).unwrap();
        if becomes_a_file {
            fs::write(gone, "").unwrap();
        }
        let found = interrupted([&*killed.paths[0]]).unwrap();
        assert_eq!(
            found[0].files,
            [
                (killed.paths[0].clone(), State::Old),
                (killed.paths[1].clone(), State::Unreachable)
            ]
        );
        let [recovered] = recover([&*killed.paths[0]], None)
            .unwrap()
            .try_into()
            .unwrap();
        assert_eq!(recovered.changed, [killed.paths[0].clone()]);
        assert_eq!(recovered.left[0].0, killed.paths[1]);
        assert_eq!(text(&killed.paths[0]), "new");
        // What the journal says of the others does not hold once the directory is back.
        assert_eq!(interrupted([&*elsewhere.join("f")]).unwrap(), []);
        assert!(recover([&*elsewhere.join("f")], None).unwrap().is_empty());
    }
}

#[test]
fn a_journal_without_its_companion_is_not_obeyed() {
    for companion in [None, Some("{}")] {
        let killed = Killed::new(Kind::Write, &["new", "old"]);
        let other = killed.journal(1);
        match companion {
            None => fs::remove_file(other).unwrap(),
            Some(text) => fs::write(other, text).unwrap(),
        }
        assert_eq!(interrupted([&*killed.paths[0]]).unwrap(), []);
        assert!(recover([&*killed.paths[0]], None).unwrap().is_empty());
        assert_eq!(killed.texts(), ["new", "old"]);
        assert_eq!(killed.names(0), [BACKUP]);
    }
}

#[test]
fn files_of_an_interrupted_transaction_are_not_replaced() {
    let killed = Killed::new(Kind::Write, &["old", "new"]);
    let other = killed.beside(0, "other");
    fs::write(&other, "old").unwrap();
    for paths in [
        &killed.paths[..1],
        &[other.clone(), killed.paths[0].clone()],
    ] {
        let error = replace_all(&to_new(paths)).unwrap_err();
        assert!(matches!(error, StoreError::Interrupted { .. }), "{error}");
    }
    assert_eq!(
        (text(&other).as_str(), text(&killed.paths[0]).as_str()),
        ("old", "old")
    );
    replace_all(&to_new(&[other])).unwrap();
    assert!(killed.states().unwrap().is_some());
}

#[test]
fn an_undo_reverts_what_was_interrupted_and_restores_the_others() {
    let killed = Killed::new(Kind::Write, &["new", "old"]);
    let [link, other] = ["link", "other"].map(|name| killed.beside(0, name));
    symlink("f", &link).unwrap();
    fs::write(&other, "old").unwrap();
    replace_all(&to_new(slice::from_ref(&other))).unwrap();
    let paths = [link, killed.paths[1].clone(), other.clone()];
    let undone = undo(&paths, UndoSettings::default()).unwrap();
    let restored: Vec<_> = undone.undone.iter().map(|undone| &undone.path).collect();
    assert_eq!((undone.recovered.len(), restored), (1, vec![&other]));
    assert_eq!(undone.skipped, [""; 0].map(PathBuf::from));
    assert_eq!(killed.texts(), ["old", "old"]);
    assert_eq!(text(&other), "old");
}

#[test]
fn directories_may_have_any_name() {
    let names = [OsStr::from_bytes(b"caf\xe9 %41"), OsStr::new("b\n")];
    let killed = Killed::in_directories(Kind::Write, &names, &["new", "old"]);
    assert_eq!(killed.states().unwrap(), Some(vec![State::New, State::Old]));
    // It is found in a directory that was renamed, which is then not the one that it names.
    let renamed = killed.paths[0].parent().unwrap().with_file_name("renamed");
    fs::rename(killed.paths[0].parent().unwrap(), &renamed).unwrap();
    let found = interrupted([&*renamed.join("f")]).unwrap();
    assert_eq!(found[0].files[0].0, renamed.join("f"));
}

#[test]
fn a_transaction_that_a_run_is_busy_with_is_not_interrupted() {
    let killed = Killed::new(Kind::Write, &["new", "old"]);
    let directory = fs::File::open(killed.paths[0].parent().unwrap()).unwrap();
    directory.lock().unwrap();
    assert_eq!(interrupted([&*killed.paths[0]]).unwrap(), []);
    directory.unlock().unwrap();
    assert_eq!(interrupted([&*killed.paths[0]]).unwrap().len(), 1);
}

#[test]
fn a_text_of_someone_else_is_kept() {
    let killed = Killed::new(Kind::Write, &["new", "old"]);
    fs::write(killed.beside(0, STAGED), "theirs").unwrap();
    killed.recover(None);
    assert_eq!(killed.texts(), ["new", "new"]);
    let names = killed.names(0);
    let kept = names.iter().find(|name| name.ends_with("-edited")).unwrap();
    assert_eq!(text(&killed.beside(0, kept)), "theirs");
    assert_eq!(text(&killed.beside(0, BACKUP)), "old");
}

#[test]
fn journals_that_no_run_wrote_are_refused() {
    for (from, to, why) in [
        ("\"version\": 1", "\"version\": 2", "another version"),
        (
            "\"id\": \"2026",
            "\"id\": \"2027",
            "not that of its transaction",
        ),
        ("\"here\": 0", "\"here\": 2", "names no files"),
        ("\"directory\": 1", "\"directory\": 2", "names no files"),
        ("\"name\": \"f\"", "\"name\": \"\"", "names no files"),
        ("\"name\": \"f\"", "\"name\": \".\"", "names no files"),
        ("\"name\": \"f\"", "\"name\": \"..\"", "names no files"),
        ("\"name\": \"f\"", "\"name\": \"%00\"", "names no files"),
        ("\"name\": \"f\"", "\"name\": \"../f\"", "names no files"),
        ("\"staged\": \"", "\"staged\": \"/", "names no files"),
        ("\"saved\": \"", "\"saved\": \"/", "names no files"),
        ("\"backup\": \"", "\"backup\": \"/", "names no files"),
        ("\"used\": null", "\"used\": \"/f\"", "names no files"),
        ("    \"/", "    \"", "names no files"),
        (
            "\"kind\": \"write\"",
            "\"kind\": \"remove\"",
            "unknown variant",
        ),
        ("\"here\"", "\"more\": 1, \"here\"", "unknown field"),
    ] {
        let killed = Killed::new(Kind::Write, &["old", "new"]);
        let journal = killed.journal(0);
        let changed = text(&journal).replace(from, to);
        assert_ne!(changed, text(&journal), "{from}");
        fs::write(&journal, changed).unwrap();
        let replaced = replace_all(&to_new(&killed.paths[..1])).map(|_| None);
        for found in [killed.states(), replaced] {
            let error = found.unwrap_err();
            let message = error.to_string();
            assert!(
                matches!(error, StoreError::UnusableJournal { .. }),
                "{error}"
            );
            assert!(message.contains(why), "{to}: {message}");
        }
        assert_eq!(killed.texts(), ["old", "new"]);
    }
}

#[test]
fn what_has_a_journals_name_has_to_be_a_regular_file() {
    // Other names than those of journals are not read.
    let killed = Killed::new(Kind::Write, &["old", "old"]);
    for name in ["x.journal", ".confmig-x", ".confmig-x.journal.bak"] {
        fs::write(killed.beside(0, name), "").unwrap();
    }
    assert_eq!(killed.states().unwrap(), None);
    let journal = killed.beside(0, ".confmig-x.journal");
    fs::create_dir(&journal).unwrap();
    let error = killed.states().unwrap_err();
    assert!(error.to_string().contains("not a regular file"), "{error}");
    fs::remove_dir(&journal).unwrap();
    // No one is waited for that may write to a pipe.
    let (mode, pipe) = (Mode::RUSR | Mode::WUSR, FileType::Fifo);
    rustix::fs::mknodat(CWD, &journal, pipe, mode, 0).unwrap();
    let error = killed.states().unwrap_err();
    assert!(error.to_string().contains("not a regular file"), "{error}");
    fs::remove_file(&journal).unwrap();
    // A link leads to what someone else may change.
    let killed = Killed::new(Kind::Write, &["new", "old"]);
    let journal = killed.journal(0);
    fs::rename(&journal, killed.beside(0, "elsewhere")).unwrap();
    symlink("elsewhere", &journal).unwrap();
    assert!(recover([&*killed.paths[0]], None).is_err());
    assert_eq!(killed.texts(), ["new", "old"]);
}
