//! A web server that answers as a test wants it to.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// A request.
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path with its query.
    pub(crate) path: String,
    /// The first and the last byte of the requested range.
    pub(crate) range: Option<(u64, u64)>,
}

impl Request {
    fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
            head.extend(byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut words = head.split(' ');
        let range = head.lines().find_map(|line| {
            let (first, last) = line.strip_prefix("range: bytes=")?.split_once('-')?;
            Some((first.parse().ok()?, last.parse().ok()?))
        });
        Some(Self {
            method: words.next()?.into(),
            path: words.next()?.into(),
            range,
        })
    }

    pub(crate) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// Sends a head and, unless only that is requested, a body.
    pub(crate) fn send(&self, stream: &mut TcpStream, head: &str, body: &[u8]) {
        let head = format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n");
        let _ = stream.write_all(head.as_bytes());
        if !self.is_head() {
            let _ = stream.write_all(body);
        }
    }

    /// Sends `body`, or the requested range of it.
    pub(crate) fn send_content(&self, stream: &mut TcpStream, body: &[u8]) {
        let Some((first, last)) = self.range else {
            return self.send(stream, &ok(body.len()), body);
        };
        let part = &body[first as usize..=last as usize];
        let head = format!(
            "206 Partial Content\r\nContent-Range: bytes {first}-{last}/{}\r\nContent-Length: {}",
            body.len(),
            part.len()
        );
        self.send(stream, &head, part);
    }

    /// Announces `size` bytes, and sends one of them every `pause` until the client is gone.
    pub(crate) fn drip(&self, stream: &mut TcpStream, size: usize, pause: Duration) {
        self.send(stream, &ok(size), b"");
        while !self.is_head() && stream.write_all(b"k").is_ok() {
            thread::sleep(pause);
        }
    }
}

pub(crate) fn ok(size: usize) -> String {
    format!("200 OK\r\nContent-Length: {size}")
}

/// Starts a server that answers each request, on a connection of its own, with `answer`. Returns
/// its URL.
pub(crate) fn serve(answer: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            thread::spawn(move || {
                if let Some(request) = Request::read(&mut stream) {
                    answer(&request, &mut stream);
                }
            });
        }
    });
    format!("http://{address}")
}
