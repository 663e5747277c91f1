//! Exchange's admin endpoint over real HTTP, and the same roles as Graph shows them.

use super::client::*;
use accredit::emulator::{self, Emulator, Options};
use reqwest::Method;
use serde_json::{Value, json};

const SECURITY_READER: &str = "5d6b6bb7-de71-4623-b4af-96380a352509";
const USER_ADMINISTRATOR: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";

async fn today() -> Emulator {
    let now = "2026-03-02T10:00:00Z".parse().unwrap();
    emulator::start(Options { now: Some(now), ..Options::new(DOMAIN) }).await.unwrap()
}

/// An application with a secret: its app id, its principal, and the secret.
struct Automation {
    app_id: String,
    principal: String,
    secret: String,
}

async fn automation(client: &Client, name: &str) -> Automation {
    let (id, app_id, principal) = application(client, name, json!({ "displayName": name })).await;
    let secret = client.post(&format!("/applications/{id}/addPassword"), json!({})).await;
    Automation { app_id, principal, secret: secret.body["secretText"].as_str().unwrap().to_owned() }
}

impl Automation {
    async fn may_manage(&self, client: &Client) {
        let exchange = resource(client, EXCHANGE).await;
        let consent = json!({ "principalId": self.principal, "resourceId": exchange, "appRoleId": MANAGE_AS_APP });
        let made = client.post(&format!("/servicePrincipals/{exchange}/appRoleAssignedTo"), consent).await;
        assert_eq!(made.status, 201, "{}", made.body);
    }

    async fn holds(&self, client: &Client, role: &str) {
        let role = json!({ "principalId": self.principal, "roleDefinitionId": role, "directoryScopeId": "/" });
        let made = client.post("/roleManagement/directory/roleAssignments", role).await;
        assert_eq!(made.status, 201, "{}", made.body);
    }

    async fn session(&self, emulator: &Emulator) -> Session {
        let form = [("client_id", self.app_id.as_str()), ("client_secret", self.secret.as_str())];
        let answer = sign_in_to(emulator, "https://outlook.office365.com/.default", &form).await;
        let token = answer.body["access_token"].as_str().unwrap().to_owned();
        Session { token, url: format!("{}/adminapi/beta/{}", emulator.url(), emulator.tenant_id()) }
    }
}

struct Session {
    token: String,
    url: String,
}

impl Session {
    async fn post(&self, address: &str, body: &Value, prefer: &str) -> Answer {
        let request = http().post(address).bearer_auth(&self.token).header("prefer", prefer).json(body);
        Answer::read(request.send().await.unwrap()).await
    }

    async fn run(&self, cmdlet: &str, parameters: Value) -> Answer {
        let body = json!({ "CmdletInput": { "CmdletName": cmdlet, "Parameters": parameters } });
        self.post(&format!("{}/InvokeCommand", self.url), &body, "").await
    }

    async fn rows(&self, cmdlet: &str, parameters: Value) -> Vec<Value> {
        let answer = self.run(cmdlet, parameters).await;
        assert_eq!(answer.status, 200, "{cmdlet}: {}", answer.body);
        answer.body["value"].as_array().unwrap().clone()
    }

    async fn cmdlets(&self) -> Vec<String> {
        let address = format!("{}/EXOModuleFile?Version=3.9.2", self.url.replace("/beta/", "/v1.0/"));
        let request = http().get(address).bearer_auth(&self.token).header("CommandName", "*");
        let answer = Answer::read(request.send().await.unwrap()).await;
        let names = answer.body["value"][0]["exportedCmdlets"].as_str().unwrap_or_default().to_owned();
        names.split(',').map(str::to_owned).collect()
    }
}

/// An application that may do everything.
async fn administrator(emulator: &Emulator, client: &Client) -> Session {
    let automation = automation(client, "exo-admin").await;
    automation.may_manage(client).await;
    automation.holds(client, EXCHANGE_ADMINISTRATOR).await;
    automation.session(emulator).await
}

