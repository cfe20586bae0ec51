"""The words of a tenant, and what people say for them."""
