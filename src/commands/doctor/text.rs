//! What an error text means.

use serde::Serialize;

use super::FORMAT_VERSION;
use crate::commands::console::Console;
use crate::commands::{Exit, Failure};
use crate::doctor::recognize;
use crate::model::Recognition;
use crate::render;

/// How remedies call the application, of which nothing is known here.
const SOME_HANDLE: &str = "HANDLE";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    format_version: u32,
    #[serde(flatten)]
    recognition: &'a Recognition,
}

pub(super) fn run(console: &Console, text: &str, json: bool) -> Result<Exit, Failure> {
    let recognition = recognize(text, SOME_HANDLE);
    if json {
        console
            .data(&render::diagnosis_json(&Document { format_version: FORMAT_VERSION, recognition: &recognition }))?;
    } else if !recognition.is_empty() {
        console.data(&render::recognition_text(&recognition, console.paint))?;
    }
    if recognition.is_empty() {
        return Err(Failure::message("nothing in this text is known").hint(
            "give the whole of the error, with the lines before and after it; `accredit doctor HANDLE` looks at the application itself",
        ));
    }
    Ok(Exit::Success)
}
