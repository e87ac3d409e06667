//! Tests of what cannot be caused from outside: changes at the last moment, file systems that
//! cannot exchange two files, and journals in any state.

mod interrupted;

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::slice;

use rustix::io::Errno;
use tempfile::TempDir;

use super::{Replacement, StoreError, UndoSettings, Undone, backups, prepare, prepare_undo};
use super::{replace_all, write_new};

type Hook = Box<dyn FnMut() -> rustix::io::Result<()>>;

thread_local! {
    static HOOK: RefCell<Option<Hook>> = const { RefCell::new(None) };
}

/// Runs the test's hook before an exchange.
pub(super) fn before_exchange() -> rustix::io::Result<()> {
    HOOK.with_borrow_mut(|hook| hook.as_mut().map_or(Ok(()), |hook| hook()))
}

/// Calls `hook` with 0, 1, … before each exchange.
fn hook(mut hook: impl FnMut(usize) -> rustix::io::Result<()> + 'static) {
    let mut count = 0..;
    HOOK.set(Some(Box::new(move || hook(count.next().unwrap()))));
}

/// Fails as on NFS.
fn cannot_exchange(_: usize) -> rustix::io::Result<()> {
    Err(Errno::INVAL)
}

/// Creates a directory with files that hold `old`.
fn files<const N: usize>(names: [&str; N]) -> (TempDir, [PathBuf; N]) {
    let directory = tempfile::tempdir().unwrap();
    let paths = names.map(|name| directory.path().join(name));
    for path in &paths {
        fs::write(path, "old").unwrap();
        fs::set_permissions(path, PermissionsExt::from_mode(0o640)).unwrap();
    }
    (directory, paths)
}

fn to_new(paths: &[PathBuf]) -> Vec<Replacement> {
    let replacement = |path: &PathBuf| Replacement {
        path: path.clone(),
        before: b"old".to_vec(),
        after: b"new".to_vec(),
    };
    paths.iter().map(replacement).collect()
}