#[tokio::test]
async fn the_ladder_of_grants_is_climbed_as_measured() {
    let emulator = today().await;
    let client = Client::operator(&emulator).await;
    let automation = automation(&client, "exo").await;
    let session = automation.session(&emulator).await;
    let answer = session.run("Get-OrganizationConfig", json!({})).await;
    assert_eq!(answer.status, 401);
    assert!(answer.headers["www-authenticate"].to_str().unwrap().contains("error=\"invalid_token\""));

    automation.may_manage(&client).await;
    automation.holds(&client, USER_ADMINISTRATOR).await;
    let session = automation.session(&emulator).await;
    let body = json!({ "CmdletInput": { "CmdletName": "Get-OrganizationConfig", "Parameters": {} } });
    let request = http().post(format!("{}/InvokeCommand", session.url)).bearer_auth(&session.token).json(&body);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let bytes = answer.bytes().await.unwrap();
    assert!(!bytes.is_empty() && bytes.iter().all(|byte| *byte == 0));

    automation.holds(&client, SECURITY_READER).await;
    // The roles are frozen into the token: the old one still gets nothing.
    assert_eq!(session.run("Get-OrganizationConfig", json!({})).await.status, 403);
    let session = automation.session(&emulator).await;
    let rows = session.rows("Get-OrganizationConfig", json!({})).await;
    assert_eq!((&rows[0]["Name"], &rows[0]["DisplayName"]), (&json!(DOMAIN), &json!("Contoso")));
    // By the domain as well as by the id; with a token for Graph not at all.
    let by_domain = session.url.replace(emulator.tenant_id(), DOMAIN);
    assert_eq!(session.post(&format!("{by_domain}/InvokeCommand"), &body, "").await.status, 200);
    let stranger = Session { token: client.token.clone(), ..session };
    assert_eq!(stranger.run("Get-OrganizationConfig", json!({})).await.status, 401);
}

#[tokio::test]
async fn a_reader_may_read_and_an_administrator_may_write() {
    let emulator = today().await;
    let client = Client::operator(&emulator).await;
    let reader = automation(&client, "reader").await;
    reader.may_manage(&client).await;
    reader.holds(&client, SECURITY_READER).await;
    let session = reader.session(&emulator).await;
    assert_eq!(session.rows("get-mailbox", json!({})).await.len(), 6);
    let pointer = json!({ "AppId": reader.app_id, "ObjectId": reader.principal });
    let answer = session.run("New-ServicePrincipal", pointer).await;
    assert_eq!(answer.status, 401);
    let detail = answer.body["error"]["details"][0]["message"].as_str().unwrap();
    assert!(detail.ends_with("User is not allowed to call New-ServicePrincipal"), "{detail}");
    let allowed = session.cmdlets().await;
    assert!(allowed.contains(&"Get-Mailbox".to_owned()) && !allowed.contains(&"New-ServicePrincipal".to_owned()));
    let administrator = administrator(&emulator, &client).await;
    assert!(administrator.cmdlets().await.contains(&"New-ServicePrincipal".to_owned()));
}

