"""`fiscal completion`: what a shell evaluates to complete commands, queues and tasks."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion of a SHELL; bash: eval "$(fiscal completion bash)"."""
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    click.echo(kind(ctx.find_root().command, {}, "fiscal", "_FISCAL_COMPLETE").source())
