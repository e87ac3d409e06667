//! The addresses that images are fetched from.
//!
//! A URL's text does not tell where it leads: a name may have any address, and another one each
//! time it is looked up. Addresses are therefore checked as the connection is made: here, where
//! names are resolved, and in the URL itself if its host is an address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;
use std::{error, io};

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// A list of networks, such as `10.20.0.0/16, 127.0.0.1`.
///
/// ```
/// use driver::image::Networks;
///
/// let networks: Networks = "10.20.0.0/16, ::1".parse()?;
/// assert!(networks.contain("10.20.30.40".parse()?));
/// assert!(!networks.contain("10.21.0.1".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

/// A text that is not a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected networks like 10.20.0.0/16 or addresses, separated by commas, got {0:?}")]
pub struct NotANetwork(
    /// The first 80 characters of the text.
    pub String,
);

impl FromStr for Networks {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let parts = text.split(',').map(str::trim);
        let parse = |part: &str| {
            let network = part
                .parse()
                .or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
            network
                .map_err(|_: std::net::AddrParseError| NotANetwork(part.chars().take(80).collect()))
        };
        let networks = parts.filter(|part| !part.is_empty()).map(parse);
        networks.collect::<Result<_, _>>().map(Self)
    }
}

impl Networks {
    /// Whether one of the networks contains `address`.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether every address is in one of the networks.
    fn contain_all(&self) -> bool {
        let mut whole = self.0.iter().filter(|network| network.prefix_len() == 0);
        let is_v4 = |network: &IpNet| matches!(network, IpNet::V4(_));
        whole.clone().any(is_v4) && whole.any(|network| !is_v4(network))
    }
}

/// Which addresses a client may connect to: never link-local ones.
#[derive(Debug, Clone, Default)]
pub(crate) enum AddressPolicy {
    /// All others.
    #[default]
    Others,
    /// Public ones, and those in these networks.
    PublicAnd(Networks),
}

/// The kind of an address that is not public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RefusedAddress {
    #[error("a link-local or multicast address")]
    LinkLocal,
    #[error("an address of this machine")]
    ThisMachine,
    #[error("an address of a private network")]
    Private,
}

impl AddressPolicy {
    /// Checks the host of `url` if it is an address. A name is checked when it is resolved.
    pub(crate) fn check_url(&self, url: &Url) -> Result<(), RefusedAddress> {
        match url.host() {
            Some(Host::Ipv4(address)) => self.check(address.into()),
            Some(Host::Ipv6(address)) => self.check(address.into()),
            Some(Host::Domain(_)) | None => Ok(()),
        }
    }

    fn check(&self, address: IpAddr) -> Result<(), RefusedAddress> {
        match (kind(address), self) {
            (None, _) => Ok(()),
            (Some(RefusedAddress::LinkLocal), _) => Err(RefusedAddress::LinkLocal),
            (Some(_), Self::Others) => Ok(()),
            (Some(_), Self::PublicAnd(networks)) if networks.contain(address) => Ok(()),
            (Some(kind), Self::PublicAnd(_)) => Err(kind),
        }
    }

    /// Lets `builder` connect to these addresses only. A proxy, which would look names up by
    /// itself, is used only if every address is allowed.
    pub(crate) fn apply(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        let builder = builder.dns_resolver(Resolver(self.clone()));
        match self {
            Self::PublicAnd(networks) if !networks.contain_all() => builder.no_proxy(),
            _ => builder,
        }
    }
}

/// Resolves names to the addresses that a policy allows.
struct Resolver(AddressPolicy);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, name) = (self.0.clone(), name.as_str().to_owned());
        let look_up = move || -> io::Result<Vec<SocketAddr>> {
            Ok((name.as_str(), 0).to_socket_addrs()?.collect())
        };
        Box::pin(async move {
            let mut found = tokio::task::spawn_blocking(look_up).await??;
            let mut refused = None;
            found.retain(|address| match policy.check(address.ip()) {
                Ok(()) => true,
                Err(kind) => {
                    refused = Some(kind);
                    false
                }
            });
            match refused {
                Some(kind) if found.is_empty() => Err(kind.into()),
                _ => Ok(Box::new(found.into_iter()) as Addrs),
            }
        })
    }
}

/// Returns the refusal in the causes of `error`.
pub(crate) fn refusal(error: &(dyn error::Error + 'static)) -> Option<RefusedAddress> {
    let mut causes = std::iter::successors(Some(error), |cause| cause.source());
    causes.find_map(|cause| cause.downcast_ref().copied())
}

/// Returns the kind of `address`; `None` for a public one.
fn kind(address: IpAddr) -> Option<RefusedAddress> {
    match address {
        IpAddr::V4(address) => kind_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(address) => kind_v4(address),
            None => kind_v6(address),
        },
    }
}