#[tokio::test]
async fn what_a_cmdlet_does_not_take_is_refused_as_recorded() {
    let emulator = today().await;
    let client = Client::operator(&emulator).await;
    let session = administrator(&emulator, &client).await;
    let answer = session.run("Get-Mailbox", json!({ "BogusParameter": 1 })).await;
    let text = "Parameter set cannot be resolved using the specified named parameters. Invalid cmdlet parameters \
                specified. BogusParameter";
    let kind = "Microsoft.Exchange.AdminApi.CommandInvocation.AmbiguousParameterSetException";
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.body,
        json!({ "error": {
            "code": "BadRequest",
            "message": "Invalid Operation",
            "details": [{ "code": "Client", "target": "", "message": format!("|{kind}|{text}") }],
            "innererror": {
                "message": "Invalid Operation",
                "type": "Microsoft.Exchange.Admin.OData.Core.ODataServiceException",
                "stacktrace": "",
                "internalexception": { "message": text, "type": kind, "stacktrace": "" },
            },
        } })
    );
    let answer = session.run("Get-Mailbox", json!({ "RecipientTypeDetails": "Nonsense" })).await;
    let inner = &answer.body["error"]["innererror"]["internalexception"];
    assert!(inner["message"].as_str().unwrap().contains("Unable to match the identifier name Nonsense"), "{inner}");
    assert_eq!(answer.body["error"]["@adminapi.warnings"], json!([]));
    assert_eq!(answer.headers["x-exceptiontype"], inner["type"].as_str().unwrap());

    let answer = session.run("Get-Mailbox", json!({ "Identity": "nobody@contoso.onmicrosoft.com" })).await;
    assert_eq!((answer.said(), answer.message()), ((404, "NotFound"), "Error executing cmdlet"));
    let detail = answer.body["error"]["details"][0]["message"].as_str().unwrap();
    assert!(detail.starts_with(
        "Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|The operation couldn't be \
         performed because object 'nobody@contoso.onmicrosoft.com' couldn't be found on '"
    ));
    let answer = session.run("Get-Nonsense", json!({})).await;
    assert!(answer.body["error"]["details"][0]["message"].as_str().unwrap().contains("CommandNotFoundException"));
    assert_eq!(session.run("New-ServicePrincipal", json!({ "AppId": "no guid" })).await.status, 400);
    let answer = session.run("New-ServicePrincipal", json!({})).await;
    assert!(answer.body.to_string().contains("missing mandatory parameters: AppId."), "{}", answer.body);
    let address = format!("{}/InvokeCommand?$filter=x", session.url);
    assert_eq!(session.post(&address, &json!({}), "").await.status, 400);
}

