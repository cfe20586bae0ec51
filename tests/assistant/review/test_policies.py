"""What a review policy may name: it would be a promise that nobody keeps."""

from tests.assistant.review.conftest import Shop


def test_a_policy_holds_where_there_is_an_environment(shop: Shop) -> None:
    """Of others the answer names each, and nothing is kept: neither a policy nor an event."""
    path = f"{shop.path}/review-policies"
    body = {"pattern": "payments/**", "environments": ["prod"], "severity": "high", "advice": ""}
    shop.admin.ok("PUT", f"{path}/money", json=body)
    about = {"workspace": shop.path.rpartition("/")[2], "action": "review-policy."}
    before = shop.admin.ok("GET", "/audit", params=about)["items"]
    wrong = {**body, "environments": ["prod", "prd", "staging", "Prod"], "severity": "low"}
    for name in ("money", "other"):
        answer = shop.admin.request("PUT", f"{path}/{name}", json=wrong)
        told = answer.json()
        assert (answer.status_code, told["code"]) == (404, "environment-not-found")
        assert told["detail"] == "there is no environment 'prd' here"
        assert [each["pointer"] for each in told["errors"]] == [
            "/environments/1",
            "/environments/3",
        ]
    assert shop.admin.ok("GET", path)["items"] == [{**body, "name": "money"}]
    assert shop.admin.ok("GET", "/audit", params=about)["items"] == before
