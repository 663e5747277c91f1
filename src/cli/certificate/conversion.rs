//! From what was typed to what the commands take.

use crate::commands::certificate::{
    Action, KeyAlgorithm, OutputFormat, PasswordSource, Period, PfxEncryption, Usage, export, import_commands, inspect,
    new, request,
};

use super::{
    CertificateVerb, ExportArguments, ImportCommandsArguments, InspectArguments, KeySizeArgument, NewArguments,
    NewPasswordArguments, OutputFormatArgument, PasswordArguments, PfxEncryptionArgument, RequestArguments,
    ShelfArguments, TargetArgument, UsageArgument,
};

impl From<CertificateVerb> for Action {
    fn from(verb: CertificateVerb) -> Self {
        match verb {
            CertificateVerb::New(arguments) => Self::New(arguments.into()),
            CertificateVerb::Csr(arguments) => Self::Request(arguments.into()),
            CertificateVerb::Inspect(InspectArguments { files, json, now, password }) => {
                Self::Inspect(inspect::Arguments { files, json, now, password: password.into() })
            }
            CertificateVerb::Export(arguments) => Self::Export(arguments.into()),
            CertificateVerb::ImportCommands(arguments) => Self::ImportCommands(arguments.into()),
        }
    }
}

impl From<NewArguments> for new::Arguments {
    fn from(arguments: NewArguments) -> Self {
        let place = match arguments.handle {
            Some(handle) => new::Place::Store { store: arguments.store, handle, certificate: arguments.certificate },
            None => new::Place::Directory { directory: arguments.out, name: arguments.name },
        };
        Self {
            subject: arguments.subject,
            dns_names: arguments.dns_names,
            valid_for: arguments.days.map_or(arguments.valid_for, Period::of_days),
            key: arguments.key_size.into(),
            friendly_name: arguments.friendly_name,
            place,
            formats: arguments.formats.into_iter().map(Into::into).collect(),
            pfx_encryption: arguments.pfx_encryption.into(),
            password: arguments.password.into(),
            generate_password: arguments.generate_password,
            force: arguments.force,
            now: arguments.now,
        }
    }
}

impl From<RequestArguments> for request::Arguments {
    fn from(arguments: RequestArguments) -> Self {
        let RequestArguments { subject, dns_names, usages, key, key_size, out, name, password, force } = arguments;
        Self {
            subject,
            dns_names,
            usages: usages.into_iter().map(Into::into).collect(),
            key,
            algorithm: key_size.into(),
            directory: out,
            name,
            password: password.into(),
            force,
        }
    }
}

impl From<ExportArguments> for export::Arguments {
    fn from(arguments: ExportArguments) -> Self {
        let NewPasswordArguments { new_password_env, new_password_file, new_password_command, generate_password } =
            arguments.new_password;
        Self {
            sources: arguments.sources,
            shelf: arguments.shelf.into(),
            format: arguments.format.into(),
            out: arguments.out,
            pfx_encryption: arguments.pfx_encryption.into(),
            friendly_name: arguments.friendly_name,
            password: arguments.password.into(),
            new_password: PasswordSource {
                environment: new_password_env,
                file: new_password_file,
                command: new_password_command,
            },
            generate_password,
            force: arguments.force,
        }
    }
}

impl From<ImportCommandsArguments> for import_commands::Arguments {
    fn from(arguments: ImportCommandsArguments) -> Self {
        let ImportCommandsArguments { source, shelf, targets, account, password } = arguments;
        let targets = targets.into_iter().map(|target| match target {
            TargetArgument::CurrentUser => import_commands::ImportTarget::CurrentUser,
            TargetArgument::LocalMachine => import_commands::ImportTarget::LocalMachine,
            TargetArgument::Linux => import_commands::ImportTarget::Linux,
            TargetArgument::Macos => import_commands::ImportTarget::MacOs,
        });
        Self { source, shelf: shelf.into(), targets: targets.collect(), account, password: password.into() }
    }
}

impl From<PasswordArguments> for PasswordSource {
    fn from(arguments: PasswordArguments) -> Self {
        let PasswordArguments { password_env, password_file, password_command } = arguments;
        Self { environment: password_env, file: password_file, command: password_command }
    }
}

impl From<ShelfArguments> for export::Shelf {
    fn from(ShelfArguments { store, certificate }: ShelfArguments) -> Self {
        Self { store, certificate }
    }
}

impl From<KeySizeArgument> for KeyAlgorithm {
    fn from(size: KeySizeArgument) -> Self {
        match size {
            KeySizeArgument::Rsa2048 => Self::Rsa2048,
            KeySizeArgument::Rsa3072 => Self::Rsa3072,
            KeySizeArgument::Rsa4096 => Self::Rsa4096,
        }
    }
}

impl From<OutputFormatArgument> for OutputFormat {
    fn from(format: OutputFormatArgument) -> Self {
        match format {
            OutputFormatArgument::Cer => Self::Cer,
            OutputFormatArgument::Pem => Self::Pem,
            OutputFormatArgument::Key => Self::Key,
            OutputFormatArgument::Pfx => Self::Pfx,
        }
    }
}

impl From<PfxEncryptionArgument> for PfxEncryption {
    fn from(encryption: PfxEncryptionArgument) -> Self {
        match encryption {
            PfxEncryptionArgument::Modern => Self::Modern,
            PfxEncryptionArgument::Legacy => Self::Legacy,
        }
    }
}

impl From<UsageArgument> for Usage {
    fn from(usage: UsageArgument) -> Self {
        match usage {
            UsageArgument::ClientAuth => Self::ClientAuthentication,
            UsageArgument::ServerAuth => Self::ServerAuthentication,
        }
    }
}
