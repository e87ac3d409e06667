//! Secrets in URLs are never logged or shown in errors or `Debug` output, neither when a kernel is
//! fetched nor when a published image is checked.
//!
//! A program of its own, since it captures everything that its process logs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failing test panics, and the support module prints figures"
)]

#[path = "support/mod.rs"]
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use driver::bmc::{BmcError, Cause, Step};
use driver::deploy::IloDeploy;
use driver::host::DirectoryHost;
use driver::host::{Host as _, Kind, WebHost};
use driver::image::source::from_reference;
use driver::image::{HttpClient, HttpSource, Source};
use driver::node::{Node, ProvisionState};
use driver::options::Options;
use driver::virtual_media::VirtualMedia;

use crate::support::web::{object, open_dir, settings};
use crate::support::{log, node};

const PASSWORD: &str = "hunter2-of-the-url";
const SIGNATURE: &str = "s1gnature-of-the-url";
const OTHER_PASSWORD: &str = "pa55-of-the-redirect";
const OTHER_SIGNATURE: &str = "s2gnature-of-the-redirect";
const CONTENT: &[u8] = &[7; 300_000];

/// Starts a server that calls `answer` with the head of each request. It returns a head and the
/// content.
fn serve(answer: impl Fn(&str) -> (String, &'static [u8]) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            thread::spawn(move || while talk(&stream, &*answer).is_some() {});
        }
    });
    port
}

fn talk(mut stream: &TcpStream, answer: &dyn Fn(&str) -> (String, &'static [u8])) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let (answer, content) = answer(&head);
    write!(stream, "HTTP/1.1 {answer}\r\n\r\n").ok()?;
    if head.starts_with("GET") {
        stream.write_all(content).ok()?;
    }
    (!answer.contains("Connection: close")).then_some(())
}

/// Answers with the content, and at some paths with an error.
fn answer(head: &str) -> (String, &'static [u8]) {
    let ok = format!("200 OK\r\nContent-Length: {}", CONTENT.len());
    match head.split(['?', ' ']).nth(1) {
        Some("/cut") => (format!("{ok}\r\nConnection: close"), &CONTENT[..100_000]),
        Some("/refused") => ("403 Forbidden\r\nContent-Length: 0".to_owned(), b""),
        Some("/broken") => ("nonsense".to_owned(), b""),
        Some("/loop") => {
            let location = head.split(' ').nth(1).unwrap();
            let head = format!("302 Found\r\nLocation: {location}\r\nContent-Length: 0");
            (head, b"")
        }
        _ => (ok, CONTENT),
    }
}

fn fetched(client: &HttpClient, url: &str, shown: &mut String) -> Result<Vec<u8>, String> {
    let source = from_reference(url, client).map_err(|error| format!("{error} {error:?}"))?;
    *shown += &format!("{} {source:?} {client:?}\n", source.name());
    let mut content = Vec::new();
    let mut reader = source.open().map_err(|e| format!("{e} {e:?}"))?;
    let read = reader.read_to_end(&mut content);
    read.map_err(|error| format!("{error} {error:?}"))?;
    Ok(content)
}

fn url(port: u16, path: &str) -> String {
    format!("http://user:{PASSWORD}@127.0.0.1:{port}{path}?temp_url_sig={SIGNATURE}")
}

/// Starts a server that redirects to the one at `port`, with other secrets in the URL.
fn redirect_to(port: u16) -> u16 {
    serve(move |head| {
        let path = head.split(['?', ' ']).nth(1).unwrap();
        let user = format!("other:{OTHER_PASSWORD}");
        let location = format!("http://{user}@127.0.0.1:{port}{path}?sig={OTHER_SIGNATURE}");
        let head = format!("302 Found\r\nLocation: {location}\r\nContent-Length: 0");
        (head, b"")
    })
}

/// Fetches from the server at `target`, directly and by a redirect, in all ways that succeed or
/// fail.
fn fetch_all(target: u16, redirect: u16, shown: &mut String) {
    let client = HttpClient::new().stall_after(Duration::from_secs(2));
    for port in [target, redirect] {
        let content = fetched(&client, &url(port, "/kernel"), shown);
        assert_eq!(content.unwrap(), CONTENT);
        let source = HttpSource::new(&client, &url(port, "/kernel")).unwrap();
        let mut rest = Vec::new();
        let mut reader = source.open_at(1000).unwrap();
        reader.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, CONTENT[1000..]);
        for path in ["/cut", "/refused", "/broken", "/loop"] {
            let error = fetched(&client, &url(port, path), shown).unwrap_err();
            *shown += &format!("{error}\n");
        }
    }
    // No server, another scheme, and an invalid URL.
    for url in [
        url(1, "/kernel"),
        url(target, "/kernel").replace("http://", "ftp://"),
        url(target, "/kernel").replace("127.0.0.1:", "127.0.0.1:9"),
    ] {
        let error = fetched(&client, &url, &mut String::new()).unwrap_err();
        *shown += &format!("{error}\n");
    }
}

