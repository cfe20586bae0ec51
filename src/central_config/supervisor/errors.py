"""Why the one-machine default does not start, or stops."""


class StartRefusedError(Exception):
    """A part cannot be started; the text is for the operator and says what to do."""


class StopRequestedError(Exception):
    """The operator asked for a stop while something was being waited for."""
