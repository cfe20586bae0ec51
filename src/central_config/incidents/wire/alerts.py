"""What Alertmanager sends to a webhook (version 4 of its format); what we do not use is let be."""

import hashlib
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from central_config.core.web import Moment, Text
from central_config.incidents.model.alerts import Alert, AlertGroup

_LONGEST_KEY = 500
Labels = dict[Text, Annotated[Text, Field(max_length=10_000)]]


class AlertIn(BaseModel):
    """One alert."""

    status: Literal["firing", "resolved"]
    labels: Labels
    annotations: Labels = Field(default_factory=dict)
    starts_at: Moment = Field(alias="startsAt")
    fingerprint: Text = Field(max_length=100)

    def alert(self) -> Alert:
        """Return it for the service."""
        return Alert(self.fingerprint, self.status == "firing", self.labels, self.annotations)


class AlertsIn(BaseModel):
    """A group of alerts, as Alertmanager reports it."""

    version: Literal["4"] = "4"
    group_key: Text = Field(alias="groupKey", min_length=1, max_length=10_000)
    alerts: list[AlertIn] = Field(min_length=1, max_length=1000)

    def group(self) -> AlertGroup:
        """Return it for the service; a key too long for an index stands for itself by its hash."""
        key = self.group_key
        if len(key) > _LONGEST_KEY:
            key = hashlib.sha256(key.encode()).hexdigest()
        return AlertGroup(key, [each.alert() for each in self.alerts])

    def since(self) -> datetime | None:
        """Return when the first of the alerts that fire began to."""
        return min(
            (each.starts_at for each in self.alerts if each.status == "firing"), default=None
        )


class AlertsAnswer(BaseModel):
    """The incident the alerts belong to; null: they were none, or not any more."""

    incident: str | None = Field(examples=["INC-2026-1123-001"])
