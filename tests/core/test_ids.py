"""Ids sort by time and are never given twice, not even by a process that was split off."""

import os

from central_config.core.ids import as_text, new_id, quick


def test_ids_are_of_version_7_and_unique() -> None:
    found = [new_id() for _ in range(5_000)]
    assert len(set(found)) == len(found)
    assert {(each.version, each.variant) for each in found} == {(7, "specified in RFC 4122")}
    times = [each.int >> 80 for each in found]
    assert times == sorted(times)


def test_a_child_process_gives_other_ids() -> None:
    new_id()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, b"".join(new_id().bytes[6:] for _ in range(50)))
        os._exit(0)
    mine = {new_id().bytes[6:] for _ in range(50)}
    os.waitpid(child, 0)
    told = os.read(reader, 500)
    assert len(told) == 500
    theirs = {told[at : at + 10] for at in range(0, 500, 10)}
    assert not mine & theirs


def test_a_quick_id_is_the_same_id() -> None:
    one = new_id()
    assert quick(one) == one
    assert hash(quick(one)) == hash(one)
    assert as_text(quick(one)) == str(one)
