//! The limits of sources: sizes, rates and times.

use std::collections::HashMap;
use std::io::{self, Read};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use driver::image::{BootIso, BootIsoError, HttpClient, HttpSource, Source, SourceError};

use crate::support::image::{LoaderFiles, kernel, pattern};
use crate::support::serve::{Request, ok, serve};

/// A source of deploy code that only announces a size.
#[derive(Debug)]
struct Announced(u64);

impl Source for Announced {
    fn name(&self) -> String {
        "announced".into()
    }

    fn size(&self) -> u64 {
        self.0
    }

    fn open(&self) -> Result<Box<dyn Read + Send>, SourceError> {
        Ok(Box::new(io::empty()))
    }
}

#[test]
fn a_size_that_no_image_can_hold_is_refused_before_anything_is_planned() {
    let server = serve(|request, stream| {
        let size = request.path.trim_start_matches('/');
        request.send(stream, &format!("200 OK\r\nContent-Length: {size}"), b"");
    });
    let files = LoaderFiles::new();
    for size in [1 << 43, 1 << 62, 1 << 63, u64::MAX - 2] {
        let url = format!("{server}/{size}");
        let error = HttpSource::new(&HttpClient::new(), &url).unwrap_err();
        assert!(matches!(error, SourceError::TooLarge { .. }), "{error}");
        let planned = BootIso::new(kernel(), Announced(size)).bios(files.isolinux());
        let error = planned.plan().unwrap_err();
        assert!(
            matches!(error, BootIsoError::Source(SourceError::TooLarge { .. })),
            "{error}"
        );
    }
    let sum = BootIso::new(Announced(5 << 40), Announced(5 << 40)).bios(files.isolinux());
    sum.plan().unwrap_err();
    // As large as an ISO can be, for which little is allocated.
    let planned = BootIso::new(kernel(), Announced(7 << 40)).bios(files.isolinux());
    assert!(planned.plan().unwrap().size() > 7 << 40);
}

fn read(client: &HttpClient, url: &str) -> Result<Vec<u8>, String> {
    let source = HttpSource::new(client, url).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    let mut reader = source.open().map_err(|error| error.to_string())?;
    let done = reader.read_to_end(&mut bytes);
    done.map(|_| bytes).map_err(|error| error.to_string())
}

#[test]
fn a_server_that_drips_is_given_up() {
    let server = serve(|request, stream| request.drip(stream, 100_000, Duration::from_millis(5)));
    let start = Instant::now();
    let client = HttpClient::new().min_rate(10_000, Duration::from_secs(1));
    let error = read(&client, &server).unwrap_err();
    let expected = "is too slow: expected at least 10000 bytes per second, on average over 1 s";
    assert!(error.ends_with(expected), "{error}");

    let client = HttpClient::new().min_rate(1, Duration::from_secs(1));
    let error = read(&client.deadline(Duration::from_secs(2)), &server).unwrap_err();
    let expected = "takes too long: expected all of it within 2 s";
    assert!(error.ends_with(expected), "{error}");
    assert!(start.elapsed() < Duration::from_secs(20));

    // A head that never comes.
    let server = serve(|_, _| thread::sleep(Duration::from_secs(30)));
    let client = HttpClient::new().deadline(Duration::from_secs(1));
    let error = read(&client, &server).unwrap_err();
    assert!(error.ends_with("expected all of it within 1 s"), "{error}");
}

#[test]
fn a_slow_reader_is_not_the_fault_of_the_server() {
    let body = pattern(600_000, 1);
    let sent = body.clone();
    let server = serve(move |request, stream| request.send_content(stream, &sent));
    let client = HttpClient::new().min_rate(10_000_000, Duration::from_millis(200));
    let source = HttpSource::new(&client, &server).unwrap();
    let (mut reader, mut bytes) = (source.open().unwrap(), Vec::new());
    for _ in 0..10 {
        thread::sleep(Duration::from_millis(100));
        (&mut reader).take(60_000).read_to_end(&mut bytes).unwrap();
    }
    assert!(bytes == body);
}

