//! Which of a service's options come from libraries: what a release knows of these depends on the versions
//! that are installed with it.

use confmig::history::{History, Series, Service};
use oslo_config::OptName;

/// What Ironic and Keystone use of the libraries, as the namespaces of their options.
const OF_IRONIC: &[&str] = &[
    "cotyledon",
    "keystonemiddleware.audit",
    "keystonemiddleware.auth_token",
    "oslo.cache",
    "oslo.concurrency",
    "oslo.db",
    "oslo.log",
    "oslo.messaging",
    "oslo.middleware.basic_auth",
    "oslo.middleware.cors",
    "oslo.middleware.healthcheck",
    "oslo.middleware.http_proxy_to_wsgi",
    "oslo.policy",
    "oslo.reports",
    "oslo.service.periodic_task",
    "oslo.service.sslutils",
    "oslo.versionedobjects",
    "osprofiler",
];
const OF_KEYSTONE: &[&str] = &[
    "keystonemiddleware.auth_token",
    "oslo.cache",
    "oslo.db",
    "oslo.log",
    "oslo.messaging",
    "oslo.middleware",
    "oslo.policy",
    "osprofiler",
];

/// Groups of which every option is a library's.
const GROUPS: &[&str] = &[
    "audit_middleware_notifications",
    "cache",
    "cors",
    "keystone_authtoken",
    "matchmaker_redis",
    "profiler",
    "profiler_jaeger",
    "profiler_otlp",
    "ssl",
];

/// Groups of libraries, and the options that Ironic has there, too.
const SHARED: &[(&str, &[&str])] = &[
    ("audit", &["audit_map_file", "enabled", "ignore_req_list"]),
    (
        "database",
        &[
            "mysql_engine",
            "sqlite_max_wait_for_retry",
            "sqlite_retries",
        ],
    ),
    ("healthcheck", &["enabled"]),
];

/// Of `ironic-lib` until Ironic took them over.
const IRONIC_LIB: &[&str] = &[
    "disk_partitioner",
    "disk_utils",
    "ironic_lib",
    "json_rpc",
    "mdns",
    "metrics",
    "metrics_statsd",
];

/// Options without a group, of oslo.log, oslo.messaging, oslo.service and oslo.versionedobjects.
const DEFAULT: &[&str] = &[
    "backdoor_port",
    "backdoor_socket",
    "control_exchange",
    "debug",
    "default_log_levels",
    "executor_thread_pool_size",
    "fatal_deprecations",
    "graceful_shutdown_timeout",
    "instance_format",
    "instance_uuid_format",
    "max_logfile_count",
    "max_logfile_size_mb",
    "publish_errors",
    "run_external_periodic_tasks",
    "subscribe_on",
    "syslog_log_facility",
    "transport_url",
    "watch_log_file",
];

/// What the names of such options begin with, but for those that are Ironic's own.
const PREFIXES: &[&str] = &[
    "conn_pool_",
    "log_",
    "logging_",
    "rate_limit_",
    "rpc_",
    "use_",
    "zmq_",
];
const OWN: &[&str] = &[
    "log_in_db_max_size",
    "rpc_transport",
    "use_rpc_for_database",
];

/// The release that has a copy of ironic-lib of its own.
const WITHOUT_IRONIC_LIB: &str = "2025.1";

/// The namespaces of the libraries' options that a service has.
#[must_use]
pub fn namespaces(service: Service) -> &'static [&'static str] {
    match service {
        Service::IRONIC => OF_IRONIC,
        _ => OF_KEYSTONE,
    }
}

/// Tells whether an option is a library's in the releases that judge.
#[must_use]
pub fn of_library(option: &OptName, release: Series) -> bool {
    let (group, name) = (option.group(), option.name());
    let is_ironic = release.service() == Service::IRONIC;
    let shared = SHARED.iter().find(|(shared, _)| *shared == group);
    match group {
        "DEFAULT" => {
            let begins = PREFIXES.iter().any(|prefix| name.starts_with(prefix));
            DEFAULT.contains(&name) || begins && !OWN.contains(&name)
        }
        _ if is_ironic && IRONIC_LIB.contains(&group) => {
            Series::parse(Service::IRONIC, WITHOUT_IRONIC_LIB)
                .is_ok_and(|without| release < without)
        }
        _ => {
            group.starts_with("oslo_")
                || GROUPS.contains(&group)
                || shared.is_some_and(|(_, own)| !is_ironic || !own.contains(&name))
        }
    }
}

/// Tells whether an option's type is that of keystoneauth's sessions, which are in every section that
/// authenticates: `timeout` was a whole number until 2026.2.
#[must_use]
pub fn of_session(option: &OptName, lives: &History) -> bool {
    option.name() == "timeout" && lives.of(option.group(), "auth_section").is_some()
}
