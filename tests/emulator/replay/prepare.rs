//! What a recording takes for granted, made before its step is replayed.

use serde_json::{Value, json};
use uuid::Uuid;

use super::tenant::Replay;

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The id at the end of a reference, or in the path of a request.
fn id_in(address: &str, from_end: usize) -> &str {
    address.rsplit('/').nth(from_end).unwrap_or_default()
}

impl Replay {
    /// Makes what the recording had made before this step, and the step speaks of.
    pub(super) async fn prepare(&mut self, recording: &str, number: usize, steps: &[Value]) {
        let step = &steps[number - 1];
        match (recording, number) {
            ("azcli_app_owner_2022", 1) => {
                self.named_in_path(step).await;
                let application = self.ours(id_in(text(step, "/request/path"), 1));
                let user = self.known_user(text(step, "/response/body/value/0/id")).await;
                self.reference(&format!("/v1.0/applications/{application}/owners/$ref"), &user).await;
            }
            ("azcli_app_required_permissions_2022", 1) => {
                self.named_in_path(step).await;
                let application = self.ours(id_in(text(step, "/request/path"), 0));
                self.call("POST", &format!("/v1.0/applications/{application}/addPassword"), &json!({})).await;
            }
            ("azcli_group_scenario_2022", 2) => self.families(steps).await,
            ("azcli_group_scenario_2022", 11) => {
                self.known_user(id_in(text(step, "/request/body/@odata.id"), 0)).await;
            }
            ("azcli_rest_raw_calls_2020", 4) => {
                // The request that deleted it is not in the recording.
                let principal = self.ours(id_in(text(step, "/request/path"), 0));
                self.call("DELETE", &format!("/v1.0/servicePrincipals/{principal}"), &Value::Null).await;
            }
            ("azcli_user_scenario_2023", 4) => {
                let group = self.group(false).await;
                self.know(id_in(text(step, "/request/path"), 2), &group);
            }
            ("azcli_getbyids_2023", 1) => {
                // The name is redacted in the answer, and stands in the request.
                let filter = text(step, "/request/query").replace("%40", "@").replace("%27", "'");
                let name = filter.split('\'').nth(1).unwrap_or_default().to_owned();
                let body = json!({
                    "userPrincipalName": name, "displayName": "Made before", "mailNickname": "made",
                    "accountEnabled": true, "passwordProfile": { "password": "Made-before-1" },
                });
                let user = self.make("/v1.0/users", &body).await;
                self.know(text(step, "/response/body/value/0/id"), &user);
            }
            ("pnp_deleted_items_restore_2023", 1) => {
                let group = self.group(true).await;
                self.call("DELETE", &format!("/v1.0/groups/{group}"), &Value::Null).await;
                self.know(text(step, "/response/body/id"), &group);
            }
            ("pnp_service_principals_and_grants_2024", 1) => {
                let name = text(step, "/response/body/value/0/displayName");
                let (_, app_id) = self.application(&json!({ "displayName": name })).await;
                let principal = self.make("/v1.0/servicePrincipals", &json!({ "appId": app_id })).await;
                self.know(text(step, "/response/body/value/0/id"), &principal);
                self.know(text(step, "/response/body/value/0/appId"), &app_id);
            }
            ("pnp_service_principals_and_grants_2024", 6 | 15) | ("live_entra_reads_2026", 3) => {
                self.grants(text(step, "/response/body/value/0/scope")).await;
            }
            ("pnp_service_principals_and_grants_2024", 7) => {
                let resource = self.api("00000003-0000-0ff1-ce00-000000000000").await.unwrap_or_default();
                self.know(text(step, "/response/body/resourceId"), &resource);
            }
            ("pnp_service_principals_and_grants_2024", 9) => {
                let body = json!({
                    "clientId": self.ours(text(&steps[9], "/response/body/clientId")),
                    "consentType": "AllPrincipals",
                    "resourceId": self.api("00000002-0000-0ff1-ce00-000000000000").await,
                    "scope": "openid",
                });
                let grant = self.make("/v1.0/oauth2PermissionGrants", &body).await;
                self.know(text(&steps[9], "/response/body/id"), &grant);
            }
            ("pnp_paging_filter_select_2025", 1) => {
                // No client can make an object of that type any more.
                self.know("Legacy", "Application");
                for _ in 0..3 {
                    self.identity().await;
                }
            }
            ("jupiterone_directory_reads_2024", 1) => {
                let made = self.identity().await;
                self.role("29232cdf-9323-42fd-ade2-1d097af3e4de", &made.principal).await;
            }
            ("jupiterone_directory_reads_2024", 4 | 5) | ("live_entra_reads_2026", 5) => {
                self.assigned(step).await;
            }
            ("jupiterone_directory_reads_2024", 8) | ("live_entra_reads_2026", 1) => {
                self.identity().await;
            }
            ("jupiterone_directory_reads_2024", 9 | 10) | ("live_directory_roles_2026", 1 | 2) => {
                let administrators = "62e90394-69f5-4237-9190-012177145e10";
                let user = self.user().await;
                self.call("POST", "/v1.0/directoryRoles", &json!({ "roleTemplateId": administrators })).await;
                self.role(administrators, &user).await;
                let list = self.call("GET", "/v1.0/directoryRoles", &Value::Null).await;
                let roles = list.body["value"].as_array().into_iter().flatten();
                let role =
                    roles.filter(|role| role["roleTemplateId"] == administrators).find_map(|role| role["id"].as_str());
                let recorded = id_in(text(step, "/request/path"), 1);
                if Uuid::parse_str(recorded).is_ok() {
                    self.know(recorded, role.unwrap_or("no-such-role"));
                }
            }
            _ => {
                self.named_in_path(step).await;
                self.named_in_answer(step).await;
            }
        }
    }