#[test]
fn a_server_that_cannot_answer_for_the_moment_is_asked_again() {
    let seen: Arc<Mutex<HashMap<String, u32>>> = Arc::default();
    let counted = Arc::clone(&seen);
    let server = serve(move |request, stream| {
        let mut counted = counted.lock().unwrap();
        let count = counted.entry(request.path.clone()).or_default();
        *count += 1;
        match request.path.as_str() {
            "/always" => request.send(stream, "503 Busy\r\nContent-Length: 0", b""),
            _ if *count > 2 => request.send_content(stream, b"kernel"),
            "/twice" => request.send(stream, "503 Busy\r\nContent-Length: 0", b""),
            _ => {
                let head = "429 Too Many\r\nRetry-After: 1\r\nContent-Length: 0";
                request.send(stream, head, b"");
            }
        }
    });
    let client = HttpClient::new();
    for path in ["/twice", "/when-told"] {
        let start = Instant::now();
        assert_eq!(
            read(&client, &format!("{server}{path}")).unwrap(),
            b"kernel"
        );
        // Two tries of HEAD failed, the third one and GET did not.
        assert_eq!(seen.lock().unwrap()[path], 4);
        let paused = if path == "/twice" { 1500 } else { 2000 };
        assert!(start.elapsed() >= Duration::from_millis(paused));
    }
    let error = read(&client, &format!("{server}/always")).unwrap_err();
    assert!(error.contains("returned 503"), "{error}");
    assert_eq!(seen.lock().unwrap()["/always"], 8);
}

/// Sends everything from the start of the requested range.
fn send_rest(request: &Request, stream: &mut TcpStream, body: &[u8]) {
    let first = request.range.unwrap().0 as usize;
    let (rest, len) = (&body[first..], body.len());
    let head = format!(
        "206 Partial Content\r\nContent-Range: bytes {first}-{}/{len}\r\nContent-Length: {}",
        len - 1,
        rest.len()
    );
    request.send(stream, &head, rest);
}

#[test]
fn a_part_is_requested_as_a_range_with_an_end() {
    let body = pattern(100_000, 7);
    let (sent, asked) = (body.clone(), Arc::new(Mutex::new(Vec::new())));
    let noted = Arc::clone(&asked);
    let server = serve(move |request, stream| {
        if !request.is_head() {
            noted.lock().unwrap().push(request.range);
        }
        match request.path.as_str() {
            "/ranges" => request.send_content(stream, &sent),
            "/none" => request.send(stream, &ok(sent.len()), &sent),
            // As a server that does not know ranges with an end.
            "/rest" if request.range.is_some() => send_rest(request, stream, &sent),
            // Another part than the requested one, or of other content.
            path if request.range.is_some() => {
                let head = format!("206 Partial Content\r\n{}\r\nContent-Length: 9", &path[1..]);
                request.send(stream, &head.replace("%20", " "), &sent[..9]);
            }
            _ => request.send_content(stream, &sent),
        }
    });
    let source = |path: &str| HttpSource::new(&HttpClient::new(), &format!("{server}{path}"));
    for path in ["/ranges", "/none", "/rest"] {
        let source = source(path).unwrap();
        for (offset, len) in [(10, 9), (0, 9), (99_000, 5000), (100_000, 1)] {
            let mut bytes = Vec::new();
            let mut reader = source
                .open_range(offset, len.min(100_000 - offset))
                .unwrap();
            reader.read_to_end(&mut bytes).unwrap();
            let end = 100_000.min((offset + len) as usize);
            assert!(bytes == body[offset as usize..end], "{path} {offset}");
        }
    }
    let ranges = [(10, 18), (0, 8), (99_000, 99_999)].map(Some);
    assert_eq!(asked.lock().unwrap()[..3], ranges);
    assert_eq!(asked.lock().unwrap()[3..6], ranges);
    assert_eq!(asked.lock().unwrap()[6..], ranges);
    for header in [
        "/x:",
        "/Content-Range:%20bytes%200-8/100000",
        "/Content-Range:%20bytes%2010-18/200000",
        "/Content-Range:%20bytes%2010-19/100000",
    ] {
        let error = source(header)
            .unwrap()
            .open_range(10, 9)
            .map(drop)
            .unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("expected 9 bytes as \"bytes 10-18/100000\""),
            "{error}"
        );
    }
}
