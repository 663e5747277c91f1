//! What there is to type where a command is about a part of an estate.

use clap::Args;

use crate::commands::{Address, Pattern, Selection};

#[derive(Debug, Args)]
pub(super) struct SelectionArguments {
    /// Only this, and what it needs: `HANDLE`, `HANDLE/kind` or `HANDLE/kind/name`, in which `*` stands for any text; may be
    /// repeated.
    #[arg(long, value_name = "HANDLE[/KIND/NAME]", visible_alias = "only", help_heading = "Selecting")]
    target: Vec<Pattern>,
    /// Everything but this, and but what needs it; written as `--target` is, and stronger.
    #[arg(long, value_name = "HANDLE[/KIND/NAME]", help_heading = "Selecting")]
    exclude: Vec<Pattern>,
}

/// What is made anew although nothing calls for it.
#[derive(Debug, Args)]
pub(super) struct ReplaceArguments {
    /// Have a certificate followed by a new one now, as `accredit rotate` does, by its address in plans; may be repeated.
    #[arg(long, value_name = "HANDLE/certificate/NAME", help_heading = "Selecting")]
    pub(super) replace: Vec<Address>,
    /// There is no state to refresh: says which command shows what differs and proposes nothing.
    #[arg(long, hide = true)]
    pub(super) refresh_only: bool,
}

impl From<SelectionArguments> for Selection {
    fn from(arguments: SelectionArguments) -> Self {
        let SelectionArguments { target, exclude } = arguments;
        Self { targets: target, excludes: exclude }
    }
}
