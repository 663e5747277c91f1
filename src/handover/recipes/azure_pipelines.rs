//! A pipeline for Azure Pipelines.

use super::{INSTALL, Job, RecipeFile, heading, indented, script};
use crate::handover::Handover;
use crate::handover::connections::exchange_by_object;
use crate::handover::quoting::{comment, yaml};

pub(super) fn files(job: &Job, handover: &Handover) -> Vec<RecipeFile> {
    let Job { title, name, schedule, .. } = job;
    let whole_name = job.name_for(handover);
    let connect = format!(
        "\
$certificate = [System.Security.Cryptography.X509Certificates.X509Certificate2]::new($env:PFX_PATH, $env:PFX_PASSWORD)
{}
",
        exchange_by_object(handover)
    );
    // Azure Pipelines puts the value of a variable wherever `$(name)` stands, also within a script: there is none in these.
    let lines = format!(
        "$Directory = $env:BUILD_ARTIFACTSTAGINGDIRECTORY\n{}{}",
        job.month_of_environment(),
        script(job, &connect, &job.refusal())
    );
    let file = format!("{}.pfx", handover.certificate.import_name(&handover.handle));
    let (parameter, month) = if let Some(month) = &job.month {
        (
            // A text of nothing is no default there.
            format!("parameters:\n  - name: month # {}\n    type: string\n    default: ' '\n", month.remark),
            "\n          MONTH: ${{ trim(parameters.month) }}",
        )
    } else {
        (String::new(), "")
    };
    let text = format!(
        "{}\
#
# Once, in the project: put the PFX into Pipelines, Library, Secure files as {}, and its password into the secret variable
# PfxPassword of this pipeline.
trigger: none
pr: none
{parameter}schedules:
  - cron: '{schedule}' # UTC
    displayName: {title}
    branches:
      include: [main]
    always: true
jobs:
  - job: {}
    timeoutInMinutes: 120
    pool:
      vmImage: ubuntu-24.04
    steps:
      - checkout: none
      - task: PowerShell@2
        displayName: Modules
        inputs:
          targetType: inline
          pwsh: true
          script: {INSTALL}
      - task: DownloadSecureFile@1
        name: pfx
        inputs:
          secureFile: {}
      - task: PowerShell@2
        displayName: {title}
        inputs:
          targetType: inline
          pwsh: true
          script: |
{}        env:
          PFX_PATH: $(pfx.secureFilePath)
          PFX_PASSWORD: $(PfxPassword){month}
      - publish: $(Build.ArtifactStagingDirectory)
        artifact: {whole_name}
",
        heading(job, handover),
        comment(&file),
        name.replace('-', "_"),
        yaml(&file),
        indented(&lines, 12)
    );
    vec![RecipeFile { path: format!("{whole_name}.azure-pipelines.yml"), text }]
}