    pub(super) fn ours(&self, recorded: &str) -> String {
        self.translated_text(recorded)
    }

    async fn known_user(&mut self, recorded: &str) -> String {
        let user = self.user().await;
        self.know(recorded, &user);
        user
    }

    async fn reference(&self, path: &str, id: &str) {
        let body = json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}") });
        self.call("POST", path, &body).await;
    }

    async fn role(&self, definition: &str, principal: &str) {
        let body = json!({ "roleDefinitionId": definition, "principalId": principal, "directoryScopeId": "/" });
        self.call("POST", "/v1.0/roleManagement/directory/roleAssignments", &body).await;
    }

    /// A group in a group in a group, of which the recording has made the outermost.
    async fn families(&mut self, steps: &[Value]) {
        let child = id_in(text(&steps[1], "/request/body/@odata.id"), 0);
        let grandchild = id_in(text(&steps[7], "/request/path"), 1);
        for recorded in [child, grandchild] {
            let group = self.group(false).await;
            self.know(recorded, &group);
        }
        self.reference(&format!("/v1.0/groups/{}/members/$ref", self.ours(child)), &self.ours(grandchild)).await;
    }

    async fn grants(&self, scope: &str) {
        let made = self.identity().await;
        for api in ["00000003-0000-0000-c000-000000000000", "00000003-0000-0ff1-ce00-000000000000"] {
            let body = json!({
                "clientId": made.principal, "consentType": "AllPrincipals", "resourceId": self.api(api).await,
                "scope": scope,
            });
            self.call("POST", "/v1.0/oauth2PermissionGrants", &body).await;
        }
    }

    /// As many assignments to a resource as are recorded, to principals of the recorded type.
    async fn assigned(&mut self, step: &Value) {
        let role = |value: &str, id: &str| {
            json!({
                "id": id, "value": value, "displayName": value, "description": value, "isEnabled": true,
                "allowedMemberTypes": ["Application", "User"],
            })
        };
        let (first, second) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
        let roles = [role("Read", &first), role("Write", &second)];
        let (_, app_id) = self.application(&json!({ "displayName": "Made before", "appRoles": roles })).await;
        let resource = self.make("/v1.0/servicePrincipals", &json!({ "appId": app_id })).await;
        self.know(id_in(text(step, "/request/path"), 1), &resource);
        let is_user = text(step, "/response/body/value/0/principalType") == "User";
        let principal = if is_user { self.user().await } else { self.identity().await.principal };
        for role in if is_user { vec![first] } else { vec![first, second] } {
            let body = json!({ "principalId": principal, "resourceId": resource, "appRoleId": role });
            self.call("POST", &format!("/v1.0/servicePrincipals/{resource}/appRoleAssignedTo"), &body).await;
        }
    }

    /// The object that the path names, when it was made before the recording began.
    async fn named_in_path(&mut self, step: &Value) {
        if step["response"]["status"] == 404 || text(step, "/request/host").contains("vault") {
            return;
        }
        let body = &step["request"]["body"];
        let path = text(step, "/request/path");
        let segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        let client = text(step, "/request/query").strip_prefix("$filter=clientId%20eq%20'");
        let (id, what) = match segments[2..] {
            ["servicePrincipals"] if body["appId"].is_string() => (text(body, "/appId"), "appId"),
            ["oauth2PermissionGrants"] if client.is_some() => {
                (client.unwrap_or_default().trim_end_matches('\''), "servicePrincipals")
            }
            [collection, id, ..] => (id, collection),
            _ => return,
        };
        if Uuid::parse_str(id).is_err() || self.knows(id) {
            return;
        }
        let recorded = &step["response"]["body"];
        let ours = match what {
            "applications" | "appId" | "servicePrincipals" => {
                let names = recorded["servicePrincipalNames"].as_array().into_iter().flatten().skip(1);
                let uris: Vec<&Value> = names.collect();
                let name = recorded["appDisplayName"].as_str().unwrap_or("Made before");
                let known = match recorded["appId"].as_str() {
                    Some(app_id) if what == "servicePrincipals" => self.api(app_id).await,
                    _ => None,
                };
                if let Some(known) = known {
                    known
                } else {
                    let (object, app_id) =
                        self.application(&json!({ "displayName": name, "identifierUris": uris })).await;
                    match what {
                        "applications" => object,
                        "appId" => app_id,
                        _ => self.make("/v1.0/servicePrincipals", &json!({ "appId": app_id })).await,
                    }
                }
            }
            "groups" | "directoryObjects" => self.group(false).await,
            "users" => self.user().await,
            _ => return,
        };
        self.know(id, &ours);
    }

    /// The objects that `getByIds` found.
    async fn named_in_answer(&mut self, step: &Value) {
        if !text(step, "/request/path").ends_with("getByIds") {
            return;
        }
        for object in step["response"]["body"]["value"].as_array().into_iter().flatten() {
            let id = text(object, "/id");
            if self.knows(id) || id.is_empty() {
                continue;
            }
            let ours = match text(object, "/@odata.type") {
                "#microsoft.graph.user" => self.user().await,
                "#microsoft.graph.group" => self.group(false).await,
                _ => {
                    let app_id = self.ours(text(object, "/appId"));
                    let of_own = self.call("GET", &format!("/v1.0/applications(appId='{app_id}')"), &Value::Null).await;
                    if of_own.status == 200 {
                        self.make("/v1.0/servicePrincipals", &json!({ "appId": app_id })).await
                    } else {
                        self.identity().await.principal
                    }
                }
            };
            self.know(id, &ours);
        }
    }
}
