"""The words of a tenant: what its environments, users and keys are called, for one caller."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from central_config.assistant.model.language.key_index import KeyIndex
from central_config.assistant.model.language.names import Names
from central_config.assistant.model.language.word_index import WordIndex


class Vocabulary:
    """What a question of one caller about one workspace can be about, at one revision.

    Args:
        environments: slugs the caller may see, parents before heirs.
        parents: the parent of each that has one.
        users: names of those who published here.
        keys: every key the caller may see, in order.
        synonyms: what people say, and the words of this tenant it may stand for; a small built-in
            table and the tenant's own.
        values: tells whether a text is a value somewhere (as JSON prints it without quotes), of
            what is no secret.
        version: changes with everything above; part of the identity of answers.
    """

    def __init__(  # noqa: PLR0913 - the parts of a tenant's language
        self,
        *,
        environments: Sequence[str],
        parents: Mapping[str, str],
        users: Sequence[str],
        keys: Sequence[str],
        synonyms: Mapping[str, Sequence[str]],
        values: Callable[[str], bool],
        version: str,
    ) -> None:
        self.environments = environments
        self.parents = parents
        self.users = users
        self.keys = keys
        self.synonyms = synonyms
        self.is_value = values
        self.version = version

    @cached_property
    def index(self) -> KeyIndex:
        """The keys by their words; made when first asked for."""
        return KeyIndex(self.keys)

    @cached_property
    def words(self) -> WordIndex:
        """The words of the keys, for what is said otherwise; made when first asked for."""
        return WordIndex(self.keys, self.synonyms)

    @cached_property
    def names(self) -> Names:
        """Environments and users by what people call them."""
        return Names(self.environments, self.users, self.synonyms)
