"""The part of Kubernetes' objects that playbooks read. What is absent has an empty default."""

from typing import Generic, TypeVar

import msgspec

# Label and names of the chart.
APP = "central-configuration"
CONTAINER = "central-config"
DEPLOYMENT = "deploy/central-config-api"


class Metadata(msgspec.Struct, frozen=True):
    """Of any object."""

    name: str = ""
    labels: dict[str, str] = {}


class Condition(msgspec.Struct, frozen=True):
    """Something that holds of an object, or not."""

    type: str
    status: str = "Unknown"
    reason: str = ""
    message: str = ""


class Reason(msgspec.Struct, frozen=True):
    """Why a container does not run."""

    reason: str = ""


class ContainerState(msgspec.Struct, frozen=True):
    """One of the two is there when a container does not run."""

    waiting: Reason | None = None
    terminated: Reason | None = None


class Container(msgspec.Struct, frozen=True, rename="camel"):
    """A container of a pod."""

    name: str = ""
    restart_count: int = 0
    image_id: str = msgspec.field(default="", name="imageID")
    state: ContainerState = ContainerState()


class PodStatus(msgspec.Struct, frozen=True, rename="camel"):
    """How a pod is."""

    phase: str = "Unknown"
    conditions: list[Condition] = []
    container_statuses: list[Container] = []


class Pod(msgspec.Struct, frozen=True):
    """A pod."""

    metadata: Metadata
    status: PodStatus = PodStatus()

    @property
    def name(self) -> str:
        """Its name."""
        return self.metadata.name

    @property
    def is_api(self) -> bool:
        """Whether it is one of ours that answers requests."""
        return self.metadata.labels.get("app") == APP

    @property
    def is_ready(self) -> bool:
        """Whether the condition Ready holds; the phase `Running` alone says nothing."""
        held = (each.status for each in self.status.conditions if each.type == "Ready")
        return next(held, "Unknown") == "True"

    @property
    def restarts(self) -> int:
        """How often its containers were begun again."""
        return sum(each.restart_count for each in self.status.container_statuses)

    @property
    def waits_for(self) -> str:
        """What a container of it waits for (`CrashLoopBackOff`), or its phase."""
        for each in self.status.container_statuses:
            why = each.state.waiting or each.state.terminated
            if why is not None:
                return why.reason or "unknown"
        return self.status.phase

    @property
    def digest(self) -> str:
        """The digest of what it runs; empty while it runs nothing."""
        images = (e.image_id for e in self.status.container_statuses if e.name == CONTAINER)
        return next(images, "").rpartition("@")[2]


class _ScalerSpec(msgspec.Struct, frozen=True, rename="camel"):
    max_replicas: int
    min_replicas: int = 1


class _ScalerStatus(msgspec.Struct, frozen=True, rename="camel"):
    current_replicas: int = 0
    desired_replicas: int = 0
    conditions: list[Condition] = []


class Autoscaler(msgspec.Struct, frozen=True):
    """A HorizontalPodAutoscaler."""

    metadata: Metadata
    spec: _ScalerSpec
    status: _ScalerStatus = _ScalerStatus()


class _DisruptionStatus(msgspec.Struct, frozen=True, rename="camel"):
    disruptions_allowed: int = 0


class DisruptionBudget(msgspec.Struct, frozen=True):
    """A PodDisruptionBudget."""

    metadata: Metadata
    status: _DisruptionStatus = _DisruptionStatus()


class _Involved(msgspec.Struct, frozen=True):
    name: str = ""


class ClusterEvent(msgspec.Struct, frozen=True, rename="camel"):
    """Something Kubernetes noted."""

    reason: str = ""
    involved_object: _Involved = _Involved()


T = TypeVar("T")


class Listing(msgspec.Struct, Generic[T], frozen=True):
    """What `kubectl get ... -o json` prints."""

    items: list[T]
