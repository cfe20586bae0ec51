"""What the feature does: jobs as operators see them, what is measured, upkeep and its reports."""
