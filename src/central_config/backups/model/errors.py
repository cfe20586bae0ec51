"""Why a backup or a restore was not done; the words are for the operator and hold no secret."""


class BackupRefusedError(Exception):
    """It was not begun: a setting, an argument or the state of the installation forbids it."""


class NotPossibleHereError(BackupRefusedError):
    """The installation is not of the sort that is backed up that way; nothing is wrong with it."""


class BackupFailedError(Exception):
    """It was begun and is not good: nothing may be built on it."""
