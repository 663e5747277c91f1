//! How each step is sent. Most are sent as they were recorded, by an administrator; what a recording leaves out of its
//! requests (tokens, forms, bodies that its source calls redacted) is put together here.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    super::client::{ASSERTION_TYPE, EXCHANGE, EXCHANGE_ADMINISTRATOR, MANAGE_AS_APP},
    tenant::{CERTIFICATE, Exchanged, Replay},
};

const NIL: &str = "00000000-0000-0000-0000-000000000000";
const GRAPH_RESOURCE: &str = "https://graph.microsoft.com";
const EXCHANGE_RESOURCE: &str = "https://outlook.office365.com";
const VAULT_RESOURCE: &str = "https://vault.azure.net";

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn new_id() -> String {
    Uuid::new_v4().to_string()
}

impl Replay {
    pub(super) async fn answer(&mut self, recording: &str, number: usize, steps: &[Value]) -> Exchanged {
        let step = &steps[number - 1];
        let host = text(step, "/request/host");
        match recording {
            "token_endpoint_errors" | "token_claims_app_only" => return self.token_request(recording, number).await,
            "exchange_invokecommand_errors" | "exchange_invokecommand_success" => {
                return self.exchange_request(recording, number).await;
            }
            "graph_401_403_errors" => return self.refused_request(number, step).await,
            "graph_400_404_429_errors" => return self.faulty_request(number, step).await,
            "pnp_batch_2022_2023" => return self.batch_request(number, step).await,
            _ if host.contains("vault") => return self.vault_request(step).await,
            _ => {}
        }
        let method = text(step, "/request/method");
        let mut path = text(step, "/request/path").to_owned();
        let mut query = text(step, "/request/query").to_owned();
        let mut body = step["request"]["body"].clone();
        match (recording, number) {
            // Discovery is no Graph: its tenant is a word in the recording.
            ("jupiterone_directory_reads_2024", 14) => {
                let path = format!("/{}/v2.0/.well-known/openid-configuration", self.emulator.tenant_id());
                return self.send("GET", &path, None, &Value::Null).await;
            }
            ("jupiterone_directory_reads_2024", 15) => {
                let authority = format!("{}/{}/oauth2/v2.0/authorize", self.url(), self.emulator.tenant_id());
                let query = format!("api-version=1.1&authorization_endpoint={authority}");
                return self.send("GET", &format!("{path}?{query}"), None, &Value::Null).await;
            }
            ("azcli_sp_forbidden_2023", _) => {
                let (path, query) = (self.translated_text(&path), self.translated_text(&query));
                return self.send_unprivileged("GET", &format!("{path}?{query}"), &Value::Null).await;
            }
            // Where a page begins is the service's business: the last answer said it.
            ("azcli_users_paging_2021", 2)
            | ("jupiterone_directory_reads_2024", 7)
            | ("pnp_paging_filter_select_2025", 2 | 3) => {
                loop {
                    let next = self.next.take().unwrap_or_default();
                    let answer = self.call("GET", &next, &Value::Null).await;
                    self.note_next(&answer);
                    // A recorded page without a next one is the last, however many of ours lie before it.
                    if step["response"]["body"]["@odata.nextLink"].is_string() || self.next.is_none() {
                        return answer;
                    }
                }
            }
            ("pnp_paging_filter_select_2025", 4) => query = query.replace("(not recorded)", NIL),
            // The APIs of a new tenant have other names.
            ("azcli_first_party_sp_2023", 1) => {
                query = query.replace("Microsoft.Azure.WebSites", "https%3A%2F%2Fgraph.microsoft.com");
            }
            ("pnp_service_principals_and_grants_2024", 2 | 4) => {
                body = json!({ "accountEnabled": steps[number]["response"]["body"]["accountEnabled"] });
            }
            ("pnp_service_principals_and_grants_2024", 7) => {
                let made = &step["response"]["body"];
                body = json!({
                    "clientId": made["clientId"], "consentType": made["consentType"], "resourceId": made["resourceId"],
                    "scope": made["scope"], "startTime": made["startTime"], "expiryTime": made["expiryTime"],
                });
            }
            ("pnp_service_principals_and_grants_2024", 9 | 11) => {
                body = json!({ "scope": steps[number]["response"]["body"]["scope"] });
            }
            _ => {}
        }
        if !query.is_empty() {
            path = format!("{path}?{query}");
        }
        let answer = self.call(method, &self.translated_text(&path), &self.translated(&body)).await;
        self.note_next(&answer);
        answer
    }

