"""A feature is entered through its service and model, never through its other modules.

HTTP models are the exception: a thing has one HTTP form, so the routes and wire of one feature may
use the wire of another below it.
"""

import grimp

PUBLIC = {"service", "model"}
HTTP = {"routes", "wire"}
ROOTS = {"__main__", "api", "worker", "cli"}
# Not features: what every one of them may stand on.
GROUND = {"core", "supervisor"}


def private_imports(graph: grimp.ImportGraph) -> list[str]:
    """Return every import that enters another feature by a private module."""
    found: list[str] = []
    for importer in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(importer)):
            a, b = importer.split("."), imported.split(".")
            if len(a) < 2 or len(b) < 3 or a[1] == b[1] or b[1] in GROUND or a[1] in ROOTS:
                continue
            http = len(a) > 2 and a[2] in HTTP and b[2] == "wire"
            if b[2] not in PUBLIC and not http:
                found.append(f"{importer} -> {imported}")
    return found


def test_features_are_entered_by_service_or_model() -> None:
    assert private_imports(grimp.build_graph("central_config")) == []


def test_a_private_import_is_seen() -> None:
    graph = grimp.build_graph("central_config")
    graph.add_import(
        importer="central_config.watch.hub", imported="central_config.configurations.tables"
    )
    assert private_imports(graph) == [
        "central_config.watch.hub -> central_config.configurations.tables"
    ]
