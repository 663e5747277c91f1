//! What objects of a seed file refer to: principals, resources, roles and owners, by id or by name.

use serde_json::{Value, json};

use super::super::{
    identifiers,
    seed::file::{Seeding, default},
    world::{Collection, Document, OWNERS, list, text},
};

impl Seeding {
    /// A service principal by its id, its `appId` or its name.
    fn principal(&self, name: &str) -> Result<&Document, String> {
        let world = &self.world;
        let by_name = || {
            let mut named =
                world.all(Collection::ServicePrincipals).filter(|principal| text(principal, "displayName") == name);
            named.next().filter(|_| named.next().is_none())
        };
        world
            .get(Collection::ServicePrincipals, &name.to_lowercase())
            .or_else(|| world.find(Collection::ServicePrincipals, "appId", name))
            .or_else(|| if identifiers::is_guid(name) { None } else { by_name() })
            .ok_or_else(|| format!("no service principal has the id, `appId` or name `{name}`"))
    }

    /// A holder of roles, an owner: a service principal, or a user by id or UPN.
    fn anybody(&self, name: &str) -> Result<(&'static str, &Document), String> {
        let world = &self.world;
        if let Some(user) = world
            .get(Collection::Users, &name.to_lowercase())
            .or_else(|| world.find(Collection::Users, "userPrincipalName", name))
        {
            return Ok(("User", user));
        }
        if let Some(group) = world.get(Collection::Groups, &name.to_lowercase()) {
            return Ok(("Group", group));
        }
        self.principal(name)
            .map(|principal| ("ServicePrincipal", principal))
            .map_err(|_| format!("nobody has the id, `appId`, UPN or name `{name}`"))
    }

    pub(super) fn app_role_assignment(&self, mut object: Document) -> Result<Document, String> {
        // What a whole tenant tells may belong to a deleted principal.
        if self.whole {
            return Ok(object);
        }
        let (kind, principal) = self.anybody(text(&object, "principalId"))?;
        let resource = self.principal(text(&object, "resourceId"))?;
        let role_name = text(&object, "appRoleId");
        let role = list(resource, "appRoles")
            .iter()
            .find(|role| role["id"] == role_name || role["value"] == role_name)
            .and_then(|role| role["id"].as_str());
        let role = match role {
            Some(role) => role.to_owned(),
            None if role_name == "00000000-0000-0000-0000-000000000000" => role_name.to_owned(),
            None => return Err(format!("`{}` has no app role `{role_name}`", text(resource, "displayName"))),
        };
        let id = match text(&object, "id") {
            "" => identifiers::app_role_assignment(text(principal, "id")),
            id => id.to_owned(),
        };
        let derived = [
            ("id", json!(id)),
            ("appRoleId", json!(role)),
            ("principalId", principal["id"].clone()),
            ("principalType", json!(kind)),
            ("principalDisplayName", principal["displayName"].clone()),
            ("resourceId", resource["id"].clone()),
            ("resourceDisplayName", resource["displayName"].clone()),
        ];
        object.extend(derived.into_iter().map(|(name, value)| (name.to_owned(), value)));
        Ok(object)
    }

    pub(super) fn grant(&self, mut object: Document) -> Result<Document, String> {
        if self.whole {
            return Ok(object);
        }
        let client = text(self.principal(text(&object, "clientId"))?, "id").to_owned();
        let resource = text(self.principal(text(&object, "resourceId"))?, "id").to_owned();
        let user = match text(&object, "principalId") {
            "" => None,
            name => Some(text(self.anybody(name)?.1, "id").to_owned()),
        };
        object.insert("id".into(), identifiers::grant(&client, &resource, user.as_deref()).into());
        object.insert("clientId".into(), client.into());
        object.insert("resourceId".into(), resource.into());
        default(&mut object, "consentType", if user.is_some() { "Principal" } else { "AllPrincipals" });
        object.insert("principalId".into(), user.map_or(Value::Null, Value::from));
        Ok(object)
    }

    pub(super) fn role_assignment(&self, mut object: Document) -> Result<Document, String> {
        if self.whole {
            return Ok(object);
        }
        let (_, principal) = self.anybody(text(&object, "principalId"))?;
        let name = text(&object, "roleDefinitionId");
        let role = self
            .world
            .get(Collection::RoleDefinitions, &name.to_lowercase())
            .or_else(|| self.world.all(Collection::RoleDefinitions).find(|role| text(role, "displayName") == name))
            .ok_or_else(|| format!("no directory role has the id or name `{name}`"))?;
        default(&mut object, "directoryScopeId", "/");
        let scope = text(&object, "directoryScopeId").trim_start_matches('/').to_owned();
        let scope = (!scope.is_empty()).then_some(scope);
        let (role, principal) = (text(role, "id").to_owned(), text(principal, "id").to_owned());
        object.insert("id".into(), identifiers::role_assignment(&role, &principal, scope.as_deref()).into());
        object.insert("roleDefinitionId".into(), role.into());
        object.insert("principalId".into(), principal.into());
        Ok(object)
    }

    pub(super) fn owners(&self, owners: &Value) -> Result<Value, String> {
        let owners = owners.as_array().ok_or("`owners` must be a list of ids")?;
        let mut ids = Vec::new();
        for owner in owners {
            let name = owner.as_str().ok_or("`owners` must be a list of ids")?;
            // An id may be of something that comes later in the file; that it comes is checked at the end.
            ids.push(if identifiers::is_guid(name) {
                name.to_lowercase()
            } else {
                text(self.anybody(name)?.1, "id").to_owned()
            });
        }
        Ok(json!(ids))
    }

    pub(super) fn check_owners(&self, problems: &mut Vec<String>) {
        if self.whole {
            return;
        }
        for collection in [Collection::Applications, Collection::ServicePrincipals] {
            for (index, object) in self.world.all(collection).enumerate() {
                for owner in list(object, OWNERS).iter().filter_map(Value::as_str) {
                    if self.anybody(owner).is_err() {
                        problems.push(format!(
                            "{} `{}` (number {index} by id): nobody has the id `{owner}`",
                            collection.name(),
                            text(object, "displayName")
                        ));
                    }
                }
            }
        }
    }
}
