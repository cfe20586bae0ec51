"""The ways to people: one module each, with `send`, which raises `DeliveryError`."""