    fn note_next(&mut self, answer: &Exchanged) {
        let link = answer.body["@odata.nextLink"].as_str();
        self.next = link.and_then(|link| link.strip_prefix(self.url())).map(str::to_owned);
    }

    async fn send_unprivileged(&self, method: &str, path: &str, body: &Value) -> Exchanged {
        let nobody = self.identity().await;
        let token = self.token(&nobody.app_id, &nobody.secret, GRAPH_RESOURCE).await;
        self.send(method, path, Some(&token), body).await
    }

    async fn token_request(&self, recording: &str, number: usize) -> Exchanged {
        if recording == "token_endpoint_errors" && number <= 2 {
            return expired_secret(number == 2).await;
        }
        let path = self.token_path();
        let graph = format!("{GRAPH_RESOURCE}/.default");
        let made = self.identity().await;
        let secret = |secret: &'static str| vec![("client_secret".to_owned(), secret.to_owned())];
        let mut form = vec![("client_id".to_owned(), made.app_id.clone()), ("scope".to_owned(), graph)];
        let mut at = path;
        let assertion = |change: &Value, audience: &str| {
            let assertion = CERTIFICATE.assertion(jsonwebtoken::Algorithm::PS256, audience, &made.app_id, change);
            vec![("client_assertion".to_owned(), assertion), (ASSERTION_TYPE.0.to_owned(), ASSERTION_TYPE.1.to_owned())]
        };
        let audience = format!("{}{at}", self.url());
        let now = step_time(self).await;
        match (recording, number) {
            ("token_endpoint_errors", 3) => {
                form.extend(assertion(&json!({ "nbf": now - 60, "exp": now + 300 }), &audience));
            }
            ("token_endpoint_errors", 4) => {
                let credentials = json!({ "keyCredentials": [CERTIFICATE.credential()] });
                self.call("PATCH", &format!("/v1.0/applications/{}", made.id), &credentials).await;
                form.extend(assertion(&json!({ "nbf": now - 7200, "exp": now - 3600 }), &audience));
            }
            ("token_endpoint_errors", 5) => {
                let change = json!({
                    "iss": "https://token.actions.githubusercontent.com", "sub": "repo:contoso/estate:ref:refs/heads/other",
                    "aud": "api://AzureADTokenExchange", "nbf": now - 60, "exp": now + 300,
                });
                let credential = json!({
                    "name": "actions", "issuer": "https://token.actions.githubusercontent.com",
                    "subject": "repo:contoso/estate:ref:refs/heads/main", "audiences": ["api://AzureADTokenExchange"],
                });
                let path = format!("/v1.0/applications/{}/federatedIdentityCredentials", made.id);
                self.call("POST", &path, &credential).await;
                form.extend(assertion(&change, &audience));
            }
            ("token_endpoint_errors", 6) => {
                form[1].1 = "https://nobody.example/.default".into();
                form.push(("client_secret".into(), made.secret.clone()));
            }
            ("token_endpoint_errors", 7) => {
                form.extend([
                    ("client_secret".into(), made.secret.clone()),
                    ("resource".into(), format!("{GRAPH_RESOURCE}/")),
                ]);
                at = format!("/{}/oauth2/token?api-version=1.0", self.emulator.tenant_id());
            }
            ("token_endpoint_errors", 9 | 11) => {
                form.extend(secret("anything"));
                let tenant = if number == 9 { "00000000-0000-0000-0000-000000000001" } else { "directoryid" };
                at = format!("/{tenant}/oauth2/v2.0/token");
            }
            ("token_endpoint_errors", 10 | 13) => form.extend(secret("wrong")),
            ("token_endpoint_errors", 12) => {
                form[0].1 = NIL.into();
                form.extend(secret("anything"));
            }
            _ => form.push(("client_secret".into(), made.secret.clone())),
        }
        if recording == "token_claims_app_only" {
            let role = json!({
                "principalId": made.principal, "resourceId": self.api("00000003-0000-0000-c000-000000000000").await,
                "appRoleId": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
            });
            let path = format!("/v1.0/servicePrincipals/{}/appRoleAssignments", made.principal);
            self.call("POST", &path, &role).await;
        }
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut answer = self.form(&at, &form).await;
        if recording == "token_claims_app_only" && answer.status == 200 {
            answer.body = super::super::client::claims(text(&answer.body, "/access_token"));
        }
        answer
    }

