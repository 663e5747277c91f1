//! One read at Microsoft Graph that a permission of the token allows.

use crate::catalog::harmless_reads;
use crate::graph::{Client, Reader};
use crate::model::{Check, Subject};

use super::failure;

/// Reads one thing at most, by its id alone. `held` are the permissions of the token.
pub(super) async fn read(api: &str, client: &Client, held: &[String]) -> Check {
    let Some(path) = harmless_reads::find(held.iter().map(String::as_str)) else {
        let because = "no harmless request is known that its permissions allow";
        return Check::skipped(Some(api), Subject::Read("read".to_owned()), because);
    };
    let shown = path.split('?').next().unwrap_or(path);
    let subject = Subject::Read(format!("GET {shown}"));
    match Reader::new(client.clone()).get(path).await {
        Ok(answer) => {
            let evidence = match answer["value"].as_array() {
                Some(objects) if objects.is_empty() => "answered: there is none",
                Some(_) | None => "answered",
            };
            Check::passed(Some(api), subject, evidence)
        }
        Err(error) => failure::of_graph(api, subject, &error),
    }
}
