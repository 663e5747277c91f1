//! What there is to type after `emulate`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use crate::commands::emulate::Arguments;

#[derive(Debug, Args)]
pub(super) struct EmulateArguments {
    /// Where the tenant is kept; `.accredit/emulator/DOMAIN.json` unless said otherwise, where commands with `--emulator`
    /// find it.
    #[arg(long)]
    file: Option<PathBuf>,
    /// Keep the tenant in memory alone.
    #[arg(long, conflicts_with = "file")]
    in_memory: bool,
    /// The initial domain of a new tenant.
    #[arg(long, default_value = "contoso.onmicrosoft.com")]
    domain: String,
    /// The id of a new tenant; random without it.
    #[arg(long, value_name = "GUID")]
    tenant_id: Option<String>,
    /// The client id of a new tenant's operator; its secret is in `--operator-secret-file` or in the variable
    /// `ACCREDIT_OPERATOR_SECRET`.
    #[arg(long, value_name = "GUID")]
    operator_client_id: Option<String>,
    /// The file with the secret of a new tenant's operator.
    #[arg(long, value_name = "FILE", requires = "operator_client_id")]
    operator_secret_file: Option<PathBuf>,
    /// What a new tenant holds: a file as `GET /_emulator/dump` gives it, or a number of finished applications.
    #[arg(long, value_name = "FILE|NUMBER")]
    seed: Option<String>,
    /// The address to serve on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    bind: IpAddr,
    /// The port for HTTP; 0 takes a free one.
    #[arg(long, default_value_t = 0, value_name = "PORT")]
    http: u16,
    /// Serve HTTPS too, on this port; 0 takes a free one.
    #[arg(long, value_name = "PORT")]
    https: Option<u16>,
    /// A further DNS name or address that the certificate is for, such as `graph.microsoft.com`; may be repeated.
    #[arg(long, value_name = "NAME", requires = "https")]
    host: Vec<String>,
    /// Write the certificate authority of HTTPS here, as PEM.
    #[arg(long, value_name = "FILE", requires = "https")]
    ca_out: Option<PathBuf>,
    /// Write the printed variables here too, once everything is served.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Append a line of JSON for each request to this file.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Objects on one page of a list.
    #[arg(long, default_value_t = 100, value_name = "NUMBER", help_heading = "Trouble")]
    page_size: usize,
    /// How long answers take, such as `50ms` or `token=100ms..2s`; of graph, token, exchange, vault
    /// and resourceManager; may be repeated.
    #[arg(long, value_name = "[SERVICE=]TIME", help_heading = "Trouble")]
    latency: Vec<String>,
    /// How far reads are behind writes, such as `10s` or `lists=5s..30s`; of byId, lists, references and tokens; may be
    /// repeated.
    #[arg(long, value_name = "[READS=]TIME", help_heading = "Trouble")]
    lag: Vec<String>,
    /// How many replicas answer reads, each with lags of its own.
    #[arg(long, value_name = "NUMBER", help_heading = "Trouble")]
    replicas: Option<u64>,
    /// Refuse requests above a limit: `graph` has Graph's own numbers, `tight` very small ones.
    #[arg(long, value_name = "PRESET", help_heading = "Trouble")]
    throttle: Option<String>,
    /// Refuse a write to an object so soon after another one.
    #[arg(long, value_name = "TIME", help_heading = "Trouble")]
    conflict_writes: Option<String>,
    /// Refuse a write to an object so soon after it was made.
    #[arg(long, value_name = "TIME", help_heading = "Trouble")]
    conflict_creation: Option<String>,
    /// Trouble from the start: a list as `POST /_emulator/faults` takes it.
    #[arg(long, value_name = "FILE", help_heading = "Trouble")]
    faults: Option<PathBuf>,
    /// Where random choices begin, so that a failure repeats.
    #[arg(long, value_name = "NUMBER", help_heading = "Trouble")]
    random_seed: Option<u64>,
    /// Start the tenant's clock at this instant (RFC 3339).
    #[arg(long, value_name = "INSTANT", help_heading = "Trouble")]
    now: Option<Timestamp>,
    /// Start the tenant's clock so far ahead, such as `P30D` or `-1h`.
    #[arg(long, value_name = "TIME", help_heading = "Trouble", allow_hyphen_values = true, conflicts_with = "now")]
    clock_offset: Option<String>,
}

impl From<EmulateArguments> for Arguments {
    fn from(arguments: EmulateArguments) -> Self {
        let EmulateArguments {
            file,
            in_memory,
            domain,
            tenant_id,
            operator_client_id,
            operator_secret_file,
            seed,
            bind,
            http,
            https,
            host,
            ca_out,
            ready_file,
            log,
            page_size,
            latency,
            lag,
            replicas,
            throttle,
            conflict_writes,
            conflict_creation,
            faults,
            random_seed,
            now,
            clock_offset,
        } = arguments;
        Self {
            file,
            in_memory,
            domain,
            tenant_id,
            operator_client_id,
            operator_secret_file,
            seed,
            bind,
            http,
            https,
            hosts: host,
            ca_out,
            ready_file,
            log,
            page_size,
            latency,
            lag,
            replicas,
            throttle,
            conflict_writes,
            conflict_creation,
            faults,
            random_seed,
            now,
            clock_offset,
        }
    }
}
