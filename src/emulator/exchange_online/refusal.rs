//! Exchange's refusals. What matters stands far inside: in `details`, or in the inner exception.

use serde_json::{Value, json};

/// A refused request.
#[derive(Debug, Clone)]
pub(crate) struct ExchangeRefusal {
    pub(crate) status: u16,
    code: &'static str,
    message: &'static str,
    /// What `details` says, when there are any: `Ex…|Type|text`.
    detail: Option<String>,
    kind: &'static str,
    text: String,
    with_warnings: bool,
}

impl ExchangeRefusal {
    /// A value that cannot be what the parameter wants, or a request that is no call of a cmdlet.
    pub(super) fn invalid(kind: &'static str, text: String) -> Self {
        Self {
            status: 400,
            code: "BadRequest",
            message: "Invalid Operation",
            detail: None,
            kind,
            text,
            with_warnings: true,
        }
    }

    fn explained(status: u16, code: &'static str, kind: &'static str, text: String) -> Self {
        let detail = Some(format!("|{kind}|{text}"));
        Self { status, code, message: "Invalid Operation", detail, kind, text, with_warnings: false }
    }

    pub(super) fn unknown_cmdlet(name: &str) -> Self {
        Self::explained(
            400,
            "BadRequest",
            "System.Management.Automation.CommandNotFoundException",
            format!(
                "The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable \
                 program. Check the spelling of the name, or if a path was included, verify that the path is correct \
                 and try again."
            ),
        )
    }

    pub(super) fn not_allowed(name: &str) -> Self {
        Self::explained(
            401,
            "Unauthorized",
            "Microsoft.Exchange.Configuration.Authorization.CmdletAccessDeniedException",
            format!("User is not allowed to call {name}"),
        )
    }

    pub(super) fn unknown_parameter(names: &str) -> Self {
        Self::explained(
            400,
            "BadRequest",
            "Microsoft.Exchange.AdminApi.CommandInvocation.AmbiguousParameterSetException",
            format!(
                "Parameter set cannot be resolved using the specified named parameters. Invalid cmdlet parameters \
                 specified. {names}"
            ),
        )
    }

    pub(super) fn missing_parameters(names: &str) -> Self {
        Self::explained(
            400,
            "BadRequest",
            "System.Management.Automation.ParameterBindingException",
            format!("Cannot process command because of one or more missing mandatory parameters: {names}."),
        )
    }

    pub(super) fn wrong_value(parameter: &str, value: &Value, kind: &str) -> Self {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Self::invalid(
            "Microsoft.Exchange.AdminApi.CommandInvocation.ParameterTransformationException",
            format!(
                "Cannot process argument transformation on parameter '{parameter}'. Cannot convert value \"{shown}\" \
                 to type \"{kind}\"."
            ),
        )
    }

    /// A cmdlet that ran and failed.
    fn failed(status: u16, code: &'static str, detail: String) -> Self {
        Self {
            status,
            code,
            message: "Error executing cmdlet",
            detail: Some(detail),
            kind: "Microsoft.Exchange.Management.PSDirectInvoke.DirectInvokeCmdletExecutionException",
            text: "Exception of type \
                   'Microsoft.Exchange.Management.PSDirectInvoke.DirectInvokeCmdletExecutionException' was thrown."
                .to_owned(),
            with_warnings: true,
        }
    }

    pub(super) fn not_found(identity: &str) -> Self {
        Self::failed(
            404,
            "NotFound",
            format!(
                "Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|The operation \
                 couldn't be performed because object '{identity}' couldn't be found on \
                 'EMULATOR.PROD.OUTLOOK.COM'."
            ),
        )
    }

    pub(super) fn exists(name: &str) -> Self {
        Self::failed(
            409,
            "Conflict",
            format!(
                "Ex4F4C3A|Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException|Active Directory operation \
                 failed on EMULATOR.PROD.OUTLOOK.COM. The object '{name}' already exists."
            ),
        )
    }

    /// What the cmdlet itself does not take.
    pub(super) fn rejected(text: &str) -> Self {
        Self::failed(400, "BadRequest", format!("|System.ArgumentException|{text}"))
    }

    pub(super) fn expired_page() -> Self {
        let text = "Expired or Invalid pagination request. Default Expiry time is 00:30:00".to_owned();
        Self { with_warnings: false, ..Self::invalid("System.Exception", text) }
    }

    pub(crate) fn body(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(detail) = &self.detail {
            error["details"] = json!([{ "code": "Client", "target": "", "message": detail }]);
        }
        error["innererror"] = json!({
            "message": self.message,
            "type": "Microsoft.Exchange.Admin.OData.Core.ODataServiceException",
            "stacktrace": "",
            "internalexception": { "message": self.text, "type": self.kind, "stacktrace": "" },
        });
        if self.with_warnings {
            error["adminapi.warnings@odata.type"] = "#Collection(String)".into();
            error["@adminapi.warnings"] = json!([]);
        }
        json!({ "error": error })
    }

    /// The header that names the exception.
    pub(crate) fn exception(&self) -> &'static str {
        self.kind
    }
}
