//! The services whose releases are known.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

/// A service whose releases are known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Service(u8);

/// The texts of a service's folder in `history/`.
pub(super) struct Texts {
    id: &'static str,
    title: &'static str,
    /// `SERIES NAME VERSION`, oldest first.
    pub(super) releases: &'static str,
    /// `GROUP NAME RUN FACT`, sorted; FACT is a definition in JSON, or `formerly GROUP.NAME,…`.
    pub(super) options: &'static str,
    /// `GROUP NAME VALUE RUN`, sorted.
    pub(super) values: &'static str,
    /// `TYPE KIND NAME RUN`, sorted.
    pub(super) interfaces: &'static str,
    /// `PLUGIN OPTION RUN [secret] [FORMER,…]`, sorted; OPTION is `-` for a plugin without options.
    pub(super) plugins: &'static str,
    /// `GROUP NAME ADVICE`, sorted: what to do about deprecated options of the newest release.
    pub(super) deprecated: &'static str,
    /// `FIRST LAST OPTIONS JSON`, one rule per line, which `build.rs` makes of
    /// `history/SERVICE/rules`.
    pub(super) rules: &'static str,
}

// `static SERVICES`: one row for each folder of `history/`, Ironic's first.
include!(concat!(env!("OUT_DIR"), "/services.rs"));

/// A value for each service, computed when it is first asked for.
pub(super) struct PerService<T>([OnceLock<T>; SERVICES.len()]);

impl<T> PerService<T> {
    pub(super) const fn new() -> Self {
        PerService([const { OnceLock::new() }; SERVICES.len()])
    }

    pub(super) fn get(&self, service: Service, compute: impl FnOnce(Service) -> T) -> &T {
        self.0[usize::from(service.0)].get_or_init(|| compute(service))
    }
}

impl Service {
    /// Ironic, the default wherever no service is named.
    pub const IRONIC: Service = Service(0);

    /// Returns every service.
    pub fn all() -> impl Iterator<Item = Service> {
        (0_u8..).zip(&SERVICES).map(|(at, _)| Service(at))
    }

    /// Finds a service by its lower-case name, such as `ironic`.
    #[must_use]
    pub fn find(id: &str) -> Option<Service> {
        Service::all().find(|service| service.id() == id)
    }

    /// Returns the lower-case name, as packages and files use it.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.texts().id
    }

    /// Returns the name as it is written in prose.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.texts().title
    }

    pub(super) fn texts(self) -> &'static Texts {
        // Only this file constructs a `Service`, always from a row of the table.
        &SERVICES[usize::from(self.0)]
    }
}

/// The error for a service whose releases are not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {}; for any other service, give its schema", known())]
pub struct UnknownService(());

/// Returns the names of all services, for a message.
fn known() -> String {
    let known: Vec<&str> = Service::all().map(Service::id).collect();
    known.join(", ")
}

/// Finds a service by its lower-case name.
impl FromStr for Service {
    type Err = UnknownService;

    fn from_str(id: &str) -> Result<Self, UnknownService> {
        Service::find(id).ok_or(UnknownService(()))
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