#[tokio::test]
async fn rows_come_in_pages_and_columns_as_asked_for() {
    let emulator = today().await;
    let client = Client::operator(&emulator).await;
    let session = administrator(&emulator, &client).await;
    let body = json!({ "CmdletInput": { "CmdletName": "Get-Mailbox", "Parameters": {} } });
    let mut address = format!("{}/InvokeCommand?$select=PrimarySmtpAddress,Identity", session.url);
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let page = session.post(&address, &body, "odata.maxpagesize=4;odata.continue-on-error").await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert_eq!(page.body["@adminapi.warnings"], json!([]));
        pages += 1;
        seen.extend(page.body["value"].as_array().unwrap().clone());
        match page.body["@odata.nextLink"].as_str() {
            Some(next) => address = next.to_owned(),
            None => break,
        }
    }
    assert_eq!((pages, seen.len()), (2, 6));
    assert!(seen.iter().all(|row| row.as_object().unwrap().len() == 2), "{seen:?}");
    let none = session.run("Get-Mailbox", json!({ "ResultSize": 0 })).await;
    assert_eq!((&none.body["value"], &none.body["@odata.nextLink"]), (&json!([]), &Value::Null));

    // Fewer than there are: a warning says so.
    let answer = session.run("Get-Mailbox", json!({ "ResultSize": 1 })).await;
    assert_eq!(answer.body["value"].as_array().unwrap().len(), 1);
    assert!(answer.body["@adminapi.warnings"][0].as_str().unwrap().starts_with("There are more results available"));
    assert!(answer.body["@odata.nextLink"].as_str().unwrap().contains("InvokeCommand?%24skiptoken="));
    assert_eq!(session.rows("Get-Mailbox", json!({ "ResultSize": "Unlimited" })).await.len(), 6);
    let stale = session.post(&format!("{}/InvokeCommand?$skiptoken=stale", session.url), &body, "").await;
    assert!(stale.body.to_string().contains("Expired or Invalid pagination request."));

    // The module's own way to read mailboxes, and many calls in one.
    let request = http().get(format!("{}/Mailbox?$top=2", session.url)).bearer_auth(&session.token);
    let read = Answer::read(request.send().await.unwrap()).await;
    assert_eq!(read.body["value"].as_array().unwrap().len(), 2, "{}", read.body);
    let one = read.body["value"][0]["UserPrincipalName"].as_str().unwrap();
    let request = http().get(format!("{}/MailboxStatistics('x')", session.url)).bearer_auth(&session.token);
    let unserved = Answer::read(request.send().await.unwrap()).await;
    assert_eq!((unserved.status, unserved.body["error"].is_string()), (404, true), "{}", unserved.body);
    let request = http().get(format!("{}/Mailbox('{one}')", session.url)).bearer_auth(&session.token);
    assert_eq!(Answer::read(request.send().await.unwrap()).await.body["UserPrincipalName"], one);
    let item = json!({ "id": "1", "method": "POST", "url": format!("{}/InvokeCommand", session.url), "body": body });
    let batch = json!({ "requests": [item] });
    let answer = session.post(&format!("{}/$batch", session.url), &batch, "").await;
    assert_eq!(answer.body["responses"][0]["status"], 200);
    assert_eq!(answer.body["responses"][0]["body"]["value"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn a_mailbox_scope_is_made_assigned_tested_and_taken_away() {
    let emulator = today().await;
    let client = Client::operator(&emulator).await;
    let session = administrator(&emulator, &client).await;
    let mailer = automation(&client, "mailer").await;
    let pointer = json!({ "AppId": mailer.app_id, "ObjectId": mailer.principal, "DisplayName": "Mailer" });
    let unknown = json!({ "AppId": mailer.app_id, "ObjectId": GRAPH });
    assert_eq!(session.run("New-ServicePrincipal", unknown).await.said(), (404, "NotFound"));
    let made = session.rows("New-ServicePrincipal", pointer.clone()).await;
    assert_eq!((&made[0]["ObjectId"], &made[0]["DisplayName"]), (&json!(mailer.principal), &json!("Mailer")));
    let twice = session.run("New-ServicePrincipal", pointer).await;
    assert!(twice.body.to_string().contains("already exists"), "{}", twice.body);
    // An identity that is not there gets all of them, the operator's too.
    assert_eq!(session.rows("Get-ServicePrincipal", json!({ "Identity": "nobody" })).await.len(), 2);

    let scope = json!({ "Name": "Only Zoe", "RecipientRestrictionFilter": "DisplayName -like 'Zoe*'" });
    session.rows("New-ManagementScope", scope.clone()).await;
    assert!(session.run("New-ManagementScope", scope).await.body.to_string().contains("already exists"));
    let wrong = json!({ "Name": "Wrong", "RecipientRestrictionFilter": "nonsense" });
    assert_eq!(session.run("New-ManagementScope", wrong).await.status, 400);
    let assignment = json!({
        "Name": "mailer-read", "Role": "Application Mail.Read", "App": mailer.app_id, "CustomResourceScope": "Only Zoe",
    });
    let made = session.rows("New-ManagementRoleAssignment", assignment.clone()).await;
    assert_eq!(
        (&made[0]["Role"], &made[0]["CustomResourceScope"]),
        (&json!("Application Mail.Read"), &json!("Only Zoe"))
    );
    assert!(session.run("New-ManagementRoleAssignment", assignment).await.body.to_string().contains("already exists"));
    for (user, in_scope) in [("zoe.howard", "True"), ("megan", "False")] {
        let asked = json!({ "Identity": mailer.principal, "Resource": format!("{user}@{DOMAIN}") });
        let rows = session.rows("Test-ServicePrincipalAuthorization", asked).await;
        assert_eq!((&rows[0]["RoleName"], &rows[0]["InScope"]), (&json!("Application Mail.Read"), &json!(in_scope)));
    }
    let rows = session.rows("Get-ManagementRoleAssignment", json!({ "RoleAssignee": mailer.app_id })).await;
    assert_eq!(rows.len(), 1);

    // A removal must not have to ask, and nothing in use is removed.
    let named = |name: &str| json!({ "Identity": name, "Confirm": false });
    assert_eq!(session.run("Remove-ManagementScope", json!({ "Identity": "Only Zoe" })).await.status, 400);
    assert!(session.run("Remove-ManagementScope", named("Only Zoe")).await.body.to_string().contains("in use"));
    let tried = json!({ "Identity": "mailer-read", "Confirm": false, "WhatIf": true });
    session.rows("Remove-ManagementRoleAssignment", tried).await;
    session.rows("Remove-ManagementRoleAssignment", named("mailer-read")).await;
    session.rows("Remove-ManagementScope", named("Only Zoe")).await;
    assert_eq!(session.rows("Get-ManagementScope", json!({})).await.len(), 0);
    // A service principal that is deleted takes Exchange's pointer with it.
    assert_eq!(client.delete(&format!("/servicePrincipals/{}", mailer.principal)).await.status, 204);
    assert_eq!(session.rows("Get-ServicePrincipal", json!({})).await.len(), 1);
}

#[tokio::test]
async fn a_role_of_exchanges_own_is_enough() {
    let emulator = today().await;
    let client = Client::operator(&emulator).await;
    let admin = administrator(&emulator, &client).await;
    let automation = automation(&client, "small").await;
    automation.may_manage(&client).await;
    assert_eq!(automation.session(&emulator).await.run("Get-Mailbox", json!({})).await.status, 403);
    admin.rows("New-ServicePrincipal", json!({ "AppId": automation.app_id, "ObjectId": automation.principal })).await;

    // Through a group, and only what the group holds.
    let member = json!({ "Identity": "Recipient Management", "Member": automation.principal });
    admin.rows("Add-RoleGroupMember", member.clone()).await;
    assert_eq!(admin.run("Add-RoleGroupMember", member.clone()).await.status, 400);
    let rows = admin.rows("Get-RoleGroupMember", json!({ "Identity": "Recipient Management" })).await;
    assert_eq!(rows[0]["ExternalDirectoryObjectId"], automation.principal);
    let session = automation.session(&emulator).await;
    assert_eq!(session.rows("Get-Mailbox", json!({})).await.len(), 6);
    assert_eq!(session.run("Get-ManagementScope", json!({})).await.status, 401);
    let mut leaving = member;
    leaving["Confirm"] = false.into();
    admin.rows("Remove-RoleGroupMember", leaving).await;
    assert_eq!(session.run("Get-Mailbox", json!({})).await.status, 403);

    // By an assignment; a role over mailboxes holds no cmdlet.
    for (role, status) in [("Application Mail.Read", 403), ("View-Only Configuration", 200)] {
        admin.rows("New-ManagementRoleAssignment", json!({ "Role": role, "App": automation.app_id })).await;
        assert_eq!(session.run("Get-OrganizationConfig", json!({})).await.status, status, "{role}");
    }
}

#[tokio::test]
async fn graph_shows_the_same_roles_in_beta_only() {
    let emulator = today().await;
    let client = Client::operator(&emulator).await;
    let admin = administrator(&emulator, &client).await;
    let mailer = automation(&client, "mailer").await;
    let graph = async |method: &str, path: &str, body: Value| {
        let path = format!("/beta/roleManagement/exchange/{path}");
        control(&emulator, Method::POST, "graph", Some(json!({ "method": method, "path": path, "body": body }))).await
    };
    let stable = client.get("/roleManagement/exchange/roleDefinitions").await;
    assert_eq!(stable.said(), (400, "BadRequest"));
    assert_eq!(stable.message(), "Resource not found for the segment 'exchange'.");
    let address = format!("{}/beta/roleManagement/exchange/roleDefinitions", client.url);
    let (id, app_id, _) = application(&client, "nobody", json!({ "displayName": "Nobody" })).await;
    let nobody = with_new_secret(&emulator, &client, &id, &app_id).await;
    let denied = Answer::read(http().get(&address).bearer_auth(&nobody.token).send().await.unwrap()).await;
    assert_eq!(denied.said(), (403, "Authorization_RequestDenied"));
    assert_eq!(http().get(address).bearer_auth(&client.token).send().await.unwrap().status(), 200);

    let path = "roleDefinitions?$filter=displayName eq 'Application Mail.Read'";
    let roles = graph("GET", path, Value::Null).await.body;
    let role = roles["value"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(roles["value"][0]["rolePermissions"][0]["allowedResourceActions"], json!(["Mail.Read"]));
    assert_eq!(graph("GET", &format!("roleDefinitions/{role}"), Value::Null).await.body["id"], role);

    let scope = json!({
        "type": "RecipientScope", "displayName": "Executives",
        "customAttributes": { "Exclusive": false, "RecipientFilter": "Title -like 'VP*'" },
    });
    let made = graph("POST", "customAppScopes", scope.clone()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let scope_id = made.body["id"].as_str().unwrap().to_owned();
    assert_eq!(made.body["customAttributes"], scope["customAttributes"]);
    assert_eq!(graph("POST", "customAppScopes", scope).await.status, 400);
    let renamed = graph("PATCH", &format!("customAppScopes/{scope_id}"), json!({ "displayName": "VPs" })).await;
    assert_eq!(renamed.status, 204, "{}", renamed.body);
    // A change starts from what there is, not from what a late view shows.
    control(&emulator, Method::PATCH, "knobs", Some(json!({ "lag": "1m" }))).await;
    for name in ["Seniors", "VPs"] {
        let again = graph("PATCH", &format!("customAppScopes/{scope_id}"), json!({ "displayName": name })).await;
        assert_eq!(again.status, 204, "{}", again.body);
        let filter = json!({ "customAttributes": { "RecipientFilter": "Title -like 'VP*'" } });
        assert_eq!(graph("PATCH", &format!("customAppScopes/{scope_id}"), filter).await.status, 204);
    }
    control(&emulator, Method::PATCH, "knobs", Some(json!({ "lag": "0s" }))).await;
    control(&emulator, Method::POST, "clock", Some(json!({ "advance": "PT2M" }))).await;
    let rows = admin.rows("Get-ManagementScope", json!({ "Identity": "VPs" })).await;
    assert_eq!(rows[0]["RecipientFilter"], "Title -like 'VP*'");

    let principal = format!("/ServicePrincipals/{}", mailer.principal);
    let assignment = json!({
        "principalId": principal, "roleDefinitionId": role, "directoryScopeId": null, "appScopeId": scope_id,
    });
    let made = graph("POST", "roleAssignments", assignment.clone()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!((&made.body["principalId"], &made.body["appScopeId"]), (&json!(principal), &json!(scope_id)));
    assert!(graph("POST", "roleAssignments", assignment.clone()).await.message().starts_with("A conflicting object"));
    let mut nowhere = assignment.clone();
    nowhere["appScopeId"] = Value::Null;
    assert_eq!(graph("POST", "roleAssignments", nowhere.clone()).await.status, 400);
    nowhere["directoryScopeId"] = format!("/Users/{GRAPH}").into();
    assert_eq!(graph("POST", "roleAssignments", nowhere).await.status, 404);
    let rows = admin.rows("Get-ManagementRoleAssignment", json!({ "Role": "Application Mail.Read" })).await;
    assert_eq!((&rows[0]["RoleAssignee"], &rows[0]["CustomResourceScope"]), (&json!(mailer.principal), &json!("VPs")));

    let id = made.body["id"].as_str().unwrap();
    let path = format!("roleAssignments?$filter=principalId eq '{principal}'");
    assert_eq!(graph("GET", &path, Value::Null).await.body["value"][0]["id"], id);
    assert_eq!(graph("DELETE", &format!("customAppScopes/{scope_id}"), Value::Null).await.status, 400);
    assert_eq!(graph("DELETE", &format!("roleAssignments/{id}"), Value::Null).await.status, 204);
    assert_eq!(graph("GET", &format!("roleAssignments/{id}"), Value::Null).await.status, 404);
    assert_eq!(graph("DELETE", &format!("customAppScopes/{scope_id}"), Value::Null).await.status, 204);
    assert_eq!(graph("PUT", "roleAssignments", json!({})).await.status, 405);
}

/// Security & Compliance: its front leads to a region, which takes tokens of its own and another half of the directory roles.
#[tokio::test]
async fn security_and_compliance_is_a_service_of_its_own() {
    const FRONT: &str = "ps.compliance.protection.outlook.com";
    let emulator = today().await;
    let client = Client::operator(&emulator).await;
    let app = automation(&client, "compliance").await;
    app.may_manage(&client).await;
    app.holds(&client, EXCHANGE_ADMINISTRATOR).await;
    let ask = async |host: &str, path: &str, token: &str| {
        let address = format!("{}/adminapi/{path}", emulator.url());
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let request = http.get(address).bearer_auth(token).header("host", host).header("x-forwarded-proto", "https");
        Answer::read(request.send().await.unwrap()).await
    };
    let list = format!("v1.0/{}/EXOModuleFile?Version=3.9.2", emulator.tenant_id());
    let led = ask(FRONT, &list, "").await;
    assert_eq!(led.status, 302, "{}", led.body);
    let location = led.headers["location"].to_str().unwrap();
    assert!(location.starts_with("https://eur01b.admin.protection.outlook.com:446/adminapi/"), "{location}");

    let token = async |resource: &str| {
        let form = [("client_id", app.app_id.as_str()), ("client_secret", app.secret.as_str())];
        let answer = sign_in_to(&emulator, &format!("{resource}/.default"), &form).await;
        answer.body["access_token"].as_str().unwrap().to_owned()
    };
    let region = format!("eur01b.{FRONT}");
    let exchange = token("https://outlook.office365.com").await;
    assert_eq!(ask(&region, &list, &exchange).await.status, 401, "a token for Exchange Online");
    let own = token(&format!("https://{FRONT}")).await;
    assert_eq!(ask(&region, &list, &own).await.status, 403, "a role that Exchange Online alone accepts");
    assert_eq!(ask("outlook.office365.com", &list, &own).await.status, 401, "the other way round");
    app.holds(&client, SECURITY_READER).await;
    let own = token(&format!("https://{FRONT}")).await;
    let listed = ask(&region, &list, &own).await;
    assert_eq!(listed.body["value"][0]["exportedCmdlets"], "Get-RetentionCompliancePolicy", "{}", listed.body);
    let mailboxes = format!("beta/{}/Mailbox", emulator.tenant_id());
    assert_eq!(ask(&region, &mailboxes, &own).await.status, 404, "it has no mailboxes");
}

/// A token service gives tokens for the services as its own cloud calls them, whatever names the tenant's principals keep.
#[tokio::test]
async fn another_clouds_names_mean_nothing() {
    let emulator = today().await;
    let operator = emulator.operator();
    for (login, resource, status) in [
        ("login.microsoftonline.us", "https://graph.microsoft.us", 200),
        ("login.microsoftonline.us", "https://graph.microsoft.com", 400),
        ("login.chinacloudapi.cn", "https://outlook.office365.com", 400),
        ("login.chinacloudapi.cn", "https://partner.outlook.cn", 200),
        ("login.microsoftonline.com", "https://ps.compliance.protection.office365.us", 400),
    ] {
        let scope = format!("{resource}/.default");
        let form = [
            ("client_id", operator.client_id.as_str()),
            ("client_secret", operator.client_secret.as_str()),
            ("grant_type", "client_credentials"),
            ("scope", &scope),
        ];
        let address = format!("{}/{DOMAIN}/oauth2/v2.0/token", emulator.url());
        let request = http().post(address).header("host", login).header("x-forwarded-proto", "https").form(&form);
        let answer = Answer::read(request.send().await.unwrap()).await;
        assert_eq!(answer.status, status, "{login} {resource}: {}", answer.body);
        assert_eq!(
            status == 400,
            answer.body["error_codes"] == json!([500_011]),
            "{login} {resource}: {}",
            answer.body
        );
    }
}