/// Publishes an image and has it checked at URLs that serve it, refuse it, redirect or do not
/// answer.
async fn publish_all(target: u16, redirect: u16, shown: &mut String) {
    let dir = open_dir();
    for port in [target, redirect, 1] {
        let host = WebHost::new(settings(dir.path(), &url(port, "/refused"))).unwrap();
        let object = object(Kind::Floppy, [1; 512]).check_served();
        let error = host.publish(&node(1), object).await.unwrap_err();
        *shown += &format!("{error} {error:?} {host:?}\n");
    }
    let host = WebHost::new(settings(dir.path(), &url(target, "/images"))).unwrap();
    for _ in 0..2 {
        let object = object(Kind::Floppy, CONTENT).check_served();
        host.publish(&node(1), object).await.unwrap();
    }
    // What is wrong with the server is said once.
    let lines = log::lines();
    let warned = lines
        .iter()
        .filter(|line| line.contains("does not offer byte ranges"));
    assert_eq!(warned.count(), 1);
}

#[tokio::test]
async fn no_secret_in_a_url_is_logged_or_shown() {
    log::record();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    let target = serve(move |head| {
        seen.lock().unwrap().push(head.to_owned());
        answer(head)
    });
    let redirect = redirect_to(target);

    let mut shown = String::new();
    // This blocks. On a thread of a runtime, as here, it must not panic.
    fetch_all(target, redirect, &mut shown);
    publish_all(target, redirect, &mut shown).await;

    // The server received the secrets, but after a redirect only those of the new URL.
    let heads = heads.lock().unwrap();
    assert!(heads.iter().any(|head| head.contains(SIGNATURE)));
    for head in heads.iter().filter(|head| head.contains(OTHER_SIGNATURE)) {
        assert!(!head.contains(SIGNATURE), "{head}");
        assert!(head.contains("authorization: Basic b3RoZXI6"), "{head}");
    }
    log::assert_logged("hyper");
    // How "user:" and "other:", each with its password, begin in the header `Authorization`.
    let encoded = ["dXNlcjpodW50ZXIy", "b3RoZXI6cGE1NS1v"];
    let secrets = [PASSWORD, SIGNATURE, OTHER_PASSWORD, OTHER_SIGNATURE];
    for secret in secrets.into_iter().chain(encoded) {
        log::assert_without(&[secret]);
        assert!(!shown.contains(secret), "{secret} is shown:\n{shown}");
    }
}

#[tokio::test]
async fn records_about_a_node_have_its_fields() {
    log::record();
    let dir = open_dir();
    let host = DirectoryHost::new(dir.path()).unwrap();
    let media = VirtualMedia::on_host(Arc::new(host), &Options::read(&[], []).unwrap());
    let deploy = IloDeploy::new(media, |node: &Node| {
        let cause = Cause::other("no BMC");
        let error = BmcError::new(node.uuid(), Step::Connect, cause);
        async { Err(error.into()) }
    });
    let mut waiting = node(1);
    waiting.set_provision_state(ProvisionState::WaitCallBack);
    let taken = deploy.take_over(&waiting).await;
    assert!(taken.warning.is_some());
    log::assert_logged(&format!("no BMC node={} step=take_over", waiting.uuid()));
}