    async fn exchange_request(&self, recording: &str, number: usize) -> Exchanged {
        let path = format!("/adminapi/beta/{}/InvokeCommand", self.emulator.tenant_id());
        let made = self.identity().await;
        let command =
            |name: &str, parameters: Value| json!({ "CmdletInput": { "CmdletName": name, "Parameters": parameters } });
        let may_call = (recording, number) != ("exchange_invokecommand_success", 3);
        if may_call {
            let api = self.api(EXCHANGE).await;
            let role = json!({ "principalId": made.principal, "resourceId": api, "appRoleId": MANAGE_AS_APP });
            let path = format!("/v1.0/servicePrincipals/{}/appRoleAssignments", made.principal);
            self.call("POST", &path, &role).await;
        }
        if may_call && (recording, number) != ("exchange_invokecommand_errors", 3) {
            let role = json!({
                "roleDefinitionId": EXCHANGE_ADMINISTRATOR, "principalId": made.principal, "directoryScopeId": "/",
            });
            self.call("POST", "/v1.0/roleManagement/directory/roleAssignments", &role).await;
        }
        let token = self.token(&made.app_id, &made.secret, EXCHANGE_RESOURCE).await;
        let body = match (recording, number) {
            ("exchange_invokecommand_errors", 1) => {
                command("Get-ManagementRoleAssignment", json!({ "RoleAssigneeType": "Nonsense" }))
            }
            ("exchange_invokecommand_errors", 2) => command("Get-ManagementRole", json!({ "BogusParameter": "x" })),
            ("exchange_invokecommand_errors", 4) => {
                command("Get-ManagementScope", json!({ "Identity": "there is no such scope" }))
            }
            ("exchange_invokecommand_success", 1) => command("Get-RoleGroup", json!({ "ResultSize": 1 })),
            ("exchange_invokecommand_success", 4 | 5) => command("Get-AcceptedDomain", json!({})),
            ("exchange_invokecommand_success", 6) => command("Get-Mailbox", json!({})),
            ("exchange_invokecommand_success", 9) => command("Get-AdminAuditLogConfig", json!({})),
            ("exchange_invokecommand_success", 7) => command("Get-OrganizationConfig", json!({})),
            _ => command("Get-RoleGroup", json!({})),
        };
        let path = if (recording, number) == ("exchange_invokecommand_errors", 5) {
            format!("{path}?%24skiptoken=expired")
        } else {
            path
        };
        self.send("POST", &path, Some(&token), &body).await
    }

