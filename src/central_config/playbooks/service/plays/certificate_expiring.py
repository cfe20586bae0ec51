"""A certificate is about to end, or has: renew it in its place, and see the new one served."""

import base64
import binascii
import time
from typing import cast

import msgspec

from central_config.core.clock import SystemClock, rfc3339
from central_config.core.json import JSON, encode
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Findings, Status, worst
from central_config.playbooks.model.plans import Draft, Kubectl, Step
from central_config.playbooks.service.playbook import Playbook, Where
from central_config.playbooks.service.plays import steps
from central_config.playbooks.service.probes import certificates
from central_config.playbooks.service.probes.looking import Probe
from central_config.playbooks.service.world import World

SOONEST = "certificates.soonest"
SECRET, CERTIFICATE = "central-config-tls", "central-config-tls"


class _Secret(msgspec.Struct):
    data: dict[str, str]


async def soonest(world: World) -> list[Finding]:
    """Read every certificate, and say how the worst of them stands."""
    return _with_soonest(await certificates.probe(world))


def _with_soonest(found: list[Finding]) -> list[Finding]:
    status = worst(found)
    if status is Status.SKIPPED:
        return [*found, Finding(SOONEST, status, found[0].summary)]
    ailing = [each for each in found if each.status is not Status.OK]
    rows: list[JSON] = [dict(each.facts) for each in ailing if each.facts]
    said = "; ".join(each.summary for each in ailing) or "every certificate is good for weeks"
    return [*found, Finding(SOONEST, status, said, {"ailing": rows})]


async def of_secret(world: World) -> list[Finding]:
    """Read the certificate in the Secret that the Ingress serves, and who is to renew it."""
    text = await world.kubectl("get", "secret", SECRET, "-o", "json")
    try:
        data = msgspec.json.decode(text, type=_Secret).data
        ends = certificates.end_of(base64.b64decode(data["tls.crt"]))
    except (ValueError, KeyError, binascii.Error) as error:
        raise UnreachableError(f"the Secret {SECRET} holds no certificate") from error
    found = _with_soonest([certificates.judge(SECRET, ends, time.time(), f"secret/{SECRET}")])
    return [*found, await _renewer(world)]


async def _renewer(world: World) -> Finding:
    """Is there a cert-manager that renews it by itself?"""
    check = "certificates.renewer"
    try:
        await world.kubectl("get", "certificate", CERTIFICATE, "-o", "name")
    except UnreachableError:
        said = "no cert-manager looks after it: people renew it"
        return Finding(check, Status.OK, said, {"cert_manager": False})
    now = rfc3339(SystemClock().now())
    facts: dict[str, JSON] = {"cert_manager": True, "asked_at": now}
    return Finding(check, Status.OK, "cert-manager looks after it", facts)


def local(found: Findings, where: Where) -> Draft:
    """Say for each what renews it; this service holds no private key of a server."""
    del where
    rows = found.rows(SOONEST, "ailing")
    made = [step for row in rows for step in _renew(row)]
    fact: dict[str, JSON] = {f"certificate {row['name']} ends": row["ends"] for row in rows}
    return Draft(steps=tuple(made), preconditions=fact)


def _renew(row: dict[str, JSON]) -> tuple[Step, ...]:
    name, where = str(row["name"]), str(row["where"])
    if where.startswith("/"):
        how = f"replace {where} and its key in place (`certbot renew`, or your own authority's way)"
        check = f"openssl x509 -in {where} -noout -enddate"
    else:
        how = f"on the machine of {where}: `certbot renew`, or your own authority's way"
        check = f"openssl s_client -connect {where} </dev/null | openssl x509 -noout -enddate"
    return (
        steps.advice(f"Renew the certificate of {name}", how, check=check),
        steps.advice(
            f"Have the server of {name} read it",
            "reload the proxy in front (`nginx -t && systemctl reload nginx`): a file that nobody "
            "read again is served as it was",
            check="central-config ops run certificate-expiring",
        ),
    )


def in_cluster(found: Findings, where: Where) -> Draft:
    """Renew the same Secret in place: the Ingress goes on naming it and its hosts."""
    rows = found.rows(SOONEST, "ailing")
    if not rows:
        return Draft()
    fact: dict[str, JSON] = {f"secret/{SECRET} ends": cast("float", rows[0]["ends"])}
    if found["certificates.renewer"].facts.get("cert_manager"):
        asked_at = str(found["certificates.renewer"].facts["asked_at"])
        return Draft(steps=(_ask_cert_manager(asked_at),), preconditions=fact)
    text = (
        f"kubectl -n {where.namespace} create secret tls {SECRET} --cert=new.crt --key=new.key"
        f" --dry-run=client -o yaml | kubectl -n {where.namespace} apply -f -"
    )
    check = "openssl s_client -connect HOST:443 </dev/null | openssl x509 -noout -enddate"
    step = steps.advice("Write the new certificate into the same Secret", text, check=check)
    return Draft(steps=(step,), preconditions=fact)


def _ask_cert_manager(moment: str) -> Step:
    """What `cmctl renew` does: it marks the Certificate as due."""
    condition: dict[str, JSON] = {
        "type": "Issuing",
        "status": "True",
        "reason": "ManuallyTriggered",
        "message": "renewed by an operator",
        "lastTransitionTime": moment,
    }
    patch = encode({"status": {"conditions": [condition]}}).decode()
    words = (
        "patch",
        "certificate",
        CERTIFICATE,
        "--subresource=status",
        "--type=merge",
        "-p",
        patch,
    )
    return Step(
        what="Have cert-manager renew the certificate now",
        call=Kubectl(words),
        effect=f"A new certificate is asked for and written into the Secret {SECRET}.",
        blast_radius="Nobody notices; the Ingress reads the Secret again by itself.",
        undo="none needed",
        check=f"kubectl describe certificate {CERTIFICATE}",
    )


PLAYBOOK = Playbook(
    name="certificate-expiring",
    title="A certificate ends soon, or has ended",
    symptoms=(
        "clients refuse the connection: the certificate has expired",
        "the alerts CertificateExpiring, CertificateExpiringSoon or CertificateUnreadable",
    ),
    alerts=("CertificateExpiring", "CertificateExpiringSoon", "CertificateUnreadable"),
    probes=(
        Probe("certificates", soonest, question="When do the certificates of CERTIFICATES end?"),
        Probe("secret", of_secret, where="kubernetes", question="When does the Secret's end?"),
    ),
    plan={"local": local, "kubernetes": in_cluster},
    healthy=(SOONEST,),
    strict=(SOONEST,),
    notes=(
        (
            "Commonly seen, wrong because it breaks every other host: patching the Ingress to a"
            " Secret of another name. A merge patch of `tls` replaces the list and drops its"
            " `hosts`. Renew the same Secret in place."
        ),
        (
            "`certbot renew --dry-run` renews nothing: it only tries. Look at the certificate that"
            " is served, not only at the file."
        ),
    ),
    patience=120.0,
)
