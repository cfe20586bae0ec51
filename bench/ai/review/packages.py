"""The packages whose histories are reviewed, and what they may be used for."""

from bench.ai.review.sources import SEALED, SEEN, TUNED, Source

SOURCES = (
    Source(
        "pypi",
        "kolla-ansible",
        "10.0.0 11.0.0 12.0.0 12.4.0 13.0.0 13.4.0 14.0.0 14.4.0 15.0.0 15.3.0 16.0.0",
        ("ansible/group_vars/", "/defaults/main.yml"),
        "yaml",
        part=TUNED,
    ),
    Source(
        "pypi",
        "distributed",
        "2.0.1 2.5.0 2.10.0 2.15.0 2.20.0 2.30.0 2021.1.0 2021.4.0 2021.8.0 2021.12.0 "
        "2022.4.0 2022.8.0 2022.12.0 2023.4.0 2023.8.0 2023.12.0 2024.4.0 2024.8.0 "
        "2024.12.0 2025.4.0 2025.9.0 2026.1.0",
        ("distributed/distributed.yaml",),
        "yaml",
        part=TUNED,
    ),
    Source(
        "pypi",
        "apache-airflow",
        "2.0.0 2.1.0 2.2.0 2.3.0 2.4.0 2.5.0 2.6.0 2.7.0 2.8.0 2.9.0 2.10.0",
        ("config_templates/config.yml",),
        "airflow",
        part=TUNED,
    ),
    Source(
        "pypi",
        "ansible-core",
        "2.13.0 2.14.0 2.15.0 2.16.0 2.17.0 2.18.0 2.19.0",
        ("ansible/config/base.yml",),
        "ansible",
        part=TUNED,
    ),
    Source(
        "pypi",
        "dask-jobqueue",
        "0.3.0 0.4.0 0.5.0 0.6.0 0.7.0 0.7.3 0.8.0 0.8.2 0.9.0",
        ("dask_jobqueue/jobqueue.yaml",),
        "yaml",
        part=TUNED,
    ),
    Source(
        "pypi",
        "kolla-ansible",
        "16.0.0 16.4.0 17.0.0 17.4.0 18.0.0 18.4.0 19.0.0 19.4.0 20.0.0 20.3.0 21.0.0 "
        "21.3.0 22.0.0 22.2.0",
        ("ansible/group_vars/", "/defaults/main.yml"),
        "yaml",
        part=TUNED,
    ),
    Source(
        "pypi",
        "kayobe",
        "9.0.0 10.0.0 11.0.0 12.0.0 13.0.0 14.0.0 15.0.0 16.0.0 17.0.0 18.0.0",
        ("group_vars/all/", "/defaults/main.yml"),
        "yaml",
        part=TUNED,
    ),
    Source(
        "pypi",
        "dask",
        "2.8.0 2.15.0 2.30.0 2021.1.0 2021.4.0 2021.8.0 2021.12.0 2022.4.0 2022.8.0 "
        "2022.12.0 2023.4.0 2023.8.0 2023.12.0 2024.4.0 2024.8.0 2024.12.0 2025.4.0 "
        "2026.1.0",
        ("dask/dask.yaml",),
        "yaml",
        part=TUNED,
    ),
    Source(
        "pypi",
        "dask-kubernetes",
        "2021.3.1 2022.1.0 2022.7.0 2022.10.0 2023.1.0 2023.6.0 2023.9.0 2024.3.0 "
        "2024.9.0 2025.4.0 2026.3.0",
        ("kubernetes.yaml",),
        "yaml",
        part=TUNED,
    ),
    Source(
        "pypi",
        "dask-cloudprovider",
        "0.1.0 0.2.0 0.3.0 0.4.0 0.5.0 2021.1.0 2021.3.0 2021.6.0 2021.9.0 2022.1.0 "
        "2022.5.0 2022.10.0 2024.9.0 2025.9.0",
        ("cloudprovider.yaml",),
        "yaml",
        part=TUNED,
    ),
    Source(
        "npm",
        "verdaccio",
        "4.0.0 4.4.0 4.9.0 5.0.0 5.8.0",
        ("conf/default.yaml", "conf/docker.yaml"),
        "yaml",
        part=TUNED,
    ),
    Source(
        "pypi",
        "kolla-ansible",
        "5.0.6 6.1.1 6.2.3 7.0.0 7.2.1 8.0.0 8.3.0 9.0.0 9.3.2",
        ("ansible/group_vars/", "/defaults/main.yml"),
        "yaml",
        part=SEEN,
    ),
    Source(
        "pypi",
        "ceilometer",
        "13.0.0 14.0.0 15.0.0 16.0.0 17.0.0 18.0.0 19.0.0 20.0.0 21.0.0 22.0.0 23.0.0 "
        "24.0.0 25.0.0 26.0.0 27.0.0",
        ("ceilometer/pipeline/data/", "ceilometer/data/", "etc/ceilometer/"),
        "yaml",
        part=SEEN,
    ),
    Source(
        "npm",
        "ghost",
        "1.17.1 1.26.2 2.38.3 3.42.9 4.48.9 5.0.0 5.26.0 6.0.0 6.65.0",
        ("/config/defaults.json", "/config/overrides.json", "/config.production.json"),
        "yaml",
        part=SEEN,
    ),
    Source(
        "pypi",
        "sqlfluff",
        "0.4.0 0.5.0 0.6.0 0.7.0 0.8.1 0.9.0 0.10.0 0.11.0 0.12.0 0.13.0 1.0.0 1.2.0 1.4.0 "
        "2.0.0 2.1.0 2.2.0 2.3.0 3.0.0 3.1.0 3.2.0 3.3.0 3.4.0 4.0.0",
        ("sqlfluff/core/default_config.cfg",),
        "ini",
        part=SEEN,
    ),
    Source(
        "npm",
        "hexo-theme-butterfly",
        "3.7.1 3.8.4 4.5.1 4.10.0 4.13.0 5.2.2 5.3.0 5.3.5 5.4.1 5.4.2 5.4.3 5.5.0 5.5.4 5.5.5 "
        "5.6.1 5.7.0",
        ("package/_config.yml",),
        "yaml",
        part=SEEN,
    ),
    Source(
        "pypi",
        "glances",
        "3.1.7 3.2.0 3.2.1 3.2.4 3.2.7 3.3.0 3.3.1 3.4.0 4.0.1 4.0.8 4.1.0 4.2.0 4.3.0 4.3.3 "
        "4.4.0 4.5.2 4.5.5 4.5.8",
        ("glances/glances.conf",),
        "ini",
        part=SEEN,
    ),
    Source(
        "npm",
        "hexo-theme-next",
        "8.1.0 8.2.2 8.6.1 8.11.0 8.13.1 8.14.0 8.17.1 8.18.0 8.20.0 8.22.0 8.23.0 8.27.0 8.29.0",
        ("package/_config.yml",),
        "yaml",
        part=SEEN,
    ),
    Source(
        "npm",
        "@mojaloop/central-ledger",
        "5.2.1 7.4.0 8.1.1 9.2.2 13.0.0 16.3.0 17.7.2 18.0.1 19.0.5 19.1.3 19.5.5",
        ("package/config/default.json",),
        "yaml",
        part=SEEN,
    ),
    Source(
        "pypi",
        "mopidy",
        "0.19.0 1.0.0 1.1.0 2.0.0 2.1.0 2.2.0 2.3.0 3.0.0 3.1.0 3.2.0 3.3.0 3.4.0 4.0.0",
        ("mopidy/config/default.conf", "/ext.conf"),
        "ini",
        part=SEEN,
    ),
    Source(
        "pypi",
        "bentoml",
        "1.0.0 1.0.4 1.0.8 1.0.12 1.0.16 1.0.20 1.1.0 1.1.5 1.1.10 1.2.0 1.2.10 1.3.0 1.3.10 "
        "1.4.0 1.4.10 1.4.20 1.4.30 1.4.40",
        ("configuration/v1/default_configuration.yaml", "configuration/default_configuration.yaml"),
        "yaml",
        part=SEEN,
    ),
    Source(
        "npm",
        "fabric-client",
        "1.0.0 1.0.5 1.1.0 1.2.0 1.3.0 1.4.0 1.4.4 1.4.10 1.4.20",
        ("package/config/default.json",),
        "yaml",
        part=SEEN,
    ),
    # Nobody has looked into these: their figures are all that is known of them.
    Source(
        "pypi",
        "tripleo-validations",
        "11.0.0 11.3.0 11.6.0 12.0.0 12.3.0 12.6.0 13.0.0 13.3.0 13.5.0 14.0.0 14.2.0 15.0.0 "
        "16.0.0",
        ("/defaults/main.yml",),
        "yaml",
        part=SEALED,
    ),
    Source(
        "npm",
        "Haraka",
        "2.5.0 2.6.0 2.7.0 2.7.2 2.8.0 2.8.3 2.8.6 2.8.8 2.8.11 2.8.14 2.8.16 2.8.20 2.8.24 "
        "2.8.26 2.8.28 3.0.0 3.0.3 3.1.0 3.1.3 3.1.6 3.2.0 3.3.1 3.3.4",
        ("package/config/",),
        "ini",
        part=SEALED,
    ),
    Source(
        "pypi",
        "openstacksdk",
        "0.11.0 0.15.0 0.20.0 0.25.0 0.30.0 0.35.0 0.40.0 0.45.0 0.50.0 0.55.0 0.60.0 1.0.0 "
        "1.3.0 2.0.0 3.0.0 4.0.0 4.5.0 4.10.0 4.20.0",
        ("openstack/config/vendors/", "openstack/config/defaults.json"),
        "yaml",
        part=SEALED,
    ),
    Source(
        "npm",
        "iobroker.js-controller",
        "0.8.7 0.10.1 0.12.2 0.14.0 0.16.2 0.17.2 1.0.0 1.1.2 1.2.0 1.3.0 1.4.2 1.5.0 1.5.7 "
        "1.5.14 2.0.25 2.1.0 2.2.8 3.0.20 3.1.6 3.3.9 3.3.22 4.0.7 4.0.24 5.0.19 6.0.11 7.0.6 "
        "7.1.0 7.2.3",
        ("package/conf/iobroker-dist.json",),
        "yaml",
        part=SEALED,
    ),
    Source(
        "pypi",
        "prefect",
        "0.5.0 0.6.0 0.7.0 0.8.0 0.9.0 0.10.0 0.11.0 0.12.0 0.13.0 0.14.0 0.15.0 1.0.0 1.2.0 1.4.0",
        ("prefect/config.toml",),
        "toml",
        part=SEALED,
    ),
    Source(
        "pypi",
        "multiqc",
        "1.10 1.11 1.12 1.13 1.14 1.15 1.17 1.19 1.21 1.23 1.25 1.27 1.29 1.31 1.33 1.35",
        ("/config_defaults.yaml",),
        "yaml",
        part=SEALED,
    ),
    Source(
        "pypi",
        "pgcli",
        "1.10.0 1.11.0 2.0.0 2.1.0 2.2.0 3.0.0 3.1.0 3.2.0 3.3.0 3.4.0 3.5.0 4.0.0 4.1.0 4.3.0 "
        "4.5.0 4.7.0",
        ("pgcli/pgclirc",),
        "ini",
        part=SEALED,
    ),
    Source(
        "npm",
        "sass-lint",
        "1.2.0 1.3.2 1.4.0 1.5.0 1.7.0 1.8.0 1.9.0 1.10.0 1.11.0 1.12.0 1.13.0",
        ("lib/config/sass-lint.yml",),
        "yaml",
        part=SEALED,
    ),
    Source(
        "npm",
        "@hyperledger/caliper-core",
        "0.1.0 0.2.0 0.3.0 0.4.0 0.4.2 0.5.0 0.6.0 0.7.1",
        ("/config/default.yaml",),
        "yaml",
        part=SEALED,
    ),
)
