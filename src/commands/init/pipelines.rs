//! Files for pipelines. Those under `docs/ci/` are the ones that are written: there are no others.

use clap::ValueEnum;

/// Where pipelines run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Pipelines {
    /// GitHub Actions.
    Github,
    /// Azure Pipelines.
    AzurePipelines,
    /// GitLab CI/CD.
    Gitlab,
    /// Jobs in a cluster.
    Kubernetes,
}

impl Pipelines {
    /// Where each file goes, and its text.
    pub(super) fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Github => &[
                (".github/workflows/accredit-plan.yml", include_str!("../../../docs/ci/github/accredit-plan.yml")),
                (".github/workflows/accredit-apply.yml", include_str!("../../../docs/ci/github/accredit-apply.yml")),
                (".github/workflows/accredit-drift.yml", include_str!("../../../docs/ci/github/accredit-drift.yml")),
                (
                    ".github/actions/install-accredit/action.yml",
                    include_str!("../../../docs/ci/github/install-accredit.yml"),
                ),
            ],
            Self::AzurePipelines => &[
                ("azure-pipelines.yml", include_str!("../../../docs/ci/azure-pipelines/azure-pipelines.yml")),
                (
                    "azure-pipelines-drift.yml",
                    include_str!("../../../docs/ci/azure-pipelines/azure-pipelines-drift.yml"),
                ),
                (
                    ".azure-pipelines/install-accredit.yml",
                    include_str!("../../../docs/ci/azure-pipelines/install-accredit.yml"),
                ),
            ],
            Self::Gitlab => &[(".gitlab-ci.yml", include_str!("../../../docs/ci/gitlab/gitlab-ci.yml"))],
            Self::Kubernetes => &[
                ("kubernetes/cronjob.yaml", include_str!("../../../docs/ci/kubernetes/cronjob.yaml")),
                ("kubernetes/indexed-job.yaml", include_str!("../../../docs/ci/kubernetes/indexed-job.yaml")),
            ],
        }
    }

    /// What is left to do by hand.
    pub(super) fn next(self) -> &'static str {
        match self {
            Self::Github => {
                "GitHub: fill .github/actions/install-accredit/action.yml, set the variables that the workflows name, protect the environment accredit-production. docs/pipelines.md has the steps."
            }
            Self::AzurePipelines => {
                "Azure Pipelines: fill .azure-pipelines/install-accredit.yml, make the service connections accredit-plan and accredit-apply, give the environment accredit-production an approval. docs/pipelines.md has the steps."
            }
            Self::Gitlab => {
                "GitLab: set the variables that .gitlab-ci.yml names, protect the environment accredit-production, add a schedule. docs/pipelines.md has the steps."
            }
            Self::Kubernetes => "Kubernetes: fill in image, client id and volumes. docs/pipelines.md has the steps.",
        }
    }
}
