//! Reads, edits and evaluates [oslo.config] files.
//!
//! oslo.config is the library that OpenStack services read their configuration with. This crate has
//! two halves:
//!
//! - A lossless [`Document`]: parse a file, iterate over its [`Section`]s and [`Entry`]s, and
//!   change it with an [`Edit`]. Everything else is preserved byte for byte: comments, blank lines,
//!   spacing, line ends, bytes that are not UTF-8.
//! - The exact lookup rules: a [`Config`] over parsed files and registered [`Opt`]s gives the value
//!   of an option, with deprecated names, `$references` and types, and the value's origin.
//!
//! ```
//! use oslo_config::{Config, Document, Edit, Opt, OptType, ParsedFile};
//!
//! let text = b"[pxe]\n# for nodes\nhttp_url: http://$my_ip:8080\n[DEFAULT]\nmy_ip=192.0.2.1";
//! let document = Document::parse(text)?;
//!
//! let mut edit = Edit::new(&document);
//! edit.rename(document.entry("pxe", "http_url").unwrap(), "web_url");
//! edit.set("DEFAULT", "my_ip", "192.0.2.2");
//! assert_eq!(
//!     edit.finish()?,
//!     "[pxe]\n# for nodes\nweb_url: http://$my_ip:8080\n[DEFAULT]\nmy_ip=192.0.2.2",
//! );
//!
//! // A service loads its files: `oslo_config::load(["/etc/ironic/ironic.conf"])?`.
//! let files = vec![ParsedFile::new("ironic.conf", document)];
//! let opts = vec![
//!     Opt::new("deploy", "web_url", OptType::Uri).with_deprecated("pxe", "http_url"),
//!     Opt::new("DEFAULT", "my_ip", OptType::Ip { version: None }),
//! ];
//! let config = Config::new(files, opts).with_environment(std::env::vars_os());
//! let url: String = config.get("deploy", "web_url")?;
//! assert_eq!(url, "http://192.0.2.1:8080");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Differences from oslo.config
//!
//! The rules are those of oslo.config 10.7.0, and tests compare the two on thousands of generated
//! files. The differences are deliberate:
//!
//! - Bytes that are not UTF-8 are kept, where Python refuses the file. In a value they read as
//!   U+FFFD.
//! - Whole numbers are read in ASCII digits only and have at most 128 bits.
//! - In the printed form of a list (a `$reference` to a list option), characters that are unknown
//!   to the older of Rust's and Python's versions of Unicode are escaped by that one only.
//! - A reference to one of the options that oslo.config registers for itself (`config_file`,
//!   `config_dir`, `config_source`, `shell_completion`) is an error, and a service's option whose
//!   group and name spell one of these (`[config] file`) is looked up like any other.
//! - A chain of references may have 200 links, where Python gives up after about 120. A value may
//!   take 10,000 references in all, which may add 64 KiB to it, where Python has no limits.
//! - A text of 4 GiB or more is refused.
//!
//! Command-line options, `HostnameOpt`, `HostDomainOpt`, ranges and regular expressions as limits
//! are not supported. A service's own types are functions: [`OptType::Own`].
//!
//! [oslo.config]: https://docs.openstack.org/oslo.config/latest/

mod config;
mod document;
mod edit;
mod error;
mod layout;
mod line_map;
mod opt;
mod parse;
mod setting;
mod sources;
mod template;
mod text;
mod types;
mod value;

pub use bstr::{BStr, BString};
pub use config::{Config, GetError, GetErrorKind, opts_as_set, opts_as_set_where};
pub use document::{Document, Entry, Section};
pub use edit::{Edit, EditError};
pub use error::{SyntaxError, SyntaxErrorKind, SyntaxErrors};
pub use line_map::LineMap;
pub use opt::{DEFAULT_GROUP, NotAnOptName, Opt, OptName};
pub use parse::LineKind;
pub use setting::{Occurrence, Occurrences, Origin, Setting};
pub use sources::{ParsedFile, Source, SourceError, SourceFile, load, search};
pub use template::{Reference, references};
pub use types::{IpVersion, OptType, OwnType};
pub use value::{TypeError, Value};

/// Compiles the examples of the README as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
