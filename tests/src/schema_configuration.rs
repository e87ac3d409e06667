//! Generates configurations of any service from its schema.

use confmig::schema::{Schema, SchemaOption};
use oslo_config::{Opt, OptName, OptType};

/// Returns a configuration that sets every option to a value other than its default, by a former
/// name that is not another option's if there is one and `by_former_names` is set.
#[must_use]
pub fn configuration(schema: &Schema, by_former_names: bool) -> String {
    let mut entries: Vec<(OptName, String)> = Vec::new();
    for described in schema.options() {
        let opt = &described.opt;
        let mut name = opt.name();
        if by_former_names {
            let own = |former: &&OptName| {
                schema.option(former).is_none() && schema.readers(former).count() == 1
            };
            name = opt.deprecated().iter().find(own).unwrap_or(name);
        }
        entries.push((name.clone(), value(described)));
    }
    // A name of several options is set once.
    entries.sort();
    entries.dedup_by(|one, other| one.0 == other.0);
    let mut text = String::new();
    let mut group = String::new();
    for (name, value) in entries {
        if name.group() != group {
            group = name.group().to_owned();
            text += &format!("\n[{group}]\n");
        }
        text += &format!("{} = {value}\n", name.name());
    }
    text
}

/// Returns a value of an option's type that is not its default.
fn value(described: &SchemaOption) -> String {
    let opt = &described.opt;
    let default = opt.default().first().map_or("", String::as_str);
    if let Some(value) = special(opt) {
        return value;
    }
    let other = |choices: Vec<String>| {
        let other = choices.iter().find(|choice| *choice != default);
        other.or(choices.first()).cloned()
    };
    let chosen = match opt.kind() {
        OptType::Str { choices, .. } => other(choices.clone()),
        OptType::Int { choices, .. } => other(choices.iter().map(ToString::to_string).collect()),
        OptType::Port { choices, .. } => other(choices.iter().map(ToString::to_string).collect()),
        _ => None,
    };
    chosen.unwrap_or_else(|| of_type(described, default))
}

/// Returns the value of an option whose schema does not describe its limits.
fn special(opt: &Opt) -> Option<String> {
    let value = match opt.name().name() {
        "auth_type" => "password",
        "auth_section" => opt.name().group(),
        // If true, the service refuses deprecated options.
        "fatal_deprecations" => "False",
        "additional_sensitive_options" | "additional_whitelisted_options" => "[ldap:url]",
        "auth_schemes" => "vencrypt",
        "catalog_info" => "volume:cinder:publicURL",
        "instance_usage_audit_period" => "hour",
        "port_range" => "11000:12000",
        "report_invalid_password_hash" => "event",
        "retriable_status_codes" => "418,503",
        "serial_port_proxy_uri" => "telnet://192.0.2.7:8080",
        "unified_limits_resource_list" => "servers",
        "vendordata_providers" => "DynamicJSON",
        "wait_for_vif_plugged_event_during_hard_reboot" => "normal",
        _ => return None,
    };
    Some(value.to_owned())
}

fn of_type(described: &SchemaOption, default: &str) -> String {
    let opt = &described.opt;
    let number = |min: Option<f64>, max: Option<f64>| {
        let standard = default.parse().unwrap_or(6.0);
        let (low, high) = (min.unwrap_or(f64::MIN), max.unwrap_or(f64::MAX));
        let candidates = [standard + 1.0, standard - 1.0, low, high];
        let other = candidates
            .into_iter()
            .find(|number| (low..=high).contains(number) && *number != standard);
        other.unwrap_or(standard).to_string()
    };
    let name = opt.name().name();
    match opt.kind() {
        OptType::Bool => if default == "true" { "False" } else { "True" }.into(),
        OptType::Int { min, max, .. } => {
            number(min.map(|bound| bound as f64), max.map(|bound| bound as f64))
        }
        OptType::Float { min, max } => number(*min, *max),
        OptType::Port { .. } => if default == "8080" { "8081" } else { "8080" }.into(),
        OptType::Uri => format!("http://192.0.2.7:8080/{name}"),
        OptType::Ip { .. } | OptType::HostAddress { .. } => "192.0.2.7".into(),
        OptType::Dict { .. } => "one:1,two:2".into(),
        OptType::List { .. } => "one,two".into(),
        _ if described.type_name == "string value" => format!("{name}-one"),
        _ if described.type_name.starts_with("host") => "one.example".into(),
        _ => format!("{name}-one"),
    }
}
