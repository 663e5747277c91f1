//! `accredit restore`: a deleted application back, with its service principal.

use serde_json::Value as Json;

use crate::graph::{Sending, Writer, literal};
use crate::patience::Patience;
use crate::render::printable;

use super::console::Console;
use super::session::Session;
use super::{Exit, Failure, Target};

/// What was typed after `restore`.
#[derive(Debug)]
pub struct Arguments {
    pub handle: String,
    pub target: Target,
    pub auto_approve: bool,
}

pub(super) async fn run(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { handle, target, auto_approve } = arguments;
    let session = Session::open(console, target, Patience::PROPAGATION_TIMEOUT).await?;
    let snapshot = session.snapshot(console).await?;
    let writer = session.writer();
    let app_id = match snapshot.applications.get(&handle) {
        Some(application) if application.service_principal.is_some() => {
            return Err(Failure::message(format!("`{handle}` is not deleted")));
        }
        // An earlier restore came to the application and not to its service principal.
        Some(application) => application.app_id.clone(),
        None => {
            let deleted = crate::fetch::deleted(writer.reader()).await?;
            let Some(deleted) = deleted.get(&handle) else {
                return Err(Failure::message(format!("no deleted application has the handle `{handle}`")).hint(
                    "Entra keeps a deleted application for 30 days; after that `accredit apply` makes a new one",
                ));
            };
            let when =
                deleted.deleted.map_or_else(String::new, |when| format!(", deleted on {}", when.strftime("%Y-%m-%d")));
            let found = format!("{handle}: {} (appId {}{when})", deleted.display_name, deleted.app_id);
            console.say(&printable(&found));
            if !auto_approve
                && !console.confirm("Do you want to restore this application and its service principal?")?
            {
                return Err(Failure::message("it was not approved, and nothing was changed"));
            }
            bring_back(&writer, &deleted.id).await?;
            deleted.app_id.clone()
        }
    };
    // Restoring the application does not restore its service principal, which holds consents and roles.
    let path =
        format!("/directory/deletedItems/microsoft.graph.servicePrincipal?$filter=appId eq {}", literal(&app_id));
    for service_principal in writer.reader().list(&path).await? {
        if let Some(id) = service_principal["id"].as_str() {
            bring_back(&writer, id).await?;
        }
    }
    console.say(&format!("Restored `{handle}`. `accredit plan` shows what it lacks."));
    Ok(Exit::Success)
}

async fn bring_back(writer: &Writer, id: &str) -> Result<(), Failure> {
    let path = format!("/directory/deletedItems/{id}/restore");
    let body = Json::Object(serde_json::Map::new());
    writer
        .write(Sending { method: "POST", path: &path, body: Some(&body), repeatable: false, look: None })
        .await
        .map_err(|error| Failure::of_graph("it could not be restored", error))?;
    Ok(())
}
