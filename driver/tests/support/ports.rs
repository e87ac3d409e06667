//! Ports of the loopback interface for services that cannot choose one themselves.

use std::net::{Ipv4Addr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

/// Where ports are looked for: below those that Linux gives to connections and to servers without
/// a port of their own, from 32768 by default.
const FIRST: u16 = 10_000;
const END: u16 = 32_768;

/// Consecutive ports that belong to one test from now until this is dropped, whether or not its
/// services listen on them yet.
///
/// A port that was merely free a moment ago may go to another test's server, which then answers in
/// place of the service.
#[derive(Debug)]
pub(crate) struct Ports {
    pub(crate) first: u16,
    /// An abstract socket per port: at most one process has its name, and the kernel removes it
    /// along with the process.
    _reserved: Vec<UnixListener>,
}

impl Ports {
    /// Reserves one port.
    pub(crate) fn one() -> Self {
        Self::reserve(1)
    }

    /// Reserves this number of consecutive ports.
    pub(crate) fn reserve(count: u16) -> Self {
        let range = END - FIRST - count;
        // Another start per process: a port may still be busy with a test that has just ended.
        let offset = (std::process::id() * 64 % u32::from(range)) as u16;
        (0..range)
            .map(|n| FIRST + (n + offset) % range)
            .find_map(|first| {
                let ports = first..first + count;
                let reserved: Option<_> = ports.map(reserve).collect();
                reserved.map(|_reserved| Self { first, _reserved })
            })
            .unwrap_or_else(|| panic!("no {count} consecutive free ports from {FIRST} to {END}"))
    }
}

/// Reserves this port, if no other test has reserved it and nothing listens on it.
fn reserve(port: u16) -> Option<UnixListener> {
    let name = SocketAddr::from_abstract_name(format!("driver-tests-port-{port}")).ok()?;
    let reserved = UnixListener::bind_addr(&name).ok()?;
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
    Some(reserved)
}
