"""HTTP models of imports."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from central_config.configurations.wire.changes import ChangeOut
from central_config.interop.model.terms import Notice
from central_config.interop.service import Effect, Imported

# Keys shown in one answer; the change itself shows all of them, page by page.
EFFECTS_AT_MOST = 1000


class NoticeOut(BaseModel):
    """Something to know of an import or export that nevertheless succeeded."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    key: str | None
    line: int | None
    detail: str

    @classmethod
    def of(cls, notice: Notice) -> "NoticeOut":
        """Return the HTTP form."""
        return cls.model_validate(notice)


class EffectOut(BaseModel):
    """What the import would do to one key; secrets are masked."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    kind: str = Field(description="added, changed or removed")
    before: Any = None
    after: Any = None
    secret: bool

    @classmethod
    def of(cls, effect: Effect) -> "EffectOut":
        """Return the HTTP form."""
        return cls.model_validate(effect)


class ImportOut(BaseModel):
    """What an import led to: a draft change to look at, then to publish."""

    change: ChangeOut | None = Field(description="null: the environment holds all of it already")
    entries: int = Field(description="Keys in the file")
    unchanged: int
    notices: list[NoticeOut]
    diff: list[EffectOut] = Field(description=f"The first {EFFECTS_AT_MOST} keys that differ")
    diff_total: int

    @classmethod
    def of(cls, imported: Imported) -> "ImportOut":
        """Return the HTTP form."""
        return cls(
            change=None if imported.change is None else ChangeOut.of(imported.change),
            entries=imported.entries,
            unchanged=imported.unchanged,
            notices=[NoticeOut.of(notice) for notice in imported.notices],
            diff=[EffectOut.of(effect) for effect in imported.effects[:EFFECTS_AT_MOST]],
            diff_total=len(imported.effects),
        )
