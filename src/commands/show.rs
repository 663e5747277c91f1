//! `accredit show`: a saved plan, in any form.

use std::path::Path;

use crate::model::Plan;
use crate::render;

use super::console::Console;
use super::{Exit, Failure, Format};

pub(super) fn run(console: &Console, file: &Path, format: Format) -> Result<Exit, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("the plan `{}` could not be read", file.display()), error))?;
    let plan = render::from_json(&text).map_err(|error| {
        Failure::new(format!("`{}` cannot be shown", file.display()), error)
            .hint("`accredit plan --out FILE` saves a plan")
    })?;
    console.data(&rendered(console, &plan, format))?;
    Ok(Exit::Success)
}

/// The plan in the form that was asked for.
pub(super) fn rendered(console: &Console, plan: &Plan, format: Format) -> String {
    match format {
        Format::Text => render::text(plan, console.paint),
        Format::Json => render::json(plan),
        Format::JsonLines => render::json_lines(plan),
        Format::Markdown => render::markdown(plan),
        Format::Html => render::html(plan),
        Format::Sarif => render::sarif(plan),
        Format::Github => render::github(plan),
        Format::Gitlab => render::gitlab(plan),
        Format::Junit => render::junit(plan),
    }
}
