"""What the pages of the alerts tell people to type is at least valid: shell, SQL, queries."""

import asyncio
import re
import subprocess
from pathlib import Path

import asyncpg
import pytest

from central_config.core.db import connect_arguments
from tests.docs.pages import fences, read
from tests.monitoring.definitions import PAGES, alerts

each_page = pytest.mark.parametrize(
    "page", [PAGES / f"{alert.name}.md" for alert in alerts()], ids=lambda page: page.stem
)
_STATEMENT = re.compile(r'<<< "(.*)"$')


def commands(page: Path) -> list[str]:
    """Return what a page says to type first."""
    return [
        line.removeprefix("$ ")
        for block in fences(page, "console")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]


def statements(page: Path) -> list[str]:
    """Return the SQL among it."""
    found = [_STATEMENT.search(command) for command in commands(page)]
    return [match[1] for match in found if match is not None]


@each_page
def test_a_page_begins_with_three_commands_that_a_shell_reads(page: Path) -> None:
    found = commands(page)
    assert len(found) == 3
    for command in found:
        result = subprocess.run(
            ["bash", "-n"], input=command, capture_output=True, text=True, check=False
        )
        assert (result.returncode, result.stderr) == (0, "")


@each_page
def test_a_page_is_short(page: Path) -> None:
    assert len(read(page).splitlines()) < 60


def test_postgresql_takes_the_statements(template_url: str) -> None:
    found = [each for alert in alerts() for each in statements(PAGES / f"{alert.name}.md")]
    assert found
    # The extension is not in the server of the tests.
    asyncio.run(_execute(template_url, [each for each in found if "_statements" not in each]))


async def _execute(url: str, found: list[str]) -> None:
    connection = await asyncpg.connect(**connect_arguments(url))
    try:
        for statement in found:
            await connection.fetch(statement)
    finally:
        await connection.close()


def test_the_index_lists_every_page() -> None:
    index = read(PAGES / "index.md")
    assert [each.name for each in alerts() if f"]({each.name}.md)" not in index] == []