fn undo(path: &Path, force: bool) -> Result<Undone, StoreError> {
    let settings = UndoSettings {
        force,
        ..UndoSettings::default()
    };
    Ok(super::undo(&[path], settings)?.undone.remove(0))
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn count(directory: &TempDir) -> usize {
    fs::read_dir(directory.path()).unwrap().count()
}

/// What an editor does: a new file takes the name.
fn edit(path: &Path, text: &str) {
    let temporary = path.with_extension("edit");
    fs::write(&temporary, text).unwrap();
    fs::rename(temporary, path).unwrap();
}

#[test]
fn a_change_in_the_last_instant_is_given_back() {
    let (directory, [path]) = files(["a"]);
    let edited = path.clone();
    hook(move |n| {
        if n == 0 {
            edit(&edited, "theirs");
        }
        Ok(())
    });
    let error = replace_all(&to_new(slice::from_ref(&path))).unwrap_err();
    assert!(matches!(error, StoreError::Changed { .. }), "{error}");
    assert_eq!(text(&path), "theirs");
    assert_eq!(count(&directory), 1);
}

#[test]
fn a_change_of_the_mode_in_the_last_instant_is_a_change() {
    let (directory, [path]) = files(["a"]);
    let tightened = path.clone();
    hook(move |n| {
        if n == 0 {
            fs::set_permissions(&tightened, PermissionsExt::from_mode(0o600)).unwrap();
        }
        Ok(())
    });
    let error = replace_all(&to_new(slice::from_ref(&path))).unwrap_err();
    assert!(matches!(error, StoreError::Changed { .. }), "{error}");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!((text(&path).as_str(), count(&directory)), ("old", 1));
}

#[test]
fn a_file_that_became_something_else_is_given_back() {
    let (directory, [path]) = files(["a"]);
    let gone = path.clone();
    hook(move |n| {
        if n == 0 {
            fs::remove_file(&gone).unwrap();
            std::os::unix::fs::symlink("elsewhere", &gone).unwrap();
        }
        Ok(())
    });
    let error = replace_all(&to_new(slice::from_ref(&path))).unwrap_err();
    assert!(matches!(error, StoreError::Changed { .. }), "{error}");
    assert_eq!(fs::read_link(&path).unwrap(), Path::new("elsewhere"));
    assert_eq!(count(&directory), 1);
}

#[test]
fn a_file_that_was_removed_stays_removed() {
    for fallback in [false, true] {
        let (directory, [path]) = files(["a"]);
        let gone = path.clone();
        hook(move |_| {
            let _ = fs::remove_file(&gone);
            if fallback { Err(Errno::INVAL) } else { Ok(()) }
        });
        let error = replace_all(&to_new(&[path])).unwrap_err();
        assert!(matches!(error, StoreError::Changed { .. }), "{error}");
        assert_eq!(count(&directory), 0);
    }
}

#[test]
fn of_two_changes_in_the_last_instants_none_is_lost() {
    let (directory, [path]) = files(["a"]);
    let edited = path.clone();
    hook(move |n| {
        edit(&edited, ["first", "second"][n]);
        Ok(())
    });
    let error = replace_all(&to_new(slice::from_ref(&path))).unwrap_err();
    let StoreError::Stranded { kept, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(
        (text(&path).as_str(), text(&kept).as_str()),
        ("first", "second")
    );
    // With the backup.
    assert_eq!(count(&directory), 3);
}

#[test]
fn what_was_switched_is_put_back_when_a_later_one_fails() {
    for fallback in [false, true] {
        let (directory, paths) = files(["a", "b", "c"]);
        let edited = paths[2].clone();
        hook(move |n| {
            if n == 2 {
                edit(&edited, "theirs");
            }
            if fallback { cannot_exchange(n) } else { Ok(()) }
        });
        let error = replace_all(&to_new(&paths)).unwrap_err();
        assert!(
            matches!(&error, StoreError::Changed(path) if *path == paths[2]),
            "{error}"
        );
        assert_eq!(paths.each_ref().map(|p| text(p)), ["old", "old", "theirs"]);
        let mode = fs::metadata(&paths[0]).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        assert_eq!(count(&directory), 3, "fallback: {fallback}");
    }
}

#[test]
fn what_cannot_be_put_back_is_named_and_keeps_its_backup() {
    for fallback in [false, true] {
        let (directory, paths) = files(["a", "b"]);
        let edited = paths.clone();
        hook(move |n| {
            if n == 1 {
                edit(&edited[0], "edited on top of new");
                edit(&edited[1], "theirs");
            }
            if fallback { cannot_exchange(n) } else { Ok(()) }
        });
        let error = replace_all(&to_new(&paths)).unwrap_err();
        let StoreError::NotPutBack { first, stuck } = &error else {
            panic!("{error}")
        };
        assert!(matches!(**first, StoreError::Changed { .. }), "{first}");
        assert_eq!(stuck.len(), 1);
        assert_eq!(stuck[0].path, paths[0]);
        assert_eq!(text(&stuck[0].backup), "old");
        assert!(
            error
                .to_string()
                .contains(&stuck[0].backup.display().to_string())
        );
        assert_eq!(
            paths.each_ref().map(|p| text(p)),
            ["edited on top of new", "theirs"]
        );
        // With the journal.
        assert_eq!(count(&directory), 4, "fallback: {fallback}");
    }
}

#[test]
fn without_exchange_all_works_as_well() {
    hook(cannot_exchange);
    let (directory, paths) = files(["a", "b"]);
    let replaced = replace_all(&to_new(&paths)).unwrap();
    assert_eq!(paths.each_ref().map(|p| text(p)), ["new", "new"]);
    assert_eq!(text(&replaced[1].backup), "old");
    // Two files, two backups and the record.
    assert_eq!(count(&directory), 5);
    let undone = undo(&paths[0], false).unwrap();
    assert_eq!(undone.backup, replaced[0].backup);
    assert_eq!((text(&paths[0]).as_str(), count(&directory)), ("old", 4));
    write_new(&paths[0], b"output", None).unwrap();
    assert_eq!((text(&paths[0]).as_str(), count(&directory)), ("output", 4));
}

#[test]
fn an_undo_that_was_interrupted_is_finished() {
    let (directory, [path]) = files(["a"]);
    replace_all(&to_new(slice::from_ref(&path))).unwrap();
    // As after a kill between the switch and the removal of the backup.
    edit(&path, "old");
    assert_eq!(undo(&path, false).unwrap().kept, None);
    assert_eq!((text(&path).as_str(), count(&directory)), ("old", 1));
}

#[test]
fn a_file_that_an_undo_finds_changed_in_the_last_instant_is_given_back() {
    let (directory, [path]) = files(["a"]);
    replace_all(&to_new(slice::from_ref(&path))).unwrap();
    let edited = path.clone();
    hook(move |n| {
        if n == 0 {
            edit(&edited, "theirs");
        }
        Ok(())
    });
    let error = undo(&path, false).unwrap_err();
    assert!(matches!(error, StoreError::Changed { .. }), "{error}");
    assert_eq!((text(&path).as_str(), count(&directory)), ("theirs", 2));
}

#[test]
fn files_that_were_replaced_together_are_restored_together() {
    for (transaction, renamed) in [(false, false), (true, false), (true, true)] {
        let root = tempfile::tempdir().unwrap();
        let mut paths = ["a", "b", "c"].map(|name| root.path().join(name).join("f"));
        for path in &paths {
            fs::create_dir(path.parent().unwrap()).unwrap();
            fs::write(path, "old").unwrap();
        }
        // What is to be done is known before it is.
        let replacements = to_new(&paths[..2]);
        let prepared = prepare(&replacements).unwrap();
        let planned = prepared.replaced().to_vec();
        assert_eq!(planned.len(), 2);
        assert_eq!(prepared.commit().unwrap(), planned);
        // Another run is another transaction.
        replace_all(&to_new(&paths[2..])).unwrap();
        if renamed {
            fs::rename(root.path().join("a"), root.path().join("z")).unwrap();
            paths[0] = root.path().join("z/f");
        }
        let listed = backups(&paths).unwrap();
        let together: Vec<_> = listed.iter().map(|backup| &*backup.together).collect();
        // The file beside it is no longer where the record of the second file says.
        let first = root.path().join("a/f");
        assert_eq!(together, [slice::from_ref(&paths[1]), &[first], &[]]);

        let settings = UndoSettings {
            transaction,
            ..UndoSettings::default()
        };
        let prepared = prepare_undo(&paths[..1], settings).unwrap();
        let planned = format!("{:?}", prepared.undo());
        let undone = prepared.commit().unwrap();
        assert_eq!(format!("{undone:?}"), planned);
        let (restored, remaining) = paths[..2].split_at(if transaction { 2 } else { 1 });
        let names = undone.undone.into_iter().map(|undone| undone.path);
        assert_eq!(
            (&*names.collect::<Vec<_>>(), &*undone.remaining),
            (restored, remaining)
        );
        for path in &paths {
            let is_old = restored.contains(path);
            assert_eq!(text(path), if is_old { "old" } else { "new" });
            // With the backup, and the record of two.
            let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
            let record = usize::from(remaining.contains(path));
            assert_eq!(
                left,
                if is_old { 1 } else { 2 + record },
                "{}",
                path.display()
            );
        }
    }
}
