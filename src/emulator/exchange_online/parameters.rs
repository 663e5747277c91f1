//! The parameters of a call: known, of the right form, and complete, before a cmdlet sees them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{super::identifiers, ExchangeRefusal, Request, cmdlets::Cmdlet};

/// The form of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Guid,
    Flag,
    /// A number, or `Unlimited`.
    Size,
    OneOf(&'static [&'static str]),
}

/// One parameter of a cmdlet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) form: Form,
    pub(super) is_mandatory: bool,
}

/// Parameters that every cmdlet has and that change nothing over HTTP.
const COMMON: [&str; 12] = [
    "ErrorAction",
    "ErrorVariable",
    "WarningAction",
    "WarningVariable",
    "InformationAction",
    "InformationVariable",
    "OutVariable",
    "OutBuffer",
    "PipelineVariable",
    "ProgressAction",
    "Verbose",
    "Debug",
];
const WRITING: [Parameter; 2] = [
    Parameter { name: "Confirm", form: Form::Flag, is_mandatory: false },
    Parameter { name: "WhatIf", form: Form::Flag, is_mandatory: false },
];

/// A call whose parameters are in order.
pub(super) struct Call<'a> {
    pub(super) request: &'a Request<'a>,
    values: BTreeMap<&'static str, Value>,
}

impl Call<'_> {
    /// A text; none when it was not sent.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).and_then(Value::as_str)
    }

    /// A text that is mandatory.
    pub(super) fn required(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.values.get(name).and_then(|value| match value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => Some(text.trim_start_matches('$').eq_ignore_ascii_case("true")),
            _ => None,
        })
    }

    /// A size; none when it was not sent or is unlimited.
    pub(super) fn limit(&self, name: &str) -> Option<usize> {
        let value = self.values.get(name)?;
        let number = value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        number.and_then(|number| usize::try_from(number).ok())
    }
}

/// Checks what was sent against what the cmdlet takes.
pub(super) fn read<'a>(
    request: &'a Request<'a>,
    cmdlet: &Cmdlet,
    sent: &Map<String, Value>,
) -> Result<Call<'a>, ExchangeRefusal> {
    let mut values = BTreeMap::new();
    let mut unknown = Vec::new();
    for (name, value) in sent {
        if COMMON.iter().any(|common| common.eq_ignore_ascii_case(name)) || name.ends_with("@odata.type") {
            continue;
        }
        let own = cmdlet.parameters.iter().chain(WRITING.iter().filter(|_| !cmdlet.name.starts_with("Get-")));
        let Some(parameter) = own.into_iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name)) else {
            unknown.push(name.as_str());
            continue;
        };
        // A parameter that is null is one that was not given.
        if !value.is_null() {
            check(parameter, value)?;
            values.insert(parameter.name, value.clone());
        }
    }
    if !unknown.is_empty() {
        return Err(ExchangeRefusal::unknown_parameter(&unknown.join(", ")));
    }
    let is_given = |name: &str| values.get(name).is_some_and(|value| value.as_str() != Some(""));
    let missing: Vec<&str> = cmdlet
        .parameters
        .iter()
        .filter(|parameter| parameter.is_mandatory && !is_given(parameter.name))
        .map(|parameter| parameter.name)
        .collect();
    if missing.is_empty() {
        Ok(Call { request, values })
    } else {
        Err(ExchangeRefusal::missing_parameters(&missing.join(" ")))
    }
}

fn check(parameter: &Parameter, value: &Value) -> Result<(), ExchangeRefusal> {
    let text = value.as_str();
    let (fits, kind) = match parameter.form {
        Form::Text => (text.is_some(), "System.String"),
        Form::Guid => (text.is_some_and(identifiers::is_guid), "System.Guid"),
        Form::Flag => {
            let is_word = text.is_some_and(|text| {
                ["true", "false"].iter().any(|word| text.trim_start_matches('$').eq_ignore_ascii_case(word))
            });
            (value.is_boolean() || is_word, "System.Management.Automation.SwitchParameter")
        }
        Form::Size => {
            let is_size =
                text.is_some_and(|text| text.eq_ignore_ascii_case("Unlimited") || text.parse::<u32>().is_ok());
            (value.is_u64() || is_size, "Microsoft.Exchange.Data.Unlimited`1[System.UInt32]")
        }
        Form::OneOf(words) => {
            let is_one = text.is_some_and(|text| words.iter().any(|word| word.eq_ignore_ascii_case(text)));
            if !is_one {
                return Err(ExchangeRefusal::invalid(
                    "Microsoft.Exchange.AdminApi.CommandInvocation.ParameterTransformationException",
                    format!(
                        "Cannot process argument transformation on parameter '{}'. Cannot convert value \"{}\" to \
                         type \"{}\". Error: \"Unable to match the identifier name {} to a valid enumerator name. \
                         Specify one of the following enumerator names and try again: {}\"",
                        parameter.name,
                        text.unwrap_or_default(),
                        parameter.name,
                        text.unwrap_or_default(),
                        words.join(", ")
                    ),
                ));
            }
            (true, "System.String")
        }
    };
    if fits { Ok(()) } else { Err(ExchangeRefusal::wrong_value(parameter.name, value, kind)) }
}
