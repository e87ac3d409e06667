//! Sources: files, URLs and checksums.

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use driver::image::source::from_reference;
use driver::image::{Checksum, FileSource, HttpClient, HttpSource, Source, SourceError, Verified};

use crate::support::image::{Bytes, LoaderFiles, pattern};
use crate::support::ports::Ports;
use crate::support::serve::{Request, serve};

fn client() -> HttpClient {
    HttpClient::new().stall_after(Duration::from_secs(1))
}

fn read(source: &dyn Source) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut reader = source.open().map_err(|error| error.to_string())?;
    reader
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    Ok(bytes)
}

#[test]
fn a_file_is_read_by_its_path_or_url() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a kernel");
    fs::write(&path, pattern(100_000, 1)).unwrap();
    let url = format!("file://{}", path.display().to_string().replace(' ', "%20"));
    for reference in [
        path.to_str().unwrap(),
        url.as_str(),
        &url.replace("file://", "FILE://localhost"),
    ] {
        let source = from_reference(reference, &client()).unwrap();
        assert_eq!(source.size(), 100_000);
        assert_eq!(source.name(), path.to_str().unwrap());
        assert!(read(&*source).unwrap() == pattern(100_000, 1));
        assert!(
            read(&*source).unwrap() == pattern(100_000, 1),
            "read a second time"
        );
    }
}

#[test]
fn an_unusable_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refusal = |path: &str| FileSource::new(path).unwrap_err().to_string();
    let missing = dir.path().join("kernel");
    assert!(refusal(missing.to_str().unwrap()).contains("No such file"));
    let text = refusal(dir.path().to_str().unwrap());
    assert!(
        text.ends_with("is a directory: expected a regular file"),
        "{text}"
    );
    assert!(refusal("/dev/null").contains("a device"));
    fs::write(&missing, "").unwrap();
    assert!(refusal(missing.to_str().unwrap()).contains("is empty"));

    fs::write(&missing, "12345").unwrap();
    let source = FileSource::new(&missing).unwrap();
    fs::write(&missing, "1234567").unwrap();
    assert!(
        read(&source)
            .unwrap_err()
            .contains("expected 5 bytes, found 7")
    );
}

#[test]
fn other_references_are_refused_without_quoting_them() {
    for reference in [
        "",
        "swift://x/y",
        "glance://6fd0?token=secret",
        "file://host/x",
        "ftp://h/x",
    ] {
        let error = from_reference(reference, &client()).unwrap_err();
        assert!(
            matches!(error, SourceError::Reference { .. }),
            "{reference:?}: {error}"
        );
        assert!(!error.to_string().contains("secret"));
    }
}

#[test]
fn a_url_is_read_with_redirects_and_without_its_signature_in_messages() {
    let body = pattern(300_000, 2);
    let sent = body.clone();
    let server = serve(move |request, stream| match request.path.as_str() {
        "/here" => request.send_content(stream, &sent),
        "/there" => {
            let head = "302 Found\r\nLocation: /here\r\nContent-Length: 0";
            request.send(stream, head, b"");
        }
        // The URL is signed for GET. Other methods are refused.
        "/signed?sig=s3cret" if !request.is_head() => request.send_content(stream, &sent),
        "/signed?sig=s3cret" => {
            request.send(stream, "401 Unauthorized\r\nContent-Length: 0", b"");
        }
        "/unsized-head" if request.is_head() => request.send(stream, "200 OK", b""),
        "/unsized-head" => request.send_content(stream, &sent),
        _ => request.send(stream, "404 Not Found\r\nContent-Length: 0", b""),
    });
    for path in ["/here", "/there", "/signed?sig=s3cret", "/unsized-head"] {
        let source = from_reference(&format!("{server}{path}"), &client()).unwrap();
        assert_eq!(source.size(), 300_000, "{path}");
        assert!(read(&*source).unwrap() == body, "{path}");
        assert!(!format!("{} {source:?}", source.name()).contains("s3cret"));
    }
    let error = HttpSource::new(&client(), &format!("{server}/gone?sig=s3cret")).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{server}/gone returned 404 Not Found: expected 200 OK")
    );
}

