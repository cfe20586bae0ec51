"""Pods may do nothing but run, and talk only to whom they must."""

import re

from tests.deploy.chart import Document, containers, every_case, literals, one, ours, pods, rendered

PINNED = re.compile(r"^[^\s:@]+:[\w][\w.-]*(@sha256:[0-9a-f]{64})?$")
SECRET_NAMES = re.compile(r"PASSWORD|SECRET|TOKEN|MASTER_KEY$|_URL$|_AUTH$")


@every_case
def test_pods_keep_to_the_restricted_profile(case: str) -> None:
    for name, _, pod in pods(rendered(case)):
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True, name
        assert context["runAsUser"] > 0, name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["enableServiceLinks"] is False, name
        for container in containers(pod):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, f"{name} {container['name']}"


@every_case
def test_pods_say_what_they_need(case: str) -> None:
    for name, _, pod in pods(rendered(case)):
        for container in containers(pod):
            resources = container["resources"]
            assert resources["requests"].keys() >= {"cpu", "memory"}, name
            assert "memory" in resources["limits"], name
            assert "cpu" not in resources["limits"], name


@every_case
def test_images_are_pinned(case: str) -> None:
    for _, _, pod in pods(rendered(case)):
        for container in containers(pod):
            image = container["image"]
            assert PINNED.match(image), image
            assert ":latest" not in image


@every_case
def test_no_secret_stands_in_a_manifest(case: str) -> None:
    assert [each for each in rendered(case) if each["kind"] == "Secret"] == []
    for name, _, pod in pods(rendered(case)):
        for container in containers(pod):
            secret = {each for each in literals(container) if SECRET_NAMES.search(each)}
            assert secret - {"OLLAMA_BASE_URL"} == set(), name


@every_case
def test_the_master_key_is_a_file_of_those_who_need_it(case: str) -> None:
    holders = set()
    for _, _, pod in pods(rendered(case)):
        mounted = [each for each in pod.get("volumes", []) if "secret" in each]
        for container in ours(pod):
            path = literals(container).get("MASTER_KEY_FILE")
            if path is None:
                continue
            (volume,) = mounted
            (mount,) = [e for e in container["volumeMounts"] if e["name"] == volume["name"]]
            assert mount["readOnly"] is True
            assert path == f"{mount['mountPath']}/{volume['secret']['items'][0]['path']}"
            holders.add(container["args"][0])
    assert holders == {"api", "worker", "bootstrap"}


def selected(policy: Document, labels: dict[str, str]) -> bool:
    """Tell whether a policy is about pods with these labels."""
    selector = policy["spec"]["podSelector"]
    plain = selector.get("matchLabels", {}).items() <= labels.items()
    return plain and all(
        labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", [])
    )


@every_case
def test_every_pod_is_behind_policies_both_ways(case: str) -> None:
    policies = [each for each in rendered(case) if each["kind"] == "NetworkPolicy"]
    for name, metadata, _ in pods(rendered(case)):
        about = [each for each in policies if selected(each, metadata["labels"])]
        types = {way for each in about for way in each["spec"]["policyTypes"]}
        assert types == {"Ingress", "Egress"}, name


@every_case
def test_selectors_find_their_pods(case: str) -> None:
    labels = [metadata["labels"] for _, metadata, _ in pods(rendered(case))]
    for document in rendered(case):
        if document["kind"] == "Service":
            wanted = document["spec"]["selector"].items()
        elif document["kind"] == "PodDisruptionBudget":
            wanted = document["spec"]["selector"]["matchLabels"].items()
        elif "template" in document.get("spec", {}) and "selector" in document["spec"]:
            wanted = document["spec"]["selector"]["matchLabels"].items()
            own = document["spec"]["template"]["metadata"]["labels"]
            assert wanted <= own.items()
        else:
            continue
        assert sum(wanted <= each.items() for each in labels) == 1, document["metadata"]["name"]


def test_stores_answer_only_the_service() -> None:
    for store in ("postgres", "redis"):
        policy = one(rendered("default"), "NetworkPolicy", store)["spec"]
        assert policy["egress"] == []
        (rule,) = policy["ingress"]
        (peer,) = rule["from"]
        who = {each["key"]: each["values"] for each in peer["podSelector"]["matchExpressions"]}
        assert who["app.kubernetes.io/component"] == ["api", "worker", "beat", "job"]
