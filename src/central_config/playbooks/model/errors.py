"""What keeps a playbook from going on."""


class UnreachableError(Exception):
    """A part of the system did not answer, or refused; with words for the operator."""


class RefusedError(Exception):
    """The playbook may not go on: a precondition does not hold, or a confirmation is missing."""