/// Answers each path with another fault.
fn misbehave(request: &Request, stream: &mut TcpStream) {
    let (is_head, path) = (request.is_head(), request.path.as_str());
    let pause = || thread::sleep(Duration::from_secs(4));
    let (head, body): (&str, &[u8]) = match path {
        "/short" | "/stalls" => ("200 OK\r\nContent-Length: 100000", &[1; 60_000]),
        "/silent" => return pause(),
        "/chunked" => {
            let head = "200 OK\r\nTransfer-Encoding: chunked";
            (head, b"5\r\nhello\r\n0\r\n\r\n")
        }
        "/packed" => {
            let head = "200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9";
            (head, b"123456789")
        }
        "/empty" => ("200 OK\r\nContent-Length: 0", b""),
        "/partial" => ("206 Partial Content\r\nContent-Length: 1", b"1"),
        "/loop" => ("302 Found\r\nLocation: /loop\r\nContent-Length: 0", b""),
        "/broken" => ("nonsense", b""),
        "/changes" if is_head => ("200 OK\r\nContent-Length: 9", b""),
        "/changes" => ("200 OK\r\nContent-Length: 8", b"12345678"),
        "/tag" if is_head => ("200 OK\r\nETag: \"a\"\r\nContent-Length: 1", b""),
        "/tag" => ("200 OK\r\nETag: \"b\"\r\nContent-Length: 1", b"1"),
        _ => ("500 Internal Server Error\r\nContent-Length: 0", b""),
    };
    request.send(stream, head, body);
    if path == "/stalls" {
        pause();
    }
}

#[test]
fn an_error_names_what_a_server_did_wrong() {
    let server = serve(misbehave);
    let start = Instant::now();
    for (path, expected) in [
        ("/short", "ended after 60000 bytes: expected 100000"),
        ("/stalls", "stalled: received nothing for 1 s"),
        ("/silent", "stalled: received nothing for 1 s"),
        ("/chunked", "no Content-Length"),
        ("/packed", "it has a Content-Encoding"),
        ("/empty", "is empty"),
        ("/partial", "returned 206 Partial Content"),
        ("/loop", "redirects"),
        ("/broken", "cannot be read"),
        ("/changes", "expected 9 bytes, found 8"),
        ("/tag", "another entity tag"),
        ("/500", "returned 500 Internal Server Error"),
    ] {
        let result = HttpSource::new(&client(), &format!("{server}{path}"))
            .map_err(|error| error.to_string())
            .and_then(|source| write_iso(&source));
        let text = result.unwrap_err();
        assert!(text.contains(expected), "{path}: {text}");
        assert!(text.contains(path), "{path}: {text}");
    }
    assert!(start.elapsed() < Duration::from_secs(20));
}

/// Writes an ISO whose ramdisk is `source`.
fn write_iso(source: &HttpSource) -> Result<(), String> {
    let files = LoaderFiles::new();
    let iso = driver::image::BootIso::new(Bytes("kernel", vec![1]), source.clone())
        .bios(files.isolinux())
        .plan()
        .unwrap();
    iso.write_to(std::io::sink())
        .map_err(|error| error.to_string())
}

#[test]
fn a_server_that_cannot_be_reached_is_an_error() {
    let port = Ports::one();
    let url = format!("http://127.0.0.1:{}/k", port.first);
    let error = HttpSource::new(&client(), &url).unwrap_err();
    assert!(matches!(error, SourceError::Io { .. }), "{error}");
    assert!(HttpSource::new(&client(), "http://no-such-host.invalid/k").is_err());
    assert!(HttpClient::with_ca("ca.pem", b"no certificate").is_err());
}

#[test]
fn a_checksum_is_verified_while_reading() {
    let content = Bytes("kernel", pattern(200_000, 5));
    let wrong = [
        "md5:6d9b6cb20ecd4d2cbdb5f5ab0ebcbc5e",
        "sha256:0000000000000000000000000000000000000000000000000000000000000000",
    ];
    for text in wrong {
        let checksum: Checksum = text.parse().unwrap();
        let error = read(&Verified::new(content.clone(), checksum)).unwrap_err();
        // The error contains the actual checksum, with which reading succeeds.
        let found = error.rsplit_once("found ").unwrap().1;
        assert!(
            read(&Verified::new(content.clone(), found.parse().unwrap())).unwrap() == content.1
        );
    }
    // Digests of "abc" from the standards.
    let abc = Bytes("abc", b"abc".to_vec());
    for sum in [
        "900150983cd24fb0d6963f7d28e17f72",
        "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
        "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
         2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ] {
        assert_eq!(
            read(&Verified::new(abc.clone(), sum.parse().unwrap())).unwrap(),
            b"abc"
        );
    }
    for text in [
        "",
        "md5:",
        "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "md5:xyz",
        "sha256:900150983cd24fb0d6963f7d28e17f72",
    ] {
        assert!(text.parse::<Checksum>().is_err(), "{text:?}");
    }
}
