//! Publishing into a web server's directory.

use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use driver::host::{
    Generation, Host as _, HostError, Kind, NewObject, ObjectName, WebHost, WebSettings, Which,
};
use serde_json::json;

use crate::support::web::{BASE, host, mode, names, object, open_dir, read};
use crate::support::{node, node_from, uuid};

fn generation(text: &str) -> Generation {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_published_image_is_complete_readable_and_listed() {
    let dir = open_dir();
    let host = host(dir.path());
    let published = host
        .publish(&node(1), object(Kind::Floppy, b"floppy"))
        .await
        .unwrap();
    let text = published.name.to_string();
    assert_eq!(published.url.as_str(), format!("{BASE}/{text}"));
    assert_eq!(
        host.url(&node(1), &published.name).await.unwrap(),
        published.url
    );
    assert_eq!(published.size, 6);
    assert_eq!(names(dir.path()), [&*text]);
    assert_eq!(read(dir.path(), &published.name), b"floppy");
    assert_eq!(mode(&dir.path().join(text)), 0o644);

    let listed = host.list(uuid(1)).await.unwrap();
    assert_eq!(
        (listed.len(), &listed[0].name, listed[0].size),
        (1, &published.name, 6)
    );
    assert!(listed[0].modified.elapsed().unwrap() < Duration::from_secs(60));
    assert_eq!(host.list(uuid(2)).await.unwrap(), []);
}

#[tokio::test]
async fn each_generation_has_its_own_name_and_older_images_keep_their_bytes() {
    let dir = open_dir();
    let host = host(dir.path());
    let mut made = Vec::new();
    for n in 0..5u8 {
        made.push(
            host.publish(&node(1), object(Kind::BootIso, [n; 9]))
                .await
                .unwrap()
                .name,
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    for (n, name) in (0u8..).zip(&made) {
        assert_eq!(read(dir.path(), name), [n; 9]);
    }
    let listed: Vec<ObjectName> = host
        .list(uuid(1))
        .await
        .unwrap()
        .into_iter()
        .map(|stored| stored.name)
        .collect();
    assert_eq!(listed, made, "oldest generation first");
}

#[tokio::test]
async fn a_name_that_is_taken_is_not_overwritten() {
    let dir = open_dir();
    let host = host(dir.path());
    let first = object(Kind::Floppy, b"first").generation(generation("g"));
    let name = host.publish(&node(1), first).await.unwrap().name;
    let second = object(Kind::Floppy, b"second").generation(generation("g"));
    let error = host.publish(&node(1), second).await.unwrap_err();
    assert!(matches!(&error, HostError::AlreadyPublished { name: taken } if *taken == name));
    assert_eq!(read(dir.path(), &name), b"first");
    assert_eq!(names(dir.path()), [name.to_string()]);
}

#[tokio::test]
async fn a_link_with_an_images_name_is_neither_followed_nor_overwritten() {
    let (dir, outside) = (open_dir(), open_dir());
    let precious = outside.path().join("precious");
    std::fs::write(&precious, "precious").unwrap();
    let planted = dir.path().join(format!("image-{}-g.img", uuid(1)));
    symlink(&precious, &planted).unwrap();
    let host = host(dir.path());

    let object = object(Kind::Floppy, b"x").generation(generation("g"));
    let error = host.publish(&node(1), object).await.unwrap_err();
    assert!(
        matches!(error, HostError::AlreadyPublished { .. }),
        "{error}"
    );
    // The link is removed, and its target is not.
    assert_eq!(host.unpublish(uuid(1), Which::All).await.unwrap().len(), 1);
    assert_eq!(names(dir.path()), [""; 0]);
    assert_eq!(std::fs::read(&precious).unwrap(), b"precious");
}

#[tokio::test]
async fn the_root_may_be_a_link_or_not_exist_yet() {
    let dir = open_dir();
    let (real, link) = (dir.path().join("real/deep/er"), dir.path().join("httpboot"));
    let host_of = |path: &Path| host(path);
    assert_eq!(host_of(&real).list(uuid(1)).await.unwrap(), []);
    assert_eq!(
        host_of(&real).unpublish(uuid(1), Which::All).await.unwrap(),
        []
    );
    assert!(!dir.path().join("real").exists(), "listing creates nothing");

    let name = host_of(&real)
        .publish(&node(1), object(Kind::Floppy, b"1"))
        .await
        .unwrap()
        .name;
    for made in ["real", "real/deep", "real/deep/er"] {
        assert_eq!(mode(&dir.path().join(made)), 0o755, "{made}");
    }
    symlink("real/deep/er", &link).unwrap();
    let other = host_of(&link)
        .publish(&node(1), object(Kind::Floppy, b"2"))
        .await
        .unwrap()
        .name;
    assert_eq!(read(&real, &other), b"2");
    let mut both = vec![name, other];
    both.sort();
    assert_eq!(
        host_of(&link).unpublish(uuid(1), Which::All).await.unwrap(),
        both
    );
    assert_eq!(names(&real), [""; 0]);
}

#[test]
fn a_relative_root_is_refused() {
    let error = WebHost::new(WebSettings::new("httpboot")).unwrap_err();
    let text = "expected an absolute path for http_server_root, got \"httpboot\"";
    assert_eq!(error.to_string(), text);
}

#[tokio::test]
async fn a_root_that_is_a_file_or_a_dangling_link_is_named_in_the_error() {
    let dir = open_dir();
    let (file, link) = (dir.path().join("file"), dir.path().join("link"));
    std::fs::write(&file, "").unwrap();
    symlink("nowhere", &link).unwrap();
    for root in [&file, &link, &file.join("below")] {
        let error = host(root)
            .publish(&node(1), object(Kind::Floppy, b"1"))
            .await
            .unwrap_err();
        assert!(matches!(error, HostError::Root { .. }), "{error}");
        assert!(
            error.to_string().contains(&root.display().to_string()),
            "{error}"
        );
    }
}

#[tokio::test]
async fn without_a_base_url_no_image_is_made() {
    let dir = open_dir();
    let host = WebHost::new(WebSettings::new(dir.path())).unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let object = NewObject::new(Kind::Floppy, 0, move |_| -> io::Result<()> {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    let error = host.publish(&node(1), object).await.unwrap_err();
    assert!(
        error.to_string().contains("set [deploy] http_server_url"),
        "{error}"
    );
    assert!(error.to_string().contains(&uuid(1).to_string()), "{error}");
    assert_eq!(
        (calls.load(Ordering::Relaxed), names(dir.path()).len()),
        (0, 0)
    );

    let own = json!({"uuid": uuid(1).to_string(),
        "driver_info": {"external_http_url": "http://[2001:db8::9]:81/x/"}});
    let published = host
        .publish(&node_from(&own), self::object(Kind::Floppy, b""))
        .await
        .unwrap();
    let expected = format!("http://[2001:db8::9]:81/x/{}", published.name);
    assert_eq!(published.url.as_str(), expected);
}

/// Images whose making fails, each with a part of the error.
fn failing_images() -> Vec<(NewObject, &'static str)> {
    type Out<'a> = &'a mut dyn driver::host::Sink;
    vec![
        (
            NewObject::new(Kind::BootIso, 10, |out: Out<'_>| out.write_all(b"short")),
            "announced with 10 bytes but has 5",
        ),
        (
            NewObject::new(Kind::BootIso, 3, |out: Out<'_>| out.write_all(b"too long")),
            "announced with 3 bytes but has more",
        ),
        (
            NewObject::new(Kind::BootIso, 3, |out: Out<'_>| {
                let _ = out.write_all(b"too long, error ignored");
                Ok::<(), io::Error>(())
            }),
            "announced with 3 bytes but has more",
        ),
        (
            NewObject::new(Kind::BootIso, 9, |out: Out<'_>| {
                out.write_all(b"half")?;
                Err(io::Error::other("the kernel's server went away"))
            }),
            "cannot create the boot ISO for node",
        ),
        (
            NewObject::new(Kind::BootIso, 4, |out: Out<'_>| out.write_all(b"four"))
                .read_back(|_| Err("no boot catalogue")),
            "failed verification: no boot catalogue",
        ),
        (
            NewObject::new(Kind::BootIso, 4, |_: Out<'_>| -> io::Result<()> {
                panic!("a bug in the image writer")
            }),
            "was interrupted",
        ),
        (
            NewObject::new(Kind::BootIso, 40, |out: Out<'_>| {
                let mut source = tempfile::tempfile()?;
                source.write_all(b"only this")?;
                source.rewind()?;
                out.append(&mut source, 40)
            }),
            "31 bytes shorter than expected",
        ),
    ]
}

#[tokio::test]
async fn an_image_that_cannot_be_made_leaves_nothing() {
    let dir = open_dir();
    let host = host(dir.path());
    for (object, part) in failing_images() {
        let error = host.publish(&node(1), object).await.unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        assert!(error.to_string().contains(&uuid(1).to_string()), "{error}");
        assert_eq!(names(dir.path()), [""; 0], "after {error}");
    }
}

#[tokio::test]
async fn an_image_is_read_back_before_it_becomes_visible() {
    let dir = open_dir();
    let host = host(dir.path());
    let root = dir.path().to_owned();
    let object = object(Kind::BootIso, b"0123456789").read_back(move |image| {
        let mut text = String::new();
        image.read_to_string(&mut text)?;
        assert_eq!(text, "0123456789");
        image.seek(SeekFrom::End(-3))?;
        text.clear();
        image.read_to_string(&mut text)?;
        assert_eq!(text, "789");
        let there = names(&root);
        assert_eq!(there.len(), 1);
        assert!(there[0].starts_with(".publishing-"), "{there:?}");
        assert_eq!(
            mode(&root.join(&there[0])),
            0o600,
            "half-written images are private"
        );
        Ok::<(), io::Error>(())
    });
    host.publish(&node(1), object).await.unwrap();
}

#[tokio::test]
async fn parts_of_an_image_are_appended_from_files() {
    let (dir, elsewhere) = (open_dir(), PathBuf::from("/dev/shm"));
    let host = host(dir.path());
    let bytes: Vec<u8> = (0..40_000_000u32).map(|n| (n / 7) as u8).collect();
    // From the same file system, and from another one.
    for place in [dir.path().parent().unwrap().to_owned(), elsewhere] {
        let mut source = tempfile::tempfile_in(&place).unwrap();
        source.write_all(&bytes).unwrap();
        source.seek(SeekFrom::Start(1)).unwrap();
        let size = 4 + 39_999_990 + 3;
        let object = NewObject::new(Kind::BootIso, size, move |out| {
            out.write_all(b"head")?;
            out.append(&mut source, 39_999_990)?;
            out.write_all(b"end")
        });
        let name = host.publish(&node(1), object).await.unwrap().name;
        let got = read(dir.path(), &name);
        assert!(got[..4] == *b"head" && got[4..39_999_994] == bytes[1..39_999_991]);
        assert!(got[39_999_994..] == *b"end");
        host.unpublish(uuid(1), Which::Only(name)).await.unwrap();
    }
    assert_eq!(names(dir.path()), [""; 0]);
}
