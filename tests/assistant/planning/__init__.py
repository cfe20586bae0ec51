"""Plans that a model writes, and facts that set them right."""
