"""HTTP models of synonyms."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from central_config.assistant.store.synonyms import Synonym
from central_config.core.web import Text

_Word = Annotated[Text, Field(min_length=1, max_length=64)]


class SynonymIn(BaseModel):
    """What something may stand for."""

    model_config = ConfigDict(extra="forbid")

    words: list[_Word] = Field(
        min_length=1,
        max_length=20,
        description="Words of keys, environments or users",
        examples=[["db", "postgres"]],
    )


class SynonymOut(BaseModel):
    """What people say, and what it may stand for."""

    said: str
    words: list[str]
    built_in: bool = Field(description="Comes with the service; PUT puts yours in its place")
    updated_at: datetime | None = None
    updated_by: str | None = None

    @classmethod
    def of(cls, synonym: Synonym, *, built_in: bool = False) -> "SynonymOut":
        """Return the HTTP form."""
        return cls(
            said=synonym.said,
            words=list(synonym.words),
            built_in=built_in,
            updated_at=synonym.updated_at,
            updated_by=synonym.updated_by,
        )


class SynonymList(BaseModel):
    """Synonyms, in the order of the alphabet."""

    items: list[SynonymOut]