    async fn refused_request(&self, number: usize, step: &Value) -> Exchanged {
        let method = text(step, "/request/method");
        let path = self.translated_text(text(step, "/request/path"));
        match number {
            1 | 2 => self.send(method, &path, Some("nodots"), &Value::Null).await,
            3 => {
                let made = self.identity().await;
                let token = self.token(&made.app_id, &made.secret, GRAPH_RESOURCE).await;
                self.call("DELETE", &format!("/v1.0/servicePrincipals/{}", made.principal), &Value::Null).await;
                self.send(method, &path, Some(&token), &Value::Null).await
            }
            4 => self.send_unprivileged(method, &path, &Value::Null).await,
            9 => self.send(method, &format!("{path}?{}", text(step, "/request/query")), None, &Value::Null).await,
            10 => self.send(method, &path.replace("{mailbox}", "me").replace("{id}", "1"), None, &json!({})).await,
            11 => {
                let made = self.identity().await;
                let token = self.token(&made.app_id, &made.secret, EXCHANGE_RESOURCE).await;
                self.send(method, &path, Some(&token), &Value::Null).await
            }
            12 => expired().await,
            13 => self.send(method, &path, Some(&self.operator_token().await), &Value::Null).await,
            14 => {
                let path = path.replace("{tenant}", self.emulator.tenant_id());
                let body = json!({
                    "clientId": self.identity().await.principal, "consentType": "AllPrincipals", "scope": "User.Read",
                    "resourceId": self.api("00000003-0000-0000-c000-000000000000").await,
                });
                self.send_unprivileged(method, &path, &body).await
            }
            _ => Exchanged::default(),
        }
    }

    async fn faulty_request(&self, number: usize, step: &Value) -> Exchanged {
        let method = text(step, "/request/method");
        let path = text(step, "/request/path");
        let query = text(step, "/request/query");
        let made = self.identity().await;
        let mut path = path.replace("{id}", &made.id);
        if !query.is_empty() {
            path = format!("{path}?{query}");
        }
        let mut body = Value::Null;
        let graph = self.api("00000003-0000-0000-c000-000000000000").await;
        match number {
            1 => {
                path = format!(
                    "/v1.0/{}/servicePrincipals/{}/appRoleAssignedTo",
                    self.emulator.tenant_id(),
                    made.principal
                );
                // The application in the place of its service principal: no reference that can be kept.
                body = json!({ "principalId": new_id(), "resourceId": made.principal, "appRoleId": NIL });
            }
            2 => {
                body = json!({
                    "roleDefinitionId": EXCHANGE_ADMINISTRATOR, "principalId": made.principal, "directoryScopeId": "/",
                });
                self.call(method, &path, &body).await;
            }
            3 => body = json!({ "appRoleId": NIL }),
            4 => {
                path = format!("/beta/servicePrincipals/{}/appRoleAssignedTo", made.principal);
                body = json!({ "appRoleId": NIL });
            }
            5 => {
                let user = self.user().await;
                path = format!("/beta/users/{user}/appRoleAssignments/{}", new_id());
                body = json!({ "appRoleId": NIL });
            }
            12 => path = format!("/v1.0/groups/{}/members?{query}", self.group(false).await),
            14 => path = "/v1.0/directoryRoles?$top=5".into(),
            19 => {
                body = json!({
                    "userPrincipalName": format!("twice@{}", self.emulator.domain()), "displayName": "Twice",
                    "mailNickname": "twice", "accountEnabled": true, "passwordProfile": { "password": "Made-before-1" },
                });
                self.call(method, &path, &body).await;
            }
            20 => body = json!({ "appId": new_id() }),
            21 => body = json!({ "appId": made.app_id }),
            22 => {
                body = json!({ "api": { "preAuthorizedApplications": [
                    { "appId": made.app_id, "delegatedPermissionIds": [new_id()] }] } });
            }
            24 => {
                let mut credential = CERTIFICATE.credential();
                credential["endDateTime"] = "2099-01-01T00:00:00Z".into();
                body = json!({ "keyCredentials": [credential] });
            }
            25 => {
                body =
                    json!({ "keyCredentials": [{ "type": "AsymmetricX509Cert", "usage": "Verify", "key": "AAAA" }] });
            }
            27 => {
                let policy = json!({ "isEnabled": true, "applicationRestrictions": { "passwordCredentials": [{
                    "restrictionType": "passwordLifetime", "maxLifetime": "P30D", "state": "enabled",
                    "restrictForAppsCreatedAfterDateTime": "2000-01-01T00:00:00Z" }] } });
                self.call("PATCH", "/v1.0/policies/defaultAppManagementPolicy", &policy).await;
                body = json!({ "passwordCredential": { "displayName": "long" } });
                let answer = self.call(method, &path, &body).await;
                let lifted = json!({ "isEnabled": false });
                self.call("PATCH", "/v1.0/policies/defaultAppManagementPolicy", &lifted).await;
                return answer;
            }
            28 => {
                body = json!({ "keyCredential": CERTIFICATE.credential(), "passwordCredential": null,
                    "proof": "not.a.proof" });
            }
            31 => {
                path = format!("/v1.0/servicePrincipals/{}/appRoleAssignments", made.principal);
                body = json!({
                    "principalId": made.principal, "resourceId": graph,
                    "appRoleId": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
                });
            }
            _ => {}
        }
        self.call(method, &path, &body).await
    }

