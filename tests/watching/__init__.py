"""How a process keeps up with revisions, and how watchers hear of them."""
