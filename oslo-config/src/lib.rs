//! The ground under `confmig` and `driver`: configuration files as [oslo.config] reads them.
//!
//! oslo.config is the library by which OpenStack's services read their configuration. This crate
//! has two halves:
//!
//! - a lossless [`Document`]: parse a file, walk its [`Section`]s and [`Entry`]s, change it with an
//!   [`Edit`]. What is not changed comes out byte for byte: comments, blank lines, spacing, line
//!   ends, bytes that are not UTF-8.
//! - the exact rules of lookup: a [`Config`] over parsed files and registered [`Opt`]s gives an
//!   option's value with its deprecated names, its `$references`, its type, and where it comes from.
//!
//! ```
//! use oslo_config::{Config, Document, Edit, Opt, OptType, ParsedFile};
//!
//! let text = b"[pxe]\n# where nodes fetch from\nhttp_url: http://$my_ip:8080\n[DEFAULT]\nmy_ip=192.0.2.1";
//! let document = Document::parse(text)?;
//! let entry = document.entries().next().unwrap();
//!
//! let mut edit = Edit::new(&document);
//! edit.rename(entry, "web_url");
//! assert!(edit.finish()?.starts_with(b"[pxe]\n# where nodes fetch from\nweb_url: http://$my_ip:8080\n"));
//!
//! let files = [ParsedFile { path: "ironic.conf".as_ref(), document }];
//! let opts = [
//!     Opt::new("deploy", "web_url", OptType::Uri).with_deprecated("pxe", "http_url"),
//!     Opt::new("DEFAULT", "my_ip", OptType::string()),
//! ];
//! let setting = Config::new(&files, &opts).get("deploy", "web_url")?;
//! assert_eq!(setting.value.as_str(), Some("http://192.0.2.1:8080"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What differs from oslo.config
//!
//! The rules are those of oslo.config 10.7.0, compared with it on thousands of generated files. The
//! differences, all deliberate:
//!
//! - Bytes that are not UTF-8 are kept; Python refuses such a file. Looked at as a value, they read
//!   as U+FFFD.
//! - A whole number is read in ASCII digits only and has at most 128 bits.
//! - In the printed form of a list (a `$reference` to a list option), characters that only one of
//!   Rust and Python knows, having the newer version of Unicode, are escaped by the other one.
//! - A reference to one of the options that oslo.config registers for itself (`config_file`,
//!   `config_dir`, `config_source`, `shell_completion`) is an error, and a service's option whose group
//!   and name make one of these when joined (`[config] file`) is looked up like any other.
//! - A chain of references may have 200 links, where Python gives up after some 120, and a value may
//!   take 10,000 references in all, where Python goes on.
//! - A text of 4 GiB or more is refused.
//!
//! Not here: options of the command line, `HostnameOpt`, `HostDomainOpt`, ranges, regular
//! expressions as a limit. A service's own types are functions: [`OptType::Own`].
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
mod uri;
mod value;

pub use config::{Config, opts_as_set};
pub use document::{Document, Entry, Section};
pub use edit::{Edit, EditConflict};
pub use error::{SyntaxError, SyntaxErrorKind, SyntaxErrors};
pub use line_map::LineMap;
pub use opt::{DEFAULT_GROUP, Opt, OptName};
pub use parse::LineKind;
pub use setting::{GetError, Occurrence, Occurrences, Origin, Setting};
pub use sources::{ParsedFile, Source, SourceError, SourceFile, search};
pub use template::{Reference, references};
pub use types::{IpVersion, OptType, OwnType, TypeError};
pub use value::Value;
