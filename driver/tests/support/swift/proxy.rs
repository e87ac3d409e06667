//! A proxy in front of a real service, which makes requests fail on demand.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The service answers it.
    Pass,
    /// The service receives it after this delay.
    Delay(Duration),
    /// The proxy answers with this status, and the service never receives it.
    Answer(u16),
    /// The connection is closed after this many bytes of the body.
    CutAfter(usize),
    /// The service answers, but the connection is closed without the answer.
    LoseAnswer,
    /// Nobody ever answers.
    Silence,
}

type Decide = Box<dyn FnMut(&str) -> Fate + Send>;
type Note = Box<dyn FnMut(&str) + Send>;

/// Forwards requests to a service, one per connection, with the fate that `decide` gives each first
/// line.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub(crate) fn start(to: u16, decide: impl FnMut(&str) -> Fate + Send + 'static) -> Self {
        Self::start_noting(to, decide, |_| {})
    }

    /// Like [`start`](Self::start), and calls `note` with the head of each request.
    pub(crate) fn start_noting(
        to: u16,
        decide: impl FnMut(&str) -> Fate + Send + 'static,
        note: impl FnMut(&str) + Send + 'static,
    ) -> Self {
        let note: Arc<Mutex<Note>> = Arc::new(Mutex::new(Box::new(note)));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let decide: Arc<Mutex<Decide>> = Arc::new(Mutex::new(Box::new(decide)));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&seen);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (decide, lines) = (Arc::clone(&decide), Arc::clone(&lines));
                let note = Arc::clone(&note);
                // Whatever fails here also fails in the test.
                std::thread::spawn(move || serve(client, to, &decide, &note, &lines));
            }
        });
        Self { port, seen }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The first lines of all requests.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(
    mut client: TcpStream,
    to: u16,
    decide: &Mutex<Decide>,
    note: &Mutex<Note>,
    seen: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if client.read(&mut byte)? == 0 {
            return Ok(());
        }
        head.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let line = text.lines().next().unwrap_or_default().to_owned();
    seen.lock().unwrap().push(line.clone());
    (note.lock().unwrap())(&text);
    let fate = (decide.lock().unwrap())(&line);
    match fate {
        Fate::Answer(status) => {
            let answer = format!(
                "HTTP/1.1 {status} Because\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            client.write_all(answer.as_bytes())?;
            client.shutdown(Shutdown::Write)?;
            // Unread data would make the system reset the connection before the answer is read.
            return io::copy(&mut client, &mut io::sink()).map(drop);
        }
        Fate::Delay(delay) => std::thread::sleep(delay),
        Fate::Silence => {
            return io::copy(&mut client, &mut io::sink()).map(drop);
        }
        _ => {}
    }
    let mut service = TcpStream::connect((Ipv4Addr::LOCALHOST, to))?;
    let end = text.len() - 2;
    service.write_all(&head[..end])?;
    service.write_all(b"Connection: close\r\n\r\n")?;
    let (mut body, mut onward) = (client.try_clone()?, service.try_clone()?);
    let sender = std::thread::spawn(move || -> io::Result<()> {
        let most = match fate {
            Fate::CutAfter(most) => most as u64,
            _ => u64::MAX,
        };
        io::copy(&mut Read::take(&mut body, most), &mut onward)?;
        if most < u64::MAX {
            let _ = body.shutdown(Shutdown::Both);
            onward.shutdown(Shutdown::Both)?;
        }
        Ok(())
    });
    if fate == Fate::LoseAnswer {
        io::copy(&mut service, &mut io::sink())?;
    } else {
        io::copy(&mut service, &mut client)?;
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = sender.join();
    Ok(())
}

/// The token in the head of a request.
pub(crate) fn token(head: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("x-auth-token")
            .then(|| value.to_owned())
    })
}

/// Gives the first requests whose line begins with `start` these fates, and lets all others pass.
pub(crate) fn first(
    start: &'static str,
    fates: &[Fate],
) -> impl FnMut(&str) -> Fate + Send + 'static {
    let mut fates: std::vec::IntoIter<Fate> = Vec::from(fates).into_iter();
    move |line| {
        if line.starts_with(start) {
            fates.next().unwrap_or(Fate::Pass)
        } else {
            Fate::Pass
        }
    }
}
