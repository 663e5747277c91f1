//! What there is to type after `doctor`.

use clap::Args;

use crate::commands::Target;
use crate::commands::doctor::{About, Arguments};

use super::TargetArguments;

#[derive(Debug, Args)]
pub(super) struct DoctorArguments {
    /// A handle of the manifests, or an error text; `-` reads the text from standard input. Default: every declared application.
    #[arg(value_name = "HANDLE|TEXT")]
    about: Option<String>,
    #[command(flatten)]
    target: TargetArguments,
    /// The application of this handle.
    #[arg(long, value_name = "HANDLE")]
    handle: Option<String>,
    /// This error text.
    #[arg(long, value_name = "TEXT", conflicts_with = "handle")]
    text: Option<String>,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

impl From<DoctorArguments> for Arguments {
    fn from(arguments: DoctorArguments) -> Self {
        let DoctorArguments { about, target, handle, text, json } = arguments;
        let mut target: Target = target.into();
        // Where an option says what it is about, the first that stands alone is a path like the others.
        let about = match (about, handle, text) {
            (first, Some(handle), _) => {
                target.lead_to(first);
                About::Handle(handle)
            }
            (first, None, Some(text)) => {
                target.lead_to(first);
                About::Text(text)
            }
            (Some(about), None, None) if about == "-" => About::Standard,
            (Some(about), None, None) => About::Either(about),
            (None, None, None) => About::All,
        };
        Self { about, target, json }
    }
}
