"""SQL of configurations: loading states, publishing, changes, history, schema rules, search."""
