//! What there is to type after `init`.

use std::path::PathBuf;

use clap::Args;

use crate::commands::{MANIFESTS, init};

#[derive(Debug, Args)]
pub(super) struct InitArguments {
    /// A domain of the tenant, or its id.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// The name that marks what is managed. Default: that of the working directory.
    #[arg(long, value_name = "NAME")]
    estate: Option<String>,
    /// The first application's handle, which never changes. Default: what it is for.
    #[arg(long, value_name = "HANDLE")]
    handle: Option<String>,
    /// The name that people see. Default: from the handle.
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// What the application is for; the manifest grants the least that does it.
    #[arg(long = "for", value_enum, value_name = "PURPOSE")]
    purpose: Option<init::Purpose>,
    /// Where private keys lie: a directory, or `keyVault:NAME`. Default: `.accredit/keys`.
    #[arg(long, value_name = "PLACE")]
    store: Option<String>,
    /// An owner, by user principal name.
    #[arg(long = "owner", value_name = "USER")]
    owners: Vec<String>,
    /// The directory for manifests.
    #[arg(long, value_name = "DIRECTORY", default_value = MANIFESTS)]
    directory: PathBuf,
    /// Write files for pipelines as well; alone, nothing but these.
    #[arg(long = "ci", value_enum, value_name = "WHERE")]
    pipelines: Vec<init::Pipelines>,
    /// Ask nothing; take the default of everything that is not given.
    #[arg(long)]
    yes: bool,
    /// Write over files that are there.
    #[arg(long)]
    force: bool,
}

impl From<InitArguments> for init::Arguments {
    fn from(arguments: InitArguments) -> Self {
        let InitArguments {
            tenant,
            estate,
            handle,
            display_name,
            purpose,
            store,
            owners,
            directory,
            pipelines,
            yes,
            force,
        } = arguments;
        Self { tenant, estate, handle, display_name, purpose, store, owners, directory, yes, force, pipelines }
    }
}
