"""What a plan finds: rows for people, and which things they are."""

import msgspec

from central_config.core.json import JSON


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a plan. Secrets are masked in it, whoever asks.

    Attributes:
        columns: names of the columns.
        rows: at most as many as the plan allows.
        ids: what was found, as two answers are compared. find, explain, stale: (environment,
            key); changes: (revision, environment, key); compare: (key, kind). Those of `rows`,
            which in an explanation are the steps that lead to its one thing.
        total: how many things were found.
        revision: of the workspace when it was looked at.
        notes: what of the plan meant nothing, and what the rows do not say.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[JSON, ...], ...] = ()
    ids: tuple[tuple[str | int, ...], ...] = ()
    total: int = 0
    revision: int = 0
    notes: tuple[str, ...] = ()

    @property
    def truncated(self) -> bool:
        """Whether more was found than is shown."""
        return self.total > len(self.ids)


def counted(total: int, revision: int, notes: tuple[str, ...] = ()) -> Rows:
    """Return the answer to how many there are."""
    return Rows(columns=("count",), rows=((total,),), total=total, revision=revision, notes=notes)
