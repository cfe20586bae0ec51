"""Shell completion."""

from typing import Literal

from central_config.cli.errors import CliError
from central_config.cli.groups import group
from central_config.cli.output import say, write

app = group("completion", "Completion of commands and options in the shell.")

Shell = Literal["bash", "zsh", "fish"]
Program = Literal["ccfg", "central-config"]


@app.command
def show(shell: Shell, /, *, program: Program = "ccfg") -> None:
    """Print the completion script of a shell.

    For bash: `source <(ccfg completion show bash)`.

    Args:
        shell: for which shell.
        program: under which name the command is called.
    """
    write(_script(shell, program))


@app.command
def install(shell: Shell | None = None, /, *, program: Program = "ccfg") -> None:
    """Write the completion script where the shell looks for it; changes no start-up file.

    Args:
        shell: for which shell; by default the one in use.
        program: under which name the command is called.
    """
    from cyclopts.completion import detect_shell  # noqa: PLC0415 - only here
    from cyclopts.completion.detect import ShellDetectionError  # noqa: PLC0415
    from cyclopts.completion.install import get_default_completion_path  # noqa: PLC0415

    try:
        chosen = shell or detect_shell()
    except ShellDetectionError:
        raise CliError("cannot tell which shell this is; name it") from None
    if chosen == "powershell":
        raise CliError("there is no completion for this shell")
    path = get_default_completion_path(chosen, program)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_script(chosen, program), encoding="utf-8")
    say(f"completion for {program} written to {path}")
    if chosen == "zsh":
        say(f"If it is not found: add `fpath=({path.parent} $fpath)` before compinit in .zshrc.")


def _script(shell: Shell, program: Program) -> str:
    from central_config.cli.main import build  # noqa: PLC0415 - main imports this module

    return build().generate_completion(prog_name=program, shell=shell)