    async fn batch_request(&self, number: usize, step: &Value) -> Exchanged {
        let user = self.user().await;
        let second = if number == 1 { "/thiswillgiveanerror".to_owned() } else { "/users/xyz123".to_owned() };
        let requests = json!({ "requests": [
            { "id": "1", "method": "GET", "url": format!("/users/{user}") },
            { "id": "2", "method": "GET", "url": second },
        ] });
        let mut answer =
            self.send("POST", text(step, "/request/path"), Some(&self.operator_token().await), &requests).await;
        // Their order is that of completion, by which the recordings do not bind us.
        if let Some(responses) = answer.body["responses"].as_array_mut() {
            let order: Vec<&str> = step["response"]["body"]["responses"]
                .as_array()
                .map(|recorded| recorded.iter().map(|response| text(response, "/id")).collect())
                .unwrap_or_default();
            responses.sort_by_key(|response| order.iter().position(|id| *id == text(response, "/id")));
        }
        answer
    }

    async fn vault_request(&self, step: &Value) -> Exchanged {
        let path = format!("{}?{}", text(step, "/request/path"), text(step, "/request/query"));
        let token = if step["response"]["status"] == 401 {
            None
        } else {
            let operator = self.emulator.operator();
            Some(self.token(&operator.client_id, &operator.client_secret, VAULT_RESOURCE).await)
        };
        self.send(text(step, "/request/method"), &path, token.as_deref(), &step["request"]["body"]).await
    }
}

/// What time it is in the tenant: its operator's token says it.
async fn step_time(replay: &Replay) -> i64 {
    let claims = super::super::client::claims(&replay.operator_token().await);
    claims["exp"].as_i64().unwrap_or_default() - 3600
}

/// What a secret of yesterday gets, at the older endpoint or the newer.
async fn expired_secret(older: bool) -> Exchanged {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tenant.jsonl");
    let replay = Replay::kept("2024-01-01", &file).await;
    let made = replay.identity().await;
    let ending = json!({ "passwordCredential": { "endDateTime": "2024-01-02T00:00:00Z" } });
    let added = replay.call("POST", &format!("/v1.0/applications/{}/addPassword", made.id), &ending).await;
    replay.emulator.stop().await;
    let replay = Replay::kept("2024-01-03", &file).await;
    let secret = text(&added.body, "/secretText");
    let form = [("client_id", made.app_id.as_str()), ("client_secret", secret)];
    if older {
        let path = format!("/{}/oauth2/token", replay.emulator.tenant_id());
        replay.form(&path, &[form[0], form[1], ("resource", GRAPH_RESOURCE)]).await
    } else {
        let scope = format!("{GRAPH_RESOURCE}/.default");
        replay.form(&replay.token_path(), &[form[0], form[1], ("scope", &scope)]).await
    }
}

/// What a token of yesterday gets: the tenant is opened again a day later.
async fn expired() -> Exchanged {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tenant.jsonl");
    let replay = Replay::kept("2024-01-01", &file).await;
    let token = replay.operator_token().await;
    replay.emulator.stop().await;
    let replay = Replay::kept("2024-01-02", &file).await;
    replay.send("GET", "/v1.0/organization", Some(&token), &Value::Null).await
}