fn kind_v4(address: Ipv4Addr) -> Option<RefusedAddress> {
    let [a, b, ..] = address.octets();
    match (a, b) {
        (169, 254) | (224..=239, _) | (255, 255) => Some(RefusedAddress::LinkLocal),
        // Linux connects 0.0.0.0 to this machine.
        (0 | 127, _) => Some(RefusedAddress::ThisMachine),
        // With those behind a carrier's NAT, for benchmarks, and reserved ones.
        (10, _) | (172, 16..=31) | (192, 168) | (100, 64..=127) | (198, 18 | 19) | (240.., _) => {
            Some(RefusedAddress::Private)
        }
        _ => None,
    }
}

fn kind_v6(address: Ipv6Addr) -> Option<RefusedAddress> {
    match address.segments()[0] {
        _ if address.is_loopback() || address.is_unspecified() => Some(RefusedAddress::ThisMachine),
        0xfe80..=0xfebf | 0xff00.. => Some(RefusedAddress::LinkLocal),
        // Unique local addresses, and the site-local ones before them.
        0xfc00..=0xfdff | 0xfec0..=0xfeff => Some(RefusedAddress::Private),
        _ => None,
    }
}

/// Returns the IPv4 address that `address` leads to: mapped or compatible ones, NAT64 and 6to4.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0) if g != 0 => Some(v4(g, h)),
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => Some(v4(g, h)),
        (0x2002, ..) => Some(v4(b, c)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_address_has_its_kind() {
        use RefusedAddress::{LinkLocal, Private, ThisMachine};
        for (text, expected) in [
            ("192.0.2.1", None),
            ("2001:db8::1", None),
            ("172.15.0.1", None),
            ("172.32.0.1", None),
            ("169.254.169.254", Some(LinkLocal)),
            ("::ffff:169.254.169.254", Some(LinkLocal)),
            ("64:ff9b::a9fe:a9fe", Some(LinkLocal)),
            ("2002:a9fe:a9fe::1", Some(LinkLocal)),
            ("::169.254.169.254", Some(LinkLocal)),
            ("fe80::1", Some(LinkLocal)),
            ("224.0.0.1", Some(LinkLocal)),
            ("ff02::1", Some(LinkLocal)),
            ("255.255.255.255", Some(LinkLocal)),
            ("127.0.0.1", Some(ThisMachine)),
            ("127.8.9.10", Some(ThisMachine)),
            ("0.0.0.0", Some(ThisMachine)),
            ("::1", Some(ThisMachine)),
            ("::", Some(ThisMachine)),
            ("::ffff:127.0.0.1", Some(ThisMachine)),
            ("10.0.0.1", Some(Private)),
            ("172.16.0.1", Some(Private)),
            ("192.168.1.1", Some(Private)),
            ("100.64.0.1", Some(Private)),
            ("fd00:ec2::254", Some(Private)),
            ("64:ff9b::a00:1", Some(Private)),
        ] {
            assert_eq!(kind(text.parse().unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn networks_allow_private_addresses_but_never_link_local_ones() {
        let all: Networks = "0.0.0.0/0, ::/0".parse().unwrap();
        assert!(all.contain_all());
        let policy = AddressPolicy::PublicAnd(all);
        let check = |policy: &AddressPolicy, address: &str| policy.check(address.parse().unwrap());
        assert_eq!(check(&policy, "10.0.0.1"), Ok(()));
        let refused = Err(RefusedAddress::LinkLocal);
        assert_eq!(check(&policy, "169.254.169.254"), refused);
        assert_eq!(check(&AddressPolicy::Others, "169.254.169.254"), refused);
        assert_eq!(check(&AddressPolicy::Others, "127.0.0.1"), Ok(()));
        let policy = AddressPolicy::PublicAnd("10.1.0.0/16".parse().unwrap());
        assert_eq!(check(&policy, "::ffff:10.1.2.3"), Ok(()));
        assert_eq!(check(&policy, "10.2.0.1"), Err(RefusedAddress::Private));
    }

    #[test]
    fn other_texts_are_no_networks() {
        for text in ["10.0.0.0/33", "h", "10.0.0.0/8 ::1"] {
            assert!(text.parse::<Networks>().is_err(), "{text}");
        }
        assert_eq!(" ".parse(), Ok(Networks::default()));
    }
}
