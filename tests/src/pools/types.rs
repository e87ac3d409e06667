//! The types of options, the plainest of each kind first.

use oslo_config::{IpVersion, OptType};

pub(super) fn choices(texts: &[&str], ignore_case: bool) -> OptType {
    OptType::Str {
        choices: texts.iter().map(|&text| text.into()).collect(),
        ignore_case,
        max_length: None,
    }
}

pub(super) fn strings() -> Vec<OptType> {
    let at_most = |length| OptType::Str {
        choices: Vec::new(),
        ignore_case: false,
        max_length: Some(length),
    };
    vec![
        OptType::string(),
        choices(&["a", "b c", "ος", "STRASSE"], false),
        choices(&["A", "B C", "ος", "straße", "\u{130}", ""], true),
        at_most(5),
        at_most(0),
    ]
}

pub(super) fn int(min: Option<i128>, max: Option<i128>, choices: &[i128]) -> OptType {
    OptType::Int {
        min,
        max,
        choices: choices.to_vec(),
    }
}

pub(super) fn integers() -> Vec<OptType> {
    vec![
        OptType::int(),
        int(Some(0), None, &[]),
        int(None, Some(10), &[]),
        int(Some(-5), Some(5), &[]),
        int(None, None, &[1, 2, 3]),
        int(Some(0), Some(10), &[5, 10]),
    ]
}

pub(super) fn floats() -> Vec<OptType> {
    let float = |min, max| OptType::Float { min, max };
    vec![
        float(None, None),
        float(Some(0.0), None),
        float(None, Some(1.5)),
        float(Some(-1.0), Some(1.0)),
    ]
}

pub(super) fn list(item: OptType, bounds: bool) -> OptType {
    OptType::List {
        item: Box::new(item),
        bounds,
    }
}

pub(super) fn dict(value: OptType) -> OptType {
    OptType::Dict {
        value: Box::new(value),
    }
}

pub(super) fn lists() -> Vec<OptType> {
    vec![
        OptType::list(),
        list(OptType::string(), true),
        list(OptType::int(), false),
        list(OptType::int(), true),
        list(OptType::port(), false),
        list(OptType::Uri, false),
        list(choices(&["a", "b", "a,b", "[a]"], false), false),
        list(OptType::Bool, false),
        list(floats().remove(0), false),
        list(OptType::Ip { version: None }, false),
        list(dict(OptType::string()), false),
        list(list(OptType::string(), true), false),
    ]
}

pub(super) fn dicts() -> Vec<OptType> {
    vec![
        OptType::dict(),
        dict(OptType::int()),
        dict(OptType::Bool),
        dict(OptType::Uri),
        dict(list(OptType::int(), false)),
        dict(OptType::HostAddress { version: None }),
    ]
}

pub(super) fn ports() -> Vec<OptType> {
    let port = |min, max, choices: &[u16]| OptType::Port {
        min,
        max,
        choices: choices.to_vec(),
    };
    vec![
        OptType::port(),
        port(Some(1024), None, &[]),
        port(None, Some(100), &[]),
        port(None, None, &[80, 443]),
    ]
}

pub(super) fn hosts() -> Vec<OptType> {
    let host = |version| OptType::HostAddress { version };
    vec![
        host(None),
        host(Some(IpVersion::V4)),
        host(Some(IpVersion::V6)),
    ]
}

pub(super) fn addresses() -> Vec<OptType> {
    let ip = |version| OptType::Ip { version };
    vec![ip(None), ip(Some(IpVersion::V4)), ip(Some(IpVersion::V6))]
}

pub(super) fn multis() -> Vec<OptType> {
    vec![
        OptType::string(),
        choices(&["/a", "/b"], false),
        OptType::int(),
        OptType::dict(),
    ]
}
